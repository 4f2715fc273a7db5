//! Turns: every question is answered, in time, by somebody.

use super::room::{Room, SECOND, SITE, VISITOR};
use crate::conversation::*;
use crate::provider::{BodyEnd, Failure, ResponseHead};
use kefu_proto::v1::server_frame::Frame;
use kefu_proto::v1::{Resume, client_frame, message};
use std::time::Duration;

const SECOND_LONG: Duration = Duration::from_secs(1);

fn deltas(frames: &[Frame]) -> Vec<(u32, String)> {
    let of = |frame: &Frame| match frame {
        Frame::Delta(delta) => Some((delta.offset, delta.text.clone())),
        _ => None,
    };
    frames.iter().filter_map(of).collect()
}

#[test]
fn an_answer_is_shown_as_it_comes_and_logged_once() {
    let mut room = Room::new();
    room.attach(VISITOR, 0);
    let attempt = room.question("k", "hello");
    room.begins(attempt);
    room.seen(VISITOR);
    room.streams(attempt, "你好😀");
    room.streams(attempt, ", how ");
    room.streams(attempt, "are you?");
    assert_eq!(deltas(&room.seen(VISITOR)), [(0, "你好😀".to_owned())]);
    room.pass(Duration::from_millis(25));
    assert_eq!(deltas(&room.seen(VISITOR)), [(4, ", how are you?".to_owned())]);
    room.receives(attempt, "data: {\"choices\":[],\"usage\":{\"prompt_tokens\":3,\"completion_tokens\":4,\"total_tokens\":7}}\n\n");
    room.finishes(attempt);
    assert_eq!(room.told(), ["visitor: hello", "bot: 你好😀, how are you? (completed)"]);
    let answer = room.last_message();
    assert_eq!((answer.turn, answer.attempt), (Some(1), Some(1)));
    let Some(message::Source::Provider(source)) = answer.source else { panic!() };
    assert_eq!((source.name.as_str(), source.usage.unwrap().total), ("one", 7));
    room.pass(Duration::from_secs(3));
    assert_eq!((room.deadline(), room.alarm), (None, None), "nothing is left to do");
}

#[test]
fn text_waits_for_the_next_but_no_longer_than_25_ms() {
    let mut room = Room::new();
    room.attach(VISITOR, 0);
    let attempt = room.question("k", "hello");
    room.begins(attempt);
    let mut shown = |pause, text| {
        room.pass(Duration::from_millis(pause));
        let waited = deltas(&room.seen(VISITOR));
        room.streams(attempt, text);
        (waited.len(), deltas(&room.seen(VISITOR)).len())
    };
    for (pause, text, shows) in [
        (0, "the first at once", (0, 1)),
        (20, " waits", (0, 0)),
        (20, " and goes with the next", (0, 1)),
        (24, " waits", (0, 0)),
        (24, " and again", (0, 1)),
        (1, " waits", (0, 0)),
        (25, " and nothing came for too long", (1, 0)),
        (25, " one that waited alone", (1, 0)),
        (60, " after a pause", (1, 1)),
    ] {
        assert_eq!(shown(pause, text), shows, "{text}");
    }
}

#[test]
fn a_question_and_its_five_second_answer_are_few_rows() {
    let mut room = Room::new();
    let before = room.writes;
    let attempt = room.question("k", "hello");
    room.begins(attempt);
    for _ in 0..250 {
        room.streams(attempt, "word ");
        room.pass(Duration::from_millis(20));
    }
    room.finishes(attempt);
    room.pass(Duration::from_secs(5));
    // The question, the attempt, what was first shown, one save, the answer, the turn's end, and
    // the alarm set and cleared. The desk hears of both messages at once.
    assert_eq!(room.writes - before, 8);
    assert_eq!(room.desk.len(), 1);
}

