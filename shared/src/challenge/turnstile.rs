//! Cloudflare's Turnstile: the question whether a token is good, and what the verifier answers.
//! <https://developers.cloudflare.com/turnstile/get-started/server-side-validation/>

use crate::config::Turnstile;
use crate::provider::errand::ANSWER_MOST;
use crate::provider::{BodyEnd, Heard, Listener, Method, RequestParts};
use crate::site::Live;
use crate::time::Millis;
use serde_json::{Value, json};
use std::time::Duration;

/// The longest token that Turnstile makes, in bytes.
const TOKEN_MOST: usize = 2_048;
/// A visitor waits for it.
const PATIENCE: Duration = Duration::from_secs(5);
/// What is wrong with the question, or with the verifier itself, and not with the token.
const NO_VERDICTS: [&str; 4] =
    ["missing-input-secret", "invalid-input-secret", "bad-request", "internal-error"];

/// Whether it may be a token.
pub(super) fn is_token(text: &str) -> bool {
    text.len() <= TOKEN_MOST
}

/// The question whether a visitor's token is good, or why it cannot be asked.
pub(super) fn request(
    live: &Live,
    turnstile: &Turnstile,
    (address, token): (&str, &str),
) -> Result<RequestParts, &'static str> {
    let secret = live.turnstile_secret(turnstile).map_err(|_| "no_secret")?;
    let mut body = json!({ "secret": secret, "response": token });
    // Where nobody vouches for an address, there is none.
    if let Some(body) = body.as_object_mut().filter(|_| is_numeric(address)) {
        body.insert("remoteip".to_owned(), address.into());
    }
    let json = || "application/json".to_owned();
    let request = RequestParts {
        method: Method::Post,
        url: turnstile.address().to_owned(),
        headers: vec![("content-type", json()), ("accept", json())],
        body: body.to_string().into_bytes(),
        ..RequestParts::default()
    };
    live.may_call(&request).map_err(|_| "bad_address")?;
    Ok(request)
}

/// Whether it looks like an address of IPv4 or IPv6: to parse it whole would be 2 KB of the Worker.
fn is_numeric(address: &str) -> bool {
    let numeric = |byte: u8| byte.is_ascii_hexdigit() || b".:".contains(&byte);
    address.bytes().all(numeric) && address.contains(['.', ':'])
}

/// What the verifier says of a token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// It is good.
    Human,
    /// It is not.
    Machine,
    /// Nothing, with a code that says why.
    Unknown(&'static str),
}

/// A question to the verifier on its way.
#[derive(Debug)]
pub struct Verifier {
    until: Millis,
    body: Vec<u8>,
    /// Why there is no answer, or that it is whole.
    over: Option<Result<(), &'static str>>,
}

impl Verifier {
    /// One that is asked now.
    pub(super) fn asked(now: Millis) -> Self {
        Self { until: now + PATIENCE, body: Vec::new(), over: None }
    }

    /// One that cannot be asked.
    pub(super) fn never_asked(why: &'static str) -> Self {
        Self { until: Millis(0), body: Vec::new(), over: Some(Err(why)) }
    }

    /// What was heard.
    pub fn verdict(self) -> Verdict {
        match self.over {
            Some(Ok(())) => read(&self.body),
            Some(Err(why)) => Verdict::Unknown(why),
            None => Verdict::Unknown("cut_off"),
        }
    }
}

impl Listener for Verifier {
    fn patience(&self, now: Millis) -> Option<Duration> {
        self.over.is_none().then(|| self.until.since(now))
    }

    fn waited(&mut self, _now: Millis) {
        self.over = Some(Err("timeout"));
    }

    fn hear(&mut self, _now: Millis, heard: Heard) {
        match heard {
            // Its refusals have bodies too.
            Heard::Head(_) => {}
            Heard::Bytes(bytes) => self.body.extend(bytes),
            Heard::End(BodyEnd::Clean) => self.over = Some(Ok(())),
            Heard::End(BodyEnd::Reset) => self.over = Some(Err("cut_off")),
            Heard::Failed(_) => self.over = Some(Err("unreachable")),
        }
        if self.body.len() > ANSWER_MOST {
            self.over = Some(Err("bad_answer"));
        }
    }
}

fn read(body: &[u8]) -> Verdict {
    let answer: Value = serde_json::from_slice(body).unwrap_or_default();
    match answer.get("success").and_then(Value::as_bool) {
        Some(true) => Verdict::Human,
        Some(false) => no_verdict(&answer).map_or(Verdict::Machine, Verdict::Unknown),
        None => Verdict::Unknown("bad_answer"),
    }
}

/// What the verifier has against the question, if it has.
fn no_verdict(answer: &Value) -> Option<&'static str> {
    let told = answer.get("error-codes").and_then(Value::as_array)?;
    NO_VERDICTS.into_iter().find(|code| told.iter().any(|it| it == code))
}
