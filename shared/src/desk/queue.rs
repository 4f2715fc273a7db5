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

/// The places that conversations know of.
#[derive(Clone, Debug, Default)]
pub(super) struct Places {
    told: BTreeMap<String, u32>,
    changed_since: Option<Millis>,
}

impl Places {
    /// Whoever waits is taken to know the present place.
    pub(super) fn resume(inbox: &Inbox) -> Self {
        Self { told: places(inbox), changed_since: None }
    }

    pub(super) fn deadline(&self) -> Option<Millis> {
        self.changed_since.map(|since| since + COALESCE)
    }
}

impl Desk {
    /// The places of conversations that were just heard of; those of others may have changed.
    pub(super) fn places_of(&mut self, heard: &[String], now: Millis) -> Outcome {
        let current = places(&self.inbox);
        self.places.told.retain(|id, _| current.contains_key(id));
        let known = heard.iter().filter_map(|id| Some((id.clone(), *current.get(id)?)));
        let places = sorted::map(known);
        self.places.told.extend(places.clone());
        let stale = |(id, place): (&String, &u32)| current.get(id).is_some_and(|now| now != place);
        if self.places.told.iter().any(stale) {
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
        for (conversation, place) in places(&self.inbox) {
            let known = self.places.told.insert(conversation.clone(), place);
            if known.is_some_and(|known| known != place) && place as usize <= TOLD_MOST {
                step.act(Act::Place { conversation, place });
            }
        }
    }
}

fn places(inbox: &Inbox) -> BTreeMap<String, u32> {
    let queue = inbox.queue();
    sorted::map(queue.iter().zip(1..).map(|(entry, place)| (entry.conversation.clone(), place)))
}
