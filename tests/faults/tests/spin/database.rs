//! The database is held by somebody else, of a newer version, or no database.

use crate::{AT_ONCE, FEW, RULE, check_problem, database, keys, open, options, say, told};
use futures_util::future::join_all;
use kefu_turns::Host;
use std::fs;

#[tokio::test]
async fn one_that_another_process_holds_is_told_and_what_was_refused_is_taken_later() {
    let host = Host::with(options());
    let visitor = host.site(AT_ONCE).await.visitor().await;
    visitor.post("before", "hello").await;
    let other = open(&database(&host));
    other.execute_batch("BEGIN IMMEDIATE").unwrap();
    let refused = join_all((0..100).map(|_| say(&visitor, "meanwhile"))).await;
    for answer in &refused {
        check_problem(answer, 503, "unavailable", "another process holds the database");
    }
    assert_eq!(keys(&visitor).await, ["before"], "it can be read");
    let lines = told(&host, "database: another process holds the database: end what holds it");
    // Instances are as many as Spin finds good, and each tells it once.
    assert!((1..refused.len()).contains(&lines), "{lines} of {}", refused.len());
    other.execute_batch("ROLLBACK").unwrap();
    let (status, reply) = say(&visitor, "meanwhile").await;
    assert_eq!((status, &reply["duplicate"]), (202, &false.into()), "{reply}");
    assert_eq!(keys(&visitor).await, ["before", "meanwhile"]);
    assert!(!host.log().contains("hello"), "{}", host.log());
}

#[tokio::test]
async fn one_that_is_held_for_a_moment_is_waited_for() {
    let host = Host::with(options());
    let visitor = host.site(AT_ONCE).await.visitor().await;
    visitor.post("before", "hello").await;
    let other = open(&database(&host));
    other.execute_batch("BEGIN IMMEDIATE").unwrap();
    let free = async {
        tokio::time::sleep(std::time::Duration::from_millis(700)).await;
        other.execute_batch("ROLLBACK").unwrap();
    };
    let ((status, reply), ()) = tokio::join!(say(&visitor, "meanwhile"), free);
    assert_eq!(status, 202, "{reply}");
    assert_eq!(told(&host, "database:"), 0, "{}", host.log());
}

#[tokio::test]
async fn one_of_a_newer_version_is_refused_and_taken_once_it_is_not() {
    let host = Host::with(options());
    let visitor = host.site(&format!("{AT_ONCE}{RULE}")).await.visitor().await;
    visitor.post("before", "hello").await;
    host.kill();
    let other = open(&database(&host));
    let newer = "INSERT INTO migration (part, number) SELECT DISTINCT part, 999 FROM migration";
    assert!(other.execute(newer, []).unwrap() > 0);
    host.restart();
    for _ in 0..30 {
        check_problem(&say(&visitor, "after").await, 500, "misconfigured", "newer version");
    }
    let lines = told(&host, "newer version of Kefu: run the version that made it");
    assert!((1..=FEW).contains(&lines), "{}", host.log());
    other.execute("DELETE FROM migration WHERE number = 999", []).unwrap();
    assert_eq!(say(&visitor, "after").await.0, 202);
    assert_eq!(keys(&visitor).await, ["before", "after"]);
}

#[tokio::test]
async fn a_file_that_is_no_database_is_refused_and_a_good_one_in_its_place_is_taken() {
    let host = Host::with(options());
    let visitor = host.site(AT_ONCE).await.visitor().await;
    visitor.post("before", "hello").await;
    host.kill();
    let file = database(&host);
    // All of it into the one file, as a backup has it.
    open(&file).query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(())).unwrap();
    let good = fs::read(&file).unwrap();
    fs::write(&file, vec![b'x'; 8_192]).unwrap();
    host.restart();
    for _ in 0..10 {
        check_problem(&say(&visitor, "after").await, 500, "misconfigured", "damaged");
    }
    let lines = told(&host, "database: the database is damaged: stop, and put a backup");
    assert!((1..=FEW).contains(&lines), "{}", host.log());
    fs::write(&file, good).unwrap();
    assert_eq!(say(&visitor, "after").await.0, 202);
    assert_eq!(keys(&visitor).await, ["before", "after"]);
}
