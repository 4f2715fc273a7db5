//! What several processes with a desk in memory learn of conversations that left it, as SQLite does
//! it.

use crate::script::tables;
use kefu_shared::schema::shared_sql::desk;
use rusqlite::types::Value;
use rusqlite::{Connection, params_from_iter};
use std::slice::from_ref;

fn run(database: &Connection, statements: &[(&str, Vec<Value>)]) {
    for (text, params) in statements {
        database.execute(text, params_from_iter(params)).expect(text);
    }
}

#[test]
fn conversations_that_leave_a_desk_are_named_until_the_next_ones_leave() {
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
    run(&database, &["a", "b", "c"].map(|id| entry(id, 1)));
    run(&database, &left(4, 0, r#"["a","c"]"#));
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
    run(&database, &left(6, 4, "[]"));
    assert_eq!(look(3, 0).last(), Some(&kept));
}
