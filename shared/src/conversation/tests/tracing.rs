//! What admins see of how a question was answered.

use super::room::{Room, SITE, owner};
use crate::conversation::*;
use crate::provider::Failure;
use kefu_proto::v1::provider_source::Outcome;
use kefu_proto::v1::{TurnTrace, turn_trace};
use std::time::Duration;

const DAY: Duration = Duration::from_secs(86_400);

fn traces(room: &Room) -> Vec<TurnTrace> {
    room.traces.values().map(|trace| serde_json::from_str(trace).unwrap()).collect()
}

fn answered(room: &mut Room, key: &str, question: &str, answer: &str) {
    let attempt = room.question(key, question);
    room.begins(attempt);
    room.streams(attempt, answer);
    room.finishes(attempt);
}

#[test]
fn a_trace_has_what_was_sent_as_it_was_masked_and_every_attempt_with_its_moments() {
    let mut room = Room::with(
        &SITE.replace("name = \"two\"", "name = \"two\"\nprice = { input = 1, output = 2 }"),
    );
    answered(&mut room, "j", "电话13800138000", "记下了[PHONE_1]");
    let first = room.question("k", "再加一个19912345678");
    room.pass(Duration::from_millis(100));
    room.give(Input::Failed { attempt: first, failure: Failure::timeout("connect_timeout") });
    let second = room.attempt();
    room.pass(Duration::from_millis(50));
    room.begins(second);
    room.pass(Duration::from_millis(50));
    room.streams(second, "Done");
    room.pass(Duration::from_millis(50));
    let usage = r#"{"choices": [], "usage": {"prompt_tokens": 2000000, "completion_tokens": 1000000, "total_tokens": 3000000}}"#;
    room.receives(second, &format!("data: {usage}\n\n"));
    room.finishes(second);

    let traces = traces(&room);
    let trace = &traces[1];
    assert_eq!((trace.turn, trace.seq, trace.end_ms), (2, 4, 850));
    assert_eq!((trace.answered_by.as_str(), trace.outcome()), ("two", Outcome::Completed));
    assert_eq!(trace.question, "再加一个[PHONE_2]");
    let rounds: Vec<_> = trace.rounds.iter().map(|it| (&*it.question, &*it.answer)).collect();
    assert_eq!(rounds, [("电话[PHONE_1]", "记下了[PHONE_1]")]);
    let masks: Vec<_> = trace.masks.iter().map(|it| (it.name.as_str(), it.count)).collect();
    assert_eq!(masks, [("PHONE", 2)]);
    let moments = |it: &turn_trace::Attempt| {
        (it.provider.clone(), it.queued_ms, it.sent_ms, it.head_ms, it.first_token_ms, it.end_ms)
    };
    let at = Some;
    assert_eq!(moments(&trace.attempts[0]), ("one".into(), 600, at(600), None, None, at(700)));
    assert_eq!(trace.attempts[0].class.as_deref(), Some("timeout"));
    assert_eq!(trace.attempts[0].code.as_deref(), Some("connect_timeout"));
    assert_eq!(
        moments(&trace.attempts[1]),
        ("two".into(), 700, at(700), at(750), at(800), at(850))
    );
    let usage = trace.attempts[1].usage.as_ref().unwrap();
    assert_eq!((usage.total, trace.attempts[1].cost_micros), (3_000_000, 4_000_000));
    let everything = format!("{:?}", room.traces);
    assert!(!everything.contains("13800138000"));
}

#[test]
fn providers_that_are_passed_over_are_named_with_the_reason() {
    let mut room = Room::with(&format!(
        "[[ai_providers]]\nname = 'keyless'\ntype = 'dify'\napi_key = '${{NONE}}'\n\
         [[ai_providers]]\nname = 'later'\ntype = 'openai'\nmodel = 'm'\n\
         endpoint = 'https://later.example'\ncanary = '0%'\n{SITE}"
    ));
    room.refused = vec!["one".into(), "two".into()];
    room.say("k", "refund?");
    room.pass(Duration::from_secs(1));
    let trace = &traces(&room)[0];
    let skips: Vec<_> =
        trace.attempts[0].skips.iter().map(|it| (it.provider.as_str(), it.why.as_str())).collect();
    assert_eq!(
        skips,
        [
            ("keyless", "unresolved_api_key"),
            ("later", "canary"),
            ("one", "unknown"),
            ("two", "unknown")
        ]
    );
    assert_eq!((trace.answered_by.as_str(), trace.question.as_str()), ("refund", ""));
}

#[test]
fn a_spent_budget_is_told() {
    let mut room = Room::with(&format!("[budgets]\nvisitor = {{ turns = 1 }}\n{SITE}"));
    answered(&mut room, "j", "hello", "Hi");
    room.say("k", "and?");
    room.pass(Duration::from_secs(1));
    assert_eq!(traces(&room)[1].attempts[0].skips[0].why, "over_budget");
}

