//! The host under test, and the sites on it.

use crate::PATIENCE;
use crate::agent::Agent;
use crate::visitor::Visitor;
use kefu_test_host::{Options, Running};
use reqwest::Client;
use serde_json::{Value, json};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::{Duration, Instant};
use tokio::task::JoinHandle;

const ADMIN_TOKEN: &str = "dev-admin-token";
const PASSWORD: &str = "correct horse";

/// A running host: the one that `KEFU_TEST_HOST` names.
#[derive(Debug)]
pub struct Host {
    running: Mutex<Running>,
    url: String,
}

/// A site on a host, which no other test uses.
#[derive(Debug)]
pub struct Site {
    url: String,
    id: String,
    http: Client,
}

impl Host {
    /// The one that tests share which don't kill it; it ends with the last of them.
    pub fn shared() -> Arc<Self> {
        static SHARED: Mutex<Weak<Host>> = Mutex::new(Weak::new());
        let mut shared = SHARED.lock().unwrap_or_else(PoisonError::into_inner);
        shared.upgrade().unwrap_or_else(|| {
            let host = Arc::new(Self::own());
            *shared = Arc::downgrade(&host);
            host
        })
    }

    /// One for this test alone, with state of its own.
    ///
    /// # Panics
    /// When it does not start.
    pub fn own() -> Self {
        Self::with(Options::default())
    }

    /// One for this test alone, started so.
    ///
    /// # Panics
    /// When it does not start.
    pub fn with(options: Options) -> Self {
        // The log tells when an object wakes.
        let options = options.var("KEFU_DEBUG", "1");
        let running = Running::start(&options).unwrap_or_else(|error| panic!("{error}"));
        Self { url: running.url(), running: Mutex::new(running) }
    }

    /// Kills it as a crash would.
    pub fn kill(&self) {
        self.running().kill();
    }

    /// Starts it again on the same state and port.
    ///
    /// # Panics
    /// When it does not start.
    pub fn restart(&self) {
        self.running().restart().unwrap_or_else(|error| panic!("{error}"));
    }

    /// Asks for its health every second until that is aborted: Spin has no alarms of its own, and
    /// deploy/kefu-health.timer does so there.
    pub fn looked_after(&self) -> JoinHandle<()> {
        let (url, spin) = (format!("{}/healthz", self.url), self.is_spin());
        tokio::spawn(async move {
            if !spin {
                return;
            }
            let http = client();
            loop {
                // It may be down.
                let _ = http.get(&url).send().await;
                tokio::time::sleep(Duration::from_secs(1)).await;
            }
        })
    }

    /// All metrics, as the operator reads them.
    ///
    /// # Panics
    /// When the operator is not told.
    pub async fn metrics(&self) -> String {
        let get = Client::new().get(format!("{}/metrics", self.url)).bearer_auth(ADMIN_TOKEN);
        get.send().await.expect("an answer").text().await.expect("a body")
    }

    /// The value of a metric, summed over its labels.
    ///
    /// # Panics
    /// When the operator is not told.
    pub async fn metric(&self, name: &str) -> f64 {
        let text = self.metrics().await;
        let named =
            |line: &&str| line.strip_prefix(name).is_some_and(|rest| rest.starts_with(['{', ' ']));
        let values = text.lines().filter(named).filter_map(|line| line.rsplit(' ').next());
        values.filter_map(|value| value.parse::<f64>().ok()).sum()
    }

    /// What it wrote so far.
    pub fn log(&self) -> String {
        self.running().log()
    }

    /// A fresh site with this configuration (TOML).
    ///
    /// # Panics
    /// When it is refused.
    pub async fn site(&self, config: &str) -> Site {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let id = format!("turns-{}", COUNT.fetch_add(1, Ordering::Relaxed));
        let site = Site { url: self.url.clone(), id, http: client() };
        site.configure(config).await;
        site
    }

    /// `http://127.0.0.1:PORT`
    pub fn url(&self) -> &str {
        &self.url
    }

    /// The port on 127.0.0.1.
    pub fn port(&self) -> u16 {
        self.running().port()
    }

    /// Whether it is Spin's, which has no WebSockets.
    pub fn is_spin(&self) -> bool {
        matches!(*self.running(), Running::Spin(_))
    }

    /// The process's id. It changes with a restart.
    pub fn pid(&self) -> u32 {
        self.running().pid()
    }