#[test]
fn short_messages_in_a_row_are_one_question() {
    let mut room = Room::new();
    for (key, text) in [("a", "hi"), ("b", "about my order"), ("c", "where is it?")] {
        room.say(key, text);
        room.pass(Duration::from_millis(400));
    }
    assert!(room.calls.is_empty());
    room.pass(Duration::from_millis(200));
    assert_eq!(room.calls.len(), 1);
    assert!(room.asked[0].contains("hi\\nabout my order\\nwhere is it?"), "{}", room.asked[0]);
}

#[test]
fn somebody_who_never_stops_writing_is_answered_after_five_seconds() {
    let mut room = Room::new();
    for n in 0..10 {
        room.say(&n.to_string(), "and");
        room.pass(Duration::from_millis(500));
    }
    assert_eq!(room.calls.len(), 1);
}

#[test]
fn before_visible_text_a_new_message_restarts_the_turn_and_after_it_it_is_the_next() {
    let mut room = Room::new();
    let first = room.question("a", "hello");
    room.begins(first);
    room.say("b", "I mean goodbye");
    assert_eq!(room.aborted, [first]);
    room.pass(Duration::from_millis(600));
    let second = room.attempt();
    assert_eq!((second.turn, second.attempt), (1, 2));
    assert!(room.asked[1].contains("hello\\nI mean goodbye"));
    room.streams(first, "late");
    room.begins(second);
    room.streams(second, "Goodbye");
    room.say("c", "wait");
    room.pass(Duration::from_secs(2));
    room.finishes(second);
    room.pass(Duration::from_millis(600));
    assert_eq!(room.attempt().turn, 2);
    assert_eq!(
        room.told(),
        ["visitor: hello", "visitor: I mean goodbye", "visitor: wait", "bot: Goodbye (completed)"]
    );
    assert!(room.asked[2].contains("Goodbye"), "the answer is context of the next question");
}

#[test]
fn a_rule_that_is_asked_first_answers_before_any_provider_and_may_get_a_person() {
    let mut room = Room::new();
    room.say("k", "a human please");
    room.pass(SECOND_LONG);
    assert!(room.calls.is_empty());
    assert_eq!(
        room.told(),
        [
            "visitor: a human please",
            "bot: I'll get somebody. (rule human)",
            "owner queue in term 1"
        ]
    );
}

#[test]
fn every_way_of_failing_before_the_first_text_leads_to_the_next_provider() {
    type Fail = fn(&mut Room, AttemptId);
    let ways: [(&str, Fail); 7] = [
        ("no head", |room, _| room.pass(Duration::from_secs(5))),
        ("no text", |room, attempt| {
            room.begins(attempt);
            room.pass(Duration::from_secs(8));
        }),
        ("only pings", |room, attempt| {
            room.begins(attempt);
            for _ in 0..9 {
                room.receives(attempt, ": ping\n\n");
                room.pass(SECOND_LONG);
            }
        }),
        ("reset", |room, attempt| {
            room.begins(attempt);
            room.breaks(attempt);
        }),
        ("an empty answer", |room, attempt| {
            room.begins(attempt);
            room.finishes(attempt);
        }),
        ("an error in the stream", |room, attempt| {
            room.begins(attempt);
            room.receives(
                attempt,
                "data: {\"error\":{\"message\":\"x\",\"type\":\"server_error\"}}\n\n",
            );
        }),
        ("status 429", |room, attempt| {
            let head = ResponseHead { status: 429, headers: Vec::new(), at: room.now };
            room.give(Input::Responded { attempt, head });
            room.give(Input::Ended { attempt, how: BodyEnd::Clean });
        }),
    ];
    for (way, fail) in ways {
        let mut room = Room::new();
        let first = room.question("k", "hello");
        fail(&mut room, first);
        let second = room.attempt();
        assert_eq!((second.turn, second.attempt), (1, 2), "{way}");
        assert!(room.asked[1].starts_with("https://two.example"), "{way}");
        room.begins(second);
        room.streams(second, "Hello.");
        room.streams(first, "Late.");
        room.finishes(second);
        assert_eq!(room.told(), ["visitor: hello", "bot: Hello. (completed)"], "{way}");
    }
}

