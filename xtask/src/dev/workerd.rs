//! The default host: a bare workerd.

use super::{Options, Running};
use anyhow::Result;
use kefu_test_host::{Log, Platform, Workerd};
use std::collections::BTreeMap;

/// Starts it on the options' port and state.
///
/// # Errors
/// When it does not listen.
pub(super) fn start(options: &Options, vars: &BTreeMap<String, String>) -> Result<Workerd> {
    Ok(Workerd::start(&kefu_test_host::Options {
        platform: Platform::Cloudflare,
        port: options.port,
        state: Some(options.state.clone()),
        vars: vars.clone(),
        log: Log::Inherit,
        root: crate::tree::root(),
        ..kefu_test_host::Options::default()
    })?)
}

impl Running for Workerd {
    fn port(&self) -> u16 {
        Workerd::port(self)
    }

    fn ended(&mut self) -> Result<Option<String>> {
        Ok(Workerd::ended(self)?.map(|status| format!("workerd, {status}")))
    }
}
