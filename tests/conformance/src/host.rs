//! The host under test.

use crate::{Answer, PATIENCE, Site};
use kefu_test_host::{Options, Running};
use reqwest::{Client, Method, RequestBuilder};
use std::io::Write;
use std::path::Path;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{SystemTime, UNIX_EPOCH};
use std::{env, fs};

/// A running host and its operator's token.
#[derive(Clone, Debug)]
pub struct Host {
    base: String,
    admin: String,
    client: Client,
}

impl Host {
    /// The host that all tests share: `state` is where a host of its own keeps its data, and
    /// is emptied when that starts.
    pub fn shared(state: &str) -> Self {
        static SHARED: OnceLock<Started> = OnceLock::new();
        let Started { base, admin, .. } = SHARED.get_or_init(|| Started::named_or_own(state));
        Self::at(base, admin)
    }

    fn at(base: &str, admin: &str) -> Self {
        // A proxy that the environment names is not part of the contract.
        let client = Client::builder().no_proxy().timeout(PATIENCE * 3).build().unwrap();
        Self { base: base.to_owned(), admin: admin.to_owned(), client }
    }

    /// `http://HOST:PORT`, without a slash at its end.
    pub fn base(&self) -> &str {
        &self.base
    }

    /// The operator's token.
    pub fn admin_token(&self) -> &str {
        &self.admin
    }

    /// A request without a token.
    pub fn request(&self, method: Method, path: &str) -> RequestBuilder {
        self.client.request(method, format!("{}{path}", self.base))
    }

    /// A request with the operator's token.
    pub fn as_operator(&self, method: Method, path: &str) -> RequestBuilder {
        self.request(method, path).bearer_auth(&self.admin)
    }

    /// An id that no other test has, also of another run.
    pub fn fresh_id(&self) -> String {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
        format!("t{:x}-{}", now.as_nanos(), COUNT.fetch_add(1, Ordering::Relaxed))
    }

    /// A site of the test's own with that TOML configuration.
    pub async fn site(&self, config: &str) -> Site {
        let site = Site::new(self, self.fresh_id());
        site.put("application/toml", config).await.ok();
        site
    }

    /// `GET /healthz`
    pub async fn health(&self) -> Answer {
        Answer::of(self.request(Method::GET, "/healthz")).await
    }
}

/// The shared host, for as long as the tests run; the process's end takes it down.
struct Started {
    base: String,
    admin: String,
    _running: Option<Running>,
}

impl Started {
    fn named_or_own(state: &str) -> Self {
        if let Some(base) = named() {
            let admin = env::var("KEFU_ADMIN_TOKEN");
            let admin = admin.expect("KEFU_HOST needs KEFU_ADMIN_TOKEN beside it");
            return Self { base, admin, _running: None };
        }
        // What an earlier run left: nobody could remove it at that run's end.
        let _ = fs::remove_dir_all(Path::new(state));
        let options = Options::default().state(state);
        let (running, admin) = start(&options);
        Self { base: running.url(), admin, _running: Some(running) }
    }
}

/// A host with variables of its own, for tests of what the operator declares; a variable set to
/// nothing is unset. With `KEFU_HOST` there is none, and the test is told as skipped.
pub fn own_host(test: &str, vars: &[(&str, Option<&str>)]) -> Option<(Host, Running)> {
    if named().is_some() {
        let line = format!("test {test} ... ignored, KEFU_HOST's variables are its own\n");
        // Past libtest, which keeps what a passing test prints to itself.
        let _ = std::io::stdout().write_all(line.as_bytes());
        return None;
    }
    let mut options = Options::default();
    for (name, value) in vars {
        match value {
            Some(value) => options = options.var(name, value),
            None => _ = options.vars.remove(*name),
        }
    }
    let (running, admin) = start(&options);
    Some((Host::at(&running.url(), &admin), running))
}

fn named() -> Option<String> {
    env::var("KEFU_HOST").ok().map(|base| base.trim_end_matches('/').to_owned())
}

fn start(options: &Options) -> (Running, String) {
    let running = Running::start(options).unwrap_or_else(|error| panic!("{error}"));
    let admin = options.vars.get("KEFU_ADMIN_TOKEN").cloned().unwrap_or_default();
    (running, admin)
}
