//! How a host is to be started.

use crate::bundle::workspace;
use crate::port::free_port;
use crate::start_error::StartError;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};
use std::{env, fs, io, process};

/// How a host is to be started. The default is what a test wants: any free port, a state
/// folder of its own that is removed at the end, and the variables of `cargo xtask dev`.
#[derive(Clone, Debug)]
pub struct Options {
    /// Which host; the default is Cloudflare's, or the one that `KEFU_TEST_HOST` names.
    pub platform: Platform,
    /// On 127.0.0.1; 0 takes a free one.
    pub port: u16,
    /// Where it keeps its state; none makes a temporary folder, below `KEFU_TEST_STATE` if that
    /// is set (a tmpfs, say) and else below the system's.
    pub state: Option<PathBuf>,
    /// Text bindings, by name.
    pub vars: BTreeMap<String, String>,
    /// Where its output goes.
    pub log: Log,
    /// Whether a second worker, for tests alone, puts objects to sleep when it is told to.
    pub keeper: bool,
    /// On Cloudflare: the address of what answers for Workers AI, behind the platform's own code of
    /// the binding `AI`; none is a deployment without the binding.
    pub ai: Option<String>,
    /// On Spin: what is let out to; none is what `spin.toml` says.
    pub outbound: Option<Vec<String>>,
    /// On Spin: more arguments of `spin up`.
    pub arguments: Vec<String>,
    /// The checkout whose manifests and built files are used.
    pub root: PathBuf,
}

/// The platforms that Kefu runs on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Platform {
    /// Durable Objects, on a bare workerd.
    Cloudflare,
    /// Rows of SQLite, on Spin or what stands in for it.
    Spin,
}

impl Platform {
    /// The one that `KEFU_TEST_HOST` names: `spin`, or else Cloudflare's.
    pub fn of_tests() -> Self {
        match env::var("KEFU_TEST_HOST").as_deref() {
            Ok("spin") => Self::Spin,
            _ => Self::Cloudflare,
        }
    }
}

/// Where its output goes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Log {
    /// Into a file in the state folder.
    #[default]
    File,
    /// To this process's own output.
    Inherit,
}

impl Default for Options {
    fn default() -> Self {
        let vars = [
            ("KEFU_DEV", "1"),
            ("KEFU_ADMIN_TOKEN", "dev-admin-token"),
            ("KEFU_SECRET", "a-secret-for-tests-only-0123456789abcdef"),
            ("KEFU_ALLOW_PRIVATE", "1"),
            ("KEFU_DEV", "1"),
            ("KEFU_GRANTS", "*"),
        ];
        Self {
            platform: Platform::of_tests(),
            port: 0,
            state: None,
            vars: vars.into_iter().map(|(name, value)| (name.into(), value.into())).collect(),
            log: Log::File,
            keeper: false,
            ai: None,
            outbound: Some(vec!["*://*:*".into()]),
            arguments: Vec::new(),
            root: workspace(),
        }
    }
}

impl Options {
    /// With one more text binding, or another value for it.
    #[must_use]
    pub fn var(mut self, name: &str, value: &str) -> Self {
        self.vars.insert(name.into(), value.into());
        self
    }

    /// With a state folder that stays.
    #[must_use]
    pub fn state(mut self, folder: impl Into<PathBuf>) -> Self {
        self.state = Some(folder.into());
        self
    }

    /// With the binding of Workers AI, and what answers for it at `address` (`127.0.0.1:8080`).
    #[must_use]
    pub fn ai(mut self, address: &str) -> Self {
        self.ai = Some(address.into());
        self
    }

    /// With a [`Keeper`](crate::Keeper).
    #[must_use]
    pub fn keeper(mut self) -> Self {
        self.keeper = true;
        self
    }

    /// What is let out to, as the component is told it: names, separated by spaces.
    pub(crate) fn outbound_names(&self) -> String {
        let names = self.outbound.iter().flatten();
        names.map(|host| if host == "*://*:*" { "*" } else { host }).collect::<Vec<_>>().join(" ")
    }

    /// At the port that was asked for, or a free one.
    pub(crate) fn at_a_port(mut self) -> Result<Self, StartError> {
        if self.port == 0 {
            self.port = free_port().map_err(|cause| StartError::Port { port: 0, cause })?;
        }
        Ok(self)
    }

    pub(crate) fn make_state(&self) -> io::Result<PathBuf> {
        let folder = self.state.clone().unwrap_or_else(temporary);
        fs::create_dir_all(folder.join("objects"))?;
        folder.canonicalize()
    }

    pub(crate) fn discard_state(&self, folder: &Path) {
        if self.state.is_none() {
            // What remains is in the system's temporary folder: nobody is hurt.
            let _ = fs::remove_dir_all(folder);
        }
    }
}

/// A folder that no other test of this machine uses.
fn temporary() -> PathBuf {
    static COUNT: AtomicU32 = AtomicU32::new(0);
    let parent = env::var_os("KEFU_TEST_STATE").map_or_else(env::temp_dir, PathBuf::from);
    let count = COUNT.fetch_add(1, Ordering::Relaxed);
    parent.join(format!("kefu-{}-{count}", process::id()))
}
