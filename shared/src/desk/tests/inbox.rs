//! What the inbox keeps and what its readers get.

use super::room::*;
use crate::desk::*;
use kefu_proto::v1::server_frame::Frame;
use kefu_proto::v1::{Author, InboxEntry, Owner, author, owner};
use std::time::Duration;

const MOMENT: Duration = Duration::from_millis(150);

#[test]
fn the_highest_seq_wins_whatever_comes_twice_late_or_out_of_order() {
    let mut room = Room::new();
    for (seq, epoch) in [(3, 1), (1, 1), (3, 1), (5, 1), (4, 1), (1, 2), (9, 1)] {
        room.order(Order::Tell(vec![InboxEntry { epoch, ..entry("a", seq) }]));
        room.sleep();
    }
    let kept: Vec<_> =
        room.desk().inbox().entries().map(|entry| (entry.epoch, entry.seq)).collect();
    assert_eq!(kept, [(2, 1)]);
    assert_eq!(room.writes, 3, "what is not news is not stored");
}

#[test]
fn a_conversation_that_forgot_its_visitor_keeps_it_in_the_inbox() {
    let mut room = Room::new();
    let visitor = Author { role: author::Role::Visitor.into(), id: "v1".into(), name: None };
    room.order(Order::Tell(vec![InboxEntry { visitor: Some(visitor.clone()), ..entry("a", 1) }]));
    room.order(Order::Tell(vec![entry("a", 70)]));
    let kept = room.desk().inbox().entries().next().unwrap();
    assert_eq!((kept.seq, kept.visitor.as_ref()), (70, Some(&visitor)));
}

#[test]
fn a_stream_begins_with_hello_and_gets_changes_together() {
    let (mut room, session) = Room::of_ming();
    room.order(Order::Tell(vec![entry("a", 1)]));
    room.attach(1, &session, 0);
    let frames = room.seen(1);
    assert!(matches!(&frames[0], Frame::Hello(hello) if hello.recovered && hello.seq == 1));
    assert_eq!(entries_of(&frames), ["a:1"]);
    for seq in 2..10 {
        room.order(Order::Tell(vec![entry("a", seq)]));
        room.order(Order::Tell(vec![entry("b", seq)]));
    }
    assert_eq!(room.seen(1), []);
    room.pass(MOMENT);
    let frames = room.seen(1);
    assert_eq!((frames.len(), entries_of(&frames)), (1, vec!["a:9".into(), "b:9".into()]));
    assert_eq!(room.desk().deadline(), None, "nothing is left to do");
}

#[test]
fn a_reader_that_was_away_gets_what_changed_once_each() {
    let (mut room, session) = Room::of_ming();
    for id in ["a", "b", "c"] {
        room.order(Order::Tell(vec![entry(id, 1)]));
    }
    room.attach(1, &session, 0);
    room.crash();
    for seq in 2..50 {
        room.order(Order::Tell(vec![entry("b", seq)]));
    }
    room.seen(1);
    room.attach(2, &session, 3);
    let frames = room.seen(2);
    assert!(matches!(&frames[0], Frame::Hello(hello) if hello.recovered && hello.after == 3));
    assert_eq!(entries_of(&frames), ["b:49"]);
    room.attach(3, &session, 51);
    assert_eq!(entries_of(&room.seen(3)), Vec::<String>::new());
    room.attach(4, &session, 9_999);
    let frames = room.seen(4);
    assert!(matches!(&frames[0], Frame::Hello(hello) if !hello.recovered));
    assert_eq!(entries_of(&frames), ["a:1", "c:1", "b:49"]);
}

#[test]
fn one_that_joins_while_changes_wait_gets_them_once_and_the_others_too() {
    let (mut room, session) = Room::of_ming();
    room.attach(1, &session, 0);
    room.order(Order::Tell(vec![entry("a", 1)]));
    room.attach(2, &session, 0);
    room.pass(MOMENT);
    assert_eq!(entries_of(&room.seen(1)), ["a:1"]);
    assert_eq!(entries_of(&room.seen(2)), ["a:1"]);
}

