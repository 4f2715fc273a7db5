//! The database: one connection an instance to read, one to write, and the migrations.
//!
//! Each call has a thread of the host's, which costs more than what SQLite does: there are few. The
//! host has every call twice. The asynchronous one has a stream, and a wake-up for each row, so what
//! reads does without; only what waits, for a disk or for others, lets other requests go on.

use crate::Fault;
use crate::spin::entropy::{self, sleep};
use crate::spin::operator::{self, Access};
use kefu_shared::schema::{self, Migration, script};
use kefu_shared::trouble::Trouble;
use spin_sdk::sqlite::wit::sqlite as host; // the SDK's own types have the asynchronous calls only
use spin_sdk::sqlite::{RowResult, Value};
use std::cell::RefCell;
use std::rc::Rc;
use std::time::Duration;

/// An open connection.
pub(crate) type Connection = host::Connection;
/// A row.
pub(crate) type Row = RowResult;

/// How long a database that others hold is tried, and how long between: SQLite itself would wait in
/// steps of a tenth of a second, with the thread. Who waits long tries less often.
const PATIENCE: Duration = Duration::from_secs(5);
/// The same once that was in vain: requests of one conversation wait one after the other.
const PATIENCE_IN_TROUBLE: Duration = Duration::from_millis(250);
const PAUSE_MICROS: u64 = 1_000;
/// Tries after which the pause is twice as long, and how often that happens: many who wait must not
/// take the processor from whom they wait for.
const OFTEN: u64 = 2;
const DOUBLED_MOST: u64 = 6;

/// How long SQLite waits by itself, with a thread of the host: one other's commit. It would wait
/// longer each time, and whoever came later be first.
const BUSY_TIMEOUT: &str = "PRAGMA busy_timeout = 3";

thread_local! {
    static READER: RefCell<Option<Rc<Connection>>> = const { RefCell::new(None) };
}

/// The rows that a query gives.
pub(crate) async fn rows(text: &str, params: Vec<Value>) -> Result<Vec<Row>, Fault> {
    let rows = match reader().await {
        Ok(connection) => patiently(async || run(&connection, text, &params)).await,
        Err(fault) => Err(fault),
    };
    if rows.is_err() {
        // It may be the connection: the next one is fresh.
        READER.set(None);
    }
    operator::watch(Access::Read, rows.as_ref().err());
    rows
}

/// Runs a statement that waits for nothing.
pub(crate) fn run(
    connection: &Connection,
    text: &str,
    params: &[Value],
) -> Result<Vec<Row>, Fault> {
    Ok(connection.execute(text, params)?.rows)
}

/// Runs a statement that may wait, for the disk or for whoever writes.
pub(crate) async fn run_and_wait(
    connection: &Connection,
    text: &str,
    params: Vec<Value>,
) -> Result<Vec<Row>, Fault> {
    let (_, rows, ended) = connection.execute_async(text.to_owned(), params).await?;
    let rows = rows.collect().await;
    ended.await?;
    Ok(rows)
}

/// A connection of its own to write with, once the tables are there: it alone has a transaction.
pub(crate) async fn open_to_write() -> Result<Connection, Fault> {
    reader().await?;
    open()
}

fn open() -> Result<Connection, Fault> {
    let connection = Connection::open("default")?;
    run(&connection, BUSY_TIMEOUT, &[])?;
    Ok(connection)
}

async fn reader() -> Result<Rc<Connection>, Fault> {
    if let Some(connection) = READER.with_borrow(Clone::clone) {
        return Ok(connection);
    }
    let connection = Rc::new(open()?);
    // Changing the journal is refused at once, without the wait that SQLite does elsewhere.
    patiently(async || migrate(&connection)).await?;
    if takes_writes(&connection) {
        READER.set(Some(connection.clone()));
    }
    Ok(connection)
}

/// Whether the file can be written at all. What SQLite found unwritable stays so for its whole
/// process while one connection is open: such a one is not kept.
fn takes_writes(connection: &Connection) -> bool {
    // `BEGIN IMMEDIATE` would quietly begin to read. This changes nothing, and syncs nothing; who
    // holds the file can write it.
    let tried = run(connection, "DELETE FROM migration WHERE number < 0", &[]);
    !matches!(tried, Err(Fault::Storage(Trouble::ReadOnly)))
}

