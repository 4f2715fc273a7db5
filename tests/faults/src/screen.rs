//! What a person sees of a conversation, and what must never be seen.

use serde_json::Value;
use std::collections::BTreeSet;

/// What must never happen on a screen.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Faults {
    /// A message was shown that the screen shows already.
    pub twice: u32,
    /// A piece of an answer, or the whole of it, contradicts what is shown.
    pub misfits: u32,
    /// Text of the AI was shown or logged after a person was to answer.
    pub late_ai: u32,
}

/// What an event did to the screen.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Applied {
    /// It is the next one, and is shown.
    New,
    /// It was shown before, and is dropped.
    Known,
    /// Something is missing before it.
    Gap,
}

/// The log as it is shown, in order and without a hole, and the answer that is being written.
#[derive(Debug, Default)]
pub struct Screen {
    /// The events, oldest first; those before the first may not have been loaded.
    pub events: Vec<Value>,
    /// What went wrong.
    pub faults: Faults,
    /// How often continuity was lost and the newest page taken.
    pub afresh: u32,
    /// Events that came again and were dropped.
    pub repeated: u32,
    epoch: u64,
    base: u64,
    latest: u64,
    /// Authors' keys of the messages that are shown.
    keys: BTreeSet<String>,
    answer: Option<Answer>,
    /// Whether a person is to answer: by the events that are shown, and as far as is known.
    person_by_log: bool,
    person_now: bool,
}

#[derive(Debug)]
struct Answer {
    turn: u64,
    attempt: u64,
    units: Vec<u16>,
    /// The connection ended since: more may have been shown than could be saved.
    doubtful: bool,
}

impl Screen {
    /// One that has everything up to a cursor, and shows nothing of it.
    pub fn at(epoch: u64, seq: u64) -> Self {
        Self { epoch, base: seq, latest: seq, ..Self::default() }
    }

    /// How many events before the first that is shown were not loaded.
    pub fn base(&self) -> usize {
        usize::try_from(self.base).unwrap_or(usize::MAX)
    }

    /// The newest seq that is shown.
    pub fn last(&self) -> u64 {
        self.base + self.events.len() as u64
    }

    /// The life of the log; 0 before the first hello.
    pub fn epoch(&self) -> u64 {
        self.epoch
    }

    /// Whether everything is shown that the server told of.
    pub fn is_complete(&self) -> bool {
        self.last() >= self.latest
    }

    /// Whether a person is to answer, by the events that are shown.
    pub fn has_person(&self) -> bool {
        self.person_by_log
    }

    /// The text of the answer that is being written.
    pub fn answer(&self) -> String {
        let units = self.answer.as_ref().map(|answer| answer.units.as_slice());
        String::from_utf16_lossy(units.unwrap_or_default())
    }

    /// The last message of the bot.
    pub fn bot_said(&self) -> Option<&Value> {
        self.events.iter().rev().find(|event| by_bot(event))
    }

    /// Whether the log shows the message with that key.
    pub fn shows(&self, key: &str) -> bool {
        self.events.iter().any(|event| event["message"]["key"] == key)
    }

    /// Begins a stream.
    pub(crate) fn greet(&mut self, hello: &Value) {
        let (epoch, after) = (whole(&hello["epoch"]), whole(&hello["after"]));
        let same_life = self.epoch == 0 || self.epoch == epoch;
        if !(hello["recovered"] == true && same_life && after <= self.last()) {
            self.start_afresh(after);
        }
        self.epoch = epoch;
        self.latest = whole(&hello["seq"]);
        self.person_now = is_person(&hello["owner"]);
        if self.answer.as_ref().is_some_and(|answer| answer.turn != whole(&hello["turn"])) {
            self.answer = None;
        }
    }

    /// Takes an event of the stream.
    pub(crate) fn take(&mut self, event: &Value) -> Applied {
        let seq = whole(&event["seq"]);
        self.latest = self.latest.max(seq);
        if seq <= self.last() {
            self.repeated += 1;
            return Applied::Known;
        }
        if seq > self.last() + 1 {
            return Applied::Gap;
        }
        self.show(event);
        Applied::New
    }

    /// Takes a piece of an answer; gives turn and offset of what is missing before it.
    pub(crate) fn piece(&mut self, delta: &Value) -> Option<(u64, u64)> {
        self.note_late(self.person_now);
        let (turn, offset) = (whole(&delta["turn"]), whole(&delta["offset"]));
        let answer = self.answer_of(turn, whole(&delta["attempt"]));
        let (have, begin) = (answer.units.len(), usize::try_from(offset).unwrap_or(usize::MAX));
        if begin > have {
            return Some((turn, have as u64));
        }
        answer.units.truncate(begin);
        answer.units.extend(text(&delta["text"]).encode_utf16());
        None
    }

    /// Takes the whole of an answer so far.
    pub(crate) fn replace(&mut self, replace: &Value) {
        self.note_late(self.person_now);
        let answer = self.answer_of(whole(&replace["turn"]), whole(&replace["attempt"]));
        answer.units = text(&replace["text"]).encode_utf16().collect();
        answer.doubtful = false;
    }

    /// The connection is gone.
    pub(crate) fn cut(&mut self) {
        if let Some(answer) = &mut self.answer {
            answer.doubtful = true;
        }
    }