#[test]
fn many_entries_come_in_frames_of_a_hundred() {
    let (mut room, session) = Room::of_ming();
    for number in 0..250 {
        room.order(Order::Tell(vec![entry(&format!("c{number}"), 1)]));
    }
    room.attach(1, &session, 0);
    let frames = room.seen(1);
    let sizes: Vec<_> = frames[1..]
        .iter()
        .map(|frame| match frame {
            Frame::Inbox(page) => (page.entries.len(), page.revision),
            _ => panic!("{frame:?}"),
        })
        .collect();
    assert_eq!(sizes, [(100, 100), (100, 200), (50, 250)]);
}

#[test]
fn a_full_inbox_lets_go_of_what_needs_nobody() {
    let (mut room, session) = Room::of_ming();
    for number in 0..INBOX_MOST {
        let closed = number % 5 == 0;
        room.order(Order::Tell(vec![InboxEntry { closed, ..entry(&format!("c{number:05}"), 1) }]));
    }
    room.attach(1, &session, 0);
    let seen = u32::try_from(INBOX_MOST).unwrap();
    room.seen(1);
    room.order(Order::Tell(vec![entry("new", 1)]));
    let frames = room.seen(1);
    let Some(Frame::Inbox(page)) = frames.last() else { panic!("{frames:?}") };
    assert_eq!(page.removed.len(), 101);
    assert!(page.removed.contains(&"c00000".to_owned()), "a closed one");
    assert!(!page.removed.contains(&"c00001".to_owned()), "an open one");
    assert_eq!(room.desk().inbox().entries().count(), INBOX_MOST - 100);
    // Whoever was away then starts afresh.
    room.crash();
    room.attach(2, &session, seen + 1);
    let frames = room.seen(2);
    assert!(matches!(&frames[0], Frame::Hello(hello) if !hello.recovered && hello.after == 0));
    assert_eq!(entries_of(&frames).len(), INBOX_MOST - 100);
}

#[test]
fn a_query_tells_what_somebody_wants_to_see() {
    let mut room = Room::new();
    let owned = |kind: owner::Kind, id: Option<&str>| Owner {
        kind: kind.into(),
        id: id.map(Into::into),
        ..Owner::default()
    };
    for (id, owner, closed) in [
        ("a", owned(owner::Kind::Bot, None), false),
        ("b", owned(owner::Kind::Queue, None), false),
        ("c", owned(owner::Kind::Agent, Some("ming")), false),
        ("d", owned(owner::Kind::Agent, Some("li")), true),
    ] {
        room.order(Order::Tell(vec![InboxEntry { owner: Some(owner), closed, ..entry(id, 1) }]));
    }
    for (query, expected) in [
        ("", "abcd"),
        ("owner=all", "abcd"),
        ("owner=queue", "b"),
        ("owner=agent", "cd"),
        ("owner=me", "c"),
        ("closed=false", "abc"),
        ("closed=true", "d"),
        ("after=2", "cd"),
        ("limit=1", "a"),
        ("limit=0", "a"),
        ("unknown=1", "abcd"),
    ] {
        let look = Order::Look { agent: Some("ming".into()), query: query.into() };
        let Outcome::Inbox(page) = room.order(look) else { panic!() };
        let told: String = page.entries.iter().map(|entry| entry.conversation.as_str()).collect();
        assert_eq!(told, expected, "{query}");
    }
    for bad in ["owner=somebody", "after=-1", "limit=x"] {
        let outcome = room.order(Order::Look { agent: None, query: bad.into() });
        assert!(outcome.granted().is_err(), "{bad}");
    }
}

#[test]
fn whoever_waits_learns_the_place_and_how_it_changes() {
    let mut room = Room::new();
    let place = |room: &mut Room, entry: InboxEntry| {
        let id = entry.conversation.clone();
        let Outcome::Told { places } = room.order(Order::Tell(vec![entry])) else { panic!() };
        places.get(&id).copied()
    };
    assert_eq!(place(&mut room, queued("a", 1, 10)), Some(1));
    assert_eq!(place(&mut room, queued("b", 1, 20)), Some(2));
    assert_eq!(place(&mut room, queued("c", 1, 30)), Some(3));
    assert_eq!(place(&mut room, queued("a", 2, 40)), Some(1), "saying more costs no place");
    assert_eq!(place(&mut room, entry("x", 1)), None);
    room.sleep();
    assert_eq!(place(&mut room, entry("a", 3)), None, "somebody took it");
    assert_eq!(room.placed, []);
    room.pass(Duration::from_secs(3));
    assert_eq!(room.placed, [("b".into(), 1), ("c".into(), 2)]);
    assert_eq!(room.desk().deadline(), None);
}

