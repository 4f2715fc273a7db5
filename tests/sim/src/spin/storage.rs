//! The database: what a transaction may do, and what is known once it is done.

use super::world::World;
use crate::disk::{Disk, Refused};
use crate::invariant::{Held, Invariant};
use kefu_proto::v1::{Event, event};
use kefu_shared::conversation::Write;
use kefu_shared::time::Millis;
use std::collections::BTreeMap;

/// What all instances share.
#[derive(Default)]
pub(super) struct Storage {
    pub(super) disk: Disk,
    /// The alarms, by who set them.
    pub(super) due: BTreeMap<u64, Millis>,
    /// Rows that tell of what leaves no event.
    pub(super) news: u64,
    /// How many transactions until one goes wrong, and whether it is stored all the same.
    pub(super) refuse: Option<(usize, bool)>,
}

/// Why an instance does not know that its transaction is stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Failed {
    /// Somebody else wrote first.
    Conflict,
    /// The platform's fault: nobody knows.
    Fault,
}

impl World<'_> {
    pub(super) fn commit(&mut self, who: usize, writes: &[Write]) -> Held<Result<(), Failed>> {
        if writes.is_empty() {
            return Ok(Ok(()));
        }
        let fault = self.storage.is_refused();
        if fault == Some(false) {
            return Ok(Err(Failed::Fault));
        }
        self.no_gap(writes)?;
        match self.storage.disk.commit(writes) {
            Ok(()) => {}
            Err(Refused::Seq(_) | Refused::Sender(_) | Refused::State | Refused::Fault) => {
                self.report.refusals += 1;
                return Ok(Err(Failed::Conflict));
            }
        }
        self.committed(who, writes)?;
        Ok(if fault.is_some() { Err(Failed::Fault) } else { Ok(()) })
    }

    /// A taken seq is a lost race, one that skips others is a hole in the log.
    fn no_gap(&self, writes: &[Write]) -> Held {
        let mut most = self.storage.disk.seq();
        for write in writes {
            if let Write::Event { event, .. } = write {
                most += 1;
                Invariant::Dense
                    .holds(event.seq <= most, || format!("seq {} is not {most}", event.seq))?;
            }
        }
        Ok(())
    }

    fn committed(&mut self, who: usize, writes: &[Write]) -> Held {
        let holder = self.processes[who].holder;
        let tells = |write: &Write| matches!(write, Write::Event { .. });
        let quiet = |write: &Write| matches!(write, Write::Alarm(_));
        if !writes.iter().any(tells) && !writes.iter().all(quiet) {
            self.storage.news += 1;
        }
        for write in writes {
            match write {
                Write::Alarm(Some(at)) => drop(self.storage.due.insert(holder, *at)),
                Write::Alarm(None) => drop(self.storage.due.remove(&holder)),
                Write::Event { event, .. } => self.logged(event)?,
                Write::Head(_) | Write::Turn(_) | Write::Mark { .. } | Write::Forget { .. } => {}
            }
        }
        Ok(())
    }

    fn logged(&mut self, event: &Event) -> Held {
        self.patience.stored(self.clock.now(), event)?;
        match &event.kind {
            Some(event::Kind::Owner(_)) => self.ledger.owner_changed(),
            Some(event::Kind::Message(message)) => self.ledger.logged(message)?,
            Some(event::Kind::Draft(draft)) => self.ledger.drafted(draft)?,
            _ => {}
        }
        if event.seq == 1 {
            self.tell_agents_of_a_beginning();
        }
        Ok(())
    }
}

impl Storage {
    fn is_refused(&mut self) -> Option<bool> {
        let (left, stored) = self.refuse.take()?;
        if left == 0 {
            return Some(stored);
        }
        self.refuse = Some((left - 1, stored));
        None
    }
}
