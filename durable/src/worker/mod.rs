//! Cloudflare: a Durable Object a conversation, a desk, a site and a provider.

mod calls;
mod conversation;
mod deployment;
mod desk;
mod desk_store;
mod desks;
pub(crate) mod entropy;
mod errands;
mod glue;
mod guards;
mod host;
mod metrics;
mod provider;
mod site;
mod sites;
mod sockets;
mod store;
mod tells;
mod timer;
mod uploads;

pub use calls::send;
pub use conversation::ConversationObject;
pub use deployment::{deployed, variable};
pub use desk::DeskObject;
pub use desks::{agent_in_force, desk, desk_order, forget_session};
pub use entropy::{now, tick};
pub use guards::order as guard_order;
pub use metrics::metrics;
pub use provider::ProviderObject;
pub use site::SiteObject;
pub use sites::{fetch as site_as_it_stands, order, reopen as reopen_site};

/// The header in which the edge tells an object who calls: a [`kefu_shared::wire::Caller`].
pub const CALLER: &str = "x-kefu-caller";

/// The header in which an object tells the edge of an empty page where the log ends:
/// [`kefu_shared::page::end_of`].
pub const LOG_END: &str = "x-kefu-log-end";

/// The name under which a conversation's object is found.
pub fn object_name(site: &str, conversation: &str) -> String {
    format!("v1:{site}:{conversation}")
}
