//! Providers that keep conversations, and what else they say besides text.

use super::room::Room;
use crate::conversation::*;
use crate::provider::ResponseHead;
use kefu_proto::v1::message;
use serde_json::{Value, json};
use std::time::Duration;

const SITE: &str = r#"
[ai]
sticky = false

[[ai_providers]]
name = "coze"
type = "coze"
endpoint = "https://coze.example"
api_key = "pat_1"
bot_id = "7"

[[ai_providers]]
name = "fastgpt"
type = "fastgpt"
endpoint = "https://fastgpt.example/api/v2"
api_key = "fastgpt-1"
bot_id = "app"

[[rules]]
name = "refund"
when = "first"
match = { any = ["refund"] }
reply = "Within 7 days."
"#;
const HALF: Duration = Duration::from_millis(500);
const DELTA: &str = "conversation.message.delta";
const DONE: &str = "conversation.chat.completed";
const GONE: &str = r#"{"code":4002,"msg":"x"}"#;
const BUSY: &str = r#"{"code":4016,"msg":"x"}"#;

fn frame(name: &str, data: &Value) -> String {
    format!("event:{name}\ndata:{data}\n\n")
}

fn chat(conversation: &str) -> Value {
    json!({"id": "c", "conversation_id": conversation, "status": "x"})
}

fn answer(text: &str) -> Value {
    json!({"id": "m", "type": "answer", "content": text, "content_type": "text"})
}

fn started(room: &mut Room, attempt: AttemptId, conversation: &str) {
    room.begins(attempt);
    room.receives(attempt, &frame("conversation.chat.created", &chat(conversation)));
}

/// Asks, and lets Coze answer from its conversation `75`.
fn round(room: &mut Room, key: &str, text: &str) {
    let attempt = room.question(key, text);
    started(room, attempt, "75");
    room.receives(attempt, &frame(DELTA, &answer(&format!("re: {text}"))));
    room.receives(attempt, &frame(DONE, &chat("75")));
}

fn refuses(room: &mut Room, body: &str) {
    let attempt = room.attempt();
    let head = ResponseHead { status: 200, at: room.now, ..ResponseHead::default() };
    room.give(Input::Responded { attempt, head });
    room.receives(attempt, body);
    room.give(Input::Ended { attempt, how: crate::provider::BodyEnd::Clean });
}

/// The address that was asked last, and the questions and answers that were sent.
fn sent(room: &Room) -> (String, Vec<String>) {
    let (url, body) = room.asked.last().unwrap().split_once(' ').unwrap();
    let body: Value = serde_json::from_str(body).unwrap();
    let messages =
        if body["messages"].is_null() { &body["additional_messages"] } else { &body["messages"] };
    let content = |message: &Value| message["content"].as_str().unwrap().to_owned();
    let url = url.trim_start_matches("https://coze.example/v3/chat").to_owned();
    (url, messages.as_array().unwrap().iter().map(content).collect())
}

fn is_sent(room: &Room, url: &str, messages: &[&str]) {
    assert_eq!(sent(room), (url.to_owned(), messages.iter().map(|&m| m.to_owned()).collect()));
}

#[test]
fn what_a_provider_holds_is_not_sent_again() {
    let mut room = Room::with(SITE);
    round(&mut room, "a", "one");
    is_sent(&room, "", &["one"]);
    round(&mut room, "b", "two");
    is_sent(&room, "?conversation_id=75", &["two"]);
    // What a rule answered is no round.
    room.say("c", "refund");
    room.pass(HALF * 2);
    room.sleep();
    round(&mut room, "d", "three");
    is_sent(&room, "?conversation_id=75", &["three"]);
}

