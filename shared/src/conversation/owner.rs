//! Who answers: taking over, giving back, asking for a person, ending and reopening a session.
//!
//! Every change raises the term. In the same step, and before the owner event, a running answer
//! is cut off where the visitor saw it: from then on nothing of an older term is taken.

use super::turn::Cut;
use super::{Conversation, Entry, From, OwnerRecord, Reply, Step, key_reused};
use crate::problem::{Code, Refusal};
use crate::time::Tick;
use crate::who::{Role, Who};
use kefu_proto::v1::{
    Closed, Event, HandoffRequest, OwnerChange, OwnerRequest, Reopened, channel, closed, event,
    owner_change::Reason,
};

impl Conversation {
    pub(super) fn take(
        &mut self,
        tick: Tick,
        from: &From,
        asked: &OwnerRequest,
        prior: Option<&Event>,
        step: &mut Step,
    ) -> Reply {
        if let Some(prior) = prior {
            return repeated(prior, Reason::Taken);
        }
        if asked.term.is_none() && self.is_owned_by(&from.who) {
            return self.owned(self.seq, false);
        }
        let free = match &self.head.owner {
            OwnerRecord::Bot | OwnerRecord::Queue => true,
            OwnerRecord::Agent { .. } => false,
        };
        if let Err(refusal) = self.hold_term(asked.term, free) {
            return Reply::Refused(refusal);
        }
        let event =
            self.change_owner(tick, agent(&from.who), Reason::Taken, &by(from, asked), step);
        self.owned(event.seq, false)
    }

    pub(super) fn release(
        &mut self,
        tick: Tick,
        from: &From,
        asked: &OwnerRequest,
        prior: Option<&Event>,
        step: &mut Step,
    ) -> Reply {
        if let Some(prior) = prior {
            return repeated(prior, Reason::Released);
        }
        if let Err(refusal) = self.hold_term(asked.term, self.is_owned_by(&from.who)) {
            return Reply::Refused(refusal);
        }
        let by = by(from, asked);
        let event = self.change_owner(tick, OwnerRecord::Bot, Reason::Released, &by, step);
        self.owned(event.seq, false)
    }

    pub(super) fn handoff(
        &mut self,
        tick: Tick,
        from: &From,
        asked: &HandoffRequest,
        prior: Option<&Event>,
        step: &mut Step,
    ) -> Reply {
        if let Some(prior) = prior {
            return repeated(prior, Reason::HandoffAsked);
        }
        if let Some(refusal) = super::post::refuse_key(&asked.key) {
            return Reply::Refused(refusal);
        }
        if self.head.owner != OwnerRecord::Bot {
            return self.owned(self.seq, false);
        }
        let by = By {
            who: from.who.clone(),
            channel: from.channel,
            sender: Some(from.who.sender(&asked.key)),
        };
        let event = self.change_owner(tick, OwnerRecord::Queue, Reason::HandoffAsked, &by, step);
        self.owned(event.seq, false)
    }

    /// Ends the session; the next one begins with the AI.
    pub(super) fn resolve(
        &mut self,
        tick: Tick,
        from: &From,
        asked: &OwnerRequest,
        prior: Option<&Event>,
        step: &mut Step,
    ) -> Reply {
        if let Some(prior) = prior {
            return self.owned(prior.seq, true);
        }
        let free = self.head.owner == OwnerRecord::Bot || self.is_owned_by(&from.who);
        if let Err(refusal) = self.hold_term(asked.term, free) {
            return Reply::Refused(refusal);
        }
        if self.session == 0 || self.head.closed {
            return Reply::Refused(Refusal::new(
                Code::NotOpen,
                "there is no open session to close",
            ));
        }
        self.cut_off(tick, Cut::Interrupted, step);
        let closed =
            Closed { by: Some(from.who.author()), reason: closed::Reason::Resolved.into() };
        let by = by(from, asked);
        let event = self.append(tick, by.entry(event::Kind::Closed(closed)), step);
        self.head.closed = true;
        if self.head.owner != OwnerRecord::Bot {
            let quiet = By { sender: None, ..by };
            self.change_owner(tick, OwnerRecord::Bot, Reason::Closed, &quiet, step);
        }
        self.write_head(step);
        self.owned(event.seq, false)
    }

    /// Goes on with the session that ended last.
    pub(super) fn reopen(
        &mut self,
        tick: Tick,
        from: &From,
        asked: &OwnerRequest,
        prior: Option<&Event>,
        step: &mut Step,
    ) -> Reply {
        if let Some(prior) = prior {
            return self.owned(prior.seq, true);
        }
        if let Err(refusal) = self.hold_term(asked.term, true) {
            return Reply::Refused(refusal);
        }
        if !self.head.closed {
            return Reply::Refused(Refusal::new(Code::NotOpen, "the session is not closed"));
        }
        let reopened = Reopened { by: Some(from.who.author()) };
        let by = by(from, asked);
        let event = self.append(tick, by.entry(event::Kind::Reopened(reopened)), step);
        self.head.closed = false;
        self.write_head(step);
        self.owned(event.seq, false)
    }

