//! A desk with its storage and its streams.

use crate::conversation::{Audience, ConnId, Cursor};
use crate::desk::*;
use crate::time::{Millis, Tick};
use kefu_proto::v1::server_frame::Frame;
use kefu_proto::v1::{self, InboxEntry, Owner, agent, owner};
use std::collections::BTreeMap;
use std::time::Duration;

pub(super) struct Room {
    pub(super) now: Millis,
    desk: Desk,
    entropy: u128,
    // What is durable.
    entries: BTreeMap<String, InboxEntry>,
    pub(super) left: Left,
    accounts: BTreeMap<String, Account>,
    sessions: BTreeMap<String, Session>,
    tries: Vec<(String, Millis)>,
    // What streams got.
    streams: BTreeMap<ConnId, Stream>,
    pub(super) frames: BTreeMap<ConnId, Vec<Frame>>,
    pub(super) closed: Vec<(ConnId, u16)>,
    pub(super) writes: usize,
    pub(super) placed: Vec<(String, u32)>,
}

impl Room {
    pub(super) fn new() -> Self {
        Self {
            now: Millis(10_000_000),
            desk: Desk::default(),
            entropy: 1,
            entries: BTreeMap::new(),
            left: Left::default(),
            accounts: BTreeMap::new(),
            sessions: BTreeMap::new(),
            tries: Vec::new(),
            streams: BTreeMap::new(),
            frames: BTreeMap::new(),
            closed: Vec::new(),
            writes: 0,
            placed: Vec::new(),
        }
    }

    /// One with Ming in it, who is logged in.
    pub(super) fn of_ming() -> (Self, String) {
        let mut room = Self::new();
        room.order(Order::AddAgent(ming()));
        let session = room.log_in("ming@shop.example", PASSWORD, "1.2.3.4").unwrap();
        (room, session)
    }

    pub(super) fn give(&mut self, input: Input) -> Option<Outcome> {
        self.entropy += 1;
        let tick = Tick { now: self.now, entropy: self.entropy };
        self.could_be_taken_back(tick, &input);
        let step = self.desk.step(tick, input);
        self.writes += step.writes.len();
        for write in step.writes {
            self.store(write);
        }
        for act in step.acts {
            self.act(act);
        }
        step.outcome
    }

    /// Another process changed the inbox.
    pub(super) fn learn(&mut self, entries: Vec<InboxEntry>, left: Left) {
        let accounts = self.accounts.values().cloned().collect();
        let sessions = self.sessions.values().cloned().collect();
        let news = News { entries, left, accounts, sessions, tries: self.tries.clone() };
        self.desk.catch_up(self.now, news).acts.into_iter().for_each(|act| self.act(act));
    }

    /// As any step could whose writes are not stored, on a host where processes share them.
    fn could_be_taken_back(&mut self, tick: Tick, input: &Input) {
        // Writing down a big inbox takes long.
        if self.entries.len() > 20 {
            return;
        }
        let known = format!("{:?}", self.desk);
        let (_, before) = self.desk.attempt(tick, input.clone());
        self.desk.take_back(before);
        assert_eq!(format!("{:?}", self.desk), known, "{input:?}");
    }

    pub(super) fn order(&mut self, order: Order) -> Outcome {
        self.give(Input::Ordered(order)).unwrap()
    }

    pub(super) fn pass(&mut self, span: Duration) {
        let end = self.now + span;
        while let Some(at) = self.desk.deadline().filter(|at| *at <= end) {
            self.now = self.now.max(at);
            self.give(Input::Woke);
        }
        self.now = end;
    }

    /// The process dies; the streams with it.
    pub(super) fn crash(&mut self) {
        self.streams.clear();
        self.sleep();
    }

    /// The object leaves memory, its streams stay.
    pub(super) fn sleep(&mut self) {
        self.desk = Desk::resume(Snapshot {
            inbox: Inbox::resume(self.entries.values().cloned(), self.left.floor),
            accounts: self.accounts.values().cloned().collect(),
            sessions: self.sessions.values().cloned().collect(),
            tries: self.tries.clone(),
            streams: self.streams.clone().into_iter().collect(),
        });
    }

    pub(super) fn desk(&self) -> &Desk {
        &self.desk
    }

