//! Conversations of the product, made over its own API.

use crate::contender::Door;
use anyhow::{Context, Result, ensure};
use kefu_test_host::http::{self, Answer};
use serde_json::Value;

/// A site that limits nobody, so that the limits are not what is measured.
const SITE: &str = r#"
[limits]
sessions_per_address = "10000/s"
messages_per_visitor = "10000/s"
"#;
pub(crate) const ADMIN: &str = "Bearer dev-admin-token";

/// A visitor and the conversation.
pub(crate) struct Visitor {
    conversation: String,
    pub(crate) token: String,
}

impl Visitor {
    /// Of something that is theirs.
    pub(crate) fn path(&self, what: &str) -> String {
        format!("/v1/conversations/{}/{what}", self.conversation)
    }

    /// To a socket.
    pub(crate) fn door(&self) -> Door {
        let protocols = format!("kefu.v1.json, token.{}", self.token);
        Door { path: self.path("ws"), protocols }
    }
}

/// Makes conversations. A first message makes the limits known to each, then it is handed to the
/// queue, where neither AI nor rules answer: what is measured is the message.
///
/// # Errors
/// When the host does not do as it should.
pub(crate) fn conversations(port: u16, count: usize) -> Result<Vec<Door>> {
    let visitors = visitors(port, count, "")?;
    for visitor in &visitors {
        let act = |name, body| post(port, &visitor.path(name), Some(&visitor.token), body);
        act("messages", r#"{"key":"the-first","text":"你好"}"#)?;
        act("handoff", r#"{"key":"to-the-queue"}"#)?;
    }
    Ok(visitors.iter().map(Visitor::door).collect())
}

/// Visitors of a site with `more` in its configuration, who have not said anything.
///
/// # Errors
/// When the host does not do as it should.
pub(crate) fn visitors(port: u16, count: usize, more: &str) -> Result<Vec<Visitor>> {
    let headers = [("authorization", ADMIN), ("content-type", "application/toml")];
    let path = "/v1/sites/bench/config";
    let put = http::send(port, "PUT", path, &headers, [SITE, more].concat().as_bytes())?;
    ensure!(put.status == 200, "PUT {path}: {put:?}");
    (0..count).map(|_| visitor(port)).collect()
}

fn visitor(port: u16) -> Result<Visitor> {
    let session = post(port, "/v1/sites/bench/session", None, "{}")?;
    let text = |pointer: &str| {
        let found = session.pointer(pointer).and_then(Value::as_str);
        Ok::<_, anyhow::Error>(
            found.with_context(|| format!("a session without {pointer}"))?.to_owned(),
        )
    };
    Ok(Visitor { conversation: text("/conversation/id")?, token: text("/token")? })
}

fn post(port: u16, path: &str, token: Option<&str>, body: &str) -> Result<Value> {
    let bearer = token.map(|token| format!("Bearer {token}"));
    let mut headers = vec![("content-type", "application/json")];
    headers.extend(bearer.as_deref().map(|bearer| ("authorization", bearer)));
    let Answer { status, body } = http::send(port, "POST", path, &headers, body.as_bytes())?;
    ensure!(matches!(status, 200 | 202), "POST {path}: {status} {body}");
    Ok(serde_json::from_str(&body)?)
}
