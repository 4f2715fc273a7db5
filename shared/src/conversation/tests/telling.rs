//! What the desk is told, when, and what becomes of it when it cannot be.

use super::room::*;
use crate::conversation::*;
use crate::who::Who;
use std::time::Duration;

const MOMENT: Duration = Duration::from_secs(1);

fn told_seqs(room: &Room) -> Vec<u32> {
    room.desk.iter().map(|summary| summary.seq).collect()
}

/// A conversation that a person owns and the desk knows.
fn owned() -> Room {
    let mut room = Room::new();
    room.say("first", "hello");
    room.ming(Request::Take(owner(None)));
    room.pass(Duration::from_secs(60));
    room.desk.clear();
    room
}

#[test]
fn a_summary_tells_how_a_conversation_stands() {
    let mut room = owned();
    room.say("k", "are you there?");
    room.pass(MOMENT);
    let [summary] = room.desk.as_slice() else { panic!("{:?}", room.desk) };
    assert_eq!((summary.epoch, summary.seq, summary.term, summary.session), (1, 3, 1, 1));
    assert_eq!(summary.owner.as_ref().unwrap().id.as_deref(), Some("ming"));
    assert_eq!(summary.visitor.as_ref().unwrap().id, "v1");
    assert_eq!(summary.last.as_ref().unwrap().text, "are you there?");
    assert!(summary.waiting_since.is_some(), "nobody has answered it");
    assert!(!summary.closed);
}

#[test]
fn an_owner_change_is_told_at_once_and_messages_are_told_together() {
    let mut room = owned();
    for number in 0..20 {
        room.say(&format!("k{number}"), "hi");
        room.pass(Duration::from_millis(10));
    }
    assert!(room.desk.is_empty(), "not on a message's own path");
    room.pass(MOMENT);
    assert_eq!(told_seqs(&room), [22]);
    room.ming(Request::Release(owner(None)));
    assert_eq!(told_seqs(&room), [22, 23]);
}

#[test]
fn a_busy_conversation_is_told_every_five_seconds() {
    let mut room = owned();
    for number in 0..300 {
        room.ming(Request::Send(text_of(&format!("k{number}"), "hi")));
        room.pass(Duration::from_millis(100));
    }
    room.pass(Duration::from_secs(5));
    assert!((6..=7).contains(&room.desk.len()), "{:?}", told_seqs(&room));
    assert_eq!(room.desk.last().map(|summary| summary.seq), Some(302));
}

#[test]
fn a_desk_that_is_away_is_told_again_until_it_has_everything() {
    let mut room = owned();
    room.desk_answers = false;
    room.say("k", "hi");
    room.pass(MOMENT);
    for _ in 0..4 {
        room.give(Input::NotTold { seq: 3 });
        room.pass(Duration::from_secs(9));
    }
    assert_eq!(told_seqs(&room), [3, 3, 3, 3, 3]);
    assert!(room.alarm.is_some(), "a crash would not forget it either");
    room.give(Input::Told { seq: 3, place: None });
    assert_eq!((room.deadline(), room.alarm), (None, None));
}

#[test]
fn a_desk_that_never_answers_is_given_up_after_a_while() {
    let mut room = owned();
    room.desk_answers = false;
    room.say("k", "hi");
    room.pass(Duration::from_secs(45));
    assert_eq!(told_seqs(&room), [3, 3, 3]);
}

#[test]
fn what_a_crash_kept_from_the_desk_is_told_when_the_alarm_rings() {
    let mut room = owned();
    room.say("k", "hi");
    room.crash();
    assert_eq!(room.deadline(), None, "nobody knows yet");
    assert!(room.alarm.is_some());
    room.pass(Duration::from_secs(10));
    room.give(Input::Alarmed);
    room.pass(MOMENT);
    assert_eq!(told_seqs(&room), [3]);
    assert_eq!((room.deadline(), room.alarm), (None, None));
}

#[test]
fn what_happens_while_the_desk_is_told_is_told_next() {
    let mut room = owned();
    room.desk_answers = false;
    room.say("k1", "one");
    room.pass(MOMENT);
    room.say("k2", "two");
    room.give(Input::Told { seq: 3, place: None });
    room.pass(Duration::from_secs(5));
    assert_eq!(told_seqs(&room), [3, 4]);
}

#[test]
fn a_visitor_who_asks_for_a_person_before_saying_anything_is_known_too() {
    let mut room = Room::new();
    room.ask(Who::visitor("v1"), handoff("h"));
    room.pass(MOMENT);
    let [summary] = room.desk.as_slice() else { panic!("{:?}", room.desk) };
    assert_eq!(summary.visitor.as_ref().unwrap().id, "v1");
}
