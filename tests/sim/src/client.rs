//! A client as the contract describes it: an outbox with keys, a cursor, and a screen.

use crate::invariant::{Held, Invariant};
use crate::plan::Seat;
use crate::screen::Screen;
use kefu_proto::v1::server_frame::Frame;
use kefu_proto::v1::{Send, send};
use kefu_shared::conversation::{ConnId, Request};
use kefu_shared::who::{Role, Who};
use std::collections::{BTreeMap, VecDeque};

#[derive(Debug)]
pub(crate) struct Client {
    pub(crate) room: usize,
    pub(crate) who: Who,
    pub(crate) screen: Screen,
    pub(crate) conn: Option<ConnId>,
    /// Whether it was ever there.
    pub(crate) arrived: bool,
    /// Until when it stays away.
    pub(crate) away_until: u64,
    /// How many streams it had.
    pub(crate) streams: u64,
    /// What was not acknowledged, in order.
    outbox: VecDeque<Send>,
    /// What was, with the life of the log and the seq.
    acknowledged: BTreeMap<String, (u32, u32)>,
    /// Everything that it ever said.
    said: Vec<Send>,
    /// Requests that have no answer yet, by the number of their item.
    pub(crate) errands: BTreeMap<usize, Request>,
}

impl Client {
    pub(crate) fn new(seat: &Seat, drafts: bool) -> Self {
        Self {
            room: seat.room,
            who: seat.who.clone(),
            screen: Screen::new(seat.who.role, drafts),
            conn: None,
            arrived: false,
            away_until: 0,
            streams: 0,
            outbox: VecDeque::new(),
            acknowledged: BTreeMap::new(),
            said: Vec::new(),
            errands: BTreeMap::new(),
        }
    }

    /// A visitor begins a conversation, an agent speaks in one that is open.
    pub(crate) fn may_speak(&self) -> bool {
        self.arrived && (self.who.role == Role::Visitor || self.conn.is_some())
    }

    pub(crate) fn connected(&mut self, conn: ConnId) {
        self.conn = Some(conn);
        self.streams += 1;
        self.screen.connected();
    }

    /// Puts a message into the outbox.
    pub(crate) fn says(&mut self, key: String, text: &str) -> Send {
        let letter = Send { key, content: Some(send::Content::Text(text.into())) };
        self.outbox.push_back(letter.clone());
        self.said.push(letter.clone());
        letter
    }

    /// Everything that was not acknowledged, in order.
    pub(crate) fn unsent(&self) -> Vec<Send> {
        self.outbox.iter().cloned().collect()
    }

    /// The oldest message that this life of the log acknowledged, with its seq.
    pub(crate) fn oldest(&self, epoch: u32) -> Option<(Send, u32)> {
        self.said.iter().find_map(|letter| {
            let &(life, seq) = self.acknowledged.get(&letter.key)?;
            (life == epoch).then(|| (letter.clone(), seq))
        })
    }

    /// Keys that this life of the log acknowledged, with their seqs.
    pub(crate) fn acknowledged(&self, epoch: u32) -> impl Iterator<Item = (&str, u32)> {
        let of_life = self.acknowledged.iter().filter(move |(_, (life, _))| *life == epoch);
        of_life.map(|(key, (_, seq))| (key.as_str(), *seq))
    }

    /// Takes a frame in.
    pub(crate) fn take(&mut self, frame: &Frame) -> Held {
        self.screen.take(frame)?;
        match frame {
            Frame::Ack(ack) => self.learn(&ack.key, ack.seq),
            Frame::Error(error) => {
                if let Some(key) = &error.key {
                    self.drop_letter(key);
                }
                Ok(())
            }
            _ => Ok(()),
        }
    }

    /// What was refused is not sent again.
    pub(crate) fn drop_letter(&mut self, key: &str) {
        self.outbox.retain(|letter| letter.key != key);
    }

    /// A key is acknowledged.
    pub(crate) fn learn(&mut self, key: &str, seq: u32) -> Held {
        self.outbox.retain(|letter| letter.key != key);
        let epoch = self.screen.epoch.unwrap_or(1);
        let before = self.acknowledged.insert(key.to_owned(), (epoch, seq));
        let same = before.is_none_or(|(life, at)| life != epoch || at == seq);
        Invariant::Once.holds(same, || format!("{key} is at {before:?} and at {seq}"))
    }
}
