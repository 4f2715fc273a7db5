//! What the AI drafts: agents see it, and one of them approves it, which sends it once.

use super::{Conversation, Entry, From, OwnerRecord, Reply, Step, key_reused, post};
use crate::problem::{Code, Refusal};
use crate::time::Tick;
use crate::who::Who;
use kefu_proto::v1::{Event, Message, RecallRequest, SendReply, event, owner};

/// Drafts that can still be approved; older ones are answered by something else.
const KEPT_MOST: usize = 8;

/// The drafts that wait for an agent's word, by their seqs.
#[derive(Clone, Debug, Default)]
pub(super) struct Drafts(Vec<(u32, Message)>);

impl Drafts {
    pub(super) fn of<'a>(events: impl IntoIterator<Item = &'a Event>) -> Self {
        let mut drafts = Self::default();
        for event in events {
            drafts.fold(event);
        }
        drafts
    }

    pub(super) fn fold(&mut self, event: &Event) {
        match &event.kind {
            Some(event::Kind::Draft(draft)) => {
                if self.0.len() >= KEPT_MOST {
                    self.0.remove(0);
                }
                self.0.push((event.seq, draft.clone()));
            }
            Some(event::Kind::Message(message)) => {
                let sent = self.0.iter().position(|(seq, _)| Some(*seq) == message.draft);
                sent.into_iter().for_each(|sent| drop(self.0.remove(sent)));
            }
            Some(event::Kind::Closed(_)) => self.0.clear(),
            Some(event::Kind::Owner(change)) => {
                let kind = change.owner.as_ref().map(kefu_proto::v1::Owner::kind);
                if kind == Some(owner::Kind::Bot) {
                    self.0.clear();
                }
            }
            _ => {}
        }
    }

    fn get(&self, seq: u32) -> Option<&Message> {
        self.0.iter().find(|(known, _)| *known == seq).map(|(_, message)| message)
    }
}

impl Conversation {
    /// Sends a draft as the AI's, in an agent's name. The owner stays who it is.
    pub(super) fn approve(
        &mut self,
        tick: Tick,
        from: &From,
        asked: &RecallRequest,
        prior: Option<&Event>,
        step: &mut Step,
    ) -> Reply {
        if let Some(prior) = prior {
            return if is_of(prior, asked.seq) { sent(prior, true) } else { key_reused() };
        }
        if let Some(refusal) = post::refuse_key(&asked.key) {
            return Reply::Refused(refusal);
        }
        if matches!(self.head.owner, OwnerRecord::Agent { .. }) && !self.is_owned_by(&from.who) {
            return Reply::Refused(self.owner_changed());
        }
        let Some(draft) = self.drafts.get(asked.seq) else {
            let detail = "`seq` must be a draft of the open session that was not sent yet";
            return Reply::Refused(Refusal::new(Code::DraftGone, detail));
        };
        let message = Message {
            author: Some(Who::bot().author()),
            key: Some(asked.key.clone()),
            draft: Some(asked.seq),
            approved_by: Some(from.who.author()),
            ..draft.clone()
        };
        let sender = Some(from.who.sender(&asked.key));
        let kind = event::Kind::Message(message);
        let entry = Entry { channel: from.channel, kind, sender, counts: false };
        sent(&self.append(tick, entry, step), false)
    }
}

/// Whether it is what approving that draft left.
fn is_of(event: &Event, seq: u32) -> bool {
    let Some(event::Kind::Message(message)) = &event.kind else { return false };
    message.draft == Some(seq)
}

fn sent(event: &Event, duplicate: bool) -> Reply {
    let (seq, msg_id) = super::receipt(event);
    Reply::Sent(SendReply { seq, msg_id, duplicate })
}
