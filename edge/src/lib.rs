//! Stateless handlers that authenticate, limit and forward: the Worker and the Spin component.
//!
//! A request that is refused wakes no conversation. What is refused, and why, is decided in
//! `kefu-shared`; here it is carried out, once for both hosts. What a host does itself is behind
//! [`host::Host`].

// wasm-bindgen's generated code and the component's exports need it.
#![allow(unsafe_code)]

mod admin;
mod agent;
mod api;
mod assets;
mod conversation;
mod cors;
mod gateway;
mod host;
mod providers;
mod reply;
mod request;
mod session;
mod uploads;

#[cfg(target_os = "wasi")]
mod spin;
#[cfg(target_os = "unknown")]
mod worker;

#[cfg(target_os = "unknown")]
pub use kefu_durable::worker::{ConversationObject, DeskObject, ProviderObject, SiteObject};
