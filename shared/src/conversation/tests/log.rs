//! Messages, keys, cursors, marks and sessions.

use super::room::{AGENT, Room, SECOND, VISITOR, code, handoff, owner, text_of};
use crate::conversation::*;
use crate::who::Who;
use kefu_proto::v1::server_frame::Frame;
use kefu_proto::v1::{
    Body, Hello, RateRequest, Read, Resume, Send, Typing, author, body, client_frame, event, send,
};
use std::time::Duration;

/// A room whose visitor asked for a person, so that nobody answers by machine.
fn quiet() -> Room {
    let mut room = Room::new();
    room.ask(Who::visitor("v1"), handoff("h"));
    room
}

fn hello(frames: &[Frame]) -> Hello {
    match frames.first() {
        Some(Frame::Hello(hello)) => hello.clone(),
        other => panic!("{other:?}"),
    }
}

fn seqs(frames: &[Frame]) -> Vec<u32> {
    let seq = |frame: &Frame| match frame {
        Frame::Event(event) => Some(event.seq),
        _ => None,
    };
    frames.iter().filter_map(seq).collect()
}

#[test]
fn a_key_is_stored_once_whatever_is_retried_also_after_a_crash() {
    let mut room = quiet();
    let Reply::Sent(first) = room.say("k", "hi") else { panic!() };
    assert!(!first.duplicate);
    let Reply::Sent(again) = room.say("k", "hi") else { panic!() };
    assert!(again.duplicate);
    room.crash();
    let Reply::Sent(after) = room.say("k", "hi") else { panic!() };
    assert_eq!((after.seq, after.msg_id, after.duplicate), (first.seq, first.msg_id, true));
    assert_eq!(code(&room.say("k", "something else")), "key_reused");
    assert_eq!(room.log.len(), 2);
}

#[test]
fn a_key_that_is_older_than_what_is_loaded_is_still_known() {
    let mut room = quiet();
    room.say("first", "hi");
    for n in 0..59 {
        room.say(&format!("a{n}"), "x");
    }
    room.pass(Duration::from_secs(60));
    for n in 0..60 {
        room.say(&format!("b{n}"), "x");
    }
    room.sleep();
    assert!(
        matches!(room.say("first", "hi"), Reply::Sent(sent) if sent.duplicate && sent.seq == 2)
    );
    assert_eq!(code(&room.say("first", "other")), "key_reused");
}

#[test]
fn two_authors_may_use_the_same_key() {
    let mut room = quiet();
    room.say("k", "hi");
    room.ming(Request::Take(owner(None)));
    let reply = room.ming(Request::Send(text_of("k", "hello")));
    assert!(matches!(reply, Reply::Sent(sent) if !sent.duplicate));
}

#[test]
fn what_may_not_be_sent_is_refused_and_changes_nothing() {
    let long = |units: usize| text_of("k", &"x".repeat(units));
    let body = |kind| Send {
        key: "k".into(),
        content: Some(send::Content::Body(Body { kind: Some(kind) })),
    };
    for (send, expected) in [
        (text_of("", "hi"), "bad_key"),
        (text_of(&"k".repeat(129), "hi"), "bad_key"),
        (text_of("a\nb", "hi"), "bad_key"),
        (text_of("k", ""), "empty_message"),
        (text_of("k", " \n"), "empty_message"),
        (Send { key: "k".into(), content: None }, "empty_message"),
        (long(16_385), "text_too_long"),
        (text_of("k", &"😀".repeat(8_193)), "text_too_long"),
        (body(body::Kind::Card(body::Card::default())), "body_not_allowed"),
        (body(body::Kind::Note(body::NoteText::default())), "body_not_allowed"),
        (body(body::Kind::System(body::SystemText::default())), "body_not_allowed"),
        (long(16_384), "done"),
        (text_of(&"k".repeat(128), &"😀".repeat(8_192)), "done"),
        (body(body::Kind::Location(body::Location::default())), "done"),
    ] {
        let mut room = quiet();
        let before = room.writes;
        let reply = room.ask(Who::visitor("v1"), Request::Send(send));
        assert_eq!(code(&reply), expected);
        assert_eq!(room.writes > before, expected == "done");
    }
}

