//! What happens next, and to which life of which instance.

use super::world::World;
use crate::invariant::Held;
use crate::provider::Said;
use kefu_proto::v1::InboxEntry;
use kefu_proto::v1::server_frame::Frame;
use kefu_shared::conversation::{AttemptId, ConnId, Input, Reply};
use kefu_shared::news::What;

#[derive(Clone, Debug)]
pub(super) enum Happening {
    /// An item of the plan, by its index.
    Planned { index: usize },
    /// Nothing breaks any more, and everybody comes back.
    Calm,
    /// The next moment of what an instance does.
    Moment { who: usize, holder: u64 },
    /// A timer.
    Timer { who: usize, holder: u64, number: u32 },
    /// The site was read, or could not be.
    Site { who: usize, holder: u64, turn: u32, before: u32, lost: bool },
    /// What was asked for is here.
    Given { who: usize, holder: u64, input: Box<Input> },
    /// A provider says something.
    Provider { who: usize, holder: u64, attempt: AttemptId, said: Said },
    /// The bus brings something.
    News { who: usize, holder: u64, what: Box<What> },
    /// The database is looked at.
    Listen { who: usize, holder: u64 },
    /// An instance is asked whether it is well, and will be again.
    Polls { who: usize },
    /// A dead instance is there again.
    Back { who: usize },
    /// A summary reaches the desk.
    Desk { entry: Box<InboxEntry> },
    /// Somebody connects.
    Connect { seat: usize },
    /// A stream is opened at an instance.
    Open { conn: ConnId },
    /// A frame reaches a client.
    Down { conn: ConnId, frame: Box<Frame> },
    /// A client learns that its stream was ended.
    Closed { conn: ConnId },
    /// The instance notices that a stream's reader is gone.
    Hangup { conn: ConnId },
    /// Somebody asks what waits.
    Ask { seat: usize, id: usize, number: u32 },
    /// A request reaches an instance.
    Request { who: usize, holder: u64, seat: usize, id: usize, number: u32 },
    /// Its answer reaches who asked.
    Reply { seat: usize, id: usize, number: u32, reply: Box<Option<Reply>> },
}

impl Happening {
    /// The instance that has to be alive and awake for it, and its life.
    fn of(&self) -> Option<(usize, u64)> {
        match *self {
            Self::Moment { who, holder }
            | Self::Timer { who, holder, .. }
            | Self::Site { who, holder, .. }
            | Self::Given { who, holder, .. }
            | Self::Provider { who, holder, .. }
            | Self::News { who, holder, .. }
            | Self::Listen { who, holder }
            | Self::Request { who, holder, .. } => Some((who, holder)),
            _ => None,
        }
    }
}

impl World<'_> {
    /// Lets it happen.
    pub(super) fn happen(&mut self, happening: Happening) -> Held {
        if let Some((who, holder)) = happening.of() {
            let process = &self.processes[who];
            if process.holder != holder {
                return Ok(());
            }
            if process.stalled_until > self.clock.now() {
                self.clock.at(process.stalled_until, happening);
                return Ok(());
            }
        }
        match happening {
            Happening::Planned { index } => {
                let item = &self.plan.items[index];
                self.perform(item.id, &item.deed);
            }
            Happening::Calm => self.calm(),
            Happening::Moment { who, .. } => self.moment(who)?,
            Happening::Timer { who, number, .. } => self.timer(who, number),
            Happening::Site { who, turn, before, lost, .. } => self.site(who, turn, before, lost),
            Happening::Given { who, input, .. } => self.given(who, *input),
            Happening::Provider { who, attempt, said, .. } => self.provider(who, attempt, said),
            Happening::News { who, what, .. } => self.hear(who, *what)?,
            Happening::Listen { who, .. } => self.listen(who),
            Happening::Polls { who } => self.polls(who),
            Happening::Back { who } => self.back(who),
            Happening::Desk { entry } => self.desk(*entry),
            Happening::Connect { seat } => self.connect(seat),
            Happening::Open { conn } => self.open(conn),
            Happening::Down { conn, frame } => self.down(conn, &frame)?,
            Happening::Closed { conn } => self.closed(conn),
            Happening::Hangup { conn } => self.hangup(conn),
            Happening::Ask { seat, id, number } => self.ask(seat, id, number),
            Happening::Request { who, seat, id, number, .. } => {
                self.request(who, seat, id, number);
            }
            Happening::Reply { seat, id, number, reply } => {
                self.replied(seat, id, number, reply.as_ref().as_ref())?;
            }
        }
        Ok(())
    }
}
