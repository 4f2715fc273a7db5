//! Why a connection ended, as what to do about it.

use std::time::Duration;
use tokio_tungstenite::tungstenite::Error;
use tokio_tungstenite::tungstenite::protocol::CloseFrame;

/// What a client does when its connection has ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Then {
    /// It tries again, after a jittered wait.
    Again,
    /// It tries again with a fresh token.
    FreshToken,
    /// It gives up.
    Stop,
}

/// The end of a connection.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Down {
    /// What to do about it.
    pub then: Then,
    /// In the server's words, or the system's.
    pub why: String,
    /// What the server asked to wait.
    pub retry_after: Duration,
}

impl Down {
    /// One that may work again.
    pub(crate) fn cut(why: impl Into<String>) -> Self {
        Self { then: Then::Again, why: why.into(), retry_after: Duration::ZERO }
    }

    /// What a close code asks for.
    pub(crate) fn closed(frame: Option<&CloseFrame>) -> Self {
        let Some(frame) = frame else { return Self::cut("closed without a code") };
        let code = u16::from(frame.code);
        let then = match code {
            4100..4200 => Then::FreshToken,
            4200.. => Then::Stop,
            _ => Then::Again,
        };
        Self { then, ..Self::cut(format!("closed {code} {}", frame.reason)) }
    }

    /// What a request that was not answered by a socket means.
    pub(crate) fn refused(error: &Error) -> Self {
        let Error::Http(response) = error else { return Self::cut(error.to_string()) };
        let header = response.headers().get("retry-after").and_then(|it| it.to_str().ok());
        Self::of_status(response.status().as_u16(), header)
    }

    /// What the status of a refusal means.
    pub(crate) fn of_status(status: u16, retry_after: Option<&str>) -> Self {
        let then = match status {
            401 => Then::FreshToken,
            403 | 404 => Then::Stop,
            _ => Then::Again,
        };
        let seconds = retry_after.and_then(|text| text.parse().ok()).unwrap_or(0);
        let why = format!("refused {status}");
        Self { then, why, retry_after: Duration::from_secs(seconds) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_range_of_a_close_code_says_what_to_do() {
        let cases = [
            (1006, Then::Again),
            (4001, Then::Again),
            (4100, Then::FreshToken),
            (4229, Then::Stop),
        ];
        for (code, then) in cases {
            let frame = CloseFrame { code: code.into(), reason: "".into() };
            assert_eq!(Down::closed(Some(&frame)).then, then, "{code}");
        }
        assert_eq!(Down::closed(None).then, Then::Again);
    }
}
