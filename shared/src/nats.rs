//! The client's side of the NATS protocol, as text in and out: what a bus needs of it.
//!
//! [`Reader`] takes bytes as they come, cut anywhere, and gives [`Op`]s; the functions below write
//! what a client sends. (NATS client protocol: `docs.nats.io/reference/reference-protocols`.)

use serde::Serialize;
use std::fmt;

/// The longest line that is taken, such as a server's INFO.
const LINE_MOST: usize = 64 * 1024;
/// The longest payload that is sent or taken: a server's own limit is as much.
pub const PAYLOAD_MOST: usize = 1024 * 1024;
/// Answers a [`Op::Ping`].
pub const PONG: &str = "PONG\r\n";
/// Shows that the server is still there: it answers [`Op::Pong`].
pub const PING: &str = "PING\r\n";

/// Where a server is, and as whom it is greeted. It holds a secret, so it has no `Debug`.
#[derive(Clone, PartialEq, Eq)]
pub struct Server {
    /// A numeric address: names are not resolved where this is used.
    pub host: std::net::IpAddr,
    /// The port.
    pub port: u16,
    auth: Auth,
}

#[derive(Clone, PartialEq, Eq)]
enum Auth {
    None,
    User { name: String, password: String },
    Token(String),
}

/// What a client says of itself. Its own messages do not come back to it.
#[derive(Default, Serialize)]
struct Greeting<'a> {
    verbose: bool,
    pedantic: bool,
    echo: bool,
    name: &'a str,
    version: &'a str,
    lang: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    user: Option<&'a String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pass: Option<&'a String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    auth_token: Option<&'a String>,
}

/// Something that a server says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Op {
    /// It is there, and greets.
    Info,
    /// A message of a subscription.
    Message {
        /// What it is about.
        subject: String,
        /// What it says.
        payload: Vec<u8>,
    },
    /// It wants to know whether the client is still there.
    Ping,
    /// It is still there.
    Pong,
    /// It took something; only verbose servers say so.
    Ok,
    /// It refuses something, and may close the connection.
    Error(String),
}

/// What came is not the protocol.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Broken;

impl fmt::Display for Broken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the server does not speak the NATS protocol")
    }
}

impl Server {
    /// Reads `nats://[user:password@|token@]ADDRESS[:PORT]`; the error says what is wrong.
    pub fn parse(text: &str) -> Result<Self, &'static str> {
        let rest = text.strip_prefix("nats://").ok_or("it must begin with nats://")?;
        let (auth, place) = rest.rsplit_once('@').map_or((None, rest), |(a, p)| (Some(a), p));
        let place = place.trim_end_matches('/');
        let auth = match auth.map(|auth| auth.split_once(':').ok_or(auth)) {
            None => Auth::None,
            Some(Ok((name, password))) => {
                Auth::User { name: name.to_owned(), password: password.to_owned() }
            }
            Some(Err(token)) => Auth::Token(token.to_owned()),
        };
        let numeric = "it must have a numeric address, such as nats://127.0.0.1:4222";
        if let Ok(address) = place.parse::<std::net::SocketAddr>() {
            return Ok(Self { host: address.ip(), port: address.port(), auth });
        }
        let host = place.trim_matches(['[', ']']).parse().map_err(|_| numeric)?;
        Ok(Self { host, port: 4222, auth })
    }

    /// The greeting: who this is.
    pub fn connect(&self, name: &str) -> String {
        let (user, pass, auth_token) = match &self.auth {
            Auth::None => (None, None, None),
            Auth::User { name, password } => (Some(name), Some(password), None),
            Auth::Token(token) => (None, None, Some(token)),
        };
        let version = env!("CARGO_PKG_VERSION");
        let options = Greeting { name, version, user, pass, auth_token, ..Greeting::default() };
        format!("CONNECT {}\r\n", serde_json::to_string(&options).unwrap_or_default())
    }
}

/// Asks for all messages about a subject.
pub fn subscribe(subject: &str) -> String {
    format!("SUB {subject} 1\r\n")
}

/// Says something about a subject; none when it is too long to be taken.
pub fn publish(subject: &str, payload: &[u8]) -> Option<Vec<u8>> {
    if payload.len() > PAYLOAD_MOST {
        return None;
    }
    let mut bytes = format!("PUB {subject} {}\r\n", payload.len()).into_bytes();
    bytes.extend_from_slice(payload);
    bytes.extend_from_slice(b"\r\n");
    Some(bytes)
}

/// Reads what a server sends.
#[derive(Debug, Default)]
pub struct Reader {
    bytes: Vec<u8>,
    /// The message whose payload is still coming: its subject and length.
    coming: Option<(String, usize)>,
}

impl Reader {
    /// Takes the next bytes.
    ///
    /// # Errors
    /// When they are not the protocol: the connection is of no more use.
    pub fn push(&mut self, bytes: &[u8]) -> Result<Vec<Op>, Broken> {
        self.bytes.extend_from_slice(bytes);
        let mut ops = Vec::new();
        while let Some(op) = self.next()? {
            ops.extend(op);
        }
        Ok(ops)
    }

