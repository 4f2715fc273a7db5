//! A transaction as one statement, as SQLite does it.

use kefu_shared::schema::shared_sql::{desk, host, log};
use kefu_shared::schema::{SHARED, script};
use rusqlite::types::Value;
use rusqlite::{Connection, params_from_iter};

const LOG: &str = "site/conversation";

pub(crate) fn tables() -> Connection {
    let database = Connection::open_in_memory().expect("a database");
    let migrations = SHARED.iter().flat_map(|(_, migrations)| *migrations);
    for statement in migrations.flat_map(|migration| migration.statements) {
        database.execute_batch(statement).expect(statement);
    }
    for statement in script::create() {
        database.execute_batch(&statement).expect(&statement);
    }
    database
}

/// Runs lines as one statement, padded as the writer does.
fn run(database: &Connection, lines: &[(&str, Vec<Value>)]) -> Result<usize, String> {
    let mut params = Vec::new();
    for (index, (text, given)) in lines.iter().enumerate() {
        params.push(Value::Integer(script::line(text).expect(text).into()));
        params.extend(given.iter().cloned());
        params.resize((index + 1) * script::COLUMNS, Value::Null);
    }
    let count = script::padded(lines.len());
    params.resize(count * script::COLUMNS, Value::Null);
    let insert = script::insert(count);
    database.execute(&insert, params_from_iter(params)).map_err(|error| error.to_string())
}

fn event(seq: i64) -> (&'static str, Vec<Value>) {
    let (none, bytes) = (Value::Null, Value::Blob(vec![1]));
    (
        log::INSERT_EVENT,
        vec![LOG.to_owned().into(), seq.into(), none.clone(), none.clone(), bytes, none],
    )
}

fn state(version: i64) -> (&'static str, Vec<Value>) {
    let value = Value::Text(format!("version {version}"));
    (log::PUT_STATE, vec![LOG.to_owned().into(), 1.into(), value, version.into()])
}

fn count(database: &Connection, table: &str) -> i64 {
    let count = format!("SELECT count(*) FROM {table}");
    database.query_row(&count, [], |row| row.get(0)).expect(table)
}

#[test]
fn a_script_does_what_its_statements_do() {
    let database = tables();
    let alarm = (host::SET_ALARM, vec![LOG.to_owned().into(), 7.into(), 1_000.into()]);
    let raise = (host::RAISE_DESK, vec!["site".to_owned().into(), 1.into()]);
    let entry =
        vec!["site".to_owned().into(), "c".to_owned().into(), Value::Blob(vec![2]), 5.into()];
    run(&database, &[event(1), event(2), state(1), alarm, raise, (desk::PUT_ENTRY, entry)])
        .expect("nobody else wrote");
    let all = ["event", "state", "due", "desk", "inbox"].map(|table| count(&database, table));
    assert_eq!(all, [2, 1, 1, 1, 1]);
    run(&database, &[state(2)]).expect("it follows");
    let cleared = (host::CLEAR_ALARM, vec![LOG.to_owned().into(), 7.into()]);
    run(&database, &[cleared]).expect("it is there");
    assert_eq!(count(&database, "due"), 0);
}

#[test]
fn a_script_is_done_whole_or_not_at_all() {
    let database = tables();
    run(&database, &[event(1), state(1)]).expect("nobody else wrote");
    for (lines, why) in [
        (vec![event(2), state(1)], script::CONFLICT),
        (vec![event(2), state(3)], script::CONFLICT),
        (vec![state(2), event(1)], "UNIQUE constraint failed: event.log, event.seq"),
        (vec![event(2), state(2), event(2)], "UNIQUE constraint failed: event.log, event.seq"),
    ] {
        assert_eq!(run(&database, &lines), Err(why.to_owned()), "{lines:?}");
    }
    let stored: String =
        database.query_row("SELECT value FROM state", [], |row| row.get(0)).expect("a state");
    assert_eq!((count(&database, "event"), stored.as_str()), (1, "version 1"));
}