/// Does what another instance, or another process, may stand in the way of: it is soon done.
pub(crate) async fn patiently<T>(work: impl AsyncFn() -> Result<T, Fault>) -> Result<T, Fault> {
    let (begun, mut tries) = (entropy::now(), 0);
    let patience = match operator::trouble() {
        Some(Trouble::Locked) => PATIENCE_IN_TROUBLE,
        Some(_) | None => PATIENCE,
    };
    loop {
        match work().await {
            Err(Fault::Storage(Trouble::Locked)) if entropy::now().since(begun) < patience => {
                sleep(pause(tries)).await;
                tries += 1;
            }
            done => return done,
        }
    }
}

/// A random one, so that those who wait don't meet again.
fn pause(tries: u64) -> Duration {
    let most = PAUSE_MICROS << (tries / OFTEN).min(DOUBLED_MOST);
    let random = u64::try_from(entropy::tick().entropy >> 64).unwrap_or(0);
    Duration::from_micros(random % most)
}

/// Brings the tables to the newest version, and refuses those of a newer program.
fn migrate(connection: &Connection) -> Result<(), Fault> {
    if has(connection, script::view())? && missing(connection)?.is_empty() {
        return Ok(());
    }
    // Kept in the file: readers don't wait for writers, and a commit is one fsync.
    run(connection, "PRAGMA journal_mode = WAL", &[])?;
    run(connection, "BEGIN IMMEDIATE", &[])?;
    let migrated = migrate_alone(connection);
    let end = if migrated.is_ok() { "COMMIT" } else { "ROLLBACK" };
    let ended = run(connection, end, &[]);
    migrated.and(ended.map(|_| ()))
}

/// Another instance may have been first: what is missing is asked again.
fn migrate_alone(connection: &Connection) -> Result<(), Fault> {
    run(connection, schema::SHARED_MIGRATIONS_TABLE, &[])?;
    for (part, migration) in missing(connection)? {
        for statement in migration.statements {
            run(connection, statement, &[])?;
        }
        let note = "INSERT INTO migration (part, number) VALUES (?, ?)";
        let number = Value::Integer(migration.number.into());
        run(connection, note, &[Value::Text(part.into()), number])?;
    }
    for statement in script::create() {
        run(connection, &statement, &[])?;
    }
    Ok(())
}

fn has(connection: &Connection, name: &str) -> Result<bool, Fault> {
    let there = "SELECT 1 FROM sqlite_schema WHERE name = ?";
    Ok(!run(connection, there, &[string(name)])?.is_empty())
}

fn missing(connection: &Connection) -> Result<Vec<(&'static str, &'static Migration)>, Fault> {
    let done = match has(connection, "migration")? {
        false => Vec::new(),
        true => {
            let done = "SELECT part, max(number) FROM migration GROUP BY part";
            run(connection, done, &[])?
        }
    };
    let mut missing = Vec::new();
    for (part, migrations) in schema::SHARED {
        let row = done.iter().find(|row| text(row, 0) == *part);
        let done = row.map_or(0, |row| whole(row, 1));
        if migrations.iter().all(|migration| i64::from(migration.number) < done) {
            return Err(Fault::Storage(Trouble::Newer));
        }
        let lacks = |migration: &&Migration| i64::from(migration.number) > done;
        missing.extend(migrations.iter().filter(lacks).map(|migration| (*part, migration)));
    }
    Ok(missing)
}

/// A whole number of a row; 0 for NULL.
pub(crate) fn whole(row: &Row, index: usize) -> i64 {
    match row.values.get(index) {
        Some(Value::Integer(number)) => *number,
        Some(Value::Real(number)) => *number as i64,
        _ => 0,
    }
}

/// The same as a seq, a version and the like.
pub(crate) fn small(row: &Row, index: usize) -> u32 {
    u32::try_from(whole(row, index)).unwrap_or(0)
}

/// A text of a row; empty for NULL.
pub(crate) fn text(row: &Row, index: usize) -> &str {
    maybe_text(row, index).unwrap_or_default()
}

/// A text of a row.
pub(crate) fn maybe_text(row: &Row, index: usize) -> Option<&str> {
    match row.values.get(index) {
        Some(Value::Text(text)) => Some(text),
        _ => None,
    }
}

/// The bytes of a row; none for NULL.
pub(crate) fn bytes(row: &Row, index: usize) -> &[u8] {
    match row.values.get(index) {
        Some(Value::Blob(bytes)) => bytes,
        _ => &[],
    }
}

/// A number as a parameter.
pub(crate) fn number(number: impl TryInto<i64>) -> Value {
    Value::Integer(number.try_into().unwrap_or(i64::MAX))
}

/// A text as a parameter.
pub(crate) fn string(text: impl Into<String>) -> Value {
    Value::Text(text.into())
}
