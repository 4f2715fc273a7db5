//! Edits, recalls, and the place of one who waits.

use super::room::*;
use crate::conversation::*;
use crate::who::Who;
use kefu_proto::v1::server_frame::Frame;
use kefu_proto::v1::{EditRequest, RecallRequest, event};
use std::time::Duration;

fn edit(key: &str, seq: u32, text: &str) -> Request {
    Request::Edit(EditRequest { key: key.into(), seq, text: text.into() })
}

fn recall(key: &str, seq: u32) -> Request {
    Request::Recall(RecallRequest { key: key.into(), seq })
}

/// Ming owns it and has said the third thing in it.
fn spoken() -> Room {
    let mut room = Room::new();
    room.say("a", "hello");
    room.ming(Request::Take(owner(None)));
    room.ming(Request::Send(text_of("m", "Helo")));
    room
}

#[test]
fn an_author_changes_and_takes_back_its_own_message_once_for_a_key() {
    let mut room = spoken();
    let first = room.ming(edit("e", 3, "Hello"));
    assert!(matches!(&first, Reply::Amended(done) if done.seq == 4 && !done.duplicate));
    room.crash();
    let again = room.ming(edit("e", 3, "Hello"));
    assert!(matches!(&again, Reply::Amended(done) if done.seq == 4 && done.duplicate));
    assert_eq!(code(&room.ming(edit("e", 3, "Hullo"))), "key_reused");
    assert_eq!(code(&room.ming(recall("r", 3))), "done");
    assert!(matches!(&room.log[4].0.kind, Some(event::Kind::Recalled(gone)) if gone.target == 3));
    assert_eq!(code(&room.ming(edit("late", 3, "Hi"))), "not_amendable", "it is gone");
    assert_eq!(room.log.len(), 5);
}

#[test]
fn a_message_of_somebody_else_or_of_long_ago_stays_as_it_is() {
    let mut room = spoken();
    for (who, seq) in [
        (Who::agent("li", "Li"), 3),
        (Who::visitor("v1"), 3),
        (Who::agent("ming", "Ming"), 1),
        (Who::agent("ming", "Ming"), 2),
        (Who::agent("ming", "Ming"), 99),
    ] {
        assert_eq!(code(&room.ask(who, recall("r", seq))), "not_amendable", "{seq}");
    }
    assert_eq!(code(&room.ming(edit("e", 3, " "))), "empty_message");
    assert_eq!(code(&room.ming(edit("", 3, "x"))), "bad_key");
    room.pass(AMEND_WITHIN);
    assert_eq!(code(&room.ming(edit("1", 3, "just in time"))), "done");
    room.pass(Duration::from_millis(1));
    assert_eq!(code(&room.ming(edit("2", 3, "too late"))), "not_amendable");
}

#[test]
fn whoever_waits_sees_the_place_and_who_joins_later_too() {
    let mut room = Room::new();
    room.attach(VISITOR, 0);
    room.ask(Who::visitor("v1"), handoff("h"));
    room.seen(VISITOR);
    room.give(Input::Placed { place: 3 });
    room.give(Input::Placed { place: 3 });
    let places: Vec<_> = room
        .seen(VISITOR)
        .into_iter()
        .filter_map(|frame| match frame {
            Frame::Queued(queued) => Some(queued.place),
            _ => None,
        })
        .collect();
    assert_eq!(places, [3], "told once");
    room.attach(SECOND, 0);
    let frames = room.seen(SECOND);
    assert!(
        matches!(&frames[0], Frame::Hello(hello) if hello.owner.as_ref().unwrap().place == Some(3))
    );
    room.ming(Request::Take(owner(None)));
    room.give(Input::Placed { place: 1 });
    assert!(!room.seen(VISITOR).iter().any(|frame| matches!(frame, Frame::Queued(_))));
}

#[test]
fn the_desk_is_asked_again_for_a_place_that_was_forgotten() {
    let mut room = Room::new();
    room.ask(Who::visitor("v1"), handoff("h"));
    room.pass(Duration::from_secs(10));
    room.desk.clear();
    room.sleep();
    room.attach(VISITOR, 0);
    room.pass(Duration::from_secs(1));
    assert_eq!(room.desk.len(), 1);
}
