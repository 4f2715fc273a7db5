//! Everything that can be refused, in one table: a stable code, its HTTP status, its title, and
//! whether a stream that meets it is closed.

use crate::time::Millis;
use kefu_proto::v1::{Challenge, Owner, Problem, problem::Fault};
use std::time::Duration;

macro_rules! codes {
    ($($(#[$doc:meta])* $name:ident = $code:literal, $status:literal, $title:literal;)*) => {
        /// A stable code of the contract (DESIGN section 6).
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum Code { $($(#[$doc])* $name),* }

        impl Code {
            /// All of them, for the table in the documentation.
            pub const ALL: &'static [Self] = &[$(Self::$name),*];

            /// As clients see it.
            pub fn as_str(self) -> &'static str {
                match self { $(Self::$name => $code),* }
            }

            /// By what clients see.
            pub fn of(text: &str) -> Option<Self> {
                Self::ALL.iter().copied().find(|code| code.as_str() == text)
            }

            /// The HTTP status.
            pub fn status(self) -> u16 {
                match self { $(Self::$name => $status),* }
            }

            /// The same for every occurrence.
            pub fn title(self) -> &'static str {
                match self { $(Self::$name => $title),* }
            }
        }
    };
}

codes! {
    /// The body is not what the route takes.
    BadRequest = "bad_request", 400, "The request is not understood";
    /// A body that is not JSON, or not of the message's shape.
    BadJson = "bad_json", 400, "The body is not the JSON that is expected";
    /// Bytes that are not UTF-8 where text is expected.
    BadUtf8 = "bad_utf8", 400, "The text is not valid UTF-8";
    /// A frame that is not a `ClientFrame`.
    BadFrame = "bad_frame", 400, "The frame is not a ClientFrame";
    /// A frame without any kind that this server knows.
    UnknownFrame = "unknown_frame", 400, "The frame's kind is not known";
    /// A key that is absent, too long, or has other characters than visible ones.
    BadKey = "bad_key", 400, "The key is missing or too long";
    /// Neither text nor body, or an empty one.
    EmptyMessage = "empty_message", 400, "The message says nothing";
    /// A text over the limit.
    TextTooLong = "text_too_long", 400, "The text is too long";
    /// A body that its author may not send.
    BodyNotAllowed = "body_not_allowed", 400, "This kind of message may not be sent";
    /// A rating out of 1 to 5, or without a session to rate.
    BadRating = "bad_rating", 400, "The rating is not from 1 to 5";
    /// A cursor that does not parse.
    BadCursor = "bad_cursor", 400, "The cursor is not understood";
    /// An id of a site that no site can have.
    BadSite = "bad_site", 400, "The site's id is not valid";
    /// A name of a secret that no secret can have.
    BadSecret = "bad_secret", 400, "The secret's name, value or hosts are not valid";
    /// A host site's JWT that does not hold.
    BadIdentity = "bad_identity", 401, "The identity token does not hold";
    /// An account that cannot be: its address, name or password.
    BadAccount = "bad_account", 400, "The account's e-mail address, name or password is not valid";
    /// A login that does not succeed, whatever the reason.
    BadLogin = "bad_login", 401, "The login does not succeed";
    /// A session that was ended, by its agent or an admin.
    SessionRevoked = "session_revoked", 401, "The session is over";
    /// No token, or none that this deployment signed.
    Unauthorized = "unauthorized", 401, "A valid token is needed";
    /// A token past its life.
    TokenExpired = "token_expired", 401, "The token has expired";
    /// The token's role may not do this.
    Forbidden = "forbidden", 403, "This token may not do that";
    /// The page's origin is not one of the site's.
    OriginNotAllowed = "origin_not_allowed", 403, "The site does not allow this origin";
    /// A newcomer where such prove first that they are no machine.
    ChallengeRequired = "challenge_required", 403, "Newcomers prove first that they are no machine";
    /// Nothing there, or nothing that the caller may know of.
    NotFound = "not_found", 404, "There is no such thing";
    /// A site without configuration.
    SiteNotFound = "site_not_found", 404, "There is no such site";
    /// The route exists, the method does not.
    MethodNotAllowed = "method_not_allowed", 405, "The method is not allowed here";
    /// The same key with another body.
    KeyReused = "key_reused", 409, "The key was used for something else";
    /// An account with this address exists.
    EmailTaken = "email_taken", 409, "There is an agent with this e-mail address";
    /// More agents than a site may have.
    TooManyAgents = "too_many_agents", 409, "The site has as many agents as it may";
    /// A message that its author may not change any more, or that is somebody else's.
    NotAmendable = "not_amendable", 409, "The message may not be changed";
    /// A draft that was sent already, or that something else answered instead of.
    DraftGone = "draft_gone", 409, "The draft is not there to be approved";
    /// A frame for a conversation that is not open in its gateway.
    NotJoined = "not_joined", 409, "The conversation is not open in this gateway";
    /// More conversations than may be open in one gateway.
    TooManyOpen = "too_many_open", 409, "Too many conversations are open in this gateway";
    /// The owner changed since the caller looked.
    OwnerChanged = "owner_changed", 409, "The conversation has another owner";
    /// The conversation's session is over already, or not over.
    NotOpen = "not_open", 409, "The session is not in the state that this needs";
    /// A version of configuration that was never stored.
    NoSuchVersion = "no_such_version", 409, "There is no such version";
    /// A body over the limit.
    TooLarge = "too_large", 413, "The body is too large";
    /// A content type that the route does not take.
    UnsupportedType = "unsupported_type", 415, "The content type is not supported";
    /// A configuration with faults.
    ConfigInvalid = "config_invalid", 422, "The configuration has faults";
    /// A WebSocket subprotocol that is not spoken.
    BadSubprotocol = "bad_subprotocol", 400, "The WebSocket subprotocol is not spoken";
    /// A WebSocket where the host has none, or no upgrade on a WebSocket route.
    UpgradeRequired = "upgrade_required", 426, "This route is a WebSocket";
    /// More than the declared rate.
    RateLimited = "rate_limited", 429, "Too many requests";
    /// More streams than one conversation may have.
    TooManyStreams = "too_many_streams", 429, "Too many streams of one conversation";
    /// The deployment lacks something.
    Misconfigured = "misconfigured", 500, "The deployment is not complete";
    /// Something broke on this side.
    Internal = "internal", 500, "Something broke on our side";
    /// Storage would not take it: nothing was changed, the same request may be sent again.
    Unavailable = "unavailable", 503, "Not possible right now";
}

/// A refusal: what clients get when something is not done. Nothing was changed.
#[derive(Clone, Debug, PartialEq)]
pub struct Refusal {
    /// Which.
    pub code: Code,
    /// What is wrong and how to mend it, for people.
    pub detail: String,
    /// When trying again makes sense.
    pub retry_after: Option<Duration>,
    /// The present owner and its term, on [`Code::OwnerChanged`].
    pub owner: Option<Box<(Owner, u32)>>,
    /// Where the faults are, on [`Code::ConfigInvalid`].
    pub faults: Vec<Fault>,
    /// What is to be answered, on [`Code::ChallengeRequired`].
    pub challenge: Option<Box<Challenge>>,
}

impl Refusal {
    /// A refusal with its explanation.
    pub fn new(code: Code, detail: impl Into<String>) -> Self {
        Self {
            code,
            detail: detail.into(),
            retry_after: None,
            owner: None,
            faults: Vec::new(),
            challenge: None,
        }
    }

    /// With the time after which trying again makes sense.
    #[must_use]
    pub fn retry_at(mut self, now: Millis, at: Millis) -> Self {
        self.retry_after = Some(at.since(now).max(Duration::from_millis(1)));
        self
    }

    /// With the time to wait before trying again.
    #[must_use]
    pub fn retry_after(mut self, wait: Duration) -> Self {
        self.retry_after = Some(wait);
        self
    }

    /// As `application/problem+json`.
    pub fn problem(&self) -> Problem {
        Problem {
            r#type: format!("/docs/problems#{}", self.code.as_str()),
            title: self.code.title().into(),
            status: self.code.status().into(),
            code: self.code.as_str().into(),
            detail: self.detail.clone(),
            retry_after_ms: self.retry_after.map(millis),
            owner: self.owner.as_ref().map(|present| present.0.clone()),
            term: self.owner.as_ref().map(|present| present.1),
            faults: self.faults.clone(),
            challenge: self.challenge.as_deref().cloned(),
        }
    }

    /// The wait in milliseconds, as frames carry it.
    pub fn retry_after_ms(&self) -> Option<u32> {
        self.retry_after.map(millis)
    }
}

fn millis(wait: Duration) -> u32 {
    u32::try_from(wait.as_millis()).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn codes_are_unique_and_their_statuses_are_errors() {
        let codes: BTreeSet<_> = Code::ALL.iter().map(|code| code.as_str()).collect();
        assert_eq!(codes.len(), Code::ALL.len());
        assert!(Code::ALL.iter().all(|code| (400..600).contains(&code.status())));
    }

    #[test]
    fn the_documentation_lists_every_code() {
        let documented = include_str!("../../docs/problems.md");
        for code in Code::ALL {
            let row = format!("| `{}` | {} | {} |", code.as_str(), code.status(), code.title());
            assert!(documented.contains(&row), "docs/problems.md lacks: {row}");
        }
        let rows = documented.lines().filter(|line| line.starts_with("| `")).count();
        assert_eq!(rows, Code::ALL.len());
    }
}
