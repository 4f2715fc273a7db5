//! The disk is full, or takes no writes.

use crate::{AT_ONCE, FEW, check_problem, database, keys, options, say, skip, told};
use kefu_faults::Tmpfs;
use kefu_turns::{Host, Visitor};
use serde_json::{Value, json};
use std::fs;
use std::os::unix::fs::symlink;

const WHY: &str = "a small file system cannot be mounted here without root";

/// A host whose database alone is on a disk of its own, and a visitor.
async fn on(disk: &Tmpfs, name: &str) -> (Host, Visitor) {
    let state = std::env::temp_dir().join(format!("kefu-{name}-state-{}", std::process::id()));
    fs::create_dir_all(&state).unwrap();
    let link = state.join("sqlite_db.db");
    // A link of an earlier run.
    let _ = fs::remove_file(&link);
    symlink(disk.path().join("kefu.db"), link).unwrap();
    let host = Host::with(options().state(state));
    let visitor = host.site(AT_ONCE).await.visitor().await;
    visitor.post("before", "hello").await;
    (host, visitor)
}

/// Files have some room left in the blocks that they have: says things until one is refused.
async fn use_up(visitor: &Visitor) -> (u16, Value) {
    for number in 0..200 {
        let body = json!({ "key": format!("f{number}"), "text": "x".repeat(4_000) });
        let answer = visitor.act("messages", &body).await;
        if answer.0 != 202 {
            return answer;
        }
    }
    panic!("the disk is not full");
}

#[tokio::test]
async fn a_full_one_is_told_and_nothing_that_was_taken_is_lost() {
    let Some(disk) = Tmpfs::mount("spin-full", 16) else { return skip("full", WHY) };
    let (host, visitor) = on(&disk, "spin-full").await;
    disk.fill().unwrap();
    check_problem(&use_up(&visitor).await, 503, "unavailable", "");
    for _ in 0..30 {
        check_problem(&say(&visitor, "meanwhile").await, 503, "unavailable", "");
    }
    let lines = told(&host, "database: the database's disk");
    assert!((1..=FEW).contains(&lines), "{}", host.log());
    let taken = keys(&visitor).await;
    disk.make_room().unwrap();
    assert_eq!(say(&visitor, "meanwhile").await.0, 202);
    assert_eq!(keys(&visitor).await, [taken, vec!["meanwhile".into()]].concat());
    assert!(host.running().ended().unwrap().is_none(), "the same process serves on");
    assert!(told(&host, "database: it works again") > 0, "{}", host.log());
    let _ = fs::remove_dir_all(host.running().state());
}

#[tokio::test]
async fn one_that_takes_no_writes_is_told_and_served_from_once_it_does() {
    let Some(disk) = Tmpfs::mount("spin-ro", 16) else { return skip("read-only", WHY) };
    let (host, visitor) = on(&disk, "spin-ro").await;
    host.kill();
    assert!(disk.remount("ro"), "nobody writes there");
    host.restart();
    for _ in 0..30 {
        check_problem(&say(&visitor, "meanwhile").await, 503, "unavailable", "database");
    }
    let lines = told(&host, "database: the database ");
    assert!((1..=FEW).contains(&lines), "{}", host.log());
    assert!(disk.remount("rw"));
    let (status, reply) = say(&visitor, "meanwhile").await;
    assert_eq!(status, 202, "{reply} {}", host.log());
    assert_eq!(keys(&visitor).await, ["before", "meanwhile"]);
    assert!(database(&host).exists());
    let _ = fs::remove_dir_all(host.running().state());
}
