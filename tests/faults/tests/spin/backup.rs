//! deploy/backup.sh, while messages are written.

use crate::{AT_ONCE, database, open, options, skip};
use kefu_test_host::workspace;
use kefu_turns::{Host, Visitor};
use std::process::{Command, Stdio};

/// Says things, one after the other, until that is aborted; all of them are acknowledged.
async fn talk(visitor: Visitor) {
    for number in 0.. {
        visitor.post(&format!("k{number}"), "hello").await;
    }
}

#[tokio::test]
async fn a_copy_of_a_database_in_use_is_whole_and_has_every_message_up_to_its_moment() {
    let there = Command::new("sqlite3").arg("--version").stdout(Stdio::null()).status();
    if there.is_err() {
        return skip("backup", "there is no sqlite3, which deploy/backup.sh needs");
    }
    let host = Host::with(options());
    let site = host.site(AT_ONCE).await;
    let visitor = site.visitor().await;
    visitor.post("first", "hello").await;
    let others = [site.visitor().await, site.visitor().await].map(talk).map(tokio::spawn);
    for round in 0..5 {
        let acknowledged = format!("round {round}");
        visitor.post(&acknowledged, "hello").await;
        let copy = host.running().state().join(format!("copy-{round}.db"));
        let (script, from, to) =
            (workspace().join("deploy/backup.sh"), database(&host), copy.clone());
        let backup = move || Command::new(script).arg(from).arg(to).output();
        let done = tokio::task::spawn_blocking(backup).await.unwrap().unwrap();
        assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
        let copied = open(&copy);
        let sound: String =
            copied.query_row("PRAGMA integrity_check", [], |row| row.get(0)).unwrap();
        assert_eq!(sound, "ok");
        let holes = "SELECT count(*) FROM (SELECT max(seq) AS last, count(*) AS number FROM event
            GROUP BY log) WHERE last <> number";
        assert_eq!(copied.query_row(holes, [], |row| row.get::<_, i64>(0)).unwrap(), 0);
        let said = "SELECT count(*) FROM event WHERE sender LIKE '%' || ?";
        let said = copied.query_row(said, [&acknowledged], |row| row.get::<_, i64>(0)).unwrap();
        assert_eq!(said, 1, "{acknowledged} was acknowledged before");
    }
    others.iter().for_each(tokio::task::JoinHandle::abort);
}
