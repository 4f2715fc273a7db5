//! A conversation of 100,000 events is as light as a short one.

use crate::AT_ONCE;
use kefu_faults::{Client, Pace, Screen, Tmpfs, figure, resident};
use kefu_test_host::Options;
use kefu_turns::{Host, Visitor};
use serde_json::json;
use std::time::{Duration, Instant};
use tokio::time::{MissedTickBehavior, interval};

const EVENTS: u64 = 100_000;
/// Messages under way at once.
const WINDOW: u64 = 500;
/// A window's time: 10,000 a second is the most that a site may allow, and the host is quicker.
const PACE: Duration = Duration::from_millis(60);
/// What loading the object and a page may read: both are of some hundred events.
const FEW_ROWS: f64 = 1_000.0;
/// More than a page takes, and far less than the log (about 30 MB in memory).
const LIGHT_MB: f64 = 12.0;

/// Says so much that the log has `EVENTS`, without the bot in between.
async fn talk(visitor: &Visitor) {
    let mut socket = visitor.socket().await;
    socket.say("first", "a long story").await;
    // From its answer on the site's own limits hold.
    socket.answer().await;
    assert_eq!(visitor.act("handoff", &json!({ "key": "h1" })).await.0, 200);
    let mut last = visitor.page("").await["latest"].as_u64().unwrap();
    let mut pace = interval(PACE);
    pace.set_missed_tick_behavior(MissedTickBehavior::Delay);
    while last < EVENTS {
        pace.tick().await;
        let upto = (last + WINDOW).min(EVENTS);
        for number in last + 1..=upto {
            let text = format!("part {number} of a story that does not end");
            let key = format!("n{number}");
            socket.send(&json!({ "send": { "key": key, "text": text } })).await;
        }
        let key = format!("n{upto}");
        socket.until("ack", |frame| frame["ack"]["key"] == key).await;
        last = upto;
    }
}

/// Rows that the host has read since it was started.
async fn rows_read(host: &Host) -> f64 {
    figure(host, "kefu_rows_read_total").await.expect("the host counts rows")
}

#[tokio::test]
async fn a_conversation_of_a_hundred_thousand_events_loads_no_more_than_it_shows() {
    // In memory: what is measured is what is loaded, and not how fast a disk syncs.
    let disk = Tmpfs::mount("long", 512);
    let options = Options::default();
    let host = Host::with(match &disk {
        Some(disk) => options.state(disk.path().join("state")),
        None => options,
    });
    let site = host.site(AT_ONCE).await;
    let (long, short) = (site.visitor().await, site.visitor().await);
    talk(&long).await;
    host.kill();
    host.restart();

    short.post("k1", "hello").await;
    let client = Client::open(&short, host.port(), Pace::CLIENT);
    client.settled().await;
    let (before, read) = (resident(host.pid()), rows_read(&host).await);
    let begun = Instant::now();
    let client = Client::open(&long, host.port(), Pace::CLIENT);
    client.settled().await;
    let took = begun.elapsed();
    let grown = resident(host.pid()) - before;
    client.look(|held| assert_eq!(held.party.screen.events.len(), 100));
    assert!(took < Duration::from_secs(2), "{took:?} to the newest page");
    assert!(grown < LIGHT_MB, "{grown} MB for one page");
    let rows = rows_read(&host).await - read;
    println!("{rows} rows for one page");
    assert!((100.0..FEW_ROWS).contains(&rows), "{rows} rows for one page");

    let client = Client::go_on(&long, host.port(), Pace::CLIENT, Screen::at(1, EVENTS - 10));
    client.settled().await;
    client.look(|held| {
        let screen = &held.party.screen;
        assert_eq!((screen.afresh, screen.events.len(), screen.last()), (0, 10, EVENTS));
    });
    let page = long.page(&format!("before={}&limit=50", EVENTS / 2)).await;
    assert_eq!(page["events"].as_array().unwrap().len(), 50);
    let grown = resident(host.pid()) - before;
    assert!(grown < LIGHT_MB, "{grown} MB for three pages");
}
