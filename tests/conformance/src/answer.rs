//! What a request got.

use reqwest::RequestBuilder;
use reqwest::header::HeaderMap;
use serde_json::Value;

/// What a request got.
#[derive(Clone, Debug)]
pub struct Answer {
    pub status: u16,
    pub headers: HeaderMap,
    pub text: String,
    /// The body as JSON; null when it is none.
    pub body: Value,
}

impl Answer {
    /// Sends a request and reads all of the answer.
    pub async fn of(request: RequestBuilder) -> Self {
        let response = request.send().await.unwrap();
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        let text = response.text().await.unwrap();
        let body = serde_json::from_str(&text).unwrap_or_default();
        Self { status, headers, text, body }
    }

    /// The same with a JSON body.
    pub async fn of_json(request: RequestBuilder, body: &Value) -> Self {
        let request = request.header("content-type", "application/json");
        Self::of(request.body(body.to_string())).await
    }

    /// A header, empty when it is absent.
    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }

    /// The body of a 200.
    #[track_caller]
    pub fn ok(self) -> Value {
        self.with_status(200)
    }

    /// The body of an answer with that status.
    #[track_caller]
    pub fn with_status(self, status: u16) -> Value {
        assert_eq!(self.status, status, "{}", self.text);
        self.body
    }

    /// The problem that an answer tells: its status, its stable code and its form (RFC 9457).
    #[track_caller]
    pub fn refused(self, status: u16, code: &str) -> Value {
        assert_eq!((self.status, &self.body["code"]), (status, &code.into()), "{}", self.text);
        assert_eq!(self.header("content-type"), "application/problem+json");
        assert_eq!(self.body["status"], status, "{}", self.text);
        for key in ["type", "title", "detail"] {
            let told = self.body[key].as_str().unwrap_or_default();
            assert!(!told.is_empty(), "`{key}` of {}", self.text);
        }
        self.body
    }

    /// How long the answer asks to wait, in milliseconds; it must say so in both of its places.
    #[track_caller]
    pub fn retry_after_ms(&self) -> u64 {
        let wait = self.body["retryAfterMs"].as_u64().expect(&self.text);
        let seconds: u64 = self.header("retry-after").parse().unwrap();
        assert_eq!(seconds, wait.div_ceil(1_000), "Retry-After is in whole seconds");
        wait
    }
}
