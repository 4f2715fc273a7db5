//! Either host, for tests that hold on both.

use crate::keeper::Keeper;
use crate::options::{Options, Platform};
use crate::spin::Spin;
use crate::start_error::StartError;
use crate::workerd::Workerd;
use std::io;
use std::path::{Path, PathBuf};
use std::process::ExitStatus;

/// A running host. Dropping it kills the process at once, and removes a temporary state folder.
#[derive(Debug)]
pub enum Running {
    /// Cloudflare's: a bare workerd.
    Workerd(Workerd),
    /// Spin's.
    Spin(Spin),
}

impl Running {
    /// Starts the host that the options name, and returns once it listens.
    ///
    /// # Errors
    /// As [`Workerd::start`] and [`Spin::start`].
    pub fn start(options: &Options) -> Result<Self, StartError> {
        match options.platform {
            Platform::Cloudflare => Workerd::start(options).map(Self::Workerd),
            Platform::Spin => Spin::start(options).map(Self::Spin),
        }
    }

    /// As people are told of it.
    pub fn name(&self) -> String {
        match self {
            Self::Workerd(_) => "workerd".into(),
            Self::Spin(spin) => spin.program().to_string(),
        }
    }

    /// The port on 127.0.0.1.
    pub fn port(&self) -> u16 {
        match self {
            Self::Workerd(workerd) => workerd.port(),
            Self::Spin(spin) => spin.port(),
        }
    }

    /// `http://127.0.0.1:PORT`, without a slash at its end.
    pub fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port())
    }

    /// The id of the process that serves.
    pub fn pid(&self) -> u32 {
        match self {
            Self::Workerd(workerd) => workerd.pid(),
            Self::Spin(spin) => spin.pid(),
        }
    }

    /// Where it keeps what it stores, and its log.
    pub fn state(&self) -> &Path {
        match self {
            Self::Workerd(workerd) => workerd.state(),
            Self::Spin(spin) => spin.state(),
        }
    }

    /// What it has written to its output so far.
    pub fn log(&self) -> String {
        match self {
            Self::Workerd(workerd) => workerd.log(),
            Self::Spin(spin) => spin.log(),
        }
    }

    /// Kills it as a crash would, and waits until it is gone. The state stays.
    pub fn kill(&mut self) {
        match self {
            Self::Workerd(workerd) => workerd.kill(),
            Self::Spin(spin) => spin.kill(),
        }
    }

    /// Starts it again on the same state and the same port.
    ///
    /// # Errors
    /// As [`Running::start`].
    pub fn restart(&mut self) -> Result<(), StartError> {
        match self {
            Self::Workerd(workerd) => workerd.restart(),
            Self::Spin(spin) => spin.restart(),
        }
    }

    /// Starts another checkout's build on the same state and port, as a deployment does.
    ///
    /// # Errors
    /// As [`Running::restart`].
    pub fn deploy(&mut self, root: impl Into<PathBuf>) -> Result<(), StartError> {
        match self {
            Self::Workerd(workerd) => workerd.deploy(root),
            Self::Spin(spin) => spin.deploy(root.into()),
        }
    }

    /// The way to its keeper; only a workerd has one.
    pub fn keeper(&self) -> Option<Keeper> {
        match self {
            Self::Workerd(workerd) => workerd.keeper(),
            Self::Spin(_) => None,
        }
    }

    /// Whether it has ended by itself, and how.
    ///
    /// # Errors
    /// When the system cannot tell.
    pub fn ended(&mut self) -> io::Result<Option<ExitStatus>> {
        match self {
            Self::Workerd(workerd) => workerd.ended(),
            Self::Spin(spin) => spin.ended(),
        }
    }
}
