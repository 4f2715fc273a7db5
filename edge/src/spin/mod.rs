//! The Spin component: what Spin does for the handlers.

mod component;
mod files;
mod hosts;
#[allow(clippy::module_inception, reason = "the host itself, among its parts")]
mod spin;