    /// An agent that speaks owns what it speaks in: it takes from the AI or the queue by itself,
    /// never from another agent.
    pub(super) fn take_to_speak(
        &mut self,
        tick: Tick,
        from: &From,
        step: &mut Step,
    ) -> Result<(), Refusal> {
        match &self.head.owner {
            OwnerRecord::Agent { .. } if self.is_owned_by(&from.who) => Ok(()),
            OwnerRecord::Agent { .. } => Err(self.owner_changed()),
            OwnerRecord::Bot | OwnerRecord::Queue => {
                let by = By { who: from.who.clone(), channel: from.channel, sender: None };
                self.change_owner(tick, agent(&from.who), Reason::Taken, &by, step);
                Ok(())
            }
        }
    }

    /// Asks for a person on behalf of a rule.
    pub(super) fn handoff_by_rule(&mut self, tick: Tick, channel: channel::Type, step: &mut Step) {
        self.handoff_for(tick, channel, Reason::Rule, step);
    }

    /// The same for another reason.
    pub(super) fn handoff_for(
        &mut self,
        tick: Tick,
        channel: channel::Type,
        reason: Reason,
        step: &mut Step,
    ) {
        if self.head.owner == OwnerRecord::Bot {
            let by = By { who: Who::bot(), channel, sender: None };
            self.change_owner(tick, OwnerRecord::Queue, reason, &by, step);
        }
    }

    /// Whether AI, rules and flows may answer.
    pub(super) fn ai_may_speak(&self) -> bool {
        self.head.ai_may_speak()
    }

    fn change_owner(
        &mut self,
        tick: Tick,
        owner: OwnerRecord,
        reason: Reason,
        by: &By,
        step: &mut Step,
    ) -> Event {
        self.cut_off(tick, Cut::Interrupted, step);
        self.head.term += 1;
        self.head.owner = owner;
        self.place = None;
        let change = OwnerChange {
            owner: Some(self.head.owner.wire()),
            term: self.head.term,
            reason: reason.into(),
            by: Some(by.who.author()),
        };
        let event = self.append(tick, by.entry(event::Kind::Owner(change)), step);
        // What was asked of the former owner is not asked of the next one.
        self.turns.forget_questions(self.seq, step);
        self.write_head(step);
        event
    }

    pub(super) fn is_owned_by(&self, who: &Who) -> bool {
        matches!(&self.head.owner, OwnerRecord::Agent { id, .. } if who.role == Role::Agent && *id == who.id)
    }

    /// A given term must be the current one; without it, only what is `free` may be had.
    fn hold_term(&self, term: Option<u32>, free: bool) -> Result<(), Refusal> {
        let held = term.map_or(free, |term| term == self.head.term);
        if held { Ok(()) } else { Err(self.owner_changed()) }
    }

    pub(super) fn owner_changed(&self) -> Refusal {
        let mut refusal = Refusal::new(
            Code::OwnerChanged,
            "the conversation has another owner: look at `owner` and `term`, then decide again",
        );
        refusal.owner = Some(Box::new((self.head.owner.wire(), self.head.term)));
        refusal
    }

    fn owned(&self, seq: u32, duplicate: bool) -> Reply {
        Reply::Owner { owner: self.head.owner.wire(), term: self.head.term, seq, duplicate }
    }
}

impl super::Head {
    /// Whether AI, rules and flows may answer, or at least draft.
    pub(super) fn ai_may_speak(&self) -> bool {
        match self.owner {
            OwnerRecord::Bot => true,
            OwnerRecord::Queue => self.policy.while_queued() || self.policy.drafts(),
            OwnerRecord::Agent { .. } => false,
        }
    }
}

/// The first answer again, if the key was used for this.
fn repeated(prior: &Event, reason: Reason) -> Reply {
    match &prior.kind {
        Some(event::Kind::Owner(change)) if change.reason() == reason => Reply::Owner {
            owner: change.owner.clone().unwrap_or_default(),
            term: change.term,
            seq: prior.seq,
            duplicate: true,
        },
        _ => key_reused(),
    }
}

/// Who changes the owner, and under which key.
struct By {
    who: Who,
    channel: channel::Type,
    sender: Option<String>,
}

impl By {
    fn entry(&self, kind: event::Kind) -> Entry {
        Entry { channel: self.channel, kind, sender: self.sender.clone(), counts: false }
    }
}

fn by(from: &From, asked: &OwnerRequest) -> By {
    let sender = asked.key.as_deref().filter(|key| !key.is_empty());
    By {
        who: from.who.clone(),
        channel: from.channel,
        sender: sender.map(|key| from.who.sender(key)),
    }
}

fn agent(who: &Who) -> OwnerRecord {
    OwnerRecord::Agent { id: who.id.clone(), name: who.name.clone() }
}