#[test]
fn a_provider_that_is_behind_begins_anew_with_the_rounds_as_context() {
    let mut room = Room::with(SITE);
    round(&mut room, "a", "one");
    let attempt = room.question("b", "two");
    started(&mut room, attempt, "75");
    room.receives(
        attempt,
        &frame("conversation.chat.failed", &json!({"last_error": {"code": 5000}})),
    );
    is_sent(&room, "https://fastgpt.example/api/v2/chat/completions", &["one", "re: one", "two"]);
    let attempt = room.attempt();
    room.begins(attempt);
    room.streams(attempt, "zwei");
    room.finishes(attempt);
    let attempt = room.question("c", "three");
    is_sent(&room, "", &["one", "re: one", "two", "zwei", "three"]);
    // Coze fails again: FastGPT holds everything under the id that we gave.
    started(&mut room, attempt, "76");
    room.receives(attempt, &frame("error", &json!({})));
    is_sent(&room, "https://fastgpt.example/api/v2/chat/completions", &["three"]);
    assert!(room.asked.last().unwrap().contains(r#""chatId":"00000000000000000000000000000007""#));
}

#[test]
fn a_conversation_that_is_gone_is_forgotten_and_begun_anew_once() {
    let mut room = Room::with(SITE);
    round(&mut room, "a", "one");
    room.question("b", "two");
    refuses(&mut room, GONE);
    is_sent(&room, "", &["one", "re: one", "two"]);
    refuses(&mut room, GONE);
    assert!(sent(&room).0.contains("fastgpt"), "once");
}

#[test]
fn a_busy_conversation_is_waited_for_and_then_left() {
    let mut room = Room::with(SITE);
    round(&mut room, "a", "one");
    room.question("b", "two");
    let calls = room.calls.len();
    for _ in 0..4 {
        refuses(&mut room, BUSY);
        room.pass(HALF);
        is_sent(&room, "?conversation_id=75", &["two"]);
    }
    assert_eq!(room.calls.len(), calls + 4);
    refuses(&mut room, BUSY);
    is_sent(&room, "https://fastgpt.example/api/v2/chat/completions", &["one", "re: one", "two"]);
}

#[test]
fn a_busy_conversation_of_the_only_provider_is_begun_anew() {
    let only = &SITE[..SITE.find("[[ai_providers]]\nname = \"fastgpt\"").unwrap()];
    let mut room = Room::with(only);
    round(&mut room, "a", "one");
    room.question("b", "two");
    for _ in 0..4 {
        refuses(&mut room, BUSY);
        room.pass(HALF);
    }
    refuses(&mut room, BUSY);
    is_sent(&room, "", &["one", "re: one", "two"]);
}

#[test]
fn too_long_a_conversation_is_begun_anew_with_less() {
    let mut room = Room::with(SITE);
    round(&mut room, "a", "one");
    round(&mut room, "b", "two");
    room.question("c", "three");
    refuses(&mut room, r#"{"code":4010,"msg":"x"}"#);
    is_sent(&room, "", &["two", "re: two", "three"]);
}

#[test]
fn what_is_abandoned_is_told_to_stop_and_what_ended_by_itself_is_not() {
    let mut room = Room::with(SITE);
    let attempt = room.question("a", "one");
    started(&mut room, attempt, "75");
    room.pass(Duration::from_secs(8));
    let stop = r#"https://coze.example/v3/chat/cancel {"chat_id":"c","conversation_id":"75"}"#;
    assert_eq!(room.cancelled, [stop], "the first token did not come");
    let attempt = room.attempt();
    room.begins(attempt);
    room.streams(attempt, "eins");
    room.ask(crate::who::Who::visitor("v1"), Request::Stop(kefu_proto::v1::Stop { turn: 1 }));
    assert_eq!(room.cancelled.len(), 2);
    assert!(room.cancelled[1].starts_with("https://fastgpt.example/api/v2/chat/stop "));
    round(&mut room, "b", "two");
    assert_eq!(room.cancelled.len(), 2, "an answer that is whole");
    // A question that grows before anything is seen.
    let attempt = room.question("c", "three");
    started(&mut room, attempt, "75");
    room.say("d", "and four");
    assert_eq!(room.cancelled.len(), 3);
}

#[test]
fn what_comes_besides_the_text_is_in_the_event() {
    let mut room = Room::with(SITE);
    let attempt = room.question("a", "one");
    started(&mut room, attempt, "75");
    room.receives(
        attempt,
        &frame(DELTA, &json!({"id": "m", "type": "answer", "reasoning_content": "想一想"})),
    );
    room.receives(attempt, &frame(DELTA, &answer("好")));
    for text in ["还有吗？", "还有吗？", "", "谢谢"] {
        let follow_up =
            json!({"id": "f", "type": "follow_up", "content": text, "content_type": "text"});
        room.receives(attempt, &frame("conversation.message.completed", &follow_up));
    }
    room.receives(attempt, &frame(DONE, &chat("75")));
    let Some(message::Source::Provider(source)) = room.last_message().source else { panic!() };
    let extras = source.extras.unwrap();
    assert_eq!(extras.suggestions, ["还有吗？", "谢谢"]);
    assert_eq!(extras.reasoning, Some(3));
}

#[test]
fn sources_and_files_are_named_once_and_can_be_followed() {
    let site = SITE.replace("\"coze\"", "\"dify\"").replace("bot_id = \"7\"\n", "");
    let mut room = Room::with(&site);
    let attempt = room.question("a", "one");
    room.begins(attempt);
    for event in [
        json!({"event": "message_file", "type": "image", "url": "/files/x.png?sign=1"}),
        json!({"event": "message_file", "type": "custom", "url": "javascript:alert(1)"}),
        json!({"event": "message", "answer": "好"}),
        json!({"event": "message_end", "metadata": {"retriever_resources": [
            {"position": 1, "document_name": "a.md", "score": 0.9},
            {"position": 2, "document_name": "a.md", "score": 0.8},
            {"position": 3, "document_name": "b.md"}]}}),
    ] {
        room.receives(attempt, &format!("data: {event}\n\n"));
    }
    let Some(message::Source::Provider(source)) = room.last_message().source else { panic!() };
    let extras = source.extras.unwrap();
    let cited: Vec<_> = extras.citations.iter().map(|c| (c.document.as_str(), c.score)).collect();
    assert_eq!(cited, [("a.md", Some(0.9)), ("b.md", None)]);
    let files: Vec<_> = extras.files.iter().map(|f| (f.url.as_str(), f.name.as_str())).collect();
    assert_eq!(files, [("https://coze.example/files/x.png?sign=1", "x.png")]);
}

#[test]
fn a_provider_that_needs_somebody_gets_the_visitor_a_person() {
    for said in ["", "我帮您查。"] {
        let mut room = Room::with(SITE);
        let attempt = room.question("a", "one");
        started(&mut room, attempt, "75");
        if !said.is_empty() {
            room.receives(attempt, &frame(DELTA, &answer(said)));
        }
        room.receives(attempt, &frame("conversation.chat.requires_action", &chat("75")));
        let told = room.told();
        assert_eq!(told.last().unwrap(), "owner queue in term 1", "{told:?}");
        let before = if said.is_empty() { "(rule kefu.needs_person)" } else { "(completed)" };
        assert!(told[1].ends_with(before), "{told:?}");
        assert!(room.cancelled.is_empty());
    }
}

#[test]
fn a_visitor_who_is_given_a_choice_makes_it() {
    let mut room = Room::with(&SITE.replacen("type = \"coze\"", "type = \"fastgpt\"", 1));
    let attempt = room.question("a", "one");
    room.begins(attempt);
    let asks = json!({"interactive": {"type": "userSelect", "params": {
        "description": "哪种？", "userSelectOptions": [{"key": "o", "value": "线上"}]}}});
    room.receives(attempt, &frame("interactive", &asks));
    room.receives(attempt, "data: [DONE]\n\n");
    assert_eq!(room.told(), ["visitor: one", "bot: 哪种？ (completed)"]);
    // The choice goes to the chat that asked.
    room.question("b", "线上");
    let (_, messages) = sent(&room);
    assert_eq!(messages, ["线上"]);
}

#[test]
fn an_answer_that_the_provider_stopped_by_itself_passes_to_the_next() {
    let mut room = Room::with(SITE);
    let attempt = room.question("a", "one");
    started(&mut room, attempt, "75");
    room.receives(attempt, &frame("conversation.chat.canceled", &chat("75")));
    assert!(sent(&room).0.contains("fastgpt"));
}

const FIRST: &str = "13800138000";
const SECOND: &str = "19912345678";

#[test]
fn a_placeholder_that_a_provider_remembers_never_comes_to_stand_for_somebody_else() {
    let mut room = Room::with(SITE);
    round(&mut room, "a", FIRST);
    assert_eq!(sent(&room).1, ["[PHONE_1]"]);
    for number in 0..25 {
        round(&mut room, &format!("k{number}"), "anything");
    }
    // It knows the first one still; here that left the context.
    let attempt = room.question("b", SECOND);
    let (url, asked) = sent(&room);
    assert!(url.contains("conversation_id=75"), "{url}");
    assert_eq!(asked, ["[PHONE_2]"]);
    started(&mut room, attempt, "75");
    room.receives(attempt, &frame(DELTA, &answer("[PHONE_1] or [PHONE_2]?")));
    room.receives(attempt, &frame(DONE, &chat("75")));
    let told = room.told();
    assert_eq!(told.last().unwrap(), &format!("bot: [PHONE_1] or {SECOND}? (completed)"));
    // What comes back gets a number of its own, and keeps it over a restart.
    round(&mut room, "c", FIRST);
    assert_eq!(sent(&room).1, ["[PHONE_3]"]);
    room.crash();
    round(&mut room, "d", &format!("{SECOND}, {FIRST}"));
    assert_eq!(sent(&room).1, ["[PHONE_2], [PHONE_3]"]);
}

#[test]
fn where_numbers_run_out_providers_begin_anew() {
    let mut room = Room::with(SITE);
    let numbers = |from: u64| -> String {
        (from..from + 60).map(|number| format!("{} ", 13_800_000_000 + number)).collect()
    };
    for batch in 0..16 {
        round(&mut room, &format!("k{batch}"), &numbers(batch * 60));
        let (url, asked) = sent(&room);
        let begins = url.is_empty() || !url.contains("conversation_id");
        assert_eq!(begins, batch == 0 || asked.len() > 1, "batch {batch}: {url}");
        assert!(asked.iter().all(|text| !text.contains("1380")), "batch {batch}");
        if batch == 15 {
            assert!(begins, "it was told all of it, under new numbers");
        }
    }
}
