//! Why there is no connection.

use kefu_shared::nats::Broken;
use std::fmt;

/// Why there is no connection.
#[derive(Debug)]
pub(super) enum Lost {
    Address(&'static str),
    Refused(String),
    Ended,
    Silent,
    Protocol(Broken),
}

impl fmt::Display for Lost {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Address(what) => write!(f, "kefu_nats: {what}"),
            Self::Refused(what) => {
                write!(f, "{what} (is it running, and is it in allowed_outbound_hosts?)")
            }
            Self::Ended => f.write_str("the server closed the connection"),
            Self::Silent => f.write_str("the server says nothing"),
            Self::Protocol(broken) => broken.fmt(f),
        }
    }
}
