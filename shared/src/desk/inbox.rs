//! The inbox: the newest word of each conversation, in an order of changes that cursors count.

use super::entries::{Entries, is_queued};
use super::{Desk, Step, Write};
use crate::conversation::Cursor;
use crate::problem::{Code, Refusal};
use crate::sorted;
use crate::time::Millis;
use kefu_proto::v1::{Inbox as Page, InboxEntry, owner};

/// Conversations that an inbox keeps. Beyond it those leave first that are closed, then those
/// that the AI has, the longest unchanged first; they come back when something happens in them.
pub const INBOX_MOST: usize = 5_000;
/// How many leave at once: it happens seldom, and is done in a moment.
const LEAVE: usize = INBOX_MOST / 50;
/// Entries in the answer to a query, unless it says otherwise, and at most.
const PAGE_DEFAULT: usize = 100;
const PAGE_MOST: usize = 500;

/// The entries and where their revisions stand.
#[derive(Clone, Debug, Default)]
pub struct Inbox {
    pub(super) entries: Entries,
    revision: u32,
    /// Cursors below do not know what left.
    floor: u32,
}

/// Which conversations were the last to leave a full inbox.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Left {
    /// Cursors below do not know that they left.
    pub floor: u32,
    /// The floor before.
    pub before: u32,
    /// Who left. Some may be back.
    pub conversations: Vec<String>,
}

/// Which entries somebody wants to see.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Query {
    /// Changed after this revision.
    pub after: u32,
    /// Of this kind of owner.
    pub owner: Option<owner::Kind>,
    /// Owned by the asking agent.
    pub mine: bool,
    /// Closed ones, or open ones.
    pub closed: Option<bool>,
    /// At most so many.
    pub limit: Option<u32>,
}

impl Inbox {
    /// The inbox of stored entries.
    pub fn resume(entries: impl IntoIterator<Item = InboxEntry>, floor: u32) -> Self {
        let mut inbox = Self { floor, revision: floor, ..Self::default() };
        entries.into_iter().for_each(|entry| inbox.put(entry));
        inbox
    }

    /// Takes in what others stored: the entries after [`Inbox::revision`], or all where
    /// [`Inbox::floor`] is older than the last two. Gives who left; `None` where nobody knows.
    pub(super) fn take_in(&mut self, entries: Vec<InboxEntry>, left: Left) -> Option<Vec<String>> {
        let floor = std::mem::replace(&mut self.floor, left.floor);
        if floor != left.floor && floor != left.before {
            *self = Self::resume(entries, left.floor);
            return None;
        }
        let mut gone = if floor == left.floor { Vec::new() } else { left.conversations };
        gone.iter().for_each(|id| self.entries.remove(id));
        self.revision = self.revision.max(left.floor);
        entries.into_iter().for_each(|entry| self.put(entry));
        gone.retain(|id| self.entries.get(id).is_none());
        Some(gone)
    }

    fn put(&mut self, entry: InboxEntry) {
        self.revision = self.revision.max(entry.revision);
        self.entries.put(entry);
    }

    /// Of the newest change.
    pub fn revision(&self) -> u32 {
        self.revision
    }

    /// Cursors below it do not know what left.
    pub fn floor(&self) -> u32 {
        self.floor
    }

    /// All entries, by conversation.
    pub fn entries(&self) -> impl Iterator<Item = &InboxEntry> {
        self.entries.all()
    }

    /// What changed after a revision, each conversation once, in the order of the changes.
    pub fn changes(&self, after: u32) -> Vec<InboxEntry> {
        self.entries.after(after).cloned().collect()
    }

    /// Whether a cursor holds, and after which revision the changes follow that its reader gets.
    pub fn recovery(&self, epoch: u32, cursor: Cursor) -> (bool, u32) {
        let holds = cursor.epoch.is_none_or(|given| given == epoch)
            && (self.floor..=self.revision).contains(&cursor.seq);
        if holds || cursor.seq == 0 { (true, cursor.seq) } else { (false, 0) }
    }

    /// Takes in what a conversation tells; `None` when the inbox knew as much or more.
    fn merge(&mut self, entry: InboxEntry) -> Option<&InboxEntry> {
        let known = self.entries.get(&entry.conversation);
        if known.is_some_and(|known| (known.epoch, known.seq) >= (entry.epoch, entry.seq)) {
            return None;
        }
        // A conversation that knows its newest events only may not know its visitor.
        let visitor = entry.visitor.clone().or_else(|| known?.visitor.clone());
        let queued_since = is_queued(&entry)
            .then(|| known.and_then(|known| known.queued_since).unwrap_or(entry.ts));
        let id = entry.conversation.clone();
        self.put(InboxEntry { visitor, revision: self.revision + 1, queued_since, ..entry });
        self.entries.get(&id)
    }

