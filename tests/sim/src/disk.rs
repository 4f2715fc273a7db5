//! What survives: the rows of a conversation. A transaction happens whole or not at all.

use crate::invariant::{Held, Invariant};
use kefu_proto::v1::Event;
use kefu_shared::conversation::{Head, RECENT, Snapshot, TurnRecord, Write};
use kefu_shared::time::Millis;
use kefu_shared::wire;
use std::collections::BTreeMap;

/// Why a transaction was not carried out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Refused {
    /// The seq is taken, or skips one.
    Seq(String),
    /// The sender's key is taken.
    Sender(String),
    /// A state that is not the one after what is stored.
    State,
    /// The platform's fault.
    Fault,
}

#[derive(Clone, Debug, Default)]
pub(crate) struct Disk {
    events: Vec<Event>,
    by_seq: Vec<Option<String>>,
    senders: BTreeMap<String, u32>,
    /// When, by seq, of what a visitor says.
    spoken: Vec<Option<Millis>>,
    head: Option<Head>,
    turn: Option<TurnRecord>,
    marks: BTreeMap<String, u32>,
    /// How many transactions there were.
    commits: u64,
}

impl Disk {
    /// Commits, or says why the storage does not.
    pub(crate) fn commit(&mut self, writes: &[Write]) -> Result<(), Refused> {
        if writes.is_empty() {
            return Ok(());
        }
        self.refuse_events(writes)?;
        writes.iter().try_for_each(|write| self.refuse_state(write))?;
        self.commits += 1;
        for write in writes {
            self.write(write);
        }
        Ok(())
    }

    fn refuse_events(&self, writes: &[Write]) -> Result<(), Refused> {
        let mut next = self.seq();
        for write in writes {
            let Write::Event { event, sender, .. } = write else { continue };
            next += 1;
            if event.seq != next {
                return Err(Refused::Seq(format!("seq {} after {}", event.seq, next - 1)));
            }
            if let Some(sender) = sender.as_ref().filter(|it| self.senders.contains_key(*it)) {
                return Err(Refused::Sender(format!("the key of {sender:?} is stored already")));
            }
        }
        Ok(())
    }

    /// A state follows the stored one.
    fn refuse_state(&self, write: &Write) -> Result<(), Refused> {
        let (stored, given) = match write {
            Write::Head(head) => (self.head().version, head.version),
            Write::Turn(turn) => (self.turn().version, turn.version),
            Write::Event { .. } | Write::Forget { .. } | Write::Mark { .. } | Write::Alarm(_) => {
                return Ok(());
            }
        };
        if given == stored + 1 { Ok(()) } else { Err(Refused::State) }
    }

    fn write(&mut self, write: &Write) {
        match write {
            Write::Event { event, sender, spoke, .. } => {
                // As it is read back from the row.
                self.events.extend(wire::open(&wire::seal(event)));
                self.by_seq.push(sender.clone());
                if let Some(sender) = sender {
                    self.senders.insert(sender.clone(), event.seq);
                }
                self.spoken.push(*spoke);
            }
            Write::Head(head) => self.head = through_json(head, &[]),
            Write::Turn(turn) => self.turn = through_json(turn, &[]),
            // The platform's, which keeps it in the same transaction.
            Write::Forget { .. } | Write::Alarm(_) => {}
            Write::Mark { who, seq } => {
                let mark = self.marks.entry(who.clone()).or_default();
                *mark = (*mark).max(*seq);
            }
        }
    }

    pub(crate) fn commits(&self) -> u64 {
        self.commits
    }

    pub(crate) fn seq(&self) -> u32 {
        u32::try_from(self.events.len()).unwrap_or(u32::MAX)
    }

    pub(crate) fn by_sender(&self, sender: &str) -> Option<&Event> {
        self.senders.get(sender).and_then(|seq| self.event(*seq))
    }

    pub(crate) fn event(&self, seq: u32) -> Option<&Event> {
        self.events.get(usize::try_from(seq).ok()?.checked_sub(1)?)
    }

    pub(crate) fn events(&self) -> &[Event] {
        &self.events
    }

    /// The newest events.
    pub(crate) fn newest(&self, most: usize) -> &[Event] {
        &self.events[self.events.len().saturating_sub(most)..]
    }

    /// The events after a seq, with their senders and when visitors spoke.
    pub(crate) fn since(&self, known: u32) -> Vec<(Event, Option<String>, Option<Millis>)> {
        let skip = known as usize;
        let rows = self.events.iter().zip(&self.by_seq).zip(&self.spoken).skip(skip);
        rows.map(|((event, sender), spoke)| (event.clone(), sender.clone(), *spoke)).collect()
    }

    pub(crate) fn head(&self) -> Head {
        self.head.clone().unwrap_or_default()
    }

    pub(crate) fn turn(&self) -> TurnRecord {
        self.turn.clone().unwrap_or_default()
    }

    pub(crate) fn marks(&self) -> &BTreeMap<String, u32> {
        &self.marks
    }

    pub(crate) fn snapshot(&self, now: Millis) -> Snapshot {
        let newest = self.newest(RECENT as usize);
        let senders = &self.by_seq[self.by_seq.len() - newest.len()..];
        let window = self.head().policy.messages_per_visitor().window;
        Snapshot {
            head: self.head.clone(),
            turn: self.turn.clone(),
            marks: self.marks.clone().into_iter().collect(),
            recent: newest.iter().cloned().zip(senders.iter().cloned()).collect(),
            window: self.spoken.iter().flatten().copied().filter(|at| *at > now - window).collect(),
            streams: Vec::new(),
            tenure: None,
            told: None,
        }
    }

    /// What the version before would have stored: without what it did not know, and with
    /// something that it knew and this one does not.
    pub(crate) fn age(&mut self) {
        self.head = self.head.take().and_then(|head| through_json(&head, &["policy", "version"]));
        self.turn = self.turn.take().and_then(|turn| through_json(&turn, &["version"]));
    }

    /// Goes back to how it was; the log has a new life.
    pub(crate) fn restore(&mut self, backup: Self) {
        let epoch = self.head().epoch + 1;
        *self = backup;
        self.head = Some(Head { epoch, ..self.head() });
    }

    /// I1: what was acknowledged is there.
    pub(crate) fn has(&self, sender: &str, seq: u32) -> Held {
        let stored = self.by_sender(sender).map(|event| event.seq);
        Invariant::Acknowledged.holds(stored == Some(seq), || {
            format!("{sender} was acknowledged as {seq} and is stored as {stored:?}")
        })
    }
}

/// Written and read back, without some fields and with one that nobody knows.
fn through_json<T>(record: &T, without: &[&str]) -> Option<T>
where
    T: serde::Serialize + serde::de::DeserializeOwned,
{
    let mut json = serde_json::to_value(record).ok()?;
    let fields = json.as_object_mut()?;
    fields.retain(|name, _| !without.contains(&name.as_str()));
    fields.insert("of_another_version".into(), true.into());
    serde_json::from_value(json).ok()
}
