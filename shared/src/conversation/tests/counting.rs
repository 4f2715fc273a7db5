//! What an operator counts of turns and providers.

use super::room::{Room, SITE, owner};
use crate::conversation::*;
use crate::provider::{BodyEnd, Class, Failure};
use crate::who::Who;
use kefu_proto::v1::Stop;
use std::time::Duration;

/// Each fact in a line.
fn told(room: &mut Room) -> Vec<String> {
    let told = |fact: Fact| {
        let what = match fact.what {
            What::Asked { context } => format!("asked with {context}"),
            What::Skipped { why } => format!("skipped as {why}"),
            What::OverBudget => "over budget".to_owned(),
            What::FailedOver => "failed over".to_owned(),
            What::Ended(Ended { outcome, first_text, took, input, output, cost, .. }) => {
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

const BUDGET: &str = "[budgets]\nvisitor = { tokens = 1000000 }\nsite = { tokens = 1000000 }\n";

/// How an answer of so many tokens ends that its provider told nothing of.
fn ended(how: fn(&mut Room, AttemptId)) -> (Room, Ended) {
    let mut room = Room::with(&format!("{BUDGET}{SITE}"));
    let attempt = room.question("k", "hello");
    room.begins(attempt);
    room.streams(attempt, "四个汉字 and so on");
    how(&mut room, attempt);
    let ended = room.facts.iter().rev().find_map(|fact| match &fact.what {
        What::Ended(ended) => Some(ended.clone()),
        _ => None,
    });
    (room, ended.unwrap())
}

#[test]
fn answers_that_are_cut_off_cost_what_came_of_them_about() {
    let ways: [fn(&mut Room, AttemptId); 4] = [
        |room, _| drop(room.ask(Who::visitor("v1"), Request::Stop(Stop { turn: 1 }))),
        |room, _| drop(room.ming(Request::Take(owner(None)))),
        |room, _| room.pass(Duration::from_secs(60)),
        |room, attempt| drop(room.give(Input::Ended { attempt, how: BodyEnd::Reset })),
    ];
    for (number, way) in ways.into_iter().enumerate() {
        let (room, ended) = ended(way);
        // Four of one script, and ten letters of the other.
        assert_eq!((ended.output, ended.estimated), (4 + 3, true), "way {number}");
        assert!(ended.input > 0, "way {number}");
        let spent = room.spent();
        assert_eq!((spent.turns, spent.tokens), (1, ended.input + ended.output), "way {number}");
    }
}

#[test]
fn what_a_provider_tells_is_no_estimate_and_what_never_began_costs_nothing() {
    let usage = r#"{"choices": [], "usage": {"prompt_tokens": 20, "completion_tokens": 10, "total_tokens": 30}}"#;
    let mut room = Room::new();
    let attempt = room.question("k", "hello");
    room.begins(attempt);
    room.streams(attempt, "Hi");
    room.receives(attempt, &format!("data: {usage}\n\n"));
    room.finishes(attempt);
    room.question("l", "more");
    room.ask(Who::visitor("v1"), Request::Stop(Stop { turn: 2 }));
    let ends: Vec<_> = room
        .facts
        .iter()
        .filter_map(|fact| match &fact.what {
            What::Ended(ended) => Some((ended.input + ended.output, ended.estimated)),
            _ => None,
        })
        .collect();
    assert_eq!(ends, [(30, false), (0, false)]);
}

#[test]
fn what_a_dead_process_had_saved_counts_too() {
    let mut room = Room::with(&format!("{BUDGET}{SITE}"));
    let attempt = room.question("k", "hello");
    room.begins(attempt);
    room.streams(attempt, "Well");
    room.crash();
    room.pass(Duration::ZERO);
    let spent = room.spent();
    assert_eq!(spent.turns, 1);
    assert!(spent.tokens > 1);
    assert_eq!(room.reports.last().map(|(provider, _)| provider.as_str()), Some(""));
    assert!(room.reports.iter().any(|(provider, _)| provider == "one"));
}
