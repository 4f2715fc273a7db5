//! A NATS server of a test's own.

use crate::soon;
use std::net::TcpListener;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

/// A running `nats-server` on loopback.
#[derive(Debug)]
pub struct Nats {
    child: Option<Child>,
    program: PathBuf,
    port: u16,
}

impl Nats {
    /// The program, if this machine has it.
    pub fn program() -> Option<PathBuf> {
        let places = ["nats-server", "/usr/sbin/nats-server"].map(PathBuf::from);
        let works = |program: &PathBuf| {
            let version = Command::new(program).arg("--version").stdout(Stdio::null()).status();
            version.is_ok_and(|status| status.success())
        };
        places.into_iter().find(works)
    }

    /// One on a free port, not started yet.
    ///
    /// # Panics
    /// When there is no free port.
    pub fn at_free_port(program: PathBuf) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).expect("a free port");
        Self { child: None, program, port: listener.local_addr().expect("an address").port() }
    }

    /// Where it is, or is going to be.
    pub fn url(&self) -> String {
        format!("nats://127.0.0.1:{}", self.port)
    }

    /// Starts it, and waits until it listens.
    ///
    /// # Panics
    /// When it does not.
    pub async fn start(&mut self) {
        let mut command = Command::new(&self.program);
        command.args(["--addr", "127.0.0.1", "--port", &self.port.to_string()]);
        let started = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn();
        self.child = Some(started.expect("nats-server starts"));
        let listens = async {
            while tokio::net::TcpStream::connect(("127.0.0.1", self.port)).await.is_err() {
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        };
        soon("nats-server listens", listens).await;
    }

    /// Kills it.
    pub fn kill(&mut self) {
        if let Some(mut child) = self.child.take() {
            // Both fail only for a process that is gone already.
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}

impl Drop for Nats {
    fn drop(&mut self) {
        self.kill();
    }
}