    /// The next op; `Some(None)` is a line after which a payload comes.
    fn next(&mut self) -> Result<Option<Option<Op>>, Broken> {
        if let Some((subject, length)) = self.coming.take() {
            let Some(payload) = self.bytes.get(..length + 2) else {
                self.coming = Some((subject, length));
                return Ok(None);
            };
            let payload = payload.strip_suffix(b"\r\n").ok_or(Broken)?.to_vec();
            self.bytes.drain(..length + 2);
            return Ok(Some(Some(Op::Message { subject, payload })));
        }
        let Some(end) = memchr::memchr(b'\n', &self.bytes) else {
            return if self.bytes.len() > LINE_MOST { Err(Broken) } else { Ok(None) };
        };
        let line: Vec<u8> = self.bytes.drain(..=end).collect();
        let line = std::str::from_utf8(&line).map_err(|_| Broken)?.trim_end();
        self.line(line).map(Some)
    }

    fn line(&mut self, line: &str) -> Result<Option<Op>, Broken> {
        let (word, rest) = line.split_once([' ', '\t']).unwrap_or((line, ""));
        Ok(Some(match word.to_ascii_uppercase().as_str() {
            "INFO" => Op::Info,
            "PING" => Op::Ping,
            "PONG" => Op::Pong,
            "+OK" => Op::Ok,
            "-ERR" => Op::Error(rest.trim_matches('\'').to_owned()),
            "MSG" => {
                self.coming = Some(message(rest)?);
                return Ok(None);
            }
            _ => return Err(Broken),
        }))
    }
}

/// `subject sid [reply-to] length`.
fn message(rest: &str) -> Result<(String, usize), Broken> {
    let words: Vec<&str> = rest.split_ascii_whitespace().collect();
    let ([subject, _, length] | [subject, _, _, length]) = words.as_slice() else {
        return Err(Broken);
    };
    let length = length.parse().ok().filter(|length| *length <= PAYLOAD_MOST).ok_or(Broken)?;
    Ok(((*subject).to_owned(), length))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(text: &str, size: usize) -> Result<Vec<Op>, Broken> {
        let mut reader = Reader::default();
        let mut ops = Vec::new();
        for piece in text.as_bytes().chunks(size) {
            ops.extend(reader.push(piece)?);
        }
        Ok(ops)
    }

    #[test]
    fn what_a_server_says_is_read_however_it_is_cut() {
        let text = "INFO {\"server_id\":\"x\"}\r\nPING\r\nMSG kefu.a 1 5\r\nh\r\nlo\r\n+OK\r\n\
                    MSG kefu.b 1 _INBOX.1 0\r\n\r\nPONG\r\n-ERR 'Unknown Protocol'\r\n";
        let message = |subject: &str, payload: &[u8]| Op::Message {
            subject: subject.into(),
            payload: payload.to_vec(),
        };
        let expected = vec![
            Op::Info,
            Op::Ping,
            message("kefu.a", b"h\r\nlo"),
            Op::Ok,
            message("kefu.b", b""),
            Op::Pong,
            Op::Error("Unknown Protocol".into()),
        ];
        for size in [1, 2, 3, 7, 64, text.len()] {
            assert_eq!(said(text, size).as_ref(), Ok(&expected), "in pieces of {size} bytes");
        }
    }

    #[test]
    fn what_is_not_the_protocol_is_not_taken() {
        for text in [
            "HTTP/1.1 400 Bad Request\r\n",
            "MSG a 1\r\n",
            "MSG a 1 -5\r\n",
            "MSG a 1 99999999\r\n",
            "MSG a 1 2\r\nabcd\r\n",
            &"x".repeat(70_000),
        ] {
            assert_eq!(said(text, 4_096), Err(Broken), "{text:.20}");
        }
    }

    #[test]
    fn a_server_is_where_its_address_says() {
        let server = |text: &str| Server::parse(text).map(|it| (it.host.to_string(), it.port));
        assert_eq!(server("nats://127.0.0.1:4223"), Ok(("127.0.0.1".into(), 4223)));
        assert_eq!(server("nats://10.0.0.1/"), Ok(("10.0.0.1".into(), 4222)));
        assert_eq!(server("nats://[::1]:4222"), Ok(("::1".into(), 4222)));
        assert!(server("nats://nats.example:4222").unwrap_err().contains("numeric"));
        assert!(server("127.0.0.1:4222").unwrap_err().contains("nats://"));
    }

    #[test]
    fn a_greeting_says_who_it_is() {
        let greeting =
            |text: &str| Server::parse(text).unwrap_or_else(|e| panic!("{e}")).connect("n");
        assert!(greeting("nats://u:p@127.0.0.1").contains("\"pass\":\"p\""));
        assert!(greeting("nats://t@127.0.0.1").contains("\"auth_token\":\"t\""));
        assert!(!greeting("nats://127.0.0.1").contains("auth_token"));
    }

    #[test]
    fn a_payload_over_the_limit_is_not_sent() {
        assert_eq!(publish("a", b"hi").unwrap_or_default(), b"PUB a 2\r\nhi\r\n");
        assert!(publish("a", &vec![0; PAYLOAD_MOST]).is_some());
        assert!(publish("a", &vec![0; PAYLOAD_MOST + 1]).is_none());
    }
}
