//! The Spin component: what Spin does for the handlers.

mod component;
mod files;
mod hosts;
mod platform;
mod response;