    /// The process, for whatever else is to be done to it.
    pub fn running(&self) -> MutexGuard<'_, Running> {
        self.running.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Site {
    /// The same site at another process of the same deployment.
    #[must_use]
    pub fn at(&self, host: &Host) -> Self {
        Self { url: host.url.clone(), id: self.id.clone(), http: self.http.clone() }
    }

    /// Replaces its configuration (TOML); gives the warnings.
    ///
    /// # Panics
    /// When it is refused.
    pub async fn configure(&self, config: &str) -> Vec<String> {
        self.put("application/toml", config).await
    }

    /// The same in another format.
    ///
    /// # Panics
    /// When it is refused.
    pub async fn put(&self, content_type: &str, document: &str) -> Vec<String> {
        let put = self.http.put(format!("{}/v1/sites/{}/config", self.url, self.id));
        let put = put.header("content-type", content_type).body(document.to_owned());
        let told = self.told(put).await;
        let warnings = told["warnings"].as_array().cloned().unwrap_or_default();
        warnings.iter().filter_map(Value::as_str).map(ToOwned::to_owned).collect()
    }

    /// The faults for which a configuration (TOML) is refused, each as `key: message`.
    ///
    /// # Panics
    /// When it is taken.
    pub async fn refuses(&self, config: &str) -> Vec<String> {
        let put = self.http.put(format!("{}/v1/sites/{}/config", self.url, self.id));
        let put = put.header("content-type", "application/toml").body(config.to_owned());
        let answered = put.bearer_auth(ADMIN_TOKEN).send().await.expect("an answer");
        assert_eq!(answered.status(), 422);
        let problem: Value = answered.json().await.expect("JSON");
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let faults = problem["faults"].as_array().expect("faults");
        faults.iter().map(|it| format!("{}: {}", text(&it["key"]), text(&it["message"]))).collect()
    }

    /// Stores a secret that may go to 127.0.0.1.
    ///
    /// # Panics
    /// When it is refused.
    pub async fn keep_secret(&self, name: &str, value: &str) {
        let put = self.http.put(format!("{}/v1/sites/{}/secrets/{name}", self.url, self.id));
        self.told(put.json(&json!({ "value": value, "hosts": ["127.0.0.1"] }))).await;
    }

    /// A visitor who was never here.
    ///
    /// # Panics
    /// When there is no session to be had.
    pub async fn visitor(&self) -> Visitor {
        let post = self.http.post(format!("{}/v1/sites/{}/session", self.url, self.id));
        let answered = post.json(&json!({})).send().await.expect("a session");
        assert_eq!(answered.status(), 200);
        let session = answered.json().await.expect("JSON");
        Visitor::new(&self.url, &session, self.http.clone())
    }

    /// How its providers stand.
    ///
    /// # Panics
    /// When the operator is not told.
    pub async fn providers(&self) -> Vec<Value> {
        let get = self.http.get(format!("{}/v1/sites/{}/providers", self.url, self.id));
        self.told(get).await["providers"].as_array().cloned().expect("a list")
    }

    /// How the first provider stands.
    ///
    /// # Panics
    /// When there is none.
    pub async fn standing(&self) -> Value {
        self.providers().await.swap_remove(0)
    }

    /// The same once it stands so: a guard hears of an attempt after the visitor.
    ///
    /// # Panics
    /// When it does not.
    pub async fn settled(&self, wanted: &str) -> Value {
        let begun = Instant::now();
        loop {
            let state = self.standing().await;
            if state["standing"] == wanted {
                return state;
            }
            assert!(begun.elapsed() < PATIENCE, "{state}");
        }
    }

    /// Tries a provider out.
    ///
    /// # Panics
    /// When that is refused.
    pub async fn check(&self, provider: &str) -> Value {
        let path = format!("{}/v1/sites/{}/providers/{provider}/check", self.url, self.id);
        self.told(self.http.post(path)).await
    }

    /// A new agent that is logged in.
    ///
    /// # Panics
    /// When it is refused.
    pub async fn agent(&self, name: &str) -> Agent {
        self.agent_as(name, "AGENT").await
    }

    /// The same in that role.
    ///
    /// # Panics
    /// When it is refused.
    pub async fn agent_as(&self, name: &str, role: &str) -> Agent {
        let email = format!("{name}@shop.example");
        let agents = self.http.post(format!("{}/v1/sites/{}/agents", self.url, self.id));
        let account = json!({ "email": email, "name": name, "role": role, "password": PASSWORD });
        self.told(agents.json(&account)).await;
        let login = self.http.post(format!("{}/v1/agent/login", self.url));
        let login = login.json(&json!({ "site": self.id, "email": email, "password": PASSWORD }));
        Agent::new(&self.url, &self.id, &self.told(login).await, self.http.clone())
    }

    async fn told(&self, request: reqwest::RequestBuilder) -> Value {
        let answered = request.bearer_auth(ADMIN_TOKEN).send().await.expect("an answer");
        let status = answered.status();
        let body = answered.text().await.expect("a body");
        assert!(status.is_success(), "{status} {body}");
        serde_json::from_str(&body).unwrap_or_default()
    }
}

/// One that opens a connection for each request: those to a host that was killed are of no use.
fn client() -> Client {
    Client::builder().pool_max_idle_per_host(0).build().expect("a client")
}
