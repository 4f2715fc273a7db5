//! Whether anybody is there: an agent whose gateway is open.
//!
//! Where one process has the desk its streams tell. Where several may, each says so in the rows of
//! its agents' sessions, for a while, and says it again.

use super::{Desk, Step, Write};
use crate::conversation::ConnId;
use crate::time::Millis;
use std::time::Duration;

/// How long it counts that an agent was there.
const COUNTS: Duration = Duration::from_secs(90);
/// It is said again when this is left of it: rows are the bill.
const LEFT: Duration = Duration::from_secs(45);

impl Desk {
    pub(super) fn is_attended(&self, now: Millis) -> bool {
        !self.streams.is_empty() || self.sessions.is_any_here(now)
    }

    pub(super) fn beat(&mut self, now: Millis, step: &mut Step) {
        for session in self.sessions.values_mut() {
            let open = self.streams.values().any(|stream| stream.session == session.id);
            if open && Millis(session.here_until) < now + LEFT {
                session.here_until = (now + COUNTS).0;
                step.write(Write::Session(session.clone()));
            }
        }
    }

    pub(super) fn detach(&mut self, conn: ConnId, step: &mut Step) {
        let Some(gone) = self.streams.remove(&conn) else { return };
        if self.streams.values().any(|stream| stream.session == gone.session) {
            return;
        }
        let said = self.sessions.values_mut().find(|session| session.id == gone.session);
        if let Some(session) = said.filter(|session| session.here_until > 0) {
            // Another process that has one open says so again.
            session.here_until = 0;
            step.write(Write::Session(session.clone()));
        }
    }
}
