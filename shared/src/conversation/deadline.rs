//! When a conversation has to be looked at again, and why.

use super::Conversation;
use crate::time::Millis;

/// Why a conversation wants to be woken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Deadline {
    /// A turn was under way when the process died.
    Recover,
    /// A turn needs the site and its context.
    Prepare,
    /// No further message came: the question is whole.
    QuestionWhole,
    /// What the turn needs did not come in time.
    NotPrepared,
    /// The providers' guards have not answered.
    NotAdmitted,
    /// The provider is asked once more.
    Retry,
    /// No AI text within the turn budget.
    TurnBudget,
    /// No response's head.
    Connect,
    /// No first text.
    FirstToken,
    /// No bytes while text was coming.
    Idle,
    /// The answer takes too long.
    Total,
    /// It is known how the answer ended, only its connection did not.
    Linger,
    /// Whether the site still has AI is looked at.
    Look,
    /// Text waits to be shown.
    Flush,
    /// Text waits to be saved.
    Save,
    /// The desk does not know the newest events.
    Tell,
    /// The desk has not answered.
    NotTold,
    /// Nothing has happened for a while.
    Settle,
    /// The turn stays here only if that is said again.
    Renew,
    /// Whoever had the turn has not said that it still does.
    LeaseOver,
}

impl Conversation {
    /// When to give [`super::Input::Woke`] at the latest, and why. `None` means never: nothing is
    /// under way and the conversation may sleep.
    pub fn deadline(&self) -> Option<(Millis, Deadline)> {
        let turn = self.turns.deadline(&self.head.policy);
        let outbox = self.outbox.deadline(self.turns.is_open());
        let lease = self.turns.lease_deadline();
        [turn, outbox, lease, self.site_deadline()].into_iter().flatten().min()
    }
}
