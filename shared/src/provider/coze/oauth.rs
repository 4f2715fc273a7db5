//! A Coze OAuth app in place of a personal token (section 2.1): a JWT, signed by the app's private
//! key, is exchanged for a token that lives a day at most.
//!
//! The `api_key` is then the JSON that Coze's console gives for the app, as it is. What is signed,
//! sent and read is made here; RS256 itself is the host's, which has it anyway (SubtleCrypto) or
//! can afford it: in the Worker, big-number arithmetic would weigh more than all adapters.

use super::super::json::{self, Node};
use super::super::{Class, Failure, RequestParts, ResponseHead, endpoint};
use crate::config::Provider;
use crate::time::{Millis, Tick};
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use serde_json::Value;
use std::fmt;
use std::time::Duration;

/// How long the signed statement can be used: it is used at once.
const ASSERTION_LIFE: u64 = 600;
/// The longest life that can be asked for, in seconds.
const TOKEN_LIFE: u32 = 86_399;
/// A token with less left than this is replaced.
const RENEW_BEFORE: Duration = Duration::from_secs(60);
const GRANT: &str = "urn:ietf:params:oauth:grant-type:jwt-bearer";

/// An OAuth app, and where it signs in.
#[derive(Clone, PartialEq, Eq)]
pub struct App {
    client: String,
    key: String,
    /// PKCS #8, DER.
    private_key: Vec<u8>,
    /// Where a statement is exchanged for a token.
    url: String,
    /// The host's name.
    audience: String,
}

/// The private key stays out of every log.
impl fmt::Debug for App {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("App").field("client", &self.client).finish_non_exhaustive()
    }
}

impl App {
    /// The app whose configuration the key is; none when it is a token itself. Fails on an app
    /// whose private key cannot be read.
    pub fn of(provider: &Provider, api_key: &str) -> Result<Option<Self>, Failure> {
        let Some(value) = json::parse(api_key.trim()) else { return Ok(None) };
        let text = |key| json::text(&value, key).map(str::to_owned);
        let (Some(client), Some(key), Some(private_key)) =
            (text("client_id"), text("public_key_id"), text("private_key"))
        else {
            return Ok(None);
        };
        let private_key = der(&private_key).ok_or_else(Failure::bad_private_key)?;
        let audience = endpoint::base(provider)?.host_str().unwrap_or_default().to_owned();
        let mut url = endpoint::at(provider, "api/permission/oauth2")?;
        if let Ok(mut path) = url.path_segments_mut() {
            // Of an enterprise.
            if let Some(account) = json::word(&value, "account_id") {
                path.push("account").push(&account);
            }
            path.push("token");
        }
        Ok(Some(Self { client, key, private_key, url: url.into(), audience }))
    }

    /// What signs: PKCS #8, DER.
    pub fn private_key(&self) -> &[u8] {
        &self.private_key
    }

    /// What is to be signed by RS256: the JWT without its signature.
    pub fn statement(&self, tick: Tick) -> String {
        let now = tick.now.0 / 1000;
        let header = json::object(&mut [
            ("alg", "RS256".into()),
            ("typ", "JWT".into()),
            ("kid", self.key.as_str().into()),
        ]);
        let claims = json::object(&mut [
            ("iss", self.client.as_str().into()),
            ("aud", self.audience.as_str().into()),
            ("iat", now.into()),
            ("exp", (now + ASSERTION_LIFE).into()),
            // 32 characters: the same number is never drawn twice.
            ("jti", format!("{:032x}", tick.entropy).into()),
        ]);
        [encoded(&header), encoded(&claims)].join(".")
    }

    /// The request that exchanges a signed statement for a token.
    pub fn request(&self, statement: &str, signature: &[u8]) -> RequestParts {
        let jwt = [statement, &URL_SAFE_NO_PAD.encode(signature)].join(".");
        let body = json::object(&mut [
            ("grant_type", GRANT.into()),
            ("duration_seconds", TOKEN_LIFE.into()),
        ]);
        let mut parts = RequestParts::json(self.url.clone(), &body);
        parts.authorize(&jwt);
        parts
    }
}

