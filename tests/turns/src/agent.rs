//! An agent of a site, and what it does over HTTP.

use crate::stream::{Stream, knock};
use reqwest::{Client, Response};
use serde_json::{Value, json};
use tokio_tungstenite::tungstenite::Error;

/// An agent that is logged in.
#[derive(Clone, Debug)]
pub struct Agent {
    /// As owners and authors name it.
    pub id: String,
    /// `http://HOST`
    url: String,
    site: String,
    token: String,
    http: Client,
}

impl Agent {
    pub(crate) fn new(host: &str, site: &str, login: &Value, http: Client) -> Self {
        let text = |value: &Value| value.as_str().expect("a text").to_owned();
        Self {
            id: text(&login["agent"]["id"]),
            url: host.to_owned(),
            site: site.to_owned(),
            token: text(&login["token"]),
            http,
        }
    }

    /// What the agent shows at every door.
    pub fn token(&self) -> &str {
        &self.token
    }

    /// Does something in a conversation; gives status and body, none when there is no answer.
    pub async fn act(&self, conversation: &str, what: &str, body: &Value) -> Option<(u16, Value)> {
        let url = format!("{}/v1/conversations/{conversation}/{what}", self.url);
        let sent = self.http.post(url).bearer_auth(&self.token).json(body).send().await;
        let answered = sent.ok()?;
        Some((answered.status().as_u16(), answered.json().await.unwrap_or(json!(null))))
    }

    /// The log as agents see it.
    ///
    /// # Panics
    /// When it cannot be read.
    pub async fn log(&self, conversation: &str) -> Vec<Value> {
        let (status, page) = self.get(conversation, "events?after=0").await;
        assert_eq!(status, 200, "{page}");
        page["events"].as_array().cloned().expect("events")
    }

    /// Reads something of a conversation; gives status and body.
    ///
    /// # Panics
    /// When there is no answer.
    pub async fn get(&self, conversation: &str, what: &str) -> (u16, Value) {
        let url = format!("{}/v1/conversations/{conversation}/{what}", self.url);
        let answered = self.http.get(url).bearer_auth(&self.token).send().await.expect("an answer");
        (answered.status().as_u16(), answered.json().await.unwrap_or_default())
    }

    /// Opens the gateway, which stays open as long as what is given.
    ///
    /// # Panics
    /// When it is refused.
    pub async fn comes(&self) -> Response {
        let url = format!("{}/v1/agent/events", self.url);
        let answered = self.http.get(url).bearer_auth(&self.token).send().await.expect("an answer");
        assert_eq!(answered.status(), 200);
        answered
    }

    /// The gateway as server-sent events, frame by frame.
    ///
    /// # Panics
    /// When it is refused.
    pub async fn gateway(&self) -> Stream {
        Stream::of_events(self.comes().await)
    }

    /// The gateway as a socket; where the host has none, as server-sent events.
    ///
    /// # Panics
    /// When it is refused.
    pub async fn gateway_socket(&self) -> Stream {
        let url = format!("{}/v1/agent/ws", self.url.replacen("http", "ws", 1));
        match knock(&url, &self.token).await {
            Ok((socket, _)) => Stream::of_socket(socket),
            Err(Error::Http(refused)) if refused.status() == 426 => self.gateway().await,
            Err(error) => panic!("a socket: {error}"),
        }
    }

    /// The inbox, newest first.
    ///
    /// # Panics
    /// When it cannot be read.
    pub async fn inbox(&self) -> Value {
        let url = format!("{}/v1/sites/{}/inbox?limit=500", self.url, self.site);
        let answered = self.http.get(url).bearer_auth(&self.token).send().await;
        answered.expect("an answer").json().await.expect("JSON")
    }
}
