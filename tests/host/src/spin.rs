//! A running Spin with the built component in it.

use crate::application::Application;
use crate::http;
use crate::listen::{self, Says};
use crate::options::{Log, Options};
use crate::process::{When, children, end_group, spawn_bound};
use crate::program::Program;
use crate::start_error::StartError;
use std::fs::{self, File};
use std::io;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};

/// A `spin up`, or what stands in for it. Dropping it kills the process at once, and removes a
/// temporary state folder.
#[derive(Debug)]
pub struct Spin {
    child: Child,
    port: u16,
    state: PathBuf,
    options: Options,
    program: Program,
}

impl Spin {
    /// Starts it and returns once it listens.
    ///
    /// # Errors
    /// When the program or the component is missing, the port is taken, or it ends or stays silent
    /// for 90 seconds.
    pub fn start(options: &Options) -> Result<Self, StartError> {
        let options = options.clone().at_a_port()?;
        let program = Program::find(&options.root)?;
        let state = options.make_state().map_err(StartError::State)?;
        match start_in(&state, &options, &program) {
            Ok((child, port)) => {
                // As an operator's timer does: the first one makes the tables. Whether it can is
                // for the test to see.
                let _ = http::get(port, "/healthz");
                Ok(Self { child, port, state, options, program })
            }
            Err(error) => {
                options.discard_state(&state);
                Err(error)
            }
        }
    }

    /// Which program it is.
    pub fn program(&self) -> &Program {
        &self.program
    }

    /// The port on 127.0.0.1.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// The id of the process that serves: `spin` has it in a child of its own.
    pub fn pid(&self) -> u32 {
        children(self.child.id()).first().copied().unwrap_or(self.child.id())
    }

    /// Where the database, the manifest and the log are.
    pub fn state(&self) -> &Path {
        &self.state
    }

    /// The database.
    pub fn database(&self) -> PathBuf {
        self.state.join("sqlite_db.db")
    }

    /// What the component has written to its output so far; empty with [`Log::Inherit`].
    pub fn log(&self) -> String {
        // Spin keeps what components write in files of their own, and shows it among its own lines.
        let files = [self.state.join("logs/kefu_stderr.txt"), log_file(&self.state)];
        files.iter().find_map(|file| fs::read_to_string(file).ok()).unwrap_or_default()
    }

    /// Kills it as a crash would, and waits until it is gone. The state stays.
    pub fn kill(&mut self) {
        end_group(&mut self.child);
    }

    /// Starts it again on the same state and the same port, killing it first if it still runs.
    ///
    /// # Errors
    /// As [`Spin::start`].
    pub fn restart(&mut self) -> Result<(), StartError> {
        self.kill();
        let options = Options { port: self.port, ..self.options.clone() };
        let (child, _) = start_in(&self.state, &options, &self.program)?;
        self.child = child;
        Ok(())
    }

    /// Starts another checkout's build on the same state and port, as a deployment does.
    ///
    /// # Errors
    /// As [`Spin::restart`].
    pub fn deploy(&mut self, root: PathBuf) -> Result<(), StartError> {
        self.options.root = root;
        self.restart()
    }

    /// Whether it has ended by itself, and how.
    ///
    /// # Errors
    /// When the system cannot tell.
    pub fn ended(&mut self) -> io::Result<Option<ExitStatus>> {
        self.child.try_wait()
    }
}

impl Drop for Spin {
    fn drop(&mut self) {
        self.kill();
        self.options.discard_state(&self.state);
    }
}

fn start_in(
    state: &Path,
    options: &Options,
    program: &Program,
) -> Result<(Child, u16), StartError> {
    listen::refuse_taken(options.port)?;
    let application = Application::write(options, state)?;
    let command = command(&application, state, options, program)?;
    // `spin` ends the child that serves when it is asked to, and leaves it when it is killed.
    let mut child = spawn_bound(command, When::Asked).map_err(StartError::Spawn)?;
    match listen::wait(&mut child, options, &log_file(state), 1, serving) {
        Ok(sockets) => Ok((child, sockets.first().map_or(0, |(_, port)| *port))),
        Err(error) => {
            end_group(&mut child);
            Err(error)
        }
    }
}

fn command(
    application: &Application,
    state: &Path,
    options: &Options,
    program: &Program,
) -> Result<Command, StartError> {
    let mut command = Command::new(program.path());
    command.arg("up").arg("--from").arg(&application.manifest);
    command.arg("--listen").arg(format!("127.0.0.1:{}", options.port));
    command.arg("--state-dir").arg(state).args(&options.arguments);
    command.envs(application.variables.iter().cloned());
    command.env("SPIN_VARIABLE_KEFU_OUTBOUND", options.outbound_names());
    command.stdin(Stdio::null()).stdout(Stdio::piped()).process_group(0);
    if options.log == Log::File {
        let mut file = File::options();
        let file = file.append(true).create(true).open(log_file(state));
        command.stderr(file.map_err(StartError::State)?);
    }
    Ok(command)
}

/// The port of a line `Serving http://127.0.0.1:3000`.
fn serving(line: &str) -> Says {
    let url = line.trim().strip_prefix("Serving http://")?;
    let port = url.trim_end_matches('/').rsplit_once(':')?.1.parse().ok()?;
    Some((listen::DOOR.to_owned(), port))
}

fn log_file(state: &Path) -> PathBuf {
    state.join("spin.log")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_port_is_read_from_what_spin_says() {
        let door = |port| Some((listen::DOOR.to_owned(), port));
        assert_eq!(serving("Serving http://127.0.0.1:3000"), door(3000));
        assert_eq!(serving("Available Routes:"), None);
    }
}
