//! What a visitor sees, and what must hold for it at every frame.

use serde_json::Value;

/// The log and the answer that is being written, as a client shows them.
#[derive(Debug, Default)]
pub struct Screen {
    /// The events, in order.
    pub log: Vec<Value>,
    seq: u64,
    turn: Option<(u64, u64)>,
    answer: String,
}

impl Screen {
    /// The answer that is being written; empty when there is none.
    pub fn answer(&self) -> &str {
        &self.answer
    }

    /// The turn of the answer that is being written.
    ///
    /// # Panics
    /// When there is none.
    pub fn turn(&self) -> u64 {
        self.turn.expect("an answer is being written").0
    }

    /// Takes a frame in.
    ///
    /// # Panics
    /// When an event is missing or repeated, a piece does not fit onto what is shown, or an
    /// answer's event says something else than was shown.
    pub(crate) fn show(&mut self, frame: &Value) {
        if let Some(hello) = frame.get("hello") {
            self.seq = whole(&hello["after"]);
            self.log.retain(|event| event["seq"].as_u64() <= hello["after"].as_u64());
        } else if let Some(event) = frame.get("event") {
            self.log(event);
        } else if let Some(replace) = frame.get("replace") {
            self.turn = Some((whole(&replace["turn"]), whole(&replace["attempt"])));
            self.answer = text(&replace["text"]).to_owned();
        } else if let Some(delta) = frame.get("delta") {
            self.piece(delta);
        }
    }

    fn log(&mut self, event: &Value) {
        assert_eq!(
            whole(&event["seq"]),
            self.seq + 1,
            "the log has a gap or a repetition: {event}"
        );
        self.seq += 1;
        let message = &event["message"];
        if self.turn.is_some_and(|(turn, _)| message["turn"].as_u64() == Some(turn)) {
            let logged = text(&message["body"]["text"]["text"]);
            assert!(logged.starts_with(&self.answer), "shown {:?}, logged {logged:?}", self.answer);
            self.turn = None;
            self.answer.clear();
        }
        self.log.push(event.clone());
    }

    fn piece(&mut self, delta: &Value) {
        let turn = (whole(&delta["turn"]), whole(&delta["attempt"]));
        if self.turn != Some(turn) {
            self.turn = Some(turn);
            self.answer.clear();
        }
        let mut units: Vec<u16> = self.answer.encode_utf16().collect();
        let offset = usize::try_from(whole(&delta["offset"])).expect("an offset");
        assert!(offset <= units.len(), "after {:?} comes {delta}", self.answer);
        units.truncate(offset);
        units.extend(text(&delta["text"]).encode_utf16());
        self.answer = String::from_utf16(&units).expect("no character is split");
    }
}

fn whole(value: &Value) -> u64 {
    value.as_u64().expect("a whole number")
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}