    /// The conversations that leave a full inbox.
    fn leaving(&self) -> Vec<String> {
        if self.entries.len() <= INBOX_MOST {
            return Vec::new();
        }
        let mut ranked: Vec<_> = self.entries.all().collect();
        sorted::sort_by_key(&mut ranked, |entry| (urgency(entry), entry.revision));
        let count = self.entries.len() - INBOX_MOST + LEAVE;
        ranked.iter().take(count).map(|entry| entry.conversation.clone()).collect()
    }

    fn page(&self, query: &Query, agent: Option<&str>) -> Page {
        let limit = query.limit.map_or(PAGE_DEFAULT, |limit| limit as usize).clamp(1, PAGE_MOST);
        let mut entries = Vec::new();
        for entry in self.changes(query.after) {
            if entries.len() == limit {
                break;
            }
            if wants(query, agent, &entry) {
                entries.push(entry);
            }
        }
        let newest = entries.last().map_or(self.revision, |entry| entry.revision);
        let revision = if entries.len() == limit { newest } else { self.revision };
        Page { entries, revision, removed: Vec::new() }
    }
}

impl Desk {
    /// The inbox.
    pub fn inbox(&self) -> &Inbox {
        &self.inbox
    }

    pub(super) fn merge(&mut self, entry: InboxEntry, now: Millis, step: &mut Step) {
        let Some(merged) = self.inbox.merge(entry) else { return };
        step.write(Write::Entry(merged.clone()));
        self.changed(now);
        let leaving = self.inbox.leaving();
        if leaving.is_empty() {
            return;
        }
        // Live streams get what is new first, then learn what left.
        self.show(step);
        leaving.iter().for_each(|id| self.inbox.entries.remove(id));
        // A change of its own: whoever has only what was before it does not know what left.
        self.inbox.revision += 1;
        let floor = self.inbox.revision;
        let before = std::mem::replace(&mut self.inbox.floor, floor);
        step.write(Write::Leave(Left { floor, before, conversations: leaving.clone() }));
        self.show_gone(leaving, step);
    }

    pub(super) fn show_gone(&self, removed: Vec<String>, step: &mut Step) {
        let page = Page { entries: Vec::new(), revision: self.inbox.revision, removed };
        step.send(super::Audience::All, super::Frame::Inbox(page));
    }

    pub(super) fn look(&self, query: &Query, agent: Option<&str>) -> Page {
        self.inbox.page(query, agent)
    }
}

impl Query {
    /// Reads a query string; parameters that are not known are ignored.
    pub fn parse(query: &str) -> Result<Self, Refusal> {
        let mut parsed = Self::default();
        for (name, value) in url::form_urlencoded::parse(query.as_bytes()) {
            match name.as_ref() {
                "after" => parsed.after = number(&name, &value)?,
                "limit" => parsed.limit = Some(number(&name, &value)?),
                "closed" => parsed.closed = Some(value == "true" || value == "1"),
                "owner" => parsed.of_owner(&value)?,
                _ => {}
            }
        }
        Ok(parsed)
    }

    fn of_owner(&mut self, owner: &str) -> Result<(), Refusal> {
        match owner {
            "bot" => self.owner = Some(owner::Kind::Bot),
            "queue" => self.owner = Some(owner::Kind::Queue),
            "agent" => self.owner = Some(owner::Kind::Agent),
            "me" => self.mine = true,
            "all" | "" => {}
            _ => {
                let detail = "`owner` must be bot, queue, agent, me or all";
                return Err(Refusal::new(Code::BadRequest, detail));
            }
        }
        Ok(())
    }
}

fn number(name: &str, value: &str) -> Result<u32, Refusal> {
    value.parse().map_err(|_| {
        let detail = format!("`{name}` must be a whole number from 0 to {}", u32::MAX);
        Refusal::new(Code::BadCursor, detail)
    })
}

fn wants(query: &Query, agent: Option<&str>, entry: &InboxEntry) -> bool {
    let owner = entry.owner.as_ref();
    let kind = owner.map(kefu_proto::v1::Owner::kind).unwrap_or_default();
    let mine = kind == owner::Kind::Agent && owner.and_then(|owner| owner.id.as_deref()) == agent;
    query.owner.is_none_or(|wanted| wanted == kind)
        && (!query.mine || mine)
        && query.closed.is_none_or(|closed| closed == entry.closed)
}

/// The lower, the sooner it leaves.
fn urgency(entry: &InboxEntry) -> u8 {
    let kind = entry.owner.as_ref().map(kefu_proto::v1::Owner::kind).unwrap_or_default();
    match kind {
        _ if entry.closed => 0,
        owner::Kind::Bot | owner::Kind::Unspecified => 1,
        owner::Kind::Agent => 2,
        owner::Kind::Queue => 3,
    }
}
