//! A NATS server of a test's own.

use crate::http;
use crate::port::free_port;
use std::io;
use std::net::TcpStream;
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
    /// Where it tells how it is.
    monitor: u16,
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
        Ok(Self { child: None, program, port: free_port()?, monitor: free_port()? })
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
        command.args(["--http_port", &self.monitor.to_string()]);
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

    /// How many are connected.
    pub fn clients(&self) -> usize {
        let told = http::get(self.monitor, "/connz").map(|answer| answer.body).unwrap_or_default();
        let told: Option<&str> = told.split("\"num_connections\":").nth(1);
        let number = told.and_then(|rest| rest.split([',', '}']).next());
        number.and_then(|number| number.trim().parse().ok()).unwrap_or(0)
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
