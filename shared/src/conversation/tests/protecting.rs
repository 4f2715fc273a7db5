//! What visitors say of themselves stays here, and words that a site does not want never show.

use super::room::{Room, SITE, VISITOR};
use crate::conversation::*;
use kefu_proto::v1::server_frame::Frame;
use kefu_proto::v1::{Replace, message};
use std::time::Duration;

const WORDS: &str = r#"
[[words]]
list = ["笨蛋"]
action = "replace"

[[words]]
list = ["赌博"]
action = "refuse"
text = "我们不聊这个。"

[[words]]
list = ["自杀", "want to die"]
action = "handoff"
"#;

fn room(more: &str) -> Room {
    let mut room = Room::with(&format!("{SITE}{more}"));
    room.attach(VISITOR, 0);
    room
}

/// An answer to `question` in pieces, each long enough after the other to be shown.
fn answer(room: &mut Room, question: &str, pieces: &[&str]) -> AttemptId {
    let attempt = room.question("k", question);
    room.begins(attempt);
    for piece in pieces {
        room.streams(attempt, piece);
        room.pass(Duration::from_millis(30));
    }
    attempt
}

/// What a client has on its screen of an answer under way.
fn screen(frames: &[Frame]) -> String {
    frames.iter().fold(String::new(), |shown, frame| match frame {
        Frame::Delta(delta) => shown + &delta.text,
        Frame::Replace(Replace { text, .. }) => text.clone(),
        _ => shown,
    })
}

/// Everything that ever left or was stored.
fn everything(room: &mut Room) -> String {
    format!("{:?} {:?} {:?}", room.seen(VISITOR), room.saved, room.log)
}

#[test]
fn a_masked_phone_number_that_is_cut_in_three_comes_back_whole() {
    let mut room = room("");
    let attempt = answer(&mut room, "我的电话是138 0013 8000", &["会打[PH", "ONE_", "1]给您"]);
    let asked = room.asked.join(" ");
    assert!(asked.contains("我的电话是[PHONE_1]"), "{asked}");
    assert!(!asked.contains("0013"), "{asked}");
    let frames = room.seen(VISITOR);
    assert_eq!(screen(&frames), "会打138 0013 8000给您");
    room.pass(Duration::from_secs(3));
    assert_eq!(room.saved.last().map(String::as_str), Some("会打138 0013 8000给您"));
    room.finishes(attempt);
    assert_eq!(
        room.told(),
        ["visitor: 我的电话是138 0013 8000", "bot: 会打138 0013 8000给您 (completed)"]
    );
    assert!(!format!("{frames:?}").contains("PHONE") && !everything(&mut room).contains("PHONE"));
}

#[test]
fn what_was_masked_once_is_masked_in_later_requests_and_alike() {
    let mut room = room("");
    let first = answer(&mut room, "电话13800138000", &["记下了[PHONE_1]"]);
    room.finishes(first);
    room.say("l", "再加一个19912345678");
    room.pass(Duration::from_millis(600));
    let asked = room.asked.last().unwrap();
    assert!(asked.contains("电话[PHONE_1]") && asked.contains("记下了[PHONE_1]"), "{asked}");
    assert!(asked.contains("再加一个[PHONE_2]"), "{asked}");
}

#[test]
fn what_is_held_back_comes_at_the_end_however_the_answer_ends() {
    for (ends, outcome) in [
        (Room::finishes as fn(&mut Room, AttemptId), "completed"),
        (Room::breaks, "interrupted"),
        (|room, _| room.pass(Duration::from_secs(21)), "interrupted"),
    ] {
        let mut room = room("");
        let attempt = answer(&mut room, "13800138000", &["好的 [PHONE_"]);
        assert_eq!(screen(&room.seen(VISITOR)), "好的 ");
        ends(&mut room, attempt);
        assert_eq!(room.told()[1], format!("bot: 好的 [PHONE_ ({outcome})"));
    }
}

#[test]
fn a_short_answer_that_was_all_held_back_is_an_answer() {
    let mut room = room(WORDS);
    let attempt = answer(&mut room, "你好", &["赌"]);
    assert_eq!(screen(&room.seen(VISITOR)), "");
    room.finishes(attempt);
    assert_eq!(room.told()[1], "bot: 赌 (completed)");
}

#[test]
fn a_failure_while_everything_is_held_back_leads_to_the_next_provider() {
    let mut room = room(WORDS);
    let attempt = answer(&mut room, "你好", &["赌"]);
    room.breaks(attempt);
    assert_eq!(room.calls.len(), 2);
}

#[test]
fn a_stopped_answer_is_what_was_shown_of_it() {
    let mut room = room("");
    let attempt = answer(&mut room, "13800138000", &["好的 [PHONE_"]);
    room.ask(
        crate::who::Who::visitor("v1"),
        Request::Stop(kefu_proto::v1::Stop { turn: attempt.turn }),
    );
    assert_eq!(room.told()[1], "bot: 好的  (stopped)");
}

