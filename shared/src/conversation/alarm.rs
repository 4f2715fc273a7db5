//! The alarm: what brings a conversation back after its process died, and the durable sign that
//! something was under way.

use super::{Step, Write};
use crate::time::Millis;
use std::time::Duration;

/// How long a crash may go unnoticed when nobody comes back to wake the object.
const AFTER: Duration = Duration::from_secs(10);
/// How soon the alarm rings again while something is under way; it also keeps the object in memory.
const AGAIN: Duration = Duration::from_secs(20);

#[derive(Clone, Debug, Default)]
pub(super) struct Alarm {
    set: Option<Millis>,
    rang: bool,
    /// Whether it stands for another process's too: whoever rings an alarm clears it, and a turn
    /// elsewhere may have no other.
    guards: bool,
}

impl Alarm {
    pub(super) fn rang(&mut self) {
        self.set = None;
        (self.rang, self.guards) = (true, true);
    }

    /// It is set while something is under way and cleared after that, each in the transaction of
    /// what began and what ended it.
    pub(super) fn keep(&mut self, now: Millis, busy: bool, elsewhere: bool, step: &mut Step) {
        let rang = std::mem::take(&mut self.rang);
        self.guards &= elsewhere;
        let busy = busy || self.guards;
        match (busy, self.set) {
            (true, None) => {
                self.set = Some(now + if rang { AGAIN } else { AFTER });
                step.write(Write::Alarm(self.set));
            }
            (false, Some(_)) => {
                self.set = None;
                step.write(Write::Alarm(None));
            }
            (true, Some(_)) | (false, None) => {}
        }
    }
}