#[test]
fn a_provider_that_cannot_be_reached_is_asked_once_more_after_a_moment_and_then_the_next_one() {
    let mut room = Room::new();
    let first = room.question("k", "hello");
    room.give(Input::Failed { attempt: first, failure: Failure::unreachable() });
    assert_eq!(room.calls.len(), 1);
    room.pass(Duration::from_millis(400));
    let again = room.attempt();
    assert_eq!(again.attempt, 2);
    assert!(room.asked[1].starts_with("https://one.example"));
    room.give(Input::Failed { attempt: again, failure: Failure::unreachable() });
    assert!(room.asked[2].starts_with("https://two.example"));
    room.say("b", "are you there?");
    room.pass(Duration::from_secs(15));
    assert!(room.told().last().unwrap().starts_with("bot"));
}

#[test]
fn after_the_first_text_a_failure_keeps_the_text_and_asks_nobody_else() {
    type Fail = fn(&mut Room, AttemptId);
    let ways: [Fail; 3] = [
        |room, attempt| room.breaks(attempt),
        |room, _| room.pass(Duration::from_secs(20)),
        |room, attempt| {
            room.receives(
                attempt,
                "data: {\"error\":{\"message\":\"x\",\"type\":\"server_error\"}}\n\n",
            );
        },
    ];
    for fail in ways {
        let mut room = Room::new();
        let attempt = room.question("k", "hello");
        room.begins(attempt);
        room.streams(attempt, "Half an");
        room.streams(attempt, " answer");
        fail(&mut room, attempt);
        room.pass(Duration::from_secs(300));
        assert_eq!(room.told(), ["visitor: hello", "bot: Half an answer (interrupted)"]);
        assert_eq!(room.calls.len(), 1);
    }
}

#[test]
fn when_all_providers_hang_a_rule_answers_within_the_budget_and_else_a_person_is_offered() {
    for (question, answer) in [("refund?", "bot: Within 7 days. (rule refund)"), ("hello", "bot: ")]
    {
        let mut room = Room::with(&format!("[ai]\nturn_budget = \"8s\"\n{SITE}"));
        room.say("k", question);
        room.pass(Duration::from_millis(7_999));
        assert_eq!(room.log.len(), 1);
        room.pass(Duration::from_millis(1));
        assert!(room.told()[1].starts_with(answer), "{:?}", room.told());
        room.pass(Duration::from_secs(300));
        assert_eq!(room.log.len(), 2);
        assert_eq!(room.deadline(), None);
    }
}

#[test]
fn at_most_max_attempts_providers_are_asked() {
    let site = format!("[ai]\nmax_attempts = 1\n{SITE}");
    let mut room = Room::with(&site);
    let attempt = room.question("k", "refund");
    room.give(Input::Failed { attempt, failure: Failure::unreachable() });
    assert_eq!(room.calls.len(), 1);
    assert_eq!(room.told()[1], "bot: Within 7 days. (rule refund)");
}

#[test]
fn a_site_that_cannot_be_read_still_offers_a_person_in_time() {
    let mut room = Room::new();
    room.prepares = false;
    room.say("k", "hello");
    room.pass(Duration::from_secs(15));
    assert!(room.told()[1].contains("(rule kefu.offer_person)"));
}

#[test]
fn the_budget_counts_from_the_first_message_of_the_question() {
    let mut room = Room::with(&format!("[ai]\nturn_budget = \"10s\"\n{SITE}"));
    room.say("a", "refund");
    room.pass(Duration::from_secs(4));
    room.say("b", "please");
    room.pass(Duration::from_millis(5_999));
    assert_eq!(room.log.len(), 2);
    room.pass(Duration::from_millis(1));
    assert_eq!(room.told().last().unwrap(), "bot: Within 7 days. (rule refund)");
}

