//! A visitor and the ways into the conversation.

use crate::host::Host;
use crate::stream::{Stream, knock};
use reqwest::{Client, Response};
use serde_json::{Value, json};
use tokio_tungstenite::tungstenite::Error;

/// A visitor of a site.
#[derive(Clone, Debug)]
pub struct Visitor {
    /// The visitor's id.
    pub id: String,
    /// `http://HOST/v1/conversations/ID`.
    url: String,
    token: String,
    http: Client,
}

impl Visitor {
    pub(crate) fn new(host: &str, session: &Value, http: Client) -> Self {
        let text = |value: &Value| value.as_str().expect("a text").to_owned();
        let conversation = text(&session["conversation"]["id"]);
        Self {
            id: text(&session["visitorId"]),
            url: format!("{host}/v1/conversations/{conversation}"),
            token: text(&session["token"]),
            http,
        }
    }

    /// The same visitor at another process of the same deployment.
    #[must_use]
    pub fn at(&self, host: &Host) -> Self {
        let url = format!("{}/v1/conversations/{}", host.url(), self.conversation());
        Self { url, ..self.clone() }
    }

    /// The conversation's id.
    pub fn conversation(&self) -> &str {
        self.url.rsplit('/').next().unwrap_or_default()
    }

    /// What the visitor shows at every door.
    pub fn token(&self) -> &str {
        &self.token
    }

    /// Sends a message over HTTP; gives its seq.
    ///
    /// # Panics
    /// When it is not taken.
    pub async fn post(&self, key: &str, text: &str) -> u64 {
        let (status, reply) = self.act("messages", &json!({ "key": key, "text": text })).await;
        assert_eq!(status, 202, "{reply}");
        reply["seq"].as_u64().expect("a seq")
    }

    /// Does anything else over HTTP; gives status and body.
    ///
    /// # Panics
    /// When there is no answer.
    pub async fn act(&self, what: &str, body: &Value) -> (u16, Value) {
        let post = self.http.post(format!("{}/{what}", self.url)).bearer_auth(&self.token);
        let answered = post.json(body).send().await.expect("an answer");
        (answered.status().as_u16(), answered.json().await.unwrap_or_default())
    }

    /// Uploads a file; gives its address.
    ///
    /// # Panics
    /// When it is refused.
    pub async fn upload(&self, name: &str, bytes: &[u8]) -> String {
        let post = self.http.post(format!("{}/uploads?name={name}", self.url));
        let answered = post.bearer_auth(&self.token).body(bytes.to_vec()).send().await;
        let reply: Value = answered.expect("an answer").json().await.expect("JSON");
        reply["url"].as_str().unwrap_or_else(|| panic!("{reply}")).to_owned()
    }

    /// The whole log.
    ///
    /// # Panics
    /// When it cannot be read.
    pub async fn log(&self) -> Vec<Value> {
        self.page("after=0").await["events"].as_array().expect("events").clone()
    }

    /// A page of the log.
    ///
    /// # Panics
    /// When it cannot be read.
    pub async fn page(&self, query: &str) -> Value {
        let answered = self.get(query, "application/json").await;
        assert_eq!(answered.status(), 200);
        answered.json().await.expect("JSON")
    }

    /// A WebSocket with the whole log; where the host has none, what it has instead.
    pub async fn socket(&self) -> Stream {
        self.socket_after("after=0").await
    }

    /// A WebSocket from a cursor.
    ///
    /// # Panics
    /// When it is not opened.
    pub async fn socket_after(&self, query: &str) -> Stream {
        let url = format!("{}/ws?{query}", self.url.replacen("http", "ws", 1));
        match knock(&url, &self.token).await {
            Ok((socket, _)) => Stream::of_socket(socket),
            Err(Error::Http(refused)) if refused.status() == 426 => {
                let answered = self.get(query, "text/event-stream").await;
                assert_eq!(answered.status(), 200);
                Stream::of_events_and_posts(answered, self)
            }
            Err(error) => panic!("a socket: {error}"),
        }
    }

    /// Server-sent events with the whole log.
    ///
    /// # Panics
    /// When they are refused.
    pub async fn event_stream(&self) -> Stream {
        let answered = self.get("after=0", "text/event-stream").await;
        assert_eq!(answered.status(), 200);
        Stream::of_events(answered)
    }

    async fn get(&self, query: &str, accept: &str) -> Response {
        let get = self.http.get(format!("{}/events?{query}", self.url)).bearer_auth(&self.token);
        get.header("accept", accept).send().await.expect("an answer")
    }
}
