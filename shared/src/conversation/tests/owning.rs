//! Who answers, and that the AI falls silent.

use super::room::{AGENT, Room, VISITOR, code, handoff, message_of, owner, text_of};
use crate::conversation::*;
use crate::who::Who;
use kefu_proto::v1::server_frame::Frame;
use kefu_proto::v1::{OwnerRequest, owner as wire};
use std::time::Duration;

fn term_of(reply: &Reply) -> u32 {
    match reply {
        Reply::Owner { term, .. } => *term,
        other => panic!("{other:?}"),
    }
}

#[test]
fn taking_over_keeps_what_was_shown_and_not_one_letter_more() {
    let mut room = Room::new();
    room.attach(VISITOR, 0);
    let attempt = room.question("k", "hello");
    room.begins(attempt);
    room.streams(attempt, "Shown.");
    room.streams(attempt, " Not yet shown.");
    room.ming(Request::Take(owner(None)));
    room.streams(attempt, " Late.");
    room.finishes(attempt);
    room.pass(Duration::from_secs(300));
    assert_eq!(
        room.told(),
        ["visitor: hello", "bot: Shown. (interrupted)", "owner agent in term 1"]
    );
    assert!(room.aborted.contains(&attempt));
    let after_owner = room
        .seen(VISITOR)
        .into_iter()
        .skip_while(|frame| !matches!(frame, Frame::Event(event) if message_of(event).is_none()));
    assert_eq!(after_owner.count(), 1, "the owner event is the last thing of it that is seen");
}

#[test]
fn taking_over_before_anything_was_shown_leaves_only_the_owner_event() {
    let mut room = Room::new();
    let attempt = room.question("k", "hello");
    room.ming(Request::Take(owner(None)));
    room.begins(attempt);
    room.streams(attempt, "Late.");
    room.pass(Duration::from_secs(300));
    assert_eq!(room.told(), ["visitor: hello", "owner agent in term 1"]);
    room.crash();
    room.pass(Duration::from_secs(300));
    assert_eq!(room.told().len(), 2, "and nobody answers it after a crash either");
}

#[test]
fn only_one_of_two_agents_takes_and_the_other_learns_who() {
    let mut room = Room::new();
    room.say("k", "hello");
    let li = Who::agent("li", "Li");
    assert_eq!(term_of(&room.ming(Request::Take(owner(None)))), 1);
    let Reply::Refused(refusal) = room.ask(li.clone(), Request::Take(owner(None))) else {
        panic!()
    };
    assert_eq!(refusal.code.as_str(), "owner_changed");
    let (present, term) = *refusal.owner.unwrap();
    assert_eq!((present.id.as_deref(), term), (Some("ming"), 1));
    assert_eq!(code(&room.ask(li.clone(), Request::Send(text_of("x", "hi")))), "owner_changed");
    assert_eq!(code(&room.ask(li.clone(), Request::Take(owner(Some(0))))), "owner_changed");
    assert_eq!(term_of(&room.ask(li, Request::Take(owner(Some(1))))), 2, "knowingly");
    assert_eq!(code(&room.ming(Request::Release(owner(None)))), "owner_changed");
}

#[test]
fn taking_twice_is_taking_once() {
    let mut room = Room::new();
    room.say("k", "hello");
    let keyed = || Request::Take(OwnerRequest { key: Some("t".into()), term: None });
    let first = room.ming(keyed());
    room.crash();
    let again = room.ming(keyed());
    assert_eq!(term_of(&first), term_of(&again));
    assert!(matches!(again, Reply::Owner { duplicate: true, .. }));
    assert_eq!(term_of(&room.ming(Request::Take(owner(None)))), 1);
    assert_eq!(room.log.len(), 2);
}

#[test]
fn after_the_release_the_ai_answers_what_comes_then_and_nothing_older() {
    let mut room = Room::new();
    room.say("first", "hello");
    room.ming(Request::Take(owner(None)));
    room.say("old", "asked of Ming");
    room.ming(Request::Release(owner(None)));
    room.pass(Duration::from_secs(60));
    assert!(room.calls.is_empty());
    room.crash();
    room.pass(Duration::from_secs(60));
    assert!(room.calls.is_empty());
    let attempt = room.question("new", "asked of the AI");
    room.begins(attempt);
    room.streams(attempt, "Here.");
    room.finishes(attempt);
    assert_eq!(room.told().last().unwrap(), "bot: Here. (completed)");
}

#[test]
fn a_visitor_who_asks_for_a_person_gets_silence_from_the_machine() {
    let mut room = Room::new();
    let attempt = room.question("k", "hello");
    room.ask(Who::visitor("v1"), handoff("h"));
    assert!(room.aborted.contains(&attempt));
    room.say("more", "refund");
    room.pass(Duration::from_secs(60));
    assert_eq!(room.told(), ["visitor: hello", "owner queue in term 1", "visitor: refund"]);
    let again = room.ask(Who::visitor("v1"), handoff("h2"));
    assert!(matches!(again, Reply::Owner { term: 1, .. }), "asking twice is asking once");
}

#[test]
fn while_queued_lets_the_machine_go_on() {
    let site = format!("[ai]\nwhile_queued = true\n{}", super::room::SITE);
    let mut room = Room::with(&site);
    room.question("k", "hello");
    room.ask(Who::visitor("v1"), handoff("h"));
    let calls = room.calls.len();
    room.question("more", "still there?");
    assert_eq!(room.calls.len(), calls + 1);
}

#[test]
fn an_agent_that_speaks_takes_and_the_other_side_may_not() {
    let mut room = Room::new();
    room.attach(AGENT, 0);
    room.say("k", "hello");
    room.ming(Request::Send(text_of("a", "Hi, Ming here.")));
    assert_eq!(room.told(), ["visitor: hello", "owner agent in term 1", "agent: Hi, Ming here."]);
    for (who, request) in [
        (Who::visitor("v1"), Request::Take(owner(None))),
        (Who::visitor("v1"), Request::Resolve(owner(None))),
        (Who::agent("ming", "Ming"), handoff("x")),
    ] {
        assert_eq!(code(&room.ask(who, request)), "forbidden");
    }
    let kind = room.log[1].0.kind.clone();
    let Some(kefu_proto::v1::event::Kind::Owner(change)) = kind else { panic!() };
    assert_eq!(change.owner.unwrap().kind(), wire::Kind::Agent);
}
