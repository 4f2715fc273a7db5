//! One request to the demo AI.

use serde_json::Value;
use std::io::{self, BufRead, BufReader, Read};
use std::net::TcpStream;

/// A question may carry its context, but not more than this.
const BODY_AT_MOST: u64 = 1 << 20;

/// One request to the demo AI.
pub(super) struct Request {
    pub(super) method: String,
    pub(super) path: String,
    body: Value,
}

impl Request {
    /// Reads it whole.
    ///
    /// # Errors
    /// When it breaks off. A body that is not JSON counts as empty.
    pub(super) fn read(stream: &TcpStream) -> io::Result<Self> {
        let mut lines = BufReader::new(stream);
        let mut first = String::new();
        lines.read_line(&mut first)?;
        let mut words = first.split_whitespace().map(str::to_owned);
        let (method, path) = (words.next().unwrap_or_default(), words.next().unwrap_or_default());
        let length = body_length(&mut lines)?;
        let mut body = Vec::new();
        lines.take(length.min(BODY_AT_MOST)).read_to_end(&mut body)?;
        Ok(Self { method, path, body: serde_json::from_slice(&body).unwrap_or_default() })
    }

    /// Whether the answer is wanted as it grows.
    pub(super) fn streams(&self) -> bool {
        self.body.get("stream").and_then(Value::as_bool).unwrap_or_default()
    }

    /// The last thing that the visitor said.
    pub(super) fn question(&self) -> String {
        let messages = self.body.get("messages").and_then(Value::as_array);
        let said = messages
            .into_iter()
            .flatten()
            .rev()
            .find(|message| message.get("role").and_then(Value::as_str) == Some("user"));
        let content = said.and_then(|message| message.get("content")).and_then(Value::as_str);
        content.unwrap_or_default().to_owned()
    }
}

/// Reads the rest of the head.
fn body_length(lines: &mut impl BufRead) -> io::Result<u64> {
    let mut length = 0;
    loop {
        let mut line = String::new();
        if lines.read_line(&mut line)? == 0 || line == "\r\n" {
            return Ok(length);
        }
        if let Some((name, value)) = line.split_once(':')
            && name.eq_ignore_ascii_case("content-length")
        {
            length = value.trim().parse().unwrap_or_default();
        }
    }
}
