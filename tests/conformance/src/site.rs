//! A site of a test's own.

use crate::{Answer, Host, Visitor};
use reqwest::{Method, RequestBuilder};
use serde_json::{Value, json};

/// A site of a test's own.
#[derive(Clone, Debug)]
pub struct Site {
    pub host: Host,
    pub id: String,
}

impl Site {
    /// A site that may have no configuration yet.
    pub fn new(host: &Host, id: String) -> Self {
        Self { host: host.clone(), id }
    }

    /// `/v1/sites/{site}` and the rest.
    pub fn path(&self, rest: &str) -> String {
        format!("/v1/sites/{}/{rest}", self.id)
    }

    /// `PUT …/config`
    pub async fn put(&self, content_type: &str, document: &str) -> Answer {
        let request = self.host.as_operator(Method::PUT, &self.path("config"));
        let request = request.header("content-type", content_type);
        Answer::of(request.body(document.to_owned())).await
    }

    /// `PUT …/config` in TOML.
    pub async fn put_toml(&self, document: &str) -> Answer {
        self.put("application/toml", document).await
    }

    /// `GET …/config`
    pub async fn config(&self) -> Answer {
        Answer::of(self.host.as_operator(Method::GET, &self.path("config"))).await
    }

    /// `PUT …/secrets/{NAME}`
    pub async fn put_secret(&self, name: &str, body: &Value) -> Answer {
        let path = self.path(&format!("secrets/{name}"));
        Answer::of_json(self.host.as_operator(Method::PUT, &path), body).await
    }

    /// `POST …/session`
    pub fn session_request(&self) -> RequestBuilder {
        self.host.request(Method::POST, &self.path("session"))
    }

    /// A session that `body` asks for, with the token of an earlier one.
    pub async fn session(&self, body: &Value, token: Option<&str>) -> Answer {
        let request = self.session_request();
        let request = match token {
            Some(token) => request.bearer_auth(token),
            None => request,
        };
        Answer::of_json(request, body).await
    }

    /// A visitor that comes for the first time.
    pub async fn visitor(&self) -> Visitor {
        self.visitor_who(&json!({})).await
    }

    /// A visitor whose session asks for `body`.
    pub async fn visitor_who(&self, body: &Value) -> Visitor {
        Visitor::of(&self.host, &self.session(body, None).await.ok())
    }
}
