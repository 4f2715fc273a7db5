//! Calls to providers (I8): how many, of which attempts, and what each provider said.

use crate::invariant::{Held, Invariant};
use crate::model;
use crate::site::ATTEMPTS_MOST;
use kefu_proto::v1::Message;
use kefu_shared::conversation::AttemptId;
use std::collections::{BTreeMap, BTreeSet};

#[derive(Clone, Debug, Default)]
pub(crate) struct Ledger {
    /// All the text of each call.
    said: BTreeMap<AttemptId, String>,
    calls: BTreeMap<u32, u32>,
    /// A message before visible text asks again: so many more calls a turn may cost.
    again: BTreeMap<u32, u32>,
    /// Turns of which something was shown.
    shown: BTreeSet<u32>,
    /// The newest attempt that an owner change found: all up to it are silent.
    silenced: Option<AttemptId>,
}

impl Ledger {
    /// A provider is called.
    pub(crate) fn called(&mut self, id: AttemptId, text: String) -> Held {
        let calls = self.calls.entry(id.turn).or_default();
        *calls += 1;
        let most = ATTEMPTS_MOST + self.again.get(&id.turn).copied().unwrap_or(0);
        Invariant::Attempts
            .holds(*calls <= most, || format!("turn {} costs {calls} calls", id.turn))?;
        Invariant::Attempts.holds(!self.shown.contains(&id.turn), || {
            format!("turn {} was shown and is asked again", id.turn)
        })?;
        let twice = self.said.insert(id, text).is_some();
        Invariant::Attempts.holds(!twice, || format!("{id:?} is called twice"))
    }

    /// A message is stored.
    pub(crate) fn logged(&mut self, message: &Message) -> Held {
        if model::is_visitors(message) {
            self.asked();
        }
        // What an agent approved was said before; that it is what was drafted is seen in the log.
        if message.draft.is_some() { Ok(()) } else { self.drafted(message) }
    }

    /// What the AI says is stored, for visitors or for agents alone.
    pub(crate) fn drafted(&self, message: &Message) -> Held {
        match model::answer(message) {
            Some((turn, attempt, text, whole)) => {
                self.stores(AttemptId { turn, attempt }, &text, whole)
            }
            None => Ok(()),
        }
    }

    /// A visitor says something more.
    fn asked(&mut self) {
        if let Some(&turn) = self.calls.keys().next_back() {
            *self.again.entry(turn).or_default() += 1;
        }
    }

    /// The owner changed: what was said until now is not said any more.
    pub(crate) fn owner_changed(&mut self) {
        self.silenced = self.said.keys().next_back().copied();
    }

    /// An attempt of an older term is silent.
    pub(crate) fn may_speak(&self, id: AttemptId) -> Held {
        Invariant::Silence.holds(self.silenced < Some(id), || {
            format!("{id:?} is of an older term, as {:?} was", self.silenced)
        })
    }

    /// Something of an answer is shown.
    pub(crate) fn shows(&mut self, id: AttemptId, text: &str) -> Held {
        self.shown.insert(id.turn);
        let said = self.said.get(&id);
        Invariant::Attempts.holds(said.is_some_and(|said| said.contains(text)), || {
            format!("`{text}` is shown of {id:?}, which said {said:?}")
        })
    }

    /// An answer is stored: it is how its provider began, or all that it said.
    fn stores(&self, id: AttemptId, text: &str, whole: bool) -> Held {
        if !text.is_empty() {
            self.may_speak(id)?;
        }
        let said = self.said.get(&id).map_or("", String::as_str);
        let right = if whole { said == text } else { said.starts_with(text) };
        Invariant::Attempts
            .holds(right, || format!("`{text}` is stored of {id:?}, which said `{said}`"))
    }
}
