//! What the AI does where a site says so: it answers, is silent, or leaves it to people.

use super::room::{Room, SITE, VISITOR};
use std::time::Duration;

fn site(ai: &str) -> String {
    format!("[ai]\n{ai}\n{SITE}")
}

/// What is said to a question that no rule is asked first about.
fn said(room: &mut Room, question: &str) -> Vec<String> {
    room.say("k", question);
    room.pass(Duration::from_secs(2));
    room.told().into_iter().skip(1).collect()
}

#[test]
fn without_ai_rules_answer_at_once_and_a_person_is_offered() {
    for ai in ["enabled = false", "mode = 'off'"] {
        let mut room = Room::with(&site(ai));
        assert_eq!(said(&mut room, "refund?"), ["bot: Within 7 days. (rule refund)"]);
        let mut room = Room::with(&site(ai));
        let told = said(&mut room, "hello");
        assert!(told[0].ends_with("(rule kefu.offer_person)"), "{told:?}");
        assert!(room.asked.is_empty() && room.admissions.is_empty());
    }
}

#[test]
fn a_switched_off_answer_keeps_what_was_shown_and_its_call_is_dropped() {
    let mut room = Room::new();
    room.attach(VISITOR, 0);
    let attempt = room.question("k", "hello");
    room.begins(attempt);
    room.streams(attempt, "I think ");
    room.configure(&site("enabled = false"));
    room.pass(Duration::from_secs(1));
    assert_eq!(room.told(), ["visitor: hello", "bot: I think  (stopped)"]);
    assert_eq!(room.aborted, [attempt]);
    room.streams(attempt, "more");
    room.pass(Duration::from_secs(5));
    assert_eq!((room.told().len(), room.deadline()), (2, None));
}

#[test]
fn a_switched_off_answer_that_showed_nothing_is_given_by_a_rule() {
    let mut room = Room::new();
    room.question("k", "refund?");
    room.configure(&site("enabled = false"));
    room.pass(Duration::from_secs(1));
    assert_eq!(room.told()[1..], ["bot: Within 7 days. (rule refund)"]);
    assert_eq!((room.calls.len(), room.aborted.len()), (1, 1));
}

#[test]
fn a_switch_that_comes_back_answers_the_next_question() {
    let mut room = Room::with(&site("enabled = false"));
    said(&mut room, "refund?");
    room.configure(SITE);
    room.question("l", "hello");
    assert_eq!(room.calls.len(), 1);
}

#[test]
fn off_duty_the_ai_answers_while_nobody_is_there_and_else_a_person_is_called() {
    let document = site("mode = 'off_duty'");
    let mut room = Room::with(&document);
    room.question("k", "hello");
    assert_eq!(room.calls.len(), 1);
    let mut room = Room::with(&document);
    room.on_duty = true;
    let told = said(&mut room, "hello");
    assert!(told[0].ends_with("(rule kefu.people_first)"), "{told:?}");
    assert_eq!(told[1], "owner queue in term 1");
    assert!(room.asked.is_empty());
    let mut room = Room::with(&document);
    room.on_duty = true;
    assert_eq!(said(&mut room, "refund?"), ["bot: Within 7 days. (rule refund)"]);
}
