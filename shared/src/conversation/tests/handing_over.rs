//! When a person is called without a rule.

use super::room::{Room, SITE, owner};
use crate::conversation::*;
use kefu_proto::v1::{event, owner_change::Reason};
use std::time::Duration;

fn room(handoff: &str) -> Room {
    Room::with(&format!("[ai.handoff]\n{handoff}\n{SITE}"))
}

/// Asks and answers, one after the other, until a person is called: how many were asked, and why.
fn talk(room: &mut Room, talk: &[(&str, &str)]) -> Option<(usize, Reason)> {
    for (number, (question, answer)) in talk.iter().enumerate() {
        let before = room.calls.len();
        room.say(&format!("{number} at {}", room.now.0), question);
        room.pass(Duration::from_millis(600));
        if room.calls.len() > before {
            let attempt = room.attempt();
            room.begins(attempt);
            room.streams(attempt, answer);
            room.finishes(attempt);
        }
        if let Some(reason) = called(room) {
            return Some((number + 1, reason));
        }
    }
    None
}

fn called(room: &Room) -> Option<Reason> {
    room.log.iter().rev().find_map(|(event, _)| match &event.kind {
        Some(event::Kind::Owner(change)) => Some(change.reason()),
        _ => None,
    })
}

const LIMITS: &str = "negative_limit = 2\nunsure_limit = 2\nrepeated_limit = 3";

#[test]
fn each_sign_calls_a_person_when_its_limit_is_reached_in_a_row_and_not_before() {
    for (asked, expected) in [
        (&[("请转人工", "")][..], Some((1, Reason::HandoffAsked))),
        (&[("hi", "hi"), ("Is there a REAL person?", "")], Some((2, Reason::HandoffAsked))),
        (&[("没用", "a"), ("你们太差", "b")], Some((2, Reason::Sentiment))),
        (&[("没用", "a"), ("好吧", "b"), ("太差", "c")], None),
        (&[("a", "I don’t know."), ("b", "我不清楚")], Some((2, Reason::Unsure))),
        (&[("a", "I don't know"), ("b", "It is blue"), ("c", "I don't know")], None),
        (
            &[("几点开门", "9"), ("几点 开门？", "9"), ("几点开门!!", "9")],
            Some((3, Reason::Repeated)),
        ),
        (&[("几点开门", "9"), ("几点关门", "9"), ("几点开门", "9"), ("几点开门", "9")], None),
        (&[("?", "a"), ("!", "b"), ("?!", "c"), ("...", "d")], None),
    ] {
        let mut room = room(LIMITS);
        assert_eq!(talk(&mut room, asked), expected, "{asked:?}");
        let mut room = Room::new();
        let by_request = expected.filter(|(_, reason)| *reason == Reason::HandoffAsked);
        assert_eq!(talk(&mut room, asked), by_request, "unless it is declared: {asked:?}");
    }
}

#[test]
fn what_is_said_then_is_said_before_the_visitor_waits() {
    let mut room = room(LIMITS);
    talk(&mut room, &[("转人工", "")]);
    let told = room.told();
    assert!(told[1].ends_with("(rule kefu.handoff)"), "{told:?}");
    assert_eq!(told[2..], ["owner queue in term 1"]);
    assert!(room.asked.is_empty());
    let mut room = self::room("unsure_limit = 1");
    talk(&mut room, &[("hello", "I'm not sure about that.")]);
    assert_eq!(
        room.told()[1..],
        ["bot: I'm not sure about that. (completed)", "owner queue in term 1"]
    );
}

#[test]
fn an_answer_without_sources_is_none_where_they_are_required() {
    let mut room = room("unsure_limit = 1\nsources_required = true");
    assert_eq!(talk(&mut room, &[("hello", "Blue.")]), Some((1, Reason::Unsure)));
}

#[test]
fn counts_survive_a_crash_and_count_a_question_once_however_often_it_is_begun() {
    let mut room = room("repeated_limit = 3");
    assert_eq!(talk(&mut room, &[("hours?", "9"), ("hours?", "9")]), None);
    room.crash();
    room.question("a", "hours");
    assert_eq!(called(&room), Some(Reason::Repeated));
    let mut room = self::room("negative_limit = 2");
    room.question("a", "useless");
    room.crash();
    room.pass(Duration::from_secs(1));
    room.say("b", "useless!");
    room.pass(Duration::from_millis(600));
    assert_eq!(called(&room), None, "it is one question");
}

#[test]
fn after_a_person_and_in_a_new_session_counting_begins_anew() {
    let mut room = room("negative_limit = 2");
    talk(&mut room, &[("useless", "a"), ("awful", "b")]);
    room.ming(Request::Take(owner(None)));
    room.ming(Request::Release(owner(None)));
    talk(&mut room, &[("useless", "a")]);
    assert_eq!(called(&room), Some(Reason::Released));
    room.ming(Request::Resolve(owner(None)));
    talk(&mut room, &[("useless", "a")]);
    assert_eq!(called(&room), Some(Reason::Released));
}

#[test]
fn words_of_a_site_s_own_take_the_place_of_the_built_in_ones() {
    let mut room = room("request = ['operator']");
    assert_eq!(
        talk(&mut room, &[("转人工", "a"), ("Operator!", "")]),
        Some((2, Reason::HandoffAsked))
    );
    let mut room = self::room("request = []");
    assert_eq!(talk(&mut room, &[("转人工", "a")]), None);
}
