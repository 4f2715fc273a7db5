//! What a provider does with a request, line by line.

use serde_json::{Value, json};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::watch;

/// What a provider does with one request: chat completions as OpenAI streams them, or a deviation.
///
/// At its end the connection is closed.
#[derive(Clone, Debug, Default)]
pub struct Script {
    pub(crate) lines: Vec<Line>,
}

#[derive(Clone, Debug)]
pub(crate) enum Line {
    Bytes(Vec<u8>),
    Pause(Duration),
    Hold(Gate),
    Hang,
    Reset,
}

/// Something that the test decides the moment of.
#[derive(Clone, Debug)]
pub struct Gate(Arc<watch::Sender<bool>>);

impl Default for Gate {
    fn default() -> Self {
        Self(Arc::new(watch::Sender::new(false)))
    }
}

impl Gate {
    /// Lets pass whoever waits and will wait.
    pub fn open(&self) {
        self.0.send_replace(true);
    }

    pub(crate) async fn opened(&self) {
        // The sender lives as long as this gate does.
        let _ = self.0.subscribe().wait_for(|open| *open).await;
    }
}

impl Script {
    /// A whole answer in these pieces, as fast as it can be written, with a count of tokens.
    pub fn answer(pieces: &[&str]) -> Self {
        Self::default().head().texts(pieces).end()
    }

    /// Takes the request and says nothing, for as long as the other side waits.
    pub fn silence() -> Self {
        Self::default().hang()
    }

    /// A whole JSON response.
    pub fn refusal(status: u16, body: &Value) -> Self {
        let body = body.to_string();
        Self::default().bytes(format!(
            "HTTP/1.1 {status} Scripted\r\ncontent-type: application/json\r\ncontent-length: {}\r\nconnection: close\r\n\r\n{body}",
            body.len()
        ))
    }

    /// The head of a stream.
    #[must_use]
    pub fn head(self) -> Self {
        self.bytes(
            "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\nconnection: close\r\n\r\n",
        )
    }

    /// A piece of the answer.
    #[must_use]
    pub fn text(self, piece: &str) -> Self {
        self.frame(&chunk(&json!({ "content": piece }), None))
    }

    /// Several pieces.
    #[must_use]
    pub fn texts(self, pieces: &[&str]) -> Self {
        pieces.iter().fold(self, |script, piece| script.text(piece))
    }

    /// The finish reason, a count of 7 + 5 tokens, and `[DONE]`.
    #[must_use]
    pub fn end(self) -> Self {
        let usage = json!({ "prompt_tokens": 7, "completion_tokens": 5, "total_tokens": 12 });
        self.finish().frame(&json!({ "id": "c", "choices": [], "usage": usage })).done()
    }

    /// The finish reason alone.
    #[must_use]
    pub fn finish(self) -> Self {
        self.frame(&chunk(&json!({}), Some("stop")))
    }

    /// `[DONE]` alone.
    #[must_use]
    pub fn done(self) -> Self {
        self.bytes("data: [DONE]\n\n")
    }

    /// Any frame.
    #[must_use]
    pub fn frame(self, data: &Value) -> Self {
        self.bytes(format!("data: {data}\n\n"))
    }

    /// Bytes as they are, in one write.
    #[must_use]
    pub fn bytes(self, bytes: impl Into<Vec<u8>>) -> Self {
        self.line(Line::Bytes(bytes.into()))
    }

    /// A piece of the answer, each byte of its frame in a packet of its own.
    #[must_use]
    pub fn text_bytewise(self, piece: &str) -> Self {
        let frame = format!("data: {}\n\n", chunk(&json!({ "content": piece }), None));
        frame
            .bytes()
            .fold(self, |script, byte| script.bytes([byte]).pause(Duration::from_millis(1)))
    }

    /// Some time passes.
    #[must_use]
    pub fn pause(self, time: Duration) -> Self {
        self.line(Line::Pause(time))
    }

    /// Goes on as another one.
    #[must_use]
    pub fn then(mut self, other: Self) -> Self {
        self.lines.extend(other.lines);
        self
    }

    /// Goes on when the test says so.
    #[must_use]
    pub fn hold(self, gate: &Gate) -> Self {
        self.line(Line::Hold(gate.clone()))
    }

    /// Nothing more comes, and the connection stays.
    #[must_use]
    pub fn hang(self) -> Self {
        self.line(Line::Hang)
    }

    /// The connection is reset.
    #[must_use]
    pub fn reset(self) -> Self {
        self.line(Line::Reset)
    }

    fn line(mut self, line: Line) -> Self {
        self.lines.push(line);
        self
    }
}

fn chunk(delta: &Value, finish: Option<&str>) -> Value {
    let choice = json!({ "index": 0, "delta": delta, "finish_reason": finish });
    json!({ "id": "c", "object": "chat.completion.chunk", "created": 0, "model": "scripted", "choices": [choice] })
}