#[test]
fn of_a_long_queue_those_at_its_head_learn_how_their_places_change() {
    let mut room = Room::new();
    for number in 0..53_u32 {
        room.order(Order::Tell(vec![queued(&format!("c{number:02}"), 1, number.into())]));
    }
    room.pass(Duration::from_secs(3));
    assert_eq!(room.placed, [], "each was told when it came");
    room.order(Order::Tell(vec![entry("c00", 2)]));
    room.pass(Duration::from_secs(3));
    let expected: Vec<_> = (1..=50).map(|place| (format!("c{place:02}"), place)).collect();
    assert_eq!(room.placed, expected, "the one that was the 51st too, those behind it not");
    room.placed.clear();
    room.order(Order::Tell(vec![entry("c50", 2)]));
    room.pass(Duration::from_secs(3));
    assert_eq!(room.placed, [("c51".into(), 50)], "also if nobody before it moves");
}

#[test]
fn whoever_another_process_put_into_the_queue_was_told_by_it() {
    let mut room = Room::new();
    room.order(Order::Tell(vec![queued("a", 1, 10)]));
    let theirs = InboxEntry { revision: 2, queued_since: Some(20), ..queued("b", 1, 20) };
    room.learn(vec![theirs], Left::default());
    room.order(Order::Tell(vec![queued("c", 1, 30)]));
    room.pass(Duration::from_secs(3));
    assert_eq!(room.placed, []);
}

#[test]
fn who_left_by_another_process_is_told_to_streams_unless_it_is_back() {
    let (mut room, session) = Room::of_ming();
    for id in ["a", "b", "c"] {
        room.order(Order::Tell(vec![entry(id, 1)]));
    }
    room.attach(1, &session, 0);
    room.seen(1);
    let back = InboxEntry { revision: 5, ..entry("b", 2) };
    let gone = vec!["a".into(), "b".into(), "long gone".into()];
    let left = Left { floor: 4, before: 0, conversations: gone };
    room.learn(vec![back], left.clone());
    let frames = room.seen(1);
    assert_eq!(entries_of(&frames), ["b:2"]);
    let Some(Frame::Inbox(page)) = frames.last() else { panic!("{frames:?}") };
    assert_eq!((page.revision, &page.removed[..]), (5, &["a".into(), "long gone".into()][..]));
    room.learn(Vec::new(), left);
    assert_eq!(room.seen(1), [], "that is known");
    let next = Left { floor: 6, before: 4, conversations: vec!["c".into()] };
    room.learn(Vec::new(), next);
    assert_eq!(room.desk().inbox().entries().count(), 1);
    assert_eq!((room.desk().inbox().revision(), room.desk().inbox().floor()), (6, 6));
}

#[test]
fn streams_begin_again_where_nobody_knows_who_left() {
    let (mut room, session) = Room::of_ming();
    room.order(Order::Tell(vec![entry("a", 1)]));
    room.attach(1, &session, 0);
    let all = vec![InboxEntry { revision: 9, ..entry("d", 1) }];
    room.learn(all, Left { floor: 8, before: 4, conversations: vec!["c".into()] });
    assert_eq!(room.closed, [(1, 4000)]);
    room.attach(2, &session, 1);
    let frames = room.seen(2);
    assert!(matches!(&frames[0], Frame::Hello(hello) if !hello.recovered && hello.after == 0));
    assert_eq!(entries_of(&frames), ["d:1"]);
}

fn queued(id: &str, seq: u32, ts: i64) -> InboxEntry {
    let owner = Owner { kind: owner::Kind::Queue.into(), ..Owner::default() };
    InboxEntry { owner: Some(owner), ts, ..entry(id, seq) }
}
