//! The journal is brought into the database beside the writing, by a connection of its own: else
//! every so many commits one takes ten times as long, and all that wait for it.

use crate::Fault;
use crate::spin::database::{Connection, open, run, run_and_wait};
use crate::spin::tasks::spawn;
use std::cell::{Cell, RefCell};

/// Statements written between two times.
const EVERY: usize = 1_000;
/// Pages in the journal at which a commit does it all the same: instances may end before they are
/// due. SQLite's own number is 1,000.
const PAGES_MOST: &str = "PRAGMA wal_autocheckpoint = 16000";

thread_local! {
    static WRITTEN: Cell<usize> = const { Cell::new(0) };
    static RUNNING: Cell<bool> = const { Cell::new(false) };
    static CONNECTION: RefCell<Option<Connection>> = const { RefCell::new(None) };
}

/// Has a connection that writes leave it to this one.
pub(crate) fn leave_it_here(connection: &Connection) -> Result<(), Fault> {
    run(connection, PAGES_MOST, &[]).map(drop)
}

/// So many statements were written.
pub(crate) fn written(statements: usize) {
    WRITTEN.set(WRITTEN.get() + statements);
    if WRITTEN.get() >= EVERY && !RUNNING.replace(true) {
        WRITTEN.set(0);
        spawn(async {
            // What fails here is tried again with the next one, and shows where it is written.
            let _ = checkpoint().await;
            RUNNING.set(false);
        });
    }
}

async fn checkpoint() -> Result<(), Fault> {
    let connection = match CONNECTION.take() {
        Some(connection) => connection,
        None => open()?,
    };
    run_and_wait(&connection, "PRAGMA wal_checkpoint(PASSIVE)", Vec::new()).await?;
    CONNECTION.set(Some(connection));
    Ok(())
}
