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
const ADMIN: &str = "Bearer dev-admin-token";

/// Makes them. A first message makes the limits known to each, then it is handed to the queue,
/// where neither AI nor rules answer: what is measured is the message.
///
/// # Errors
/// When the host does not do as it should.
pub(crate) fn conversations(port: u16, count: usize) -> Result<Vec<Door>> {
    let headers = [("authorization", ADMIN), ("content-type", "application/toml")];
    let path = "/v1/sites/bench/config";
    let put = http::send(port, "PUT", path, &headers, SITE.as_bytes())?;
    ensure!(put.status == 200, "PUT {path}: {put:?}");
    (0..count).map(|_| conversation(port)).collect()
}

fn conversation(port: u16) -> Result<Door> {
    let session = post(port, "/v1/sites/bench/session", None, "{}")?;
    let text = |pointer: &str| {
        let found = session.pointer(pointer).and_then(Value::as_str);
        found.with_context(|| format!("a session without {pointer}"))
    };
    let (token, id) = (text("/token")?, text("/conversation/id")?);
    let act = |name: &str, body: &str| {
        let path = format!("/v1/conversations/{id}/{name}");
        post(port, &path, Some(token), body)
    };
    act("messages", r#"{"key":"the-first","text":"你好"}"#)?;
    act("handoff", r#"{"key":"to-the-queue"}"#)?;
    Ok(Door {
        path: format!("/v1/conversations/{id}/ws"),
        protocols: format!("kefu.v1.json, token.{token}"),
    })
}

fn post(port: u16, path: &str, token: Option<&str>, body: &str) -> Result<Value> {
    let bearer = token.map(|token| format!("Bearer {token}"));
    let mut headers = vec![("content-type", "application/json")];
    headers.extend(bearer.as_deref().map(|bearer| ("authorization", bearer)));
    let Answer { status, body } = http::send(port, "POST", path, &headers, body.as_bytes())?;
    ensure!(matches!(status, 200 | 202), "POST {path}: {status} {body}");
    Ok(serde_json::from_str(&body)?)
}
