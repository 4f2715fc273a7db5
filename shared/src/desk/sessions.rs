//! Agents' sessions: what makes a token count, until it is revoked.

use super::{CLOSE_REVOKED, Desk, Outcome, Step, Write};
use crate::problem::{Code, Refusal};
use crate::sorted;
use crate::time::Millis;
use crate::token::RENEWABLE;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Sessions that one agent may have; the oldest ends when there is one more.
pub const SESSIONS_MOST: usize = 20;

/// An agent is logged in somewhere.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Session {
    /// Cannot be guessed.
    pub id: String,
    /// Whose.
    pub agent: String,
    /// Since when, Unix milliseconds.
    pub since: u64,
    /// Until when its agent is taken to be there, Unix milliseconds, where several processes may
    /// have gateways open and say so by this.
    #[serde(default, skip_serializing_if = "is_never")]
    pub here_until: u64,
}

#[allow(clippy::trivially_copy_pass_by_ref, reason = "serde asks so")]
fn is_never(until: &u64) -> bool {
    *until == 0
}

impl Session {
    fn is_over(&self, now: Millis) -> bool {
        Millis(self.since) + RENEWABLE <= now
    }
}

#[derive(Clone, Debug, Default)]
pub(super) struct Sessions(BTreeMap<String, Session>);

impl Sessions {
    pub(super) fn resume(sessions: Vec<Session>) -> Self {
        Self(sorted::map(sessions.into_iter().map(|session| (session.id.clone(), session))))
    }

    /// The agent of a session that is in force.
    pub(super) fn holder(&self, session: &str, now: Millis) -> Option<&str> {
        let session = self.0.get(session).filter(|session| !session.is_over(now))?;
        Some(&session.agent)
    }

    pub(super) fn values_mut(&mut self) -> impl Iterator<Item = &mut Session> {
        self.0.values_mut()
    }

    /// Whether any process says that an agent is there.
    pub(super) fn is_any_here(&self, now: Millis) -> bool {
        self.0.values().any(|session| Millis(session.here_until) > now)
    }

    /// The sessions that end when one more of `agent` begins.
    fn displaced(&self, agent: &str, now: Millis) -> Vec<String> {
        let over = self.0.values().filter(|session| session.is_over(now));
        let mut ending: Vec<String> = over.map(|session| session.id.clone()).collect();
        let mut own: Vec<_> = self.0.values().filter(|session| session.agent == agent).collect();
        sorted::sort_by_key(&mut own, |session| session.since);
        let excess = (own.len() + 1).saturating_sub(SESSIONS_MOST);
        ending.extend(own.iter().take(excess).map(|session| session.id.clone()));
        ending
    }
}

impl Desk {
    pub(super) fn open_session(&mut self, session: Session, now: Millis, step: &mut Step) {
        let displaced = self.sessions.displaced(&session.agent, now);
        self.end_sessions(step, |session| displaced.contains(&session.id));
        step.write(Write::Session(session.clone()));
        self.sessions.0.insert(session.id.clone(), session);
    }

    /// Whose session it is, if it is in force.
    pub(super) fn check_session(&self, session: &str, now: Millis) -> Outcome {
        let account = self.sessions.holder(session, now).and_then(|id| self.accounts.get(id));
        match account {
            Some(account) => Outcome::Account(account.clone()),
            None => Outcome::refused(&Refusal::new(
                Code::SessionRevoked,
                "this session is over: log in again",
            )),
        }
    }

    pub(super) fn end_session(&mut self, session: &str, step: &mut Step) -> Outcome {
        self.end_sessions(step, |known| known.id == session);
        Outcome::Done
    }

    /// Ends sessions and the gateway streams that were opened under them.
    pub(super) fn end_sessions(&mut self, step: &mut Step, which: impl Fn(&Session) -> bool) {
        let ending: Vec<String> = self
            .sessions
            .0
            .values()
            .filter(|session| which(session))
            .map(|session| session.id.clone())
            .collect();
        for id in &ending {
            self.sessions.0.remove(id);
            step.write(Write::End(id.clone()));
        }
        self.close_streams(CLOSE_REVOKED, "session_revoked", step, |stream| {
            ending.contains(&stream.session)
        });
    }
}