#[test]
fn a_visitor_says_no_more_than_the_declared_rate_also_through_sleep() {
    let mut room = quiet();
    for n in 0..59 {
        assert_eq!(code(&room.say(&n.to_string(), "x")), "done");
        room.pass(Duration::from_millis(100));
    }
    room.sleep();
    assert_eq!(code(&room.say("last", "x")), "done");
    let Reply::Refused(refusal) = room.say("over", "x") else { panic!() };
    assert_eq!(refusal.code.as_str(), "rate_limited");
    assert_eq!(refusal.retry_after, Some(Duration::from_millis(60_000 - 5_900)));
    assert_eq!(code(&room.say("last", "x")), "done", "a repeated message is not a new one");
    room.pass(Duration::from_millis(60_000 - 5_900));
    assert_eq!(code(&room.say("over", "x")), "done");
}

#[test]
fn the_sender_is_acknowledged_before_the_event_and_everybody_sees_it_once() {
    let mut room = quiet();
    for conn in [VISITOR, SECOND, AGENT] {
        room.attach(conn, 1);
        room.seen(conn);
    }
    room.seen(VISITOR);
    let frame = client_frame::Frame::Send(text_of("k", "hi"));
    room.give(Input::Framed { conn: VISITOR, frame });
    let seen = room.seen(VISITOR);
    assert!(
        matches!(&seen[0], Frame::Ack(ack) if ack.key == "k" && ack.seq == 2 && !ack.duplicate)
    );
    assert_eq!(seqs(&seen), [2]);
    for conn in [SECOND, AGENT] {
        assert_eq!(seqs(&room.seen(conn)), [2]);
    }
    let frame = client_frame::Frame::Send(text_of("k", "hi"));
    room.give(Input::Framed { conn: SECOND, frame });
    assert!(matches!(&room.seen(SECOND)[..], [Frame::Ack(ack)] if ack.duplicate && ack.seq == 2));
    assert!(room.seen(VISITOR).is_empty());
}

#[test]
fn a_stream_begins_with_hello_and_gets_exactly_what_it_lacks() {
    let mut room = quiet();
    for n in 0..5 {
        room.say(&n.to_string(), "x");
    }
    for (conn, after, expected) in [(VISITOR, 0, vec![1, 2, 3, 4, 5, 6]), (SECOND, 4, vec![5, 6])] {
        room.attach(conn, after);
        let seen = room.seen(conn);
        let hello = hello(&seen);
        assert_eq!((hello.recovered, hello.after, hello.seq), (true, after, 6));
        assert_eq!(seqs(&seen), expected);
    }
    let cursor = Cursor { epoch: Some(2), seq: 4 };
    room.attach_as(9, Who::visitor("v1"), cursor);
    let seen = room.seen(9);
    assert!(!hello(&seen).recovered);
    assert_eq!(seqs(&seen), [1, 2, 3, 4, 5, 6]);
    let resume = Resume { epoch: 1, seq: 5, turn: None, offset: None };
    room.give(Input::Framed { conn: SECOND, frame: client_frame::Frame::Resume(resume) });
    let seen = room.seen(SECOND);
    assert!(hello(&seen).recovered);
    assert_eq!(seqs(&seen), [6]);
}

#[test]
fn a_note_keeps_its_place_in_the_visitors_log_and_hides_the_rest() {
    let mut room = quiet();
    room.attach(VISITOR, 0);
    room.attach(AGENT, 0);
    room.seen(VISITOR);
    room.seen(AGENT);
    let note = Body { kind: Some(body::Kind::Note(body::NoteText { text: "VIP".into() })) };
    room.ming(Request::Note { key: "n".into(), body: note });
    let hidden = |frame: &Frame| matches!(frame, Frame::Event(event) if matches!(event.kind, Some(event::Kind::Hidden(_))));
    assert!(matches!(&room.seen(VISITOR)[..], [frame] if hidden(frame)));
    assert!(matches!(&room.seen(AGENT)[..], [frame] if !hidden(frame)));
    room.attach(SECOND, 0);
    assert_eq!(room.seen(SECOND).iter().filter(|frame| hidden(frame)).count(), 1);
}

#[test]
fn read_marks_are_registers_where_the_higher_seq_wins() {
    let mut room = quiet();
    room.say("a", "x");
    room.attach(AGENT, 0);
    room.seen(AGENT);
    let read = |seq| Request::Read(Read { seq });
    for (seq, told) in [(2, Some(2)), (1, None), (2, None), (99, None)] {
        room.ask(Who::visitor("v1"), read(seq));
        let marks: Vec<u32> = room.seen(AGENT).iter().filter_map(mark_of).collect();
        assert_eq!(marks.first().copied(), told, "reading {seq}");
    }
    room.crash();
    room.attach(VISITOR, 0);
    let marks = hello(&room.seen(VISITOR)).marks;
    assert_eq!(marks.iter().map(|mark| mark.seq).collect::<Vec<_>>(), [2]);
    assert_eq!(marks[0].author.as_ref().unwrap().role(), author::Role::Visitor);
}

