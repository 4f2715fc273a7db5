//! Spin: conversations, desks and sites as rows of one SQLite database.
//!
//! Many instances, in one process or several, may have the same conversation in memory. None of
//! them is the one writer: each steps on what it knows, commits only if that still holds, and
//! catches up and steps again where it does not.

mod bus;
mod calls;
mod conversations;
mod counts;
mod database;
mod deployment;
mod desks;
pub(crate) mod entropy;
mod errands;
mod guards;
mod line;
mod metrics;
mod operator;
mod recovery;
mod room;
mod rooms;
mod sites;
mod store;
mod streams;
mod surplus;
mod tasks;
mod tells;
mod uploads;
mod writer;

pub use calls::send;
pub use conversations::{act, gateway, page, site_of, stream, turns, wait_for_event};
pub use counts::count;
pub use deployment::{deployed, opened_hosts};
pub use desks::{agent_in_force, forget_session, order as desk_order};
pub use entropy::{now, tick};
pub use guards::order as guard_order;
pub use line::{Bytes, Frames};
pub use metrics::metrics;
pub use operator::tell as tell_operator;
pub use recovery::recover;
pub use room::Glance;
pub use sites::{fetch as site_as_it_stands, order as site_order};
pub use surplus::on_shift;
pub use tasks::{begun, go_on};
pub use uploads::{Incoming, find as upload};
