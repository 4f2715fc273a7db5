//! One conversation's place in the world: its disk, its instances, and what is known of it.

use crate::chance::{Chance, kind};
use crate::disk::Disk;
use crate::instance::Instance;
use crate::ledger::Ledger;
use crate::patience::Patience;
use crate::plan::{Fate, Manner};
use std::collections::{BTreeMap, VecDeque};

#[derive(Debug)]
pub(crate) struct Room {
    pub(crate) disk: Disk,
    /// The disk as it was kept, with what had been said until then.
    pub(crate) backup: Option<(Disk, Ledger)>,
    /// The one that new streams and requests come to.
    pub(crate) current: Instance,
    /// The one that was replaced and does not know.
    pub(crate) stale: Option<Instance>,
    /// Whether there ever were two: then a stream may miss what the other one stored.
    pub(crate) was_split: bool,
    pub(crate) alarm: Alarm,
    /// How many writes until the storage refuses one.
    pub(crate) refuse_in: Option<usize>,
    /// How the next calls go.
    pub(crate) manners: VecDeque<Manner>,
    /// Whether the site cannot be read, and if so whether that takes long.
    pub(crate) site_lost: Option<bool>,
    /// How the next summaries go.
    pub(crate) fates: VecDeque<Fate>,
    pub(crate) ledger: Ledger,
    pub(crate) patience: Patience,
    /// Where each request without a stream was first answered to be.
    pub(crate) places: BTreeMap<String, u32>,
    pub(crate) entropy: Chance,
}

/// The platform's alarm, and how it misbehaves.
#[derive(Debug, Default)]
pub(crate) struct Alarm {
    /// The number of the one that is set.
    pub(crate) set: Option<u32>,
    /// Which instance set it.
    pub(crate) by: u32,
    pub(crate) count: u32,
    pub(crate) twice: bool,
    pub(crate) late: u64,
}

impl Room {
    pub(crate) fn new(seed: u64, number: usize, instance: u32) -> Self {
        Self {
            disk: Disk::default(),
            backup: None,
            current: Instance::new(instance),
            stale: None,
            was_split: false,
            alarm: Alarm::default(),
            refuse_in: None,
            manners: VecDeque::new(),
            site_lost: None,
            fates: VecDeque::new(),
            ledger: Ledger::default(),
            patience: Patience::default(),
            places: BTreeMap::new(),
            entropy: Chance::of(seed, &[kind::ROOM, number as u64]),
        }
    }

    /// The instance of a number, with the disk that it uses.
    pub(crate) fn instance(&mut self, number: u32) -> Option<(&mut Instance, &mut Disk)> {
        let stale = self.stale.as_mut().filter(|stale| stale.number == number);
        let current = Some(&mut self.current).filter(|current| current.number == number);
        Some((stale.or(current)?, &mut self.disk))
    }

    /// Whether an instance knows all that is stored.
    pub(crate) fn is_up_to_date(&self, number: u32) -> bool {
        let mut all = self.stale.iter().chain([&self.current]);
        all.any(|it| it.number == number && it.seen == self.disk.commits())
    }

    /// Whether nothing is under way in the instance that is used.
    pub(crate) fn is_idle(&self) -> bool {
        self.current.under_way().is_none()
    }
}
