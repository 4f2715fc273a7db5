//! Before a provider is asked its guard is, and afterwards it hears how the attempt went.

use super::room::Room;
use crate::conversation::Input;
use crate::guard::Verdict;
use crate::provider::{BodyEnd, Failure};
use kefu_proto::v1::message::Source;
use std::time::Duration;

fn named(reports: &[(String, Verdict)]) -> Vec<(&str, Verdict)> {
    reports.iter().map(|(provider, verdict)| (provider.as_str(), *verdict)).collect()
}

#[test]
fn a_provider_that_is_refused_by_its_guard_is_not_asked_and_the_next_one_is() {
    let mut room = Room::new();
    room.refused = vec!["one".into()];
    room.question("k", "hello");
    assert!(room.asked[0].starts_with("https://two.example"), "{:?}", room.asked);
    assert_eq!(room.asked.len(), 1);
}

#[test]
fn when_every_guard_refuses_rules_answer_and_nobody_is_asked() {
    let mut room = Room::new();
    room.refused = vec!["one".into(), "two".into()];
    room.say("k", "refund?");
    room.pass(Duration::from_millis(600));
    assert!(room.asked.is_empty());
    assert!(matches!(room.last_message().source, Some(Source::Rule(_))));
}

#[test]
fn the_guard_hears_of_every_attempt_how_it_ended() {
    let mut room = Room::new();
    let first = room.question("a", "hello");
    room.give(Input::Failed { attempt: first, failure: Failure::timeout("connect_timeout") });
    let second = room.attempt();
    room.begins(second);
    room.streams(second, "Hi");
    room.finishes(second);
    let third = room.question("b", "and?");
    room.begins(third);
    room.streams(third, "Well");
    room.give(Input::Ended { attempt: third, how: BodyEnd::Reset });
    assert_eq!(
        named(&room.reports),
        [("one", Verdict::Failure), ("two", Verdict::Success), ("two", Verdict::Failure)]
    );
}

#[test]
fn an_attempt_that_is_given_up_for_the_visitors_sake_says_nothing_of_its_provider() {
    let mut room = Room::new();
    room.question("a", "hello");
    room.say("b", "I mean, good morning");
    room.pass(Duration::from_millis(600));
    assert_eq!(named(&room.reports), [("one", Verdict::Neutral)]);
    room.pass(Duration::from_secs(20));
    assert!(!room.reports.iter().any(|(_, verdict)| *verdict == Verdict::Success));
}

#[test]
fn guards_that_do_not_answer_hold_nobody_up() {
    let mut room = Room::new();
    room.guards_answer = false;
    room.say("k", "hello");
    room.pass(Duration::from_millis(600));
    assert!(room.asked.is_empty());
    room.pass(Duration::from_secs(2));
    assert_eq!(room.asked.len(), 1, "it is asked all the same");
}

#[test]
fn where_the_site_wants_it_nobody_is_asked_without_the_guards_word() {
    let site = format!("[ai]\nfail_open = false\n{}", super::room::SITE);
    let mut room = Room::with(&site);
    room.guards_answer = false;
    room.say("k", "refund?");
    room.pass(Duration::from_secs(3));
    assert!(room.asked.is_empty());
    assert!(matches!(room.last_message().source, Some(Source::Rule(_))));
}

#[test]
fn an_answer_of_the_guards_that_comes_too_late_is_not_used() {
    let mut room = Room::new();
    room.guards_answer = false;
    room.say("a", "hello");
    room.pass(Duration::from_millis(600));
    let (early, candidates) = room.admissions.pop().unwrap();
    room.say("b", "and good morning");
    room.guards_answer = true;
    room.admit(early, candidates);
    assert!(room.asked.is_empty(), "the question was not whole yet");
    room.pass(Duration::from_millis(600));
    assert!(room.asked[0].contains("hello\\nand good morning"), "{:?}", room.asked);
}

#[test]
fn a_session_stays_with_the_provider_that_answered_in_it_and_a_restart_does_not_change_that() {
    let mut room = Room::new();
    room.refused = vec!["one".into()];
    let attempt = room.question("a", "hello");
    room.begins(attempt);
    room.streams(attempt, "Hi");
    room.finishes(attempt);
    room.refused.clear();
    room.question("b", "and?");
    room.crash();
    room.question("c", "well?");
    assert!(room.asked.iter().all(|asked| asked.starts_with("https://two.example")));
}

/// Answers to `count` questions of one visitor: who gave each.
fn answers(room: &mut Room, count: usize) -> Vec<String> {
    let answer = |number: usize| {
        let before = room.asked.len();
        room.say(&format!("budget {number} at {}", room.now.0), "hello");
        room.pass(Duration::from_millis(600));
        if room.asked.len() > before {
            let attempt = room.attempt();
            room.begins(attempt);
            room.streams(attempt, "Hi");
            room.finishes(attempt);
        }
        match room.last_message().source {
            Some(Source::Provider(source)) => source.name,
            Some(Source::Rule(rule)) => rule.name,
            _ => String::new(),
        }
    };
    (0..count).map(answer).collect()
}

#[test]
fn a_visitors_day_has_so_many_answers_of_ai_and_then_what_is_declared_happens() {
    for (declared, then) in [
        ("", "kefu.offer_person"),
        ("on_limit = 'person'", "kefu.call_person"),
        ("on_limit = 'message'\nmessage = 'Tomorrow.'", "kefu.over_budget"),
    ] {
        let budgets = format!("[budgets]\nvisitor = {{ turns = 2 }}\n{declared}\n");
        let mut room = Room::with(&format!("{budgets}{}", super::room::SITE));
        assert_eq!(answers(&mut room, 3), ["one", "one", then]);
        room.crash();
        let again = answers(&mut room, 1);
        assert!(room.asked.len() == 2, "{again:?}: a restart gives no new day");
    }
}

#[test]
fn a_new_day_has_a_new_budget() {
    let budgets = "[budgets]\nvisitor = { turns = 1 }\n";
    let mut room = Room::with(&format!("{budgets}{}", super::room::SITE));
    assert_eq!(answers(&mut room, 2), ["one", "kefu.offer_person"]);
    room.pass(Duration::from_secs(24 * 3_600));
    assert_eq!(answers(&mut room, 1), ["one"]);
}