fn mark_of(frame: &Frame) -> Option<u32> {
    match frame {
        Frame::Read(mark) => Some(mark.seq),
        _ => None,
    }
}

#[test]
fn typing_reaches_the_other_side_and_only_agents_see_what() {
    let mut room = quiet();
    room.attach(VISITOR, 0);
    room.attach(AGENT, 0);
    room.seen(VISITOR);
    room.seen(AGENT);
    let typing = |preview: Option<&str>| {
        client_frame::Frame::Typing(Typing { preview: preview.map(Into::into) })
    };
    room.give(Input::Framed { conn: VISITOR, frame: typing(Some("I wan")) });
    assert!(
        matches!(&room.seen(AGENT)[..], [Frame::Typing(t)] if t.preview.as_deref() == Some("I wan"))
    );
    assert!(room.seen(VISITOR).is_empty());
    room.give(Input::Framed { conn: AGENT, frame: typing(Some("secret")) });
    assert!(matches!(&room.seen(VISITOR)[..], [Frame::Typing(t)] if t.preview.is_none()));
    assert_eq!(room.log.len(), 1, "and nothing is stored");
}

#[test]
fn presence_is_told_when_the_first_stream_comes_and_the_last_one_goes() {
    let mut room = quiet();
    room.attach(AGENT, 0);
    room.seen(AGENT);
    room.attach(VISITOR, 0);
    room.attach(SECOND, 0);
    let online = |frames: Vec<Frame>| {
        let of = |frame: Frame| if let Frame::Presence(p) = frame { Some(p.online) } else { None };
        frames.into_iter().filter_map(of).collect::<Vec<_>>()
    };
    assert_eq!(online(room.seen(AGENT)), [true]);
    assert_eq!(hello(&room.seen(SECOND)).presence.len(), 1, "the agent, not the visitor itself");
    room.give(Input::Detached { conn: VISITOR });
    assert_eq!(online(room.seen(AGENT)), [false; 0]);
    room.give(Input::Detached { conn: SECOND });
    assert_eq!(online(room.seen(AGENT)), [false]);
}

#[test]
fn a_stream_whose_token_ended_gets_nothing_more() {
    let mut room = quiet();
    room.attach(VISITOR, 0);
    room.pass(Duration::from_secs(86_400));
    room.seen(VISITOR);
    room.say("k", "hi");
    assert!(room.seen(VISITOR).is_empty());
}

#[test]
fn a_session_is_rated_and_closed_and_the_next_message_begins_another() {
    let mut room = quiet();
    let rate = |score| {
        Request::Rate(RateRequest { key: format!("r{score}"), score, comment: String::new() })
    };
    room.say("a", "x");
    for bad in [0, 6] {
        assert_eq!(code(&room.ask(Who::visitor("v1"), rate(bad))), "bad_rating");
    }
    room.ask(Who::visitor("v1"), rate(5));
    room.ming(Request::Take(owner(None)));
    room.ming(Request::Resolve(owner(None)));
    assert_eq!(code(&room.ming(Request::Resolve(owner(None)))), "not_open");
    room.ming(Request::Reopen(owner(None)));
    room.ming(Request::Resolve(owner(None)));
    room.crash();
    room.say("b", "again");
    assert_eq!(room.log.last().unwrap().0.session(), 2);
    assert_eq!(
        room.told(),
        [
            "owner queue in term 1",
            "visitor: x",
            "rated 5",
            "owner agent in term 2",
            "closed session 1",
            "owner bot in term 3",
            "reopened session 1",
            "closed session 1",
            "visitor: again",
        ]
    );
}

#[test]
fn a_message_is_one_write_besides_the_outbox_and_an_idle_conversation_wants_nothing() {
    let mut room = quiet();
    room.attach(VISITOR, 0);
    room.pass(Duration::from_secs(10));
    let before = room.writes;
    room.say("k1", "hi");
    assert_eq!(room.writes - before, 2, "the message, and the alarm until the desk knows");
    room.say("k2", "are you there?");
    assert_eq!(room.writes - before, 3);
    room.pass(Duration::from_secs(3));
    assert_eq!(room.writes - before, 4, "the alarm is cleared");
    assert_eq!(room.deadline(), None);
    assert_eq!(room.alarm, None);
}
