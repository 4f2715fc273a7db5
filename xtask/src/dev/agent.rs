//! The demo site's agent: so that there is somebody to log in as.

use super::site::Door;
use anyhow::{Context, Result, bail};
use kefu_test_host::http;

/// Known to everybody who reads this: `dev` listens on this machine only.
pub(super) const EMAIL: &str = "agent@demo.example";
pub(super) const PASSWORD: &str = "demo-password";

/// Adds it, unless it is there.
///
/// # Errors
/// When the host refuses it.
pub(super) fn add(door: &Door, site: &str) -> Result<()> {
    let authorization = format!("Bearer {}", door.token);
    let headers = [("Authorization", authorization.as_str()), ("Content-Type", "application/json")];
    let account = serde_json::json!({
        "email": EMAIL, "name": "Demo", "role": "ADMIN", "password": PASSWORD,
    });
    let path = format!("/v1/sites/{site}/agents");
    let answer = http::send(door.port, "POST", &path, &headers, account.to_string().as_bytes())
        .with_context(|| format!("POST {path}"))?;
    match answer.status {
        200 | 409 => Ok(()),
        status => bail!("the demo agent is refused: {status} {}", answer.body),
    }
}
