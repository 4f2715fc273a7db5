//! Why a host did not start.

use std::path::PathBuf;
use std::process::ExitStatus;
use std::{error, fmt, io};

/// Why a host did not start.
#[derive(Debug)]
pub enum StartError {
    /// A part that is built or installed is not there.
    Missing(PathBuf),
    /// Its state folder cannot be made or written.
    State(io::Error),
    /// `wrangler.toml` cannot be read, or lacks what is needed.
    Wrangler(String),
    /// `spin.toml` cannot be read, or lacks what is needed.
    Manifest(String),
    /// The Spin component is not built.
    MissingOfSpin(PathBuf),
    /// There is no `spin`, and what stands in for it is not built.
    NoSpin(PathBuf),
    /// The port cannot be had.
    Port {
        /// Which.
        port: u16,
        /// What the system says.
        cause: io::Error,
    },
    /// The program cannot be run.
    Spawn(io::Error),
    /// It ended before it listened.
    Ended {
        /// How, if the system knows.
        status: Option<ExitStatus>,
        /// The end of its output.
        log: String,
    },
    /// It has not listened in time.
    Silent {
        /// The end of its output.
        log: String,
    },
}

impl fmt::Display for StartError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Missing(part) => {
                write!(f, "{} is not there: run `cargo xtask build`", part.display())
            }
            Self::State(_) => f.write_str("the state folder cannot be used"),
            Self::Wrangler(fault) => write!(f, "wrangler.toml: {fault}"),
            Self::Manifest(fault) => write!(f, "spin.toml: {fault}"),
            Self::MissingOfSpin(part) => {
                write!(f, "{} is not there: run `spin build`", part.display())
            }
            Self::NoSpin(part) => write!(
                f,
                "there is no `spin` in SPIN_BIN or PATH, and {} is not there: \
                 `cargo xtask test --only spin` builds it",
                part.display()
            ),
            Self::Port { port, cause } if cause.kind() == io::ErrorKind::AddrInUse => {
                write!(f, "port {port} is in use: stop what uses it, or take another with --port")
            }
            Self::Port { port, .. } => write!(f, "port {port} cannot be had"),
            Self::Spawn(_) => f.write_str("the host cannot be run"),
            Self::Ended { status: Some(status), log } => {
                write!(f, "the host ended before it listened ({status}):\n{log}")
            }
            Self::Ended { status: None, log } => {
                write!(f, "the host ended before it listened:\n{log}")
            }
            Self::Silent { log } => write!(f, "the host does not listen:\n{log}"),
        }
    }
}

impl error::Error for StartError {
    fn source(&self) -> Option<&(dyn error::Error + 'static)> {
        match self {
            Self::State(cause) | Self::Spawn(cause) | Self::Port { cause, .. } => Some(cause),
            Self::Missing(_)
            | Self::Wrangler(_)
            | Self::Manifest(_)
            | Self::MissingOfSpin(_)
            | Self::NoSpin(_)
            | Self::Ended { .. }
            | Self::Silent { .. } => None,
        }
    }
}
