//! A running workerd with the built Worker in it.

use crate::bundle::Bundle;
use crate::keeper::Keeper;
use crate::listen::{Listening, refuse_taken};
use crate::options::Options;
use crate::process::{When, end, spawn_bound};
use crate::serve;
use crate::start_error::StartError;
use std::path::{Path, PathBuf};
use std::process::{Child, ExitStatus};
use std::{fs, io};

/// A workerd that serves the Worker. Dropping it kills the process at once, and removes a
/// temporary state folder.
#[derive(Debug)]
pub struct Workerd {
    child: Child,
    port: u16,
    keeper: Option<Keeper>,
    state: PathBuf,
    options: Options,
}

impl Workerd {
    /// Starts workerd and returns once it listens, which is not yet when it answers.
    ///
    /// # Errors
    /// When workerd or the bundle is missing, the port is taken, or workerd ends or stays silent
    /// for 15 seconds; the log's end is part of the message.
    pub fn start(options: &Options) -> Result<Self, StartError> {
        let options = options.clone().at_a_port()?;
        let state = options.make_state().map_err(StartError::State)?;
        match Self::start_in(&state, &options) {
            Ok((child, Listening { port, keeper })) => {
                Ok(Self { child, port, keeper, state, options })
            }
            Err(error) => {
                options.discard_state(&state);
                Err(error)
            }
        }
    }

    fn start_in(state: &Path, options: &Options) -> Result<(Child, Listening), StartError> {
        let bundle = Bundle::find(&options.root)?;
        refuse_taken(options.port)?;
        let config = serve::write_config(state, &bundle, options)?;
        let mut child = spawn_bound(serve::command(&config, options, state)?, When::Killed)
            .map_err(StartError::Spawn)?;
        match Listening::wait(&mut child, options, &log_file(state)) {
            Ok(listening) => Ok((child, listening)),
            Err(error) => {
                end(&mut child);
                Err(error)
            }
        }
    }

    /// The port on 127.0.0.1.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// `http://127.0.0.1:PORT`, without a slash at its end.
    pub fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// The process's id, for measuring and for signals.
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Where the objects' storage, the configuration and the log are.
    pub fn state(&self) -> &Path {
        &self.state
    }

    /// What it has written to its output so far; empty with [`Log::Inherit`].
    pub fn log(&self) -> String {
        fs::read_to_string(log_file(&self.state)).unwrap_or_default()
    }

    /// Kills it as a crash would, and waits until it is gone. The state stays.
    pub fn kill(&mut self) {
        end(&mut self.child);
    }

    /// Starts it again on the same state and the same port, killing it first if it still runs.
    ///
    /// # Errors
    /// As [`Workerd::start`]. After an error it is stopped, and may be restarted again.
    pub fn restart(&mut self) -> Result<(), StartError> {
        self.kill();
        let options = Options { port: self.port, ..self.options.clone() };
        let (child, listening) = Self::start_in(&self.state, &options)?;
        self.child = child;
        self.keeper = listening.keeper;
        Ok(())
    }

    /// Starts another checkout's build on the same state and port, as a deployment does.
    ///
    /// # Errors
    /// As [`Workerd::restart`].
    pub fn deploy(&mut self, root: impl Into<PathBuf>) -> Result<(), StartError> {
        self.options.root = root.into();
        self.restart()
    }

    /// The way to its keeper; none when it was started without one ([`Options::keeper`]).
    pub fn keeper(&self) -> Option<Keeper> {
        self.keeper
    }

    /// Whether it has ended by itself, and how.
    ///
    /// # Errors
    /// When the system cannot tell.
    pub fn ended(&mut self) -> io::Result<Option<ExitStatus>> {
        self.child.try_wait()
    }
}

impl Drop for Workerd {
    fn drop(&mut self) {
        self.kill();
        self.options.discard_state(&self.state);
    }
}

pub(crate) fn log_file(state: &Path) -> PathBuf {
    state.join("workerd.log")
}
