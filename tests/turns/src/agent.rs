//! An agent of a site, and what it does over HTTP.

use reqwest::Client;
use serde_json::{Value, json};

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
