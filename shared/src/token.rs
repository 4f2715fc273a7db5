//! Tokens: who somebody is, signed by this deployment. `k1.CLAIMS.SIGNATURE`, both base64url, so
//! that a token is also a valid WebSocket subprotocol.

use crate::keys::Keys;
use crate::problem::{Code, Refusal};
use crate::time::Millis;
use crate::who::{Role, Who};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD as BASE64};
use serde::{Deserialize, Serialize};
use std::time::Duration;

/// How long a token lives.
pub const LIFE: Duration = Duration::from_secs(24 * 3600);
/// How long after its first issue a token can be renewed.
pub const RENEWABLE: Duration = Duration::from_secs(180 * 24 * 3600);

const VERSION: &str = "k1";

/// What a token says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Claims {
    /// For which site.
    #[serde(rename = "s")]
    pub site: String,
    /// On which side its holder is.
    #[serde(rename = "r")]
    pub role: Holder,
    /// The visitor's or agent's id.
    #[serde(rename = "i")]
    pub id: String,
    /// The only conversation that a visitor may know of.
    #[serde(rename = "c", default, skip_serializing_if = "Option::is_none")]
    pub conversation: Option<String>,
    /// Shown to the other side.
    #[serde(rename = "n", default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// BCP 47.
    #[serde(rename = "l", default, skip_serializing_if = "Option::is_none")]
    pub locale: Option<String>,
    /// An anonymous visitor's id that this identified visitor had before.
    #[serde(rename = "a", default, skip_serializing_if = "Option::is_none")]
    pub linked: Option<String>,
    /// An agent's session, which can be ended before the token ends.
    #[serde(rename = "j", default, skip_serializing_if = "Option::is_none")]
    pub session: Option<String>,
    /// When it was first issued, Unix milliseconds.
    #[serde(rename = "f")]
    pub first: u64,
    /// When it ends, Unix milliseconds.
    #[serde(rename = "e")]
    pub expires: u64,
}

/// Who may hold a token.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Holder {
    /// A visitor of a site.
    #[serde(rename = "v")]
    Visitor,
    /// An agent of a site.
    #[serde(rename = "a")]
    Agent,
}

impl Holder {
    /// The side that the holder is on.
    pub fn role(self) -> Role {
        match self {
            Self::Visitor => Role::Visitor,
            Self::Agent => Role::Agent,
        }
    }
}

impl Claims {
    /// The participant that the token's holder is.
    pub fn who(&self) -> Who {
        let role = self.role.role();
        Who { role, id: self.id.clone(), name: self.name.clone(), locale: self.locale.clone() }
    }

    /// When it ends.
    pub fn expires(&self) -> Millis {
        Millis(self.expires)
    }

    /// Whether its holder may still get a new one for the asking.
    pub fn is_renewable(&self, now: Millis) -> bool {
        now < Millis(self.first) + RENEWABLE
    }
}

/// Signs `claims`.
pub fn issue(keys: &Keys, claims: &Claims) -> String {
    let body = BASE64.encode(serde_json::to_vec(claims).unwrap_or_default());
    let signed = format!("{VERSION}.{body}");
    let signature = keys.sign(&signed);
    format!("{signed}.{signature}")
}

/// The claims of a token that is this deployment's and has not ended.
pub fn check(keys: &Keys, token: &str, now: Millis) -> Result<Claims, Refusal> {
    let claims = read(keys, token)?;
    if claims.expires() <= now {
        return Err(Refusal::new(Code::TokenExpired, "ask for a new session"));
    }
    Ok(claims)
}

/// The claims of a token that is this deployment's, ended or not: for renewal.
pub fn read(keys: &Keys, token: &str) -> Result<Claims, Refusal> {
    parse(keys, token)
        .ok_or_else(|| Refusal::new(Code::Unauthorized, "the token is not one of this deployment"))
}

fn parse(keys: &Keys, token: &str) -> Option<Claims> {
    let (signed, signature) = token.rsplit_once('.')?;
    let body = signed.strip_prefix(VERSION)?.strip_prefix('.')?;
    if !keys.verify(signed, signature) {
        return None;
    }
    serde_json::from_slice(&BASE64.decode(body).ok()?).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn claims() -> Claims {
        Claims {
            site: "shop".into(),
            role: Holder::Visitor,
            id: "v1".into(),
            conversation: Some("c1".into()),
            name: None,
            locale: Some("zh-CN".into()),
            linked: None,
            session: None,
            first: 1_000,
            expires: 1_000 + 24 * 3600 * 1000,
        }
    }

    #[test]
    fn a_token_says_what_was_signed_until_it_ends() {
        let keys = Keys::derive("s");
        let token = issue(&keys, &claims());
        assert_eq!(check(&keys, &token, Millis(2_000)), Ok(claims()));
        let end = claims().expires();
        assert_eq!(check(&keys, &token, end).map_err(|e| e.code), Err(Code::TokenExpired));
        assert!(read(&keys, &token).is_ok_and(|claims| claims.is_renewable(end)));
        assert!(!claims().is_renewable(Millis(1_000) + RENEWABLE));
    }

    #[test]
    fn forged_foreign_and_mangled_tokens_are_all_the_same_to_their_holder() {
        let keys = Keys::derive("s");
        let token = issue(&keys, &claims());
        let (head, signature) = token.rsplit_once('.').unwrap();
        let other = BASE64.encode(br#"{"s":"shop","r":"a","i":"boss","f":0,"e":9999999999999}"#);
        for forged in [
            String::new(),
            "k1".into(),
            "k1..".into(),
            format!("{head}."),
            format!("{head}.{signature}x"),
            format!("k1.{other}.{signature}"),
            format!("k0{}.{signature}", head.trim_start_matches("k1")),
            issue(&Keys::derive("other"), &claims()),
        ] {
            let refused = check(&keys, &forged, Millis(2_000)).map_err(|refusal| refusal.code);
            assert_eq!(refused, Err(Code::Unauthorized), "{forged}");
        }
    }

    #[test]
    fn a_token_is_a_valid_websocket_subprotocol() {
        let token = issue(&Keys::derive("s"), &claims());
        assert!(token.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte)));
    }
}