/// The bytes of a PEM.
fn der(pem: &str) -> Option<Vec<u8>> {
    let body = pem.trim().strip_prefix("-----BEGIN PRIVATE KEY-----")?;
    let body = body.strip_suffix("-----END PRIVATE KEY-----")?;
    STANDARD.decode(body.split_whitespace().collect::<String>()).ok()
}

/// That a request is sent with an app's token.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SignIn {
    /// Whose.
    pub app: App,
    /// With a new one, whatever is at hand: the last one was refused.
    pub renew: bool,
}

/// A token that stands for an app.
#[derive(Clone, PartialEq, Eq)]
pub struct Token {
    /// What is sent as the key.
    pub secret: String,
    pub(super) until: Millis,
}

/// Only how long it lives.
impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Token").field("until", &self.until).finish_non_exhaustive()
    }
}

impl Token {
    /// Reads the answer to [`App::request`].
    pub fn read(head: &ResponseHead, body: &[u8]) -> Result<Self, Failure> {
        let value = json::in_body(body).unwrap_or_default();
        let value = value.get("data").filter(|data| data.is_object()).unwrap_or(&value);
        let sendable = |token: &&str| token.bytes().all(|byte| byte.is_ascii_graphic());
        let token = json::text(value, "access_token").filter(sendable);
        // An absolute Unix time, in spite of its name.
        let until = json::count(value, "expires_in");
        if let (true, Some(token), Some(until)) = (head.is_success(), token, until) {
            let until = Millis(until.saturating_mul(1000));
            return Ok(Self { secret: token.to_owned(), until });
        }
        Err(refused(head, value))
    }

    /// Whether it can be sent, and need not be replaced yet.
    pub fn is_fresh(&self, now: Millis) -> bool {
        now + RENEW_BEFORE < self.until
    }
}

/// Here errors have words for codes: `access_denied`, `slow_down`.
fn refused(head: &ResponseHead, value: &Node<'_>) -> Failure {
    let says = super::complaint(value).map(|failure| match failure.code.as_deref() {
        Some("slow_down") => Failure { class: Class::RateLimited, ..failure },
        Some(code) if code.parse::<u64>().is_err() => Failure { class: Class::Auth, ..failure },
        _ => failure,
    });
    if says.is_none() && head.is_success() {
        return Failure::new(Class::Protocol, "unexpected_body");
    }
    head.refusal(says)
}

fn encoded(value: &Value) -> String {
    URL_SAFE_NO_PAD.encode(value.to_string())
}

#[cfg(test)]
mod tests {
    use super::super::super::tests::provider;
    use super::*;
    use crate::config::ProviderKind;
    use serde_json::json;

    const NOW: Millis = Millis(1_764_000_000_000);
    const TICK: Tick = Tick { now: NOW, entropy: 10 };

    /// What Coze's console gives for an app.
    fn file(more: &Value) -> String {
        let mut value = json!({
            "client_type": "jwt", "client_id": "111", "public_key_id": "kid",
            "private_key": "-----BEGIN PRIVATE KEY-----\nc2Vj\ncmV0\n-----END PRIVATE KEY-----\n",
        });
        value.as_object_mut().unwrap().extend(more.as_object().cloned().unwrap());
        format!("{value}\n")
    }

    fn app(more: &Value) -> App {
        let mut provider = provider(ProviderKind::Coze);
        provider.endpoint = Some("https://api.coze.cn/v3".into());
        App::of(&provider, &file(more)).unwrap().unwrap()
    }

    fn decoded(part: &str) -> Value {
        serde_json::from_slice(&URL_SAFE_NO_PAD.decode(part).unwrap()).unwrap()
    }

