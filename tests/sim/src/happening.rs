//! What happens next in a world.

use crate::invariant::Held;
use crate::provider::Said;
use crate::world::World;
use kefu_proto::v1::{InboxEntry, client_frame, server_frame::Frame};
use kefu_shared::conversation::{Admission, AttemptId, ConnId, Input};

/// What happens next.
#[derive(Clone, Debug)]
pub(crate) enum Happening {
    /// An item of the plan, by its index.
    Planned { index: usize },
    /// Nothing breaks any more, and everybody comes back.
    Calm,
    /// A client connects.
    Connect { seat: usize },
    /// A frame reaches the process.
    Up { conn: ConnId, frame: client_frame::Frame },
    /// A frame reaches a client.
    Down { conn: ConnId, frame: Box<Frame> },
    /// A client misses its pongs.
    Watchdog { conn: ConnId },
    /// The process notices that a stream is over.
    Hangup { conn: ConnId },
    /// A client learns that its stream was ended.
    Closed { conn: ConnId },
    /// A request had no answer.
    AskAgain { seat: usize, id: usize },
    /// A provider says something.
    Provider { room: usize, number: u32, attempt: AttemptId, deaf: bool, said: Said },
    /// The site was read, or could not be.
    Site { room: usize, number: u32, turn: u32, before: u32, lost: bool },
    /// The guards have answered.
    Admitted { room: usize, number: u32, attempt: AttemptId, admission: Admission },
    /// An agent's list connects.
    Console { number: usize },
    /// A frame reaches it.
    Listed { conn: ConnId, frame: Box<Frame> },
    /// The desk notices that a stream is over.
    ConsoleHangup { conn: ConnId },
    /// A list learns that its stream was ended.
    ConsoleClosed { conn: ConnId },
    /// The desk's timer.
    DeskTimer { timer: u32 },
    /// A summary reaches the desk.
    Tell { room: usize, number: u32, entry: Box<InboxEntry>, answers: bool },
    /// The desk answers a conversation that told how it stands, or something in between does.
    Told { room: usize, number: u32, input: Box<Input> },
    /// The desk tells a conversation its visitor's place.
    Placed { room: usize, place: u32 },
    /// A timer of an instance.
    Timer { room: usize, number: u32, timer: u32 },
    /// The alarm of the platform.
    Alarm { room: usize, number: u32 },
    /// It rings once more than it should.
    Ring { room: usize },
    /// An instance that was replaced is gone at last.
    Demise { room: usize, number: u32 },
}

impl World<'_> {
    /// Lets it happen.
    pub(crate) fn happen(&mut self, happening: Happening) -> Held {
        match happening {
            Happening::Planned { index } => {
                let item = &self.plan.items[index];
                self.journal.note(self.clock.now(), &item.deed);
                self.perform(item.id, &item.deed)?;
            }
            Happening::Calm => self.calm(),
            Happening::Connect { seat } => self.connect(seat)?,
            Happening::Up { conn, frame } => self.up(conn, frame)?,
            Happening::Down { conn, frame } => self.down(conn, &frame)?,
            Happening::Watchdog { conn } => self.watchdog(conn),
            Happening::Hangup { conn } => self.hangup(conn)?,
            Happening::Closed { conn } => self.closed(conn),
            Happening::AskAgain { seat, id } => self.ask(seat, id)?,
            Happening::Provider { room, number, attempt, deaf, said } => {
                self.provider((room, number), attempt, deaf, said)?;
            }
            Happening::Admitted { room, number, attempt, admission } => {
                self.admitted((room, number), attempt, admission)?;
            }
            Happening::Site { room, number, turn, before, lost } => {
                self.site((room, number), turn, before, lost)?;
            }
            Happening::Console { number } => self.open_console(number)?,
            Happening::Listed { conn, frame } => self.listed(conn, &frame)?,
            Happening::ConsoleHangup { conn } => self.console_hangup(conn)?,
            Happening::ConsoleClosed { conn } => self.console_closed(conn),
            Happening::DeskTimer { timer } => self.desk_timer(timer)?,
            Happening::Tell { room, number, entry, answers } => {
                self.tell_desk(room, number, *entry, answers)?;
            }
            Happening::Told { room, number, input } => self.told(room, number, *input)?,
            Happening::Placed { room, place } => self.placed(room, place)?,
            Happening::Timer { room, number, timer } => self.timer(room, number, timer)?,
            Happening::Alarm { room, number } => self.alarm(room, number)?,
            Happening::Ring { room } => self.ring_once_more(room)?,
            Happening::Demise { room, number } => self.demise(room, Some(number)),
        }
        Ok(())
    }
}