#[test]
fn a_message_just_before_the_budgets_end_does_not_prolong_it() {
    let mut room = Room::with(&format!("[ai]\nturn_budget = \"10s\"\n{SITE}"));
    let attempt = room.question("1", "refund");
    room.begins(attempt);
    room.pass(Duration::from_millis(9_300));
    room.say("2", "hello?");
    room.pass(Duration::from_millis(100));
    assert_eq!(room.told().last().unwrap(), "bot: Within 7 days. (rule refund)");
    assert_eq!(room.calls.len(), 2, "nobody is asked whose answer could not be shown any more");
}

#[test]
fn a_stopped_answer_ends_where_it_was_seen_and_another_turn_is_not_stopped() {
    let mut room = Room::new();
    room.attach(VISITOR, 0);
    let attempt = room.question("k", "hello");
    room.begins(attempt);
    room.streams(attempt, "Seen");
    room.streams(attempt, " unseen");
    let stop = |turn| Input::Framed {
        conn: VISITOR,
        frame: client_frame::Frame::Stop(kefu_proto::v1::Stop { turn }),
    };
    room.give(stop(attempt.turn + 1));
    assert_eq!(room.log.len(), 1);
    room.give(stop(attempt.turn));
    room.streams(attempt, " late");
    assert_eq!(room.told(), ["visitor: hello", "bot: Seen (stopped)"]);
    assert!(room.aborted.contains(&attempt));
    room.crash();
    room.pass(Duration::from_secs(60));
    assert_eq!(room.log.len(), 2, "and it stays answered");
}

#[test]
fn a_late_stream_joins_the_answer_whole_or_from_where_it_is() {
    let mut room = Room::new();
    room.attach(VISITOR, 0);
    let attempt = room.question("k", "hello");
    room.begins(attempt);
    room.streams(attempt, "一二三");
    room.streams(attempt, "四五");
    room.attach(SECOND, 0);
    assert_eq!(deltas(&room.seen(VISITOR)), [(0, "一二三".into()), (3, "四五".into())]);
    let joined = room.seen(SECOND);
    assert!(
        joined.iter().any(|frame| matches!(frame, Frame::Replace(r) if r.text == "一二三四五"))
    );
    let resume = Resume { epoch: 1, seq: 1, turn: Some(1), offset: Some(4) };
    room.give(Input::Framed { conn: SECOND, frame: client_frame::Frame::Resume(resume) });
    assert_eq!(deltas(&room.seen(SECOND)), [(4, "五".into())]);
}

#[test]
fn an_answer_that_is_known_to_be_over_is_not_waited_for_although_pings_go_on() {
    let mut room = Room::new();
    let attempt = room.question("k", "hello");
    room.begins(attempt);
    room.streams(attempt, "Hello.");
    room.receives(
        attempt,
        "data: {\"choices\":[{\"index\":0,\"delta\":{},\"finish_reason\":\"stop\"}]}\n\n",
    );
    for _ in 0..4 {
        room.pass(Duration::from_millis(500));
        room.receives(attempt, ": ping\n\n");
    }
    assert_eq!(room.told().last().unwrap(), "bot: Hello. (completed)");
}

#[test]
fn without_any_provider_rules_answer_as_soon_as_the_question_is_whole() {
    let mut room = Room::with("[[rules]]\nname = \"all\"\nreply = \"Hi!\"\n");
    room.say("k", "hello");
    room.pass(Duration::from_millis(600));
    assert_eq!(room.told()[1], "bot: Hi! (rule all)");
}

#[test]
fn a_question_asked_during_a_long_answer_has_its_own_budget_afterwards() {
    let mut room = Room::new();
    let first = room.question("a", "hello");
    room.begins(first);
    room.streams(first, "Long");
    room.say("b", "and then?");
    for _ in 0..20 {
        room.pass(SECOND_LONG);
        room.streams(first, " longer");
    }
    room.finishes(first);
    let second = room.attempt();
    assert_eq!(second.turn, 2);
    room.pass(Duration::from_secs(2));
    room.begins(second);
    room.streams(second, "Then this.");
    room.finishes(second);
    assert_eq!(room.told().last().unwrap(), "bot: Then this. (completed)");
}
