//! The Worker: stateless handlers that authenticate, limit and forward.
//!
//! A request that is refused wakes no object. What is refused, and why, is decided in
//! `kefu-shared`; here it is carried out.

// wasm-bindgen's generated code needs it.
#![allow(unsafe_code)]

mod addresses;
mod admin;
mod agent;
mod assets;
mod body;
mod conversation;
mod cors;
mod gateway;
mod glue;
mod reply;
mod session;
mod stream;
mod uploads;
mod worker_entry;

pub use kefu_durable::{ConversationObject, DeskObject, SiteObject};
