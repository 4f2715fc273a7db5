//! Crashes: at every point of a script, what was acknowledged is there and every turn ends.

use super::room::{Room, VISITOR, message_of, owner};
use crate::conversation::*;
use std::time::Duration;

#[test]
fn a_crash_before_any_text_asks_again_and_after_it_keeps_what_was_saved() {
    let mut room = Room::new();
    let attempt = room.question("k", "hello");
    room.begins(attempt);
    room.crash();
    room.pass(Duration::ZERO);
    let again = room.attempt();
    assert_eq!((again.turn, again.attempt), (1, 2));
    room.streams(attempt, "of a dead process");
    room.begins(again);
    room.streams(again, "Half");
    room.streams(again, " unsaved");
    room.crash();
    room.pass(Duration::from_secs(300));
    assert_eq!(room.told(), ["visitor: hello", "bot: Half (interrupted)"]);
    assert_eq!(room.calls.len(), 2);
}

#[test]
fn a_crash_before_the_question_was_whole_loses_no_question() {
    let mut room = Room::new();
    room.say("k", "refund");
    room.crash();
    room.pass(Duration::from_secs(15));
    assert_eq!(room.told().last().unwrap(), "bot: Within 7 days. (rule refund)");
}

#[test]
fn a_provider_that_kills_its_process_is_not_asked_for_ever() {
    let mut room = Room::new();
    room.question("k", "refund");
    for _ in 0..10 {
        room.crash();
        room.pass(Duration::ZERO);
    }
    assert!(room.calls.len() <= 3, "{} calls", room.calls.len());
    assert_eq!(room.told().last().unwrap(), "bot: Within 7 days. (rule refund)");
}

#[test]
fn an_object_that_nobody_wakes_is_woken_by_its_alarm() {
    let mut room = Room::new();
    room.question("k", "refund");
    let alarm = room.alarm.unwrap();
    room.crash();
    room.now = alarm;
    room.give(Input::Alarmed);
    room.pass(Duration::from_secs(15));
    assert_eq!(room.told().last().unwrap(), "bot: Within 7 days. (rule refund)");
    assert_eq!(room.alarm, None, "and no alarm is left");
}

#[test]
fn the_alarm_rings_on_while_an_answer_is_long() {
    let mut room = Room::new();
    let attempt = room.question("k", "hello");
    room.begins(attempt);
    let first = room.alarm.unwrap();
    room.streams(attempt, "x");
    room.now = first;
    room.give(Input::Alarmed);
    assert!(room.alarm.is_some_and(|next| next > first));
}

/// What a script does, step by step.
type Act = fn(&mut Room);

const SCRIPTS: [&[Act]; 4] = [
    &[
        |room| drop(room.say("a", "hello")),
        |room| room.pass(Duration::from_millis(600)),
        |room| call(room, |room, attempt| room.begins(attempt)),
        |room| call(room, |room, attempt| room.streams(attempt, "One.")),
        |room| drop(room.say("b", "refund")),
        |room| call(room, |room, attempt| room.finishes(attempt)),
    ],
    &[
        |room| drop(room.say("a", "hello")),
        |room| room.pass(Duration::from_millis(600)),
        |room| call(room, |room, attempt| room.begins(attempt)),
        |room| drop(room.ming(Request::Take(owner(None)))),
        |room| drop(room.ming(Request::Release(owner(None)))),
        |room| drop(room.say("b", "refund")),
    ],
    &[
        |room| drop(room.say("a", "a human")),
        |room| room.pass(Duration::from_millis(600)),
        |room| drop(room.say("b", "hello?")),
        |room| drop(room.ming(Request::Take(owner(None)))),
        |room| drop(room.ming(Request::Resolve(owner(None)))),
        |room| drop(room.say("c", "refund")),
    ],
    &[
        |room| drop(room.say("a", "one")),
        |room| drop(room.say("b", "two")),
        |room| room.pass(Duration::from_millis(600)),
        |room| call(room, |room, attempt| room.breaks(attempt)),
        |room| room.pass(Duration::from_millis(10)),
        |room| call(room, |room, attempt| room.begins(attempt)),
    ],
];

fn call(room: &mut Room, act: fn(&mut Room, AttemptId)) {
    if let Some(attempt) = room.calls.last().copied() {
        act(room, attempt);
    }
}

#[test]
fn whatever_is_cut_off_by_crashes_every_question_is_answered_once_and_nothing_is_lost() {
    for script in SCRIPTS {
        // A crash, or none, after each step: every combination.
        for crashes in 0..1_u32 << script.len() {
            let mut room = Room::new();
            room.attach(VISITOR, 0);
            for (index, act) in script.iter().enumerate() {
                act(&mut room);
                if crashes & (1 << index) != 0 {
                    room.crash();
                }
            }
            room.pass(Duration::from_secs(600));
            let told = room.told();
            let at = |what: &str| format!("{what} with crashes {crashes:b}: {told:#?}");
            assert_eq!(room.deadline(), None, "{}", at("something is left to do"));
            assert!(!told.last().unwrap().starts_with("visitor"), "{}", at("unanswered"));
            let questions = told.iter().filter(|line| line.starts_with("visitor")).count();
            let expected = room
                .log
                .iter()
                .filter(|(_, sender)| sender.as_deref().is_some_and(|s| s.starts_with("V:")))
                .count();
            assert_eq!(questions, expected, "{}", at("lost"));
            let answers = told.iter().filter(|line| line.starts_with("bot")).count();
            assert!(answers <= questions, "{}", at("answered twice"));
        }
    }
}

#[test]
fn a_turn_that_had_not_begun_when_its_process_died_gets_a_number_of_its_own() {
    let mut room = Room::with("[[rules]]\nname = \"all\"\nreply = \"Hi!\"\n");
    for key in ["a", "b"] {
        room.say(key, "hello");
        room.crash();
        room.pass(Duration::from_secs(15));
    }
    let turns: Vec<_> = room.log.iter().filter_map(|(event, _)| message_of(event)?.turn).collect();
    assert_eq!(turns, [1, 2]);
}