#[test]
fn a_replaced_word_that_is_cut_in_two_never_shows() {
    let mut room = room(WORDS);
    let attempt = answer(&mut room, "你好", &["你这笨", "蛋，笨 ", "\u{200b}蛋!"]);
    room.pass(Duration::from_secs(3));
    room.finishes(attempt);
    assert_eq!(room.told()[1], "bot: 你这**，**! (completed)");
    let everything = everything(&mut room);
    assert!(!everything.contains('笨') && !everything.contains('蛋'), "{everything}");
}

#[test]
fn a_refused_word_that_is_cut_in_two_never_shows_and_the_answer_is_another() {
    let mut room = room(WORDS);
    let attempt = answer(&mut room, "你好", &["您可以去赌", "博。很好玩", "真的"]);
    assert_eq!(room.told(), ["visitor: 你好", "bot: 我们不聊这个。 (rule kefu.words)"]);
    assert_eq!(room.aborted, [attempt], "nobody reads on");
    let last = room.last_message();
    assert_eq!((last.turn, last.attempt), (Some(1), Some(1)), "it is where the answer stood");
    room.pass(Duration::from_secs(5));
    assert_eq!((room.told().len(), room.deadline()), (2, None));
    let everything = everything(&mut room);
    assert!(!everything.contains("赌") && !everything.contains("好玩"), "{everything}");
}

#[test]
fn a_refused_word_at_the_very_end_of_an_answer_never_shows() {
    for ends in [Room::finishes as fn(&mut Room, AttemptId), Room::breaks] {
        let mut room = room(WORDS);
        let attempt = answer(&mut room, "hello", &["You will want to ", "die"]);
        assert_eq!(screen(&room.seen(VISITOR)), "You will ");
        ends(&mut room, attempt);
        let told = room.told();
        assert!(told[1].contains("(rule kefu.words)"), "{told:?}");
        assert_eq!(told[2], "owner queue in term 1");
        assert!(!everything(&mut room).contains("die"));
        assert_eq!(room.reports.len(), 1, "its guard hears of it once");
    }
}

#[test]
fn a_refused_question_never_reaches_a_provider() {
    let mut room = room(WORDS);
    room.say("j", "教我赌 博");
    room.pass(Duration::from_secs(20));
    assert_eq!((room.calls.len(), room.admissions.len()), (0, 0));
    assert_eq!(room.told(), ["visitor: 教我赌 博", "bot: 我们不聊这个。 (rule kefu.words)"]);
    // Nor as a part of a later question's context.
    let attempt = answer(&mut room, "你好", &["您好"]);
    room.finishes(attempt);
    room.say("m", "再见");
    room.pass(Duration::from_millis(600));
    let asked = room.asked.join(" ");
    assert!(asked.contains("教我**") && !asked.contains('赌'), "{asked}");
}

#[test]
fn a_question_that_is_for_a_person_gets_one() {
    let mut room = room(WORDS);
    room.say("k", "我想自杀");
    room.pass(Duration::from_secs(1));
    assert!(room.calls.is_empty());
    let told = room.told();
    assert!(told[1].ends_with("(rule kefu.words)"), "{told:?}");
    assert_eq!(told[2], "owner queue in term 1");
}

#[test]
fn a_replaced_word_of_a_question_is_not_sent_and_the_log_keeps_it() {
    let mut room = room(WORDS);
    room.question("k", "你这笨蛋");
    assert!(room.asked[0].contains("你这**"), "{}", room.asked[0]);
    assert_eq!(room.told(), ["visitor: 你这笨蛋"]);
}

#[test]
fn what_comes_beside_an_answer_is_restored_and_has_no_refused_words() {
    let mut room = Room::with(&format!(
        "[[ai_providers]]\nname = 'd'\ntype = 'dify'\nendpoint = 'https://d.example'\n\
         api_key = 'k'\n{WORDS}"
    ));
    let attempt = room.question("k", "13800138000");
    room.begins(attempt);
    let said = |event: serde_json::Value| format!("data: {event}\n\n");
    room.receives(
        attempt,
        &said(serde_json::json!({"event": "message", "answer": "好", "message_id": "m"})),
    );
    let sources = serde_json::json!([
        {"document_name": "PHONE_1的订单"}, {"document_name": "赌博"}
    ]);
    room.receives(
        attempt,
        &said(serde_json::json!({
            "event": "message_end", "message_id": "m",
            "metadata": {"retriever_resources": sources}
        })),
    );
    room.finishes(attempt);
    room.pass(Duration::from_secs(10));
    let Some(message::Source::Provider(source)) = room.last_message().source else { panic!() };
    let cited: Vec<_> =
        source.extras.unwrap().citations.into_iter().map(|it| it.document).collect();
    assert_eq!(cited, ["13800138000的订单"]);
}
