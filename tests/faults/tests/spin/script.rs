//! A transaction as one statement, as SQLite does it.

use kefu_shared::schema::shared_sql::{desk, host, log};
use kefu_shared::schema::{SHARED, script};
use rusqlite::types::Value;
use rusqlite::{Connection, params_from_iter};
use std::slice::from_ref;

const LOG: &str = "site/conversation";

fn tables() -> Connection {
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
fn conversations_leave_a_desk_in_one_line_and_are_named_until_the_next_ones_leave() {
    let database = tables();
    let site = || Value::Text("site".into());
    let entry = |id: &str, revision: i64| {
        let params = vec![site(), id.to_owned().into(), Value::Blob(vec![2]), revision.into()];
        (desk::PUT_ENTRY, params)
    };
    let left = |floor: i64, before: i64, gone: &str| {
        let gone = || Value::Text(gone.into());
        let floor = vec![site(), floor.into(), before.into(), gone()];
        [(desk::DROP_ENTRIES, vec![site(), gone()]), (desk::PUT_FLOOR, floor)]
    };
    run(&database, &["a", "b", "c"].map(|id| entry(id, 1))).expect("nobody else wrote");
    run(&database, &left(4, 0, r#"["a","c"]"#)).expect("nobody else wrote");
    // What a look finds: its kind, and of a floor who left.
    let look = |revision: i64, floor: i64| {
        let mut rows = database.prepare(desk::LOOK).expect("a statement");
        let params = [site(), revision.into(), floor.into()];
        let found = rows.query_map(params_from_iter(params), |row| {
            Ok((row.get::<_, u32>(0)?, row.get::<_, Option<String>>(2)?))
        });
        found.expect("rows").collect::<Result<Vec<_>, _>>().expect("rows")
    };
    let floor = |gone: &str| (desk::ROW_FLOOR, Some(gone.to_owned()));
    let (known, floor) = (floor("[]"), floor(r#"["a","c"]"#));
    let kept = (desk::ROW_ENTRY, None);
    assert_eq!(look(3, 0), from_ref(&floor), "whoever knows the floor before is told who left");
    assert_eq!(look(3, 4), [known]);
    assert_eq!(look(0, 0), [floor.clone(), kept.clone()]);
    assert_eq!(look(3, 2), [floor, kept.clone()], "whoever knows neither gets all");
    run(&database, &left(6, 4, "[]")).expect("nobody else wrote");
    assert_eq!(look(3, 0).last(), Some(&kept));
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