    #[test]
    fn a_personal_token_is_no_app() {
        let provider = provider(ProviderKind::Coze);
        for key in ["pat_123", "", "{}", "{\"client_id\":\"1\"}"] {
            assert_eq!(App::of(&provider, key), Ok(None), "{key}");
        }
    }

    #[test]
    fn a_key_that_is_no_pkcs8_pem_is_a_failure_of_the_configuration() {
        let provider = provider(ProviderKind::Coze);
        for bad in [
            "c2VjcmV0",
            "-----BEGIN RSA PRIVATE KEY-----\nc2Vj\n-----END RSA PRIVATE KEY-----",
            "-----BEGIN PRIVATE KEY-----\n???\n-----END PRIVATE KEY-----",
        ] {
            let failure = App::of(&provider, &file(&json!({ "private_key": bad }))).unwrap_err();
            assert_eq!(failure.to_string(), "config (bad_private_key)", "{bad}");
        }
    }

    #[test]
    fn the_statement_says_who_to_whom_and_for_how_long() {
        let app = app(&json!({}));
        assert_eq!(app.private_key(), b"secret");
        let statement = app.statement(TICK);
        let (header, claims) = statement.split_once('.').unwrap();
        assert_eq!(decoded(header), json!({"alg": "RS256", "typ": "JWT", "kid": "kid"}));
        assert_eq!(
            decoded(claims),
            json!({
                "iss": "111", "aud": "api.coze.cn", "iat": 1_764_000_000, "exp": 1_764_000_600,
                "jti": "0000000000000000000000000000000a",
            })
        );
    }

    #[test]
    fn a_statement_is_exchanged_for_a_token_of_a_day() {
        for (more, path) in [
            (json!({}), "api/permission/oauth2/token"),
            (json!({"account_id": 7}), "api/permission/oauth2/account/7/token"),
        ] {
            let parts = app(&more).request("h.c", &[255, 254]);
            assert_eq!(parts.url, format!("https://api.coze.cn/{path}"));
            let body: Value = serde_json::from_slice(&parts.body).unwrap();
            assert_eq!(body, json!({"grant_type": GRANT, "duration_seconds": 86_399}));
            assert!(parts.headers.contains(&("authorization", "Bearer h.c.__4".to_owned())));
        }
    }

    #[test]
    fn a_token_lives_until_the_moment_that_is_named() {
        let ok = ResponseHead { status: 200, ..ResponseHead::default() };
        let body = json!({"access_token": "czs_1", "expires_in": 1_764_000_100});
        for body in [body.clone(), json!({"data": body})] {
            let token = Token::read(&ok, body.to_string().as_bytes()).unwrap();
            assert_eq!(token.secret, "czs_1");
            assert!(token.is_fresh(NOW) && token.is_fresh(NOW + Duration::from_secs(39)));
            assert!(!token.is_fresh(NOW + Duration::from_secs(40)), "a minute is left");
        }
    }

    #[test]
    fn refusals_are_failures_of_the_credentials() {
        for (status, body, expected) in [
            (400, r#"{"error_code":"access_denied","error_message":"x"}"#, "auth (access_denied)"),
            (400, r#"{"error_code":"slow_down"}"#, "rate_limited (slow_down)"),
            (401, r#"{"code":4100,"msg":"x"}"#, "auth (4100)"),
            (502, "<html>", "upstream (http_502)"),
            (200, "{}", "protocol (unexpected_body)"),
            (200, r#"{"access_token":"a b","expires_in":9}"#, "protocol (unexpected_body)"),
        ] {
            let head = ResponseHead { status, ..ResponseHead::default() };
            let failure = Token::read(&head, body.as_bytes()).unwrap_err();
            assert_eq!(failure.to_string(), expected, "{body}");
        }
    }

    #[test]
    fn neither_key_nor_token_is_ever_printed() {
        let token = Token { secret: "czs_1".into(), until: NOW };
        let printed = format!("{:?} {token:?}", app(&json!({})));
        assert!(!printed.contains("115, 101") && !printed.contains("czs_1"), "{printed}");
    }
}
