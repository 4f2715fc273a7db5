//! Where a conversation, a desk and a site live on Cloudflare.
//!
//! A Durable Object takes what happens (frames, requests, bytes of a provider, timers), gives it
//! to the core, stores what the core wants written and then does what the core wants done. There
//! is no decision about the business here. No borrow of state is held across an await, writes
//! come before acts, and nothing panics: a panic would take the object's neighbours down.

// The exported classes need wasm-bindgen's generated code.
#![allow(unsafe_code)]

mod calls;
mod conversation;
mod deployment;
mod desk;
mod desk_store;
mod desks;
mod entropy;
mod error;
mod glue;
mod host;
mod metrics;
mod site;
mod sites;
mod sockets;
mod store;
mod tells;
mod timer;
mod uploads;

pub use conversation::ConversationObject;
pub use deployment::{Deployed, variable};
pub use desk::DeskObject;
pub use desks::{agent_in_force, desk, desk_order, forget_session};
pub use entropy::{now, tick};
pub use error::Fault;
pub use metrics::metrics;
pub use site::SiteObject;
pub use sites::{no_such_site, order, reopen as reopen_site, site_in_use};

/// The header in which the edge tells an object who calls: a [`kefu_shared::wire::Caller`].
pub const CALLER: &str = "x-kefu-caller";

/// The name under which a conversation's object is found.
pub fn object_name(site: &str, conversation: &str) -> String {
    format!("v1:{site}:{conversation}")
}
