//! A NATS server of a test's own.

use std::io;
use std::net::{TcpListener, TcpStream};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

/// How long it may take to listen.
const PATIENCE: Duration = Duration::from_secs(15);

/// A `nats-server` on loopback, running or not.
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
    /// # Errors
    /// When there is no free port.
    pub fn at_free_port(program: PathBuf) -> io::Result<Self> {
        let port = TcpListener::bind(("127.0.0.1", 0))?.local_addr()?.port();
        Ok(Self { child: None, program, port })
    }

    /// Where it is, or is going to be.
    pub fn url(&self) -> String {
        format!("nats://127.0.0.1:{}", self.port)
    }

    /// Starts it, and waits until it listens.
    ///
    /// # Errors
    /// When it does not.
    pub fn start(&mut self) -> io::Result<()> {
        let mut command = Command::new(&self.program);
        command.args(["--addr", "127.0.0.1", "--port", &self.port.to_string()]);
        self.child = Some(command.stdout(Stdio::null()).stderr(Stdio::null()).spawn()?);
        let begun = Instant::now();
        while let Err(error) = TcpStream::connect(("127.0.0.1", self.port)) {
            if begun.elapsed() > PATIENCE {
                return Err(error);
            }
            sleep(Duration::from_millis(20));
        }
        Ok(())
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
