//! The Spin host: `spin up` where there is a `spin`, else the project's own test host.

use super::{Options, Running};
use crate::build;
use anyhow::Result;
use kefu_test_host::{Log, Platform, Spin};
use std::collections::BTreeMap;

/// Starts it on the options' port and state. It lets out to every host, whatever spin.toml says:
/// demo AIs are on this machine.
///
/// # Errors
/// When it does not listen.
pub(super) fn start(options: &Options, vars: &BTreeMap<String, String>) -> Result<Spin> {
    println!("host: {}", build::spin_program()?);
    Ok(Spin::start(&kefu_test_host::Options {
        platform: Platform::Spin,
        port: options.port,
        state: Some(options.state.clone()),
        vars: vars.clone(),
        log: Log::Inherit,
        root: crate::tree::root(),
        ..kefu_test_host::Options::default()
    })?)
}

impl Running for Spin {
    fn port(&self) -> u16 {
        Spin::port(self)
    }

    fn ended(&mut self) -> Result<Option<String>> {
        let ended = Spin::ended(self)?;
        Ok(ended.map(|status| format!("{}, {status}", self.program())))
    }
}
