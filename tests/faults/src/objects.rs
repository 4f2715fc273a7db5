//! Objects that leave memory when a test says so.

use kefu_test_host::{Keeper, Options};
use kefu_turns::Host;
use std::io;
use tokio::task::spawn_blocking;

/// A host whose objects can be taken out of memory.
///
/// # Panics
/// When it does not start.
pub fn host_with_keeper() -> Host {
    Host::with(Options::default().keeper())
}

/// Takes all objects out of memory that do nothing, and leaves their sockets open; waits for
/// those that do something.
///
/// # Panics
/// When the host has no keeper.
pub async fn put_to_sleep(host: &Host) {
    order(host, Keeper::put_to_sleep).await;
}

/// Throws all objects out of memory and closes their sockets.
///
/// # Panics
/// When the host has no keeper.
pub async fn reset_objects(host: &Host) {
    order(host, Keeper::reset_objects).await;
}

async fn order(host: &Host, order: fn(Keeper) -> io::Result<()>) {
    let keeper = host.running().keeper().expect("a host with a keeper");
    let done = spawn_blocking(move || order(keeper)).await.expect("an order ends");
    done.expect("the keeper obeys");
}
