//! Who waits for a person, and what each of them is told of it.

use super::{Act, Desk, Inbox, Outcome, Step};
use crate::sorted;
use crate::time::Millis;
use std::collections::BTreeMap;
use std::time::Duration;

/// Changes this close together are told together.
const COALESCE: Duration = Duration::from_secs(2);
/// The first so many are told when their place changes: whoever is further back waits for long.
const TOLD_MOST: usize = 50;

/// The places that those at the head of the queue know of.
#[derive(Clone, Debug, Default)]
pub(super) struct Places {
    told: BTreeMap<String, u32>,
    changed_since: Option<Millis>,
}

impl Places {
    /// Whoever waits is taken to know the present place.
    pub(super) fn resume(inbox: &Inbox) -> Self {
        let mut places = Self::default();
        places.take_in(inbox);
        places
    }

    /// Whoever came to the head of the queue by another process's doing was told by that one.
    pub(super) fn take_in(&mut self, inbox: &Inbox) {
        for (id, place) in head(inbox) {
            self.told.entry(id.to_owned()).or_insert(place);
        }
    }

    pub(super) fn deadline(&self) -> Option<Millis> {
        self.changed_since.map(|since| since + COALESCE)
    }

    /// Whether somebody at the head of the queue knows another place, or one further back.
    fn are_stale(&self, inbox: &Inbox) -> bool {
        head(inbox).any(|(id, place)| self.told.get(id) != Some(&place))
    }

    fn forget_the_rest(&mut self, inbox: &Inbox) {
        self.told.retain(|id, _| inbox.entries.place(id).is_some());
    }
}

impl Desk {
    /// The places of conversations that were just heard of; those of others may have changed.
    pub(super) fn places_of(&mut self, heard: &[String], now: Millis) -> Outcome {
        let place = |id: &String| Some((id.clone(), self.inbox.entries.place(id)?));
        let places = sorted::map(heard.iter().filter_map(place));
        self.places.forget_the_rest(&self.inbox);
        let at_the_head = places.iter().filter(|(_, place)| **place as usize <= TOLD_MOST);
        self.places.told.extend(at_the_head.map(|(id, place)| (id.clone(), *place)));
        if self.places.are_stale(&self.inbox) {
            self.places.changed_since.get_or_insert(now);
        }
        Outcome::Told { places }
    }

    /// Tells those whose place has changed.
    pub(super) fn place_if_due(&mut self, now: Millis, step: &mut Step) {
        if self.places.deadline().is_none_or(|at| at > now) {
            return;
        }
        self.places.changed_since = None;
        for (conversation, place) in head(&self.inbox) {
            let conversation = conversation.to_owned();
            if self.places.told.insert(conversation.clone(), place) != Some(place) {
                step.act(Act::Place { conversation, place });
            }
        }
    }
}

fn head(inbox: &Inbox) -> impl Iterator<Item = (&str, u32)> {
    inbox.entries.queue().zip(1..).take(TOLD_MOST)
}