    fn show(&mut self, event: &Value) {
        let message = &event["message"];
        if let Some(key) = message["key"].as_str() {
            let author = &message["author"];
            let name = format!("{} {} {key}", text(&author["role"]), text(&author["id"]));
            self.faults.twice += u32::from(!self.keys.insert(name));
        }
        if by_bot(event) {
            self.note_late(self.person_by_log);
            self.end_answer(message);
        }
        if let Some(owner) = event["owner"].get("owner") {
            self.person_by_log = is_person(owner);
            self.person_now = self.person_by_log;
        }
        self.events.push(event.clone());
    }

    fn end_answer(&mut self, message: &Value) {
        let turn = whole(&message["turn"]);
        let Some(answer) = self.answer.take_if(|answer| answer.turn == turn) else { return };
        let logged = text(&message["body"]["text"]["text"]);
        let shown = String::from_utf16_lossy(&answer.units);
        self.faults.misfits += u32::from(!answer.doubtful && !logged.starts_with(&shown));
    }

    fn answer_of(&mut self, turn: u64, attempt: u64) -> &mut Answer {
        self.answer.take_if(|answer| (answer.turn, answer.attempt) != (turn, attempt));
        let empty = || Answer { turn, attempt, units: Vec::new(), doubtful: false };
        self.answer.get_or_insert_with(empty)
    }

    fn start_afresh(&mut self, after: u64) {
        self.afresh += 1;
        self.base = after;
        self.events.clear();
        self.keys.clear();
        self.answer = None;
        self.person_by_log = false;
    }

    fn note_late(&mut self, late: bool) {
        self.faults.late_ai += u32::from(late);
    }
}

fn is_person(owner: &Value) -> bool {
    !matches!(owner["kind"].as_str(), None | Some("BOT" | "UNSPECIFIED"))
}

fn by_bot(event: &Value) -> bool {
    event["message"]["author"]["role"] == "BOT"
}

fn whole(value: &Value) -> u64 {
    value.as_u64().unwrap_or(0)
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn said(seq: u64, key: &str) -> Value {
        let author = json!({ "role": "VISITOR", "id": "v" });
        json!({ "seq": seq, "message": { "key": key, "author": author } })
    }

    fn answered(seq: u64, words: &str) -> Value {
        let author = json!({ "role": "BOT", "id": "bot" });
        let body = json!({ "text": { "text": words } });
        json!({ "seq": seq, "message": { "author": author, "turn": 1, "body": body } })
    }

    fn hello(after: u64, seq: u64, recovered: bool) -> Value {
        json!({ "epoch": 1, "after": after, "seq": seq, "recovered": recovered, "turn": 1 })
    }

    fn delta(offset: u64, words: &str) -> Value {
        json!({ "turn": 1, "attempt": 1, "offset": offset, "text": words })
    }

    #[test]
    fn only_the_next_event_is_shown() {
        let mut screen = Screen::default();
        screen.greet(&hello(0, 2, true));
        assert_eq!(screen.take(&said(1, "a")), Applied::New);
        assert_eq!(screen.take(&said(1, "a")), Applied::Known);
        assert_eq!(screen.take(&said(3, "c")), Applied::Gap);
        assert_eq!((screen.last(), screen.faults), (1, Faults::default()));
        assert!(!screen.is_complete());
    }

    #[test]
    fn lost_continuity_begins_afresh_and_a_kept_one_does_not() {
        let mut screen = Screen::default();
        screen.greet(&hello(0, 1, true));
        screen.take(&said(1, "a"));
        screen.greet(&hello(1, 2, true));
        assert_eq!((screen.last(), screen.afresh), (1, 0));
        screen.greet(&hello(900, 1_000, false));
        assert_eq!((screen.last(), screen.afresh), (900, 1));
    }

    #[test]
    fn a_key_that_is_logged_twice_is_seen() {
        let mut screen = Screen::default();
        screen.take(&said(1, "a"));
        screen.take(&said(2, "a"));
        assert_eq!(screen.faults.twice, 1);
    }

    #[test]
    fn pieces_are_joined_and_a_hole_between_them_is_asked_for() {
        let mut screen = Screen::default();
        screen.greet(&hello(0, 0, true));
        assert_eq!(screen.piece(&delta(0, "半个")), None);
        assert_eq!(screen.piece(&delta(4, "!")), Some((1, 2)));
        assert_eq!(screen.piece(&delta(1, "天")), None);
        assert_eq!(screen.answer(), "半天");
    }

    #[test]
    fn an_answer_that_is_logged_otherwise_than_it_was_shown_is_seen_unless_the_line_was_cut() {
        let logged = |cut: bool| {
            let mut screen = Screen::default();
            screen.piece(&delta(0, "yes and no"));
            if cut {
                screen.cut();
            }
            screen.take(&answered(1, "yes"));
            screen.faults.misfits
        };
        assert_eq!((logged(false), logged(true)), (1, 0));
    }

    #[test]
    fn the_ai_is_late_once_a_person_is_to_answer() {
        let mut screen = Screen::default();
        screen.take(&json!({ "seq": 1, "owner": { "owner": { "kind": "AGENT" } } }));
        screen.piece(&delta(0, "but"));
        screen.take(&answered(2, "but"));
        screen.take(&json!({ "seq": 3, "owner": { "owner": { "kind": "BOT" } } }));
        screen.take(&answered(4, "so"));
        assert_eq!(screen.faults.late_ai, 2);
    }
}
