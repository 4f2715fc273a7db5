//! The host site's word for who its visitor is: a JWT (RFC 7519) signed with HS256, and with
//! nothing else, whatever its header says.

use crate::keys::hmac_of;
use crate::problem::{Code, Refusal};
use crate::time::Millis;
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD as BASE64};
use hmac::Mac;
use serde::Deserialize;
use std::time::Duration;

/// The furthest `exp` that is taken.
const LIFE_MOST: Duration = Duration::from_secs(24 * 3600);

/// Whom the host site vouches for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Identity {
    /// The host site's own id of the person.
    pub subject: String,
    /// What to call the person.
    pub name: Option<String>,
}

#[derive(Deserialize)]
struct Header {
    alg: String,
}

#[derive(Deserialize)]
struct Body {
    sub: String,
    aud: Audience,
    exp: f64,
    name: Option<String>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Audience {
    One(String),
    Many(Vec<String>),
}

/// Checks the JWT of a visitor of `site` against the secret that both sides know.
pub fn check(jwt: &str, secret: &str, site: &str, now: Millis) -> Result<Identity, Refusal> {
    let refuse = |why: &str| Refusal::new(Code::BadIdentity, why);
    let (signed, signature) = jwt.rsplit_once('.').ok_or_else(|| refuse("it is not a JWT"))?;
    let (header, body) = signed.split_once('.').ok_or_else(|| refuse("it is not a JWT"))?;
    let header: Header = part(header).ok_or_else(|| refuse("its header is not understood"))?;
    if header.alg != "HS256" {
        return Err(refuse("only HS256 is taken"));
    }
    let signature =
        BASE64.decode(signature).map_err(|_| refuse("its signature is not base64url"))?;
    let mut mac = hmac_of(secret.as_bytes());
    mac.update(signed.as_bytes());
    mac.verify_slice(&signature).map_err(|_| refuse("its signature does not match"))?;
    let body: Body = part(body).ok_or_else(|| refuse("it needs `sub`, `aud` and `exp`"))?;
    check_body(body, site, now)
}

fn check_body(body: Body, site: &str, now: Millis) -> Result<Identity, Refusal> {
    let refuse = |why: &str| Err(Refusal::new(Code::BadIdentity, why));
    let for_site = match &body.aud {
        Audience::One(aud) => aud == site,
        Audience::Many(auds) => auds.iter().any(|aud| aud == site),
    };
    let now = now.0 as f64 / 1_000.0;
    if !for_site {
        return refuse("`aud` must be this site's id");
    }
    if body.exp <= now {
        return refuse("it has expired");
    }
    if body.exp > now + LIFE_MOST.as_secs_f64() {
        return refuse("`exp` may be at most 24 hours ahead");
    }
    if body.sub.is_empty() || body.sub.len() > 256 {
        return refuse("`sub` must have 1 to 256 bytes");
    }
    Ok(Identity { subject: body.sub, name: body.name.map(|name| name.chars().take(80).collect()) })
}

fn part<T: for<'de> Deserialize<'de>>(part: &str) -> Option<T> {
    serde_json::from_slice(&BASE64.decode(part).ok()?).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Millis = Millis(1_764_000_000_000);

    fn jwt(header: &str, body: &str, secret: &str) -> String {
        let signed = format!("{}.{}", BASE64.encode(header), BASE64.encode(body));
        let mut mac = hmac_of(secret.as_bytes());
        mac.update(signed.as_bytes());
        format!("{signed}.{}", BASE64.encode(mac.finalize().into_bytes()))
    }

    fn checked(header: &str, body: &str) -> Result<Identity, String> {
        check(&jwt(header, body, "key"), "key", "shop", NOW).map_err(|refusal| refusal.detail)
    }

    #[test]
    fn a_person_that_the_site_vouches_for_is_known() {
        let body = r#"{"sub":"42","aud":"shop","exp":1764000600,"name":"Ming"}"#;
        let identity = checked(r#"{"alg":"HS256","typ":"JWT"}"#, body).unwrap();
        assert_eq!(identity, Identity { subject: "42".into(), name: Some("Ming".into()) });
    }

    #[test]
    fn what_does_not_hold_is_refused_with_its_reason() {
        let good = r#"{"sub":"42","aud":["x","shop"],"exp":1764000600}"#;
        assert!(checked(r#"{"alg":"HS256"}"#, good).is_ok());
        for (header, body, why) in [
            (r#"{"alg":"none"}"#, good, "HS256"),
            (r#"{"alg":"RS256"}"#, good, "HS256"),
            ("{}", good, "header"),
            (r#"{"alg":"HS256"}"#, r#"{"sub":"42","aud":"other","exp":1764000600}"#, "aud"),
            (r#"{"alg":"HS256"}"#, r#"{"sub":"42","aud":"shop","exp":1763999999}"#, "expired"),
            (r#"{"alg":"HS256"}"#, r#"{"sub":"42","aud":"shop","exp":1764087000}"#, "24 hours"),
            (r#"{"alg":"HS256"}"#, r#"{"sub":"","aud":"shop","exp":1764000600}"#, "sub"),
            (r#"{"alg":"HS256"}"#, r#"{"aud":"shop"}"#, "needs"),
        ] {
            let refused = checked(header, body).unwrap_err();
            assert!(refused.contains(why), "{refused} should name {why}");
        }
        let foreign = jwt(r#"{"alg":"HS256"}"#, good, "another key");
        assert!(check(&foreign, "key", "shop", NOW).is_err());
        assert!(check("a.b", "key", "shop", NOW).is_err());
    }
}
