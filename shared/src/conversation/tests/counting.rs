//! What an operator counts of turns and providers.

use super::room::{Room, SITE};
use crate::conversation::*;
use crate::provider::{Class, Failure};
use std::time::Duration;

/// Each fact in a line.
fn told(room: &mut Room) -> Vec<String> {
    let told = |fact: Fact| {
        let what = match fact.what {
            What::Asked { context } => format!("asked with {context}"),
            What::Skipped { why } => format!("skipped as {why}"),
            What::OverBudget => "over budget".to_owned(),
            What::FailedOver => "failed over".to_owned(),
            What::Ended(Ended { outcome, first_text, took, input, output, cost }) => {
                let first = first_text.map_or(0, |first| first.as_millis());
                let took = took.as_millis();
                format!("{outcome} first {first} took {took} tokens {input}+{output} cost {cost}")
            }
        };
        format!("{} {what}", fact.provider)
    };
    std::mem::take(&mut room.facts).into_iter().map(told).collect()
}

#[test]
fn a_whole_answer_has_its_moments_tokens_and_cost() {
    let mut room = Room::with(
        &SITE.replace("name = \"one\"", "name = \"one\"\nprice = { input = 1, output = 2 }"),
    );
    let attempt = room.question("j", "hello");
    room.begins(attempt);
    room.pass(Duration::from_millis(50));
    room.streams(attempt, "Hi");
    room.pass(Duration::from_millis(30));
    let usage = r#"{"choices": [], "usage": {"prompt_tokens": 20, "completion_tokens": 10, "total_tokens": 30}}"#;
    room.receives(attempt, &format!("data: {usage}\n\n"));
    room.finishes(attempt);
    let ended = "one ok first 50 took 80 tokens 20+10 cost 40";
    assert_eq!(told(&mut room), ["one asked with none", ended]);
    room.question("k", "and?");
    assert_eq!(told(&mut room), ["one asked with rounds"], "what was said goes along");
}

#[test]
fn a_failure_is_named_by_its_class_and_the_next_provider_is_a_failover() {
    let mut room = Room::new();
    let first = room.question("k", "hello");
    room.pass(Duration::from_millis(100));
    room.give(Input::Failed { attempt: first, failure: Failure::timeout("connect_timeout") });
    let second = room.attempt();
    room.give(Input::Failed { attempt: second, failure: Failure::new(Class::Quota, "empty") });
    assert_eq!(
        told(&mut room),
        [
            "one asked with none",
            "one timeout first 0 took 100 tokens 0+0 cost 0",
            "two asked with none",
            "one failed over",
            "two quota first 0 took 0 tokens 0+0 cost 0",
        ],
        "what no provider takes over is no failover"
    );
}

#[test]
fn an_attempt_that_nobody_wants_any_more_is_dropped_and_its_successor_no_failover() {
    let mut room = Room::new();
    room.question("j", "hello");
    room.question("k", "I mean: good bye");
    let dropped = told(&mut room);
    assert_eq!(dropped.len(), 3, "{dropped:?}");
    assert!(dropped[1].starts_with("one dropped "), "{dropped:?}");
    assert_eq!(dropped[2], "one asked with none");
}

#[test]
fn an_answer_that_breaks_off_counts_by_the_class_of_what_broke_it() {
    let mut room = Room::new();
    let attempt = room.question("j", "hello");
    room.begins(attempt);
    room.streams(attempt, "Hi");
    room.breaks(attempt);
    let ended = told(&mut room).pop().unwrap();
    assert!(ended.starts_with("one protocol "), "{ended}");
}

#[test]
fn who_is_passed_over_and_a_spent_budget_are_counted_with_the_reason() {
    let mut room = Room::with(&format!("[budgets]\nvisitor = {{ turns = 1 }}\n{SITE}"));
    room.refused = vec!["one".into()];
    let attempt = room.question("j", "hello");
    room.begins(attempt);
    room.streams(attempt, "Hi");
    room.finishes(attempt);
    let seen = told(&mut room);
    assert_eq!(seen[..2], ["one skipped as unknown", "two asked with none"]);
    room.say("k", "and?");
    room.pass(Duration::from_secs(1));
    assert_eq!(told(&mut room), [" over budget"]);
}