    pub(super) fn attach(&mut self, conn: ConnId, session: &str, after: u32) {
        let expires = self.now + Duration::from_secs(86_400);
        let stream = Stream { session: session.into(), expires };
        self.streams.insert(conn, stream.clone());
        let cursor = Cursor { epoch: Some(1), seq: after };
        self.give(Input::Attached { conn, stream, cursor });
    }

    pub(super) fn leaves(&mut self, conn: ConnId) {
        self.streams.remove(&conn);
        self.give(Input::Detached { conn });
    }

    /// The frames that a stream got since the last look.
    pub(super) fn seen(&mut self, conn: ConnId) -> Vec<Frame> {
        self.frames.remove(&conn).unwrap_or_default()
    }

    /// As the edge does it; the session, or the refusal's code.
    pub(super) fn log_in(
        &mut self,
        email: &str,
        password: &str,
        address: &str,
    ) -> Result<String, &'static str> {
        let (email, address) = (email.to_owned(), address.to_owned());
        let admit = Order::AdmitLogin { email: email.clone(), address: address.clone() };
        let admitted = self.order(admit).granted().map_err(|refusal| refusal.code.as_str())?;
        let Outcome::HoldAgainst { hash } = admitted else { panic!("{admitted:?}") };
        if !crate::password::verify(password, &hash) {
            return Err("bad_login");
        }
        let outcome = self.order(Order::LogIn { email, address, hash });
        outcome.logged_in().map(|(_, session)| session).map_err(|refusal| refusal.code.as_str())
    }

    fn store(&mut self, write: Write) {
        match write {
            Write::Entry(entry) => drop(self.entries.insert(entry.conversation.clone(), entry)),
            Write::Leave(left) => {
                self.entries.retain(|id, _| !left.conversations.contains(id));
                self.left = left;
            }
            Write::Account(account) => drop(self.accounts.insert(account.id.clone(), account)),
            Write::Forget(id) => drop(self.accounts.remove(&id)),
            Write::Session(session) => drop(self.sessions.insert(session.id.clone(), session)),
            Write::End(id) => drop(self.sessions.remove(&id)),
            Write::Try { tag, at } => self.tries.push((tag, at)),
            Write::Pardon(tag) => {
                if let Some(index) = self.tries.iter().rposition(|(known, _)| *known == tag) {
                    self.tries.remove(index);
                }
            }
            Write::DropTries(upto) => self.tries.retain(|(_, at)| *at > upto),
        }
    }

    fn act(&mut self, act: Act) {
        match act {
            Act::Send { to: Audience::Conn(conn), frame } => {
                self.frames.entry(conn).or_default().push(frame);
            }
            Act::Send { to, frame } => {
                let heard = |conn: &&ConnId| to != Audience::AllBut(**conn);
                for conn in self.streams.keys().filter(heard) {
                    self.frames.entry(*conn).or_default().push(frame.clone());
                }
            }
            Act::Place { conversation, place } => self.placed.push((conversation, place)),
            Act::Close { conn, code, .. } => {
                self.streams.remove(&conn);
                self.closed.push((conn, code));
            }
        }
    }
}

pub(super) const PASSWORD: &str = "correct horse";

pub(super) fn ming() -> Account {
    let request = v1::AgentRequest {
        email: " Ming@Shop.example ".into(),
        name: "小明".into(),
        role: agent::Role::Agent.into(),
        password: PASSWORD.into(),
    };
    Account::checked(&request, 0xabcd << 64 | 0x1234).unwrap()
}

pub(super) fn entry(conversation: &str, seq: u32) -> InboxEntry {
    let owner = Owner { kind: owner::Kind::Bot.into(), ..Owner::default() };
    InboxEntry {
        conversation: conversation.into(),
        epoch: 1,
        seq,
        owner: Some(owner),
        ..InboxEntry::default()
    }
}

/// `conversation:seq` of every entry in frames, in order.
pub(super) fn entries_of(frames: &[Frame]) -> Vec<String> {
    let pages = frames.iter().filter_map(|frame| match frame {
        Frame::Inbox(page) => Some(&page.entries),
        _ => None,
    });
    pages.flatten().map(|entry| format!("{}:{}", entry.conversation, entry.seq)).collect()
}
