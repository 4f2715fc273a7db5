//! Which program runs the Spin application: Spin itself where there is one.

use crate::start_error::StartError;
use std::env;
use std::fmt;
use std::path::{Path, PathBuf};
use std::process::Command;

/// What a program is called that stands in for `spin`, below a checkout.
const STAND_IN: &str = "target/spin-host/debug/kefu-spin-host";

/// A program that runs the Spin application.
#[derive(Clone, Debug)]
pub struct Program {
    path: PathBuf,
    name: String,
}

impl Program {
    /// The one of `SPIN_BIN`, the `spin` in PATH, or the project's own.
    ///
    /// # Errors
    /// When there is none of them.
    pub fn find(root: &Path) -> Result<Self, StartError> {
        if let Some(real) = Self::real() {
            return Ok(real);
        }
        let path = root.join(STAND_IN);
        match path.is_file() {
            true => Ok(Self { path, name: "the project's test host (wasmtime)".into() }),
            false => Err(StartError::NoSpin(path)),
        }
    }

    /// Spin itself, if there is one.
    pub fn real() -> Option<Self> {
        let named = env::var_os("SPIN_BIN").filter(|named| !named.is_empty());
        let (path, whence) = match named {
            Some(named) => (PathBuf::from(named), "SPIN_BIN"),
            None => (PathBuf::from("spin"), "PATH"),
        };
        let told = Command::new(&path).arg("--version").output().ok()?;
        let told = String::from_utf8_lossy(&told.stdout).into_owned();
        let mut words = told.split_whitespace();
        let (spin, version) = (words.next()?, words.next()?);
        Some(Self { path, name: format!("{spin} {version} ({whence})") })
    }

    /// The file.
    pub fn path(&self) -> &Path {
        &self.path
    }
}

/// As people are told of it, such as `spin 4.1.0 (SPIN_BIN)`.
impl fmt::Display for Program {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.name)
    }
}
