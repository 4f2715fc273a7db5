//! Edits and recalls: an author changes or takes back a message of its own, shortly after.

use super::{Conversation, Entry, From, Reply, Step, key_reused, post, receipt};
use crate::problem::{Code, Refusal};
use crate::time::{Millis, Tick};
use crate::who::Who;
use kefu_proto::v1::{
    Body, EditRequest, Edited, Event, RecallRequest, Recalled, SendReply, author, body, event,
};
use std::collections::VecDeque;
use std::time::Duration;

/// How long after it was said a message may be changed or taken back.
pub const AMEND_WITHIN: Duration = Duration::from_secs(15 * 60);
/// Messages that are remembered for it.
const REMEMBERED: usize = super::RECENT as usize;

/// Who said the newest messages, and when.
#[derive(Clone, Debug, Default)]
pub(super) struct Said(VecDeque<Line>);

#[derive(Clone, Debug)]
struct Line {
    seq: u32,
    role: author::Role,
    id: String,
    at: Millis,
    recalled: bool,
}

impl Said {
    pub(super) fn of<'a>(events: impl IntoIterator<Item = &'a Event>) -> Self {
        let mut said = Self::default();
        for event in events {
            said.fold(event);
        }
        said
    }

    pub(super) fn fold(&mut self, event: &Event) {
        match &event.kind {
            Some(event::Kind::Message(message)) => {
                let Some(author) = &message.author else { return };
                let at = Millis(u64::try_from(event.ts.unwrap_or(0)).unwrap_or(0) / 1_000_000);
                let (role, id) = (author.role(), author.id.clone());
                self.0.push_back(Line { seq: event.seq, role, id, at, recalled: false });
                if self.0.len() > REMEMBERED {
                    self.0.pop_front();
                }
            }
            Some(event::Kind::Recalled(recalled)) => {
                let line = self.0.iter_mut().find(|line| line.seq == recalled.target);
                line.into_iter().for_each(|line| line.recalled = true);
            }
            _ => {}
        }
    }

    /// Whether `who` may change the message.
    fn amendable(&self, who: &Who, target: u32, now: Millis) -> Result<(), Refusal> {
        let own =
            |line: &&Line| line.seq == target && line.role == who.role.wire() && line.id == who.id;
        let line = self.0.iter().find(own).ok_or_else(|| {
            let detail = "`seq` must be one of your own newest messages";
            Refusal::new(Code::NotAmendable, detail)
        })?;
        if line.recalled {
            return Err(Refusal::new(Code::NotAmendable, "the message was taken back"));
        }
        if now.since(line.at) > AMEND_WITHIN {
            let minutes = AMEND_WITHIN.as_secs() / 60;
            let detail = format!("a message may be changed for {minutes} minutes");
            return Err(Refusal::new(Code::NotAmendable, detail));
        }
        Ok(())
    }
}

impl Conversation {
    pub(super) fn edit(
        &mut self,
        tick: Tick,
        from: &From,
        asked: EditRequest,
        prior: Option<&Event>,
        step: &mut Step,
    ) -> Reply {
        let EditRequest { key, seq, text } = asked;
        if let Some(refusal) = post::refuse_text(&text) {
            return Reply::Refused(refusal);
        }
        let body = Body { kind: Some(body::Kind::Text(body::Text { text })) };
        let author = Some(from.who.author());
        let edited = event::Kind::Edited(Edited { author, target: seq, body: Some(body) });
        self.amend(tick, from, Amendment { key, target: seq, kind: edited }, prior, step)
    }

    pub(super) fn recall(
        &mut self,
        tick: Tick,
        from: &From,
        asked: RecallRequest,
        prior: Option<&Event>,
        step: &mut Step,
    ) -> Reply {
        let RecallRequest { key, seq } = asked;
        let recalled = Recalled { author: Some(from.who.author()), target: seq };
        let kind = event::Kind::Recalled(recalled);
        self.amend(tick, from, Amendment { key, target: seq, kind }, prior, step)
    }

    fn amend(
        &mut self,
        tick: Tick,
        from: &From,
        amendment: Amendment,
        prior: Option<&Event>,
        step: &mut Step,
    ) -> Reply {
        let Amendment { key, target, kind } = amendment;
        if let Some(prior) = prior {
            let same = prior.kind.as_ref() == Some(&kind);
            return if same { done(prior, true) } else { key_reused() };
        }
        if let Some(refusal) = post::refuse_key(&key) {
            return Reply::Refused(refusal);
        }
        if let Err(refusal) = self.said.amendable(&from.who, target, tick.now) {
            return Reply::Refused(refusal);
        }
        let sender = Some(from.who.sender(&key));
        let entry = Entry { channel: from.channel, kind, sender, counts: false };
        done(&self.append(tick, entry, step), false)
    }
}

struct Amendment {
    key: String,
    target: u32,
    kind: event::Kind,
}

fn done(event: &Event, duplicate: bool) -> Reply {
    let (seq, msg_id) = receipt(event);
    Reply::Amended(SendReply { seq, msg_id, duplicate })
}