#[test]
fn a_turn_that_a_person_cut_off_is_kept_with_the_event_that_did() {
    let mut room = Room::new();
    room.question("k", "hello");
    room.ming(Request::Take(owner(None)));
    assert_eq!(room.told(), ["visitor: hello", "owner agent in term 1"]);
    let trace = &traces(&room)[0];
    assert_eq!((trace.seq, trace.question.as_str(), &*trace.answered_by), (2, "hello", ""));
    assert!(trace.attempts[0].end_ms.is_some());
    room.ming(Request::Release(owner(None)));
    assert_eq!(room.traces.len(), 1);
}

#[test]
fn a_draft_has_one_and_what_the_visitor_is_told_meanwhile_has_none() {
    let mut room = Room::with(&format!("[ai]\nmode = 'draft'\n{SITE}"));
    answered(&mut room, "k", "hello", "Hi");
    assert_eq!(room.traces.keys().copied().collect::<Vec<_>>(), [4]);
}

#[test]
fn a_trace_is_no_row_of_its_own() {
    let rows = |document: &str| {
        let mut room = Room::with(document);
        answered(&mut room, "j", "hello", "Hi");
        let before = room.writes;
        answered(&mut room, "k", "hello", "Hi");
        room.pass(Duration::from_secs(20));
        room.writes - before
    };
    assert_eq!(rows(SITE), rows(&format!("[ai]\nkeep_traces = '0s'\n{SITE}")));
}

#[test]
fn traces_are_forgotten_when_the_site_wants_them_no_longer() {
    let mut room = Room::with(&format!("[ai]\nkeep_traces = '3d'\n{SITE}"));
    for day in 0..10 {
        answered(&mut room, &format!("a{day}"), "hello", "Hi");
        answered(&mut room, &format!("b{day}"), "hello", "Hi");
        let kept = room.traces.len();
        assert!(kept <= 8, "{kept} traces on day {day}");
        assert!(day < 3 || kept >= 6, "{kept} traces on day {day}");
        room.pass(DAY);
        room.crash();
    }
    room.configure(&format!("[ai]\nkeep_traces = '0s'\n{SITE}"));
    answered(&mut room, "c", "hello", "Hi");
    assert!(room.traces.is_empty(), "and none is kept where none is wanted");
}

#[test]
fn what_is_too_long_is_left_out_from_the_oldest_on() {
    let mut room = Room::with(&format!("[context]\ncharacters = 100000\n{SITE}"));
    for number in 0..5 {
        answered(&mut room, &format!("k{number}"), &"问".repeat(3_000), "好");
    }
    let trace = traces(&room).pop().unwrap();
    assert_eq!((trace.rounds.len(), trace.rounds_left_out), (3, 1));
    assert_eq!(trace.question.len(), 8 * 1024 - 8 * 1024 % 3);
}

#[test]
fn a_turn_whose_process_died_tells_whom_it_asked_and_that_it_was_cut_off() {
    let mut room = Room::with(
        &SITE.replace("name = \"two\"", "name = \"two\"\nprice = { input = 1, output = 2 }"),
    );
    let first = room.question("k", "电话13800138000");
    room.give(Input::Failed { attempt: first, failure: Failure::timeout("connect_timeout") });
    let second = room.attempt();
    room.begins(second);
    room.streams(second, "Well");
    room.crash();
    room.say("l", "and this is another question");
    room.pass(Duration::ZERO);
    let trace = &traces(&room)[0];
    assert_eq!((trace.turn, trace.answered_by.as_str()), (1, "two"));
    assert_eq!((trace.outcome(), trace.question.as_str()), (Outcome::Interrupted, "电话[PHONE_1]"));
    let tries: Vec<_> = trace.attempts.iter().map(|it| (&*it.provider, it.class.clone())).collect();
    let class = |class: &str| Some(class.to_owned());
    assert_eq!(tries, [("one", class("timeout")), ("two", class("crashed"))]);
    let cut = &trace.attempts[1];
    assert!(cut.first_token_ms.is_some() && cut.end_ms.is_none(), "{cut:?}");
    let usage = cut.usage.as_ref().unwrap();
    assert_eq!((usage.output, usage.estimated), (1, Some(true)));
    assert!(cut.cost_micros > 0);
    assert!(!format!("{:?}", room.traces).contains("13800138000"));
}

#[test]
fn an_attempt_that_died_before_any_text_is_told_with_the_one_that_answered() {
    let mut room = Room::new();
    room.question("k", "hello");
    room.crash();
    room.pass(Duration::ZERO);
    let again = room.attempt();
    room.begins(again);
    room.streams(again, "Hi");
    room.finishes(again);
    let trace = &traces(&room)[0];
    let tries: Vec<_> = trace.attempts.iter().map(|it| (it.attempt, it.class.clone())).collect();
    assert_eq!(tries, [(1, Some("crashed".to_owned())), (2, None)]);
    assert_eq!((trace.answered_by.as_str(), trace.attempts[0].usage.as_ref()), ("one", None));
}

#[test]
fn a_dead_turn_is_over_in_time_where_its_site_does_not_come_and_has_no_trace_then() {
    let mut room = Room::new();
    let attempt = room.question("k", "hello");
    room.begins(attempt);
    room.streams(attempt, "Half");
    room.crash();
    room.prepares = false;
    room.pass(Duration::from_secs(3));
    assert_eq!(room.told(), ["visitor: hello", "bot: Half (interrupted)"]);
    assert!(room.traces.is_empty());
}
