//! The command line: Spin's, as far as this project uses it.

use lexopt::{Arg, Parser, ValueExt};
use std::net::SocketAddr;
use std::path::PathBuf;
use wasmtime::Result;
use wasmtime::error::bail;

/// Where Spin listens unless it is told otherwise.
const LISTEN: &str = "127.0.0.1:3000";
/// How Spin reuses instances unless it is told otherwise.
const REUSE: usize = 128;
const AT_ONCE: usize = 16;

/// What is to be done.
pub(crate) enum Order {
    /// `build [--from FILE]`
    Build { from: PathBuf },
    /// `up [--from FILE] [--listen ADDRESS] [--state-dir DIR] [--max-instance-reuse-count N]
    /// [--max-instance-concurrent-reuse-count N]`
    Up(Up),
    /// `run COMPONENT [ARGUMENT]...`, which is none of Spin's: how cargo runs a benchmark.
    Run { command: PathBuf },
    /// `--version`
    Version,
}

/// How the component is run. Variables are `SPIN_VARIABLE_NAME` of the environment.
pub(crate) struct Up {
    pub(crate) from: PathBuf,
    pub(crate) listen: SocketAddr,
    /// `.spin` beside the manifest, unless it is given.
    pub(crate) state: Option<PathBuf>,
    /// Requests that an instance gets in all, and before the head of a response at once.
    pub(crate) reuse: usize,
    pub(crate) at_once: usize,
}

impl Order {
    pub(crate) fn read() -> Result<Self> {
        let mut arguments = Parser::from_env();
        let order = match arguments.next()? {
            Some(Arg::Value(order)) => order.string()?,
            Some(Arg::Long("version")) => return Ok(Self::Version),
            _ => String::new(),
        };
        match order.as_str() {
            "build" => Ok(Self::Build { from: rest(arguments)?.from }),
            "run" => Ok(Self::Run { command: arguments.value()?.into() }),
            "up" => Ok(Self::Up(rest(arguments)?)),
            _ => bail!("kefu-spin-host build|up: those of Spin's commands that README.md names"),
        }
    }
}

fn rest(mut arguments: Parser) -> Result<Up> {
    let mut up = Up {
        from: "spin.toml".into(),
        listen: LISTEN.parse()?,
        state: None,
        reuse: REUSE,
        at_once: AT_ONCE,
    };
    while let Some(argument) = arguments.next()? {
        match argument {
            Arg::Short('f') | Arg::Long("from") => up.from = arguments.value()?.into(),
            Arg::Long("listen") => up.listen = arguments.value()?.parse()?,
            Arg::Long("state-dir") => up.state = Some(arguments.value()?.into()),
            Arg::Long("max-instance-reuse-count") => up.reuse = arguments.value()?.parse()?,
            Arg::Long("max-instance-concurrent-reuse-count") => {
                up.at_once = arguments.value()?.parse()?;
            }
            // An idle instance stays as long as the process.
            Arg::Long("idle-instance-timeout") => drop(arguments.value()?),
            other => return Err(other.unexpected().into()),
        }
    }
    Ok(up)
}
