//! The command line.

use lexopt::{Arg, Parser, ValueExt};
use std::collections::BTreeMap;
use std::path::PathBuf;
use wasmtime::Result;

/// How the component is run.
pub(crate) struct Options {
    pub(crate) component: PathBuf,
    pub(crate) files: PathBuf,
    pub(crate) database: PathBuf,
    pub(crate) port: u16,
    pub(crate) variables: BTreeMap<String, String>,
    /// Hosts that it lets out to; none is all.
    pub(crate) allowed: Option<Vec<String>>,
}

impl Options {
    /// `kefu-spin-host --component FILE --files DIR --database FILE [--port N] [--allow HOST]…`;
    /// variables are `SPIN_VARIABLE_NAME` of the environment, as with Spin.
    pub(crate) fn read() -> Result<Self> {
        let mut options = Self {
            component: "target/wasm32-wasip2/release/kefu_edge.wasm".into(),
            files: "edge/web/dist".into(),
            database: ".spin/sqlite_db.db".into(),
            port: 0,
            variables: variables(),
            allowed: None,
        };
        let mut arguments = Parser::from_env();
        while let Some(argument) = arguments.next()? {
            match argument {
                Arg::Long("component") => options.component = arguments.value()?.into(),
                Arg::Long("files") => options.files = arguments.value()?.into(),
                Arg::Long("database") => options.database = arguments.value()?.into(),
                Arg::Long("port") => options.port = arguments.value()?.parse()?,
                Arg::Long("allow") => {
                    let host = arguments.value()?.string()?;
                    options.allowed.get_or_insert_default().push(host);
                }
                other => return Err(other.unexpected().into()),
            }
        }
        Ok(options)
    }
}

fn variables() -> BTreeMap<String, String> {
    let named = |(name, value): (String, String)| {
        Some((name.strip_prefix("SPIN_VARIABLE_")?.to_lowercase(), value))
    };
    std::env::vars().filter_map(named).collect()
}
