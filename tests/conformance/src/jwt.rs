//! The host site's word for who its visitor is (RFC 7519).

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD as BASE64};
use hmac::{Hmac, KeyInit, Mac};
use serde_json::{Value, json};
use sha2::Sha256;
use std::time::{SystemTime, UNIX_EPOCH};

/// A good identity, to be spoiled.
#[derive(Clone, Debug)]
pub struct Jwt {
    pub header: Value,
    pub claims: Value,
}

impl Jwt {
    /// Good for `sub` on `site` for an hour.
    pub fn new(site: &str, sub: &str) -> Self {
        let header = json!({"alg": "HS256", "typ": "JWT"});
        Self { header, claims: json!({"sub": sub, "aud": site, "exp": now_seconds() + 3_600}) }
    }

    /// With another claim, or without it when `value` is null.
    #[must_use]
    pub fn claim(mut self, name: &str, value: Value) -> Self {
        match (self.claims.as_object_mut(), value) {
            (Some(claims), Value::Null) => _ = claims.remove(name),
            (Some(claims), value) => _ = claims.insert(name.to_owned(), value),
            (None, _) => {}
        }
        self
    }

    /// With an `exp` so many seconds ahead.
    #[must_use]
    pub fn expires_in(self, seconds: i64) -> Self {
        self.claim("exp", (now_seconds() + seconds).into())
    }

    /// With another header.
    #[must_use]
    pub fn header(mut self, header: Value) -> Self {
        self.header = header;
        self
    }

    /// Signed with `secret`.
    pub fn sign(&self, secret: &str) -> String {
        let part = |part: &Value| BASE64.encode(part.to_string());
        signed(&format!("{}.{}", part(&self.header), part(&self.claims)), secret)
    }
}

/// `text` and its HMAC-SHA256 under `secret`.
pub fn signed(text: &str, secret: &str) -> String {
    let mut mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes()).unwrap();
    mac.update(text.as_bytes());
    format!("{text}.{}", BASE64.encode(mac.finalize().into_bytes()))
}

fn now_seconds() -> i64 {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    i64::try_from(now.as_secs()).unwrap()
}
