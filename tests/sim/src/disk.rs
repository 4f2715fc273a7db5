//! What survives: the rows of a conversation. A transaction happens whole or not at all.

use kefu_proto::v1::{Event, Message, author, event, message, owner, provider_source::Outcome};
use kefu_shared::context::Context;
use kefu_shared::conversation::{Head, OwnerRecord, RECENT, Snapshot, TurnRecord, Write};
use kefu_shared::provider::Round;
use kefu_shared::time::Millis;
use kefu_shared::wire;
use std::collections::BTreeMap;

#[derive(Debug, Default)]
pub(crate) struct Disk {
    /// Envelopes, as bytes, with their senders.
    rows: Vec<(Vec<u8>, Option<String>)>,
    senders: BTreeMap<String, u32>,
    spoken: Vec<Millis>,
    pub(crate) head: Option<Head>,
    turn: Option<TurnRecord>,
    marks: BTreeMap<String, u32>,
}

impl Disk {
    /// Commits, or says what the storage would have refused.
    pub(crate) fn commit(&mut self, writes: &[Write]) -> Result<(), String> {
        let mut next = self.seq();
        for write in writes {
            if let Write::Event { event, sender, .. } = write {
                next += 1;
                if event.seq != next {
                    return Err(format!("seq {} after {}", event.seq, next - 1));
                }
                if sender.as_ref().is_some_and(|sender| self.senders.contains_key(sender)) {
                    return Err(format!("the key of {sender:?} is stored already"));
                }
            }
        }
        for write in writes {
            self.write(write);
        }
        Ok(())
    }

    fn write(&mut self, write: &Write) {
        match write {
            Write::Event { event, sender, spoke } => {
                self.rows.push((wire::seal(event), sender.clone()));
                if let Some(sender) = sender {
                    self.senders.insert(sender.clone(), event.seq);
                }
                self.spoken.extend(*spoke);
            }
            Write::Head(head) => self.head = Some(head.clone()),
            Write::Turn(turn) => self.turn = Some(turn.clone()),
            Write::Mark { who, seq } => {
                let mark = self.marks.entry(who.clone()).or_default();
                *mark = (*mark).max(*seq);
            }
            // The world keeps it.
            Write::Alarm(_) => {}
        }
    }

    pub(crate) fn seq(&self) -> u32 {
        u32::try_from(self.rows.len()).unwrap_or(u32::MAX)
    }

    pub(crate) fn by_sender(&self, sender: &str) -> Option<Event> {
        self.senders.get(sender).and_then(|seq| self.event(*seq))
    }

    pub(crate) fn event(&self, seq: u32) -> Option<Event> {
        let index = usize::try_from(seq).ok()?.checked_sub(1)?;
        wire::open(&self.rows.get(index)?.0)
    }

    pub(crate) fn events(&self) -> Vec<Event> {
        self.rows.iter().filter_map(|(envelope, _)| wire::open(envelope)).collect()
    }

    pub(crate) fn snapshot(&self, now: Millis) -> Snapshot {
        let newest = self.rows.len().saturating_sub(RECENT as usize);
        let recent = self.rows[newest..]
            .iter()
            .filter_map(|(envelope, sender)| Some((wire::open(envelope)?, sender.clone())));
        let minute = std::time::Duration::from_secs(60);
        Snapshot {
            head: self.head.clone(),
            turn: self.turn.clone(),
            marks: self.marks.clone().into_iter().collect(),
            recent: recent.collect(),
            window: self.spoken.iter().copied().filter(|at| *at > now - minute).collect(),
            streams: Vec::new(),
            tenure: None,
        }
    }

    pub(crate) fn rounds(&self, before: u32) -> Vec<Round> {
        Context::of(&self.events()).before(before, 20)
    }

    pub(crate) fn is_owned_by_a_person(&self) -> bool {
        self.head.as_ref().is_some_and(|head| matches!(head.owner, OwnerRecord::Agent { .. }))
    }

    /// Whether the log, read from its beginning, keeps its promises.
    pub(crate) fn check(&self) -> Result<(), String> {
        let mut owner = owner::Kind::Bot;
        let mut term = 0;
        let mut ids = 0;
        let (mut questions, mut answers) = (0, 0);
        for (index, event) in self.events().iter().enumerate() {
            if event.seq as usize != index + 1 {
                return Err(format!("seq {} stands in place {}", event.seq, index + 1));
            }
            if event.msg_id() <= ids {
                return Err(format!("the id of seq {} does not rise", event.seq));
            }
            ids = event.msg_id();
            match &event.kind {
                Some(event::Kind::Owner(change)) => {
                    if change.term != term + 1 {
                        return Err(format!("term {} after {term}", change.term));
                    }
                    term = change.term;
                    owner =
                        change.owner.as_ref().map(kefu_proto::v1::Owner::kind).unwrap_or_default();
                }
                Some(event::Kind::Message(message)) => {
                    let by_machine = message.source.is_some();
                    if by_machine {
                        answers += 1;
                        check_pieces(event.seq, message)?;
                    } else if is_visitors(message) {
                        questions += 1;
                    }
                    if answers > questions {
                        return Err(format!("seq {} answers what was answered", event.seq));
                    }
                    if by_machine && owner == owner::Kind::Agent {
                        return Err(format!("the machine speaks in seq {} of a person", event.seq));
                    }
                    if let Some(message::Source::Provider(source)) = &message.source
                        && source.outcome() == Outcome::Unspecified
                    {
                        return Err(format!("seq {} has no outcome", event.seq));
                    }
                }
                _ => {}
            }
        }
        Ok(())
    }
}

pub(crate) fn is_visitors(message: &Message) -> bool {
    message.author.as_ref().is_some_and(|author| author.role() == author::Role::Visitor)
}

/// An answer is made of one attempt's pieces.
fn check_pieces(seq: u32, message: &Message) -> Result<(), String> {
    let text = message.body.as_ref().map(kefu_shared::context::plain).unwrap_or_default();
    let mut pieces = text.split('#').skip(1).filter_map(|rest| rest.split(';').next());
    let attempt = message.attempt.unwrap_or_default().to_string();
    match pieces.find(|piece| **piece != attempt) {
        Some(other) => Err(format!("seq {seq} of attempt {attempt} has a piece of {other}")),
        None => Ok(()),
    }
}
