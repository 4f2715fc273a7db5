//! A visitor and its conversation.

use crate::{Answer, Dial, EventStream, Framing, Host, PATIENCE, Socket};
use reqwest::{Method, RequestBuilder};
use serde_json::{Value, json};
use std::time::Instant;

/// A visitor and its conversation.
#[derive(Clone, Debug)]
pub struct Visitor {
    pub host: Host,
    pub id: String,
    pub token: String,
    pub conversation: String,
}

impl Visitor {
    /// Whom a session's answer names.
    pub fn of(host: &Host, session: &Value) -> Self {
        let text = |value: &Value| value.as_str().unwrap().to_owned();
        Self {
            host: host.clone(),
            id: text(&session["visitorId"]),
            token: text(&session["token"]),
            conversation: text(&session["conversation"]["id"]),
        }
    }

    /// `/v1/conversations/{id}` and the rest.
    pub fn path(&self, rest: &str) -> String {
        format!("/v1/conversations/{}/{rest}", self.conversation)
    }

    /// A request with the visitor's token.
    pub fn request(&self, method: Method, rest: &str) -> RequestBuilder {
        self.host.request(method, &self.path(rest)).bearer_auth(&self.token)
    }

    /// `POST …/{act}`
    pub async fn post(&self, act: &str, body: &Value) -> Answer {
        Answer::of_json(self.request(Method::POST, act), body).await
    }

    /// Posts a text; its seq.
    pub async fn say(&self, key: &str, text: &str) -> u64 {
        let sent = self.post("messages", &json!({"key": key, "text": text})).await;
        sent.with_status(202)["seq"].as_u64().unwrap()
    }

    /// Posts texts `m1`, `m2`, … under keys of the same names.
    pub async fn say_many(&self, count: u32) {
        for number in 1..=count {
            self.say(&format!("m{number}"), &format!("m{number}")).await;
        }
    }

    /// `GET …/events?{query}`
    pub async fn events(&self, query: &str) -> Answer {
        Answer::of(self.request(Method::GET, &format!("events?{query}"))).await
    }

    /// The events of the log, from the first.
    pub async fn log(&self) -> Vec<Value> {
        let page = self.events("after=0").await.ok();
        page["events"].as_array().unwrap().clone()
    }

    /// The log as soon as it has `count` events; fails when it never has.
    pub async fn log_of(&self, count: usize) -> Vec<Value> {
        let until = Instant::now() + PATIENCE;
        loop {
            let log = self.log().await;
            if log.len() >= count {
                return log;
            }
            assert!(Instant::now() < until, "{count} events do not come: {log:#?}");
            self.events(&format!("after={}&wait=1", log.len())).await.ok();
        }
    }

    /// How to dial the conversation's WebSocket, to be changed before it is.
    pub fn dial(&self, framing: Framing) -> Dial {
        Dial::new(&self.host, &self.path("ws")).offer(framing.subprotocol()).token(&self.token)
    }

    /// A WebSocket from the log's beginning, with its hello and what follows that unread.
    pub async fn socket(&self, framing: Framing) -> Socket {
        self.socket_at(framing, "").await
    }

    /// A WebSocket from a cursor, such as `after=3&epoch=1`.
    pub async fn socket_at(&self, framing: Framing, query: &str) -> Socket {
        self.dial(framing).query(query).open(framing).await
    }

    /// Server-sent events from a cursor.
    pub async fn event_stream(&self, query: &str) -> EventStream {
        EventStream::open(self.request(Method::GET, &format!("events?{query}"))).await
    }

    /// The same as a browser that reconnects.
    pub async fn event_stream_after(&self, last_event_id: &str) -> EventStream {
        let request = self.request(Method::GET, "events");
        EventStream::open(request.header("last-event-id", last_event_id)).await
    }
}
