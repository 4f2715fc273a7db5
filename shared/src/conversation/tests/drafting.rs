//! Answers that an agent approves before a visitor sees them.

use super::room::{AGENT, Room, SITE, VISITOR, code, owner};
use crate::conversation::*;
use crate::who::Who;
use kefu_proto::v1::server_frame::Frame;
use kefu_proto::v1::{RecallRequest, event, message};
use std::time::Duration;

fn room() -> Room {
    let mut room = Room::with(&format!("[ai]\nmode = 'draft'\ndraft_reply = 'A moment.'\n{SITE}"));
    room.attach(VISITOR, 0);
    room.attach(AGENT, 0);
    room
}

/// A question and the whole answer to it.
fn drafted(room: &mut Room, key: &str, question: &str, answer: &str) {
    let attempt = room.question(key, question);
    room.begins(attempt);
    room.streams(attempt, answer);
    room.finishes(attempt);
}

fn approve(key: &str, seq: u32) -> Request {
    Request::Approve(RecallRequest { key: key.into(), seq })
}

#[test]
fn a_visitor_waits_for_a_person_and_sees_that_there_is_something_and_not_what() {
    let mut room = room();
    room.pass(Duration::from_secs(1));
    room.seen(AGENT);
    room.seen(VISITOR);
    drafted(&mut room, "k", "hello", "Hello there");
    assert_eq!(
        room.told(),
        [
            "visitor: hello",
            "bot: A moment. (rule kefu.draft)",
            "owner queue in term 1",
            "draft: Hello there"
        ]
    );
    let frames = room.seen(VISITOR);
    let told = format!("{frames:?}");
    assert!(!told.contains("Hello there"), "{told}");
    let hidden = |frame: &Frame| match frame {
        Frame::Event(event) => matches!(event.kind, Some(event::Kind::Hidden(_))),
        _ => false,
    };
    assert_eq!(frames.iter().filter(|frame| hidden(frame)).count(), 1);
    let shown = |frame: &Frame| matches!(frame, Frame::Delta(_) | Frame::Typing(_));
    assert!(!frames.iter().any(shown), "{told}");
    let seen = room.seen(AGENT);
    assert!(seen.iter().any(shown), "an agent sees it come: {seen:?}");
}

#[test]
fn approving_sends_a_draft_once_as_the_ai_s_and_the_visitor_waits_on() {
    let mut room = room();
    drafted(&mut room, "k", "hello", "Hello there");
    let first = room.ming(approve("a", 4));
    assert!(matches!(&first, Reply::Sent(sent) if sent.seq == 5 && !sent.duplicate), "{first:?}");
    let again = room.ming(approve("a", 4));
    assert!(matches!(&again, Reply::Sent(sent) if sent.seq == 5 && sent.duplicate), "{again:?}");
    assert_eq!(code(&room.ming(approve("a", 3))), "key_reused");
    assert_eq!(code(&room.ming(approve("b", 4))), "draft_gone");
    assert_eq!(room.told()[4..], ["bot: Hello there (completed)"]);
    let message = room.last_message();
    assert_eq!((message.draft, message.approved_by.unwrap().id), (Some(4), "ming".into()));
    assert!(matches!(message.source, Some(message::Source::Provider(_))), "it stays labelled");
    drafted(&mut room, "l", "and?", "That was it");
    assert_eq!(room.told().last().unwrap(), "draft: That was it");
    let asked = room.asked.last().unwrap();
    assert!(asked.contains("Hello there"), "what was approved is part of the context: {asked}");
}

#[test]
fn a_draft_is_not_approved_by_visitors_nor_over_another_agent_nor_when_it_is_over() {
    let mut room = room();
    drafted(&mut room, "k", "hello", "Hello there");
    assert_eq!(code(&room.ask(Who::visitor("v1"), approve("a", 4))), "forbidden");
    assert_eq!(code(&room.ming(approve("a", 9))), "draft_gone");
    assert_eq!(code(&room.ming(approve("", 4))), "bad_key");
    room.ask(Who::agent("li", "Li"), Request::Take(owner(None)));
    assert_eq!(code(&room.ming(approve("a", 4))), "owner_changed");
    room.ask(Who::agent("li", "Li"), Request::Resolve(owner(None)));
    assert_eq!(code(&room.ming(approve("a", 4))), "draft_gone");
}

#[test]
fn drafts_are_known_after_a_sleep_and_a_crash_leaves_a_draft_and_no_answer() {
    let mut room = room();
    drafted(&mut room, "k", "hello", "Hello there");
    room.sleep();
    let attempt = room.question("l", "and?");
    room.begins(attempt);
    room.streams(attempt, "Half of ");
    room.crash();
    room.pass(Duration::from_secs(1));
    assert_eq!(room.told()[5..], ["draft: Half of "]);
    assert_eq!(code(&room.ming(approve("a", 4))), "done");
}

#[test]
fn taking_over_keeps_what_was_drafted_so_far_for_agents() {
    let mut room = room();
    let attempt = room.question("k", "hello");
    room.begins(attempt);
    room.streams(attempt, "Half of ");
    room.ming(Request::Take(owner(None)));
    assert_eq!(room.told()[3..], ["draft: Half of ", "owner agent in term 2"]);
    room.say("l", "hello?");
    room.pass(Duration::from_secs(3));
    assert_eq!(room.calls.len(), 1, "a person answers");
}

#[test]
fn where_no_provider_answers_a_rule_s_answer_is_a_draft_and_else_there_is_none() {
    let mut room = room();
    room.refused = vec!["one".into(), "two".into()];
    room.say("k", "refund?");
    room.pass(Duration::from_secs(1));
    assert_eq!(room.told()[3..], ["draft: Within 7 days."]);
    room.say("l", "hello");
    room.pass(Duration::from_secs(20));
    assert_eq!((room.told().len(), room.deadline()), (5, None), "{:?}", room.told());
}

#[test]
fn rules_that_are_asked_first_answer_before_anybody_waits() {
    let mut room = room();
    room.say("k", "human!");
    room.pass(Duration::from_secs(1));
    assert_eq!(room.told()[1], "bot: I'll get somebody. (rule human)");
}
