//! Server-sent events (WHATWG HTML, section 9.2).

use crate::PATIENCE;
use reqwest::{RequestBuilder, Response};
use serde_json::Value;
use tokio::time::timeout;

/// A stream of frames over HTTP.
#[derive(Debug)]
pub struct EventStream {
    response: Response,
    unread: String,
    rest: Vec<u8>,
}

/// One frame.
#[derive(Clone, Debug)]
pub struct SseFrame {
    /// Its `id:`, when it has one.
    pub id: Option<String>,
    /// Its `data:`.
    pub frame: Value,
}

impl EventStream {
    /// Opens a stream, which must be one.
    pub async fn open(request: RequestBuilder) -> Self {
        let response = request.header("accept", "text/event-stream").send().await.unwrap();
        assert_eq!(response.status(), 200);
        let content_type = response.headers()["content-type"].to_str().unwrap();
        assert!(content_type.starts_with("text/event-stream"), "{content_type}");
        Self { response, unread: String::new(), rest: Vec::new() }
    }

    /// The next frame, what the queue tells left out: it comes when it comes.
    pub async fn next(&mut self) -> SseFrame {
        loop {
            let next = self.any().await;
            if next.frame.get("queued").is_none() {
                return next;
            }
        }
    }

    /// The next frame, whatever it is; comments are skipped.
    async fn any(&mut self) -> SseFrame {
        loop {
            let block = timeout(PATIENCE, self.block()).await.expect("no frame comes");
            let mut id = None;
            let mut frame = None;
            for line in block.lines() {
                if let Some(data) = line.strip_prefix("data: ") {
                    let data = serde_json::from_str(data);
                    assert!(frame.replace(data.unwrap()).is_none(), "one frame a data line");
                } else if let Some(told) = line.strip_prefix("id: ") {
                    id = Some(told.to_owned());
                }
            }
            if let Some(frame) = frame {
                return SseFrame { id, frame };
            }
        }
    }

    /// What the next frame with the field `kind` says; others are skipped.
    pub async fn until(&mut self, kind: &str) -> Value {
        loop {
            let SseFrame { frame, .. } = self.any().await;
            if let Some(content) = frame.get(kind) {
                return content.clone();
            }
        }
    }

    /// The next events of the log, up to the one with that seq.
    pub async fn events_to(&mut self, last: u64) -> Vec<Value> {
        let mut events = Vec::new();
        loop {
            let event = self.until("event").await;
            let seq = event["seq"].as_u64().unwrap();
            events.push(event);
            if seq >= last {
                return events;
            }
        }
    }

    async fn block(&mut self) -> String {
        loop {
            if let Some((block, unread)) = self.unread.split_once("\n\n") {
                let (block, unread) = (block.to_owned(), unread.to_owned());
                self.unread = unread;
                return block;
            }
            let chunk = self.response.chunk().await.unwrap().expect("the stream ended");
            self.rest.extend_from_slice(&chunk);
            // A character may be cut by the end of a chunk.
            let good = match std::str::from_utf8(&self.rest) {
                Ok(_) => self.rest.len(),
                Err(error) => error.valid_up_to(),
            };
            let whole: Vec<u8> = self.rest.drain(..good).collect();
            self.unread.push_str(&String::from_utf8(whole).unwrap());
        }
    }
}
