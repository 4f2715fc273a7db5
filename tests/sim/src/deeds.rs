//! Carrying out what is planned.

use crate::errand;
use crate::happening::Happening;
use crate::invariant::{Held, Invariant};
use crate::plan::{Deed, Wish};
use crate::process::{Doom, Given};
use crate::world::World;
use kefu_proto::v1::{Read, Resume, Stop, Typing, client_frame::Frame};
use kefu_shared::conversation::{Reply, Request};
use std::time::Duration;

/// When a request without an answer is made again.
const ASK_AGAIN: u64 = 4_000;

impl World<'_> {
    /// Carries out an item of the plan.
    pub(crate) fn perform(&mut self, id: usize, deed: &Deed) -> Held {
        match *deed {
            Deed::Arrive { seat } => {
                self.clients[seat].arrived = true;
                self.connect(seat)
            }
            Deed::Ask { seat, wish } => self.wish(seat, id, wish),
            Deed::Repeat { seat } => self.repeat(seat),
            Deed::Ring { room } => self.ring_once_more(room),
            Deed::OpenList { console } => {
                self.consoles[console].arrived = true;
                self.open_console(console)
            }
            _ => {
                self.at_a_screen(id, deed);
                self.breaks(deed);
                Ok(())
            }
        }
    }

    /// What somebody does at a screen, over its stream.
    fn at_a_screen(&mut self, id: usize, deed: &Deed) {
        match *deed {
            Deed::Leave { seat, away } if self.clients[seat].arrived => {
                self.clients[seat].away_until = self.clock.now() + away;
                self.cut(seat, away);
            }
            Deed::Say { seat, text } if self.clients[seat].may_speak() => {
                let letter = self.clients[seat].says(key(id), text);
                self.send_up(seat, Frame::Send(letter));
            }
            Deed::Read { seat, all } => {
                let screen = &self.clients[seat].screen;
                let seq = if all { screen.last() } else { screen.after + 1 };
                self.send_up(seat, Frame::Read(Read { seq }));
            }
            Deed::Type { seat } => {
                let preview = Some("I wond".into());
                self.send_up(seat, Frame::Typing(Typing { preview }));
            }
            Deed::Stop { seat } => {
                let turn = self.rooms[self.clients[seat].room].disk.turn().turn;
                self.send_up(seat, Frame::Stop(Stop { turn }));
            }
            Deed::Resume { seat } => self.resume(seat),
            Deed::Cut { seat } => self.cut(seat, 0),
            Deed::HalfOpen { seat } => self.half_open(seat),
            Deed::Lag { seat, by } => {
                let link = self.clients[seat].conn.and_then(|conn| self.links.get_mut(&conn));
                if let Some(link) = link {
                    (link.up.lag, link.down.lag) = (by, by);
                }
            }
            _ => {}
        }
    }

    /// Asks for what is not on the screen over the stream that is there.
    pub(crate) fn resume(&mut self, seat: usize) {
        let screen = &mut self.clients[seat].screen;
        if !screen.heard_hello {
            return;
        }
        let (turn, offset) = screen.offset().unzip();
        let cursor = screen.asks_again();
        let resume = Resume { epoch: cursor.epoch.unwrap_or(0), seq: cursor.seq, turn, offset };
        self.send_up(seat, Frame::Resume(resume));
    }

    /// What breaks.
    fn breaks(&mut self, deed: &Deed) {
        match *deed {
            Deed::Crash => self.crash(),
            Deed::Doom { skip, point } => self.doom = Some(Doom { skip, point }),
            Deed::Hibernate { room } if self.rooms[room].is_idle() => {
                self.rooms[room].current.forget();
            }
            Deed::Drowse => self.drowsy = true,
            Deed::Split { room } => self.split(room),
            Deed::Refuse { room, skip } => self.rooms[room].refuse_in = Some(skip),
            Deed::Deploy { room } => {
                self.crash();
                self.rooms[room].disk.age();
            }
            // An empty log is not there: going back to it would be an erasure.
            Deed::Backup { room } if self.rooms[room].disk.seq() > 0 => {
                let here = &mut self.rooms[room];
                here.backup = Some((here.disk.clone(), here.ledger.clone()));
            }
            Deed::Restore { room } => self.restore(room),
            Deed::RingTwice { room } => self.rooms[room].alarm.twice = true,
            Deed::RingLate { room, by } => self.rooms[room].alarm.late = by,
            Deed::Jump { by } => self.clock.jump(by),
            Deed::Expect { room, manner } => self.rooms[room].manners.push_back(manner),
            Deed::LoseSite { room, hangs } => self.rooms[room].site_lost = Some(hangs),
            Deed::CutList { console, away } => {
                self.consoles[console].away_until = self.clock.now() + away;
                self.cut_console(console, away);
            }
            Deed::Tell { room, fate } => self.rooms[room].fates.push_back(fate),
            Deed::ResetDesk => self.reset_desk(),
            Deed::SleepDesk => self.office.sleep(),
            Deed::RefuseDesk { skip } => self.office.refuse_in = Some(skip),
            _ => {}
        }
    }

    /// The storage is as it was; what was said since is gone, and everybody is told so.
    fn restore(&mut self, room: usize) {
        let Some((disk, ledger)) = self.rooms[room].backup.take() else { return };
        self.crash();
        let here = &mut self.rooms[room];
        here.disk.restore(disk);
        here.ledger = ledger;
        here.patience.resume(here.disk.events());
        here.places.clear();
        // Whoever restores sets the alarm: the desk does not know of the new life.
        let soon = self.clock.wall() + Duration::from_secs(1);
        self.set_alarm(room, 0, Some(soon));
    }

    /// Asks for something without a stream.
    fn wish(&mut self, seat: usize, id: usize, wish: Wish) -> Held {
        if !self.clients[seat].arrived {
            return Ok(());
        }
        let request = errand::request(wish, key(id), &self.clients[seat].screen);
        self.clients[seat].errands.insert(id, request);
        self.ask(seat, id)
    }

    /// Asks, and asks again until an answer arrives.
    pub(crate) fn ask(&mut self, seat: usize, id: usize) -> Held {
        let Some(request) = self.clients[seat].errands.get(&id).cloned() else { return Ok(()) };
        let reply = match self.request(seat, request)? {
            Given::Done(reply) => reply,
            Given::Refused(reply) => Some(reply),
            Given::Lost => None,
        };
        if let Some(place) = reply.as_ref().and_then(errand::place) {
            self.place(seat, &key(id), place)?;
        }
        if let Some(Reply::Owner { seq, .. }) = &reply {
            self.owner_place(seat, &key(id), *seq)?;
        }
        let room = self.clients[seat].room;
        let lost = !self.is_calm() && self.rooms[room].entropy.once_in(6);
        if lost || errand::is_to_retry(reply.as_ref()) {
            self.clock.later(ASK_AGAIN, Happening::AskAgain { seat, id });
        } else {
            self.clients[seat].errands.remove(&id);
        }
        Ok(())
    }

    /// The same key is answered the same each time.
    fn place(&mut self, seat: usize, key: &str, seq: u32) -> Held {
        let (room, sender) = (self.clients[seat].room, self.clients[seat].who.sender(key));
        let here = &mut self.rooms[room];
        here.disk.has(&sender, seq)?;
        let first = *here.places.entry(sender).or_insert(seq);
        Invariant::Once.holds(first == seq, || format!("{key} is at {first} and at {seq}"))
    }

    /// An act that changed the owner is answered by the change that it made, each time; one that
    /// had nothing to change left no event.
    fn owner_place(&self, seat: usize, key: &str, seq: u32) -> Held {
        let client = &self.clients[seat];
        let made = self.rooms[client.room].disk.by_sender(&client.who.sender(key));
        let made = made.map_or(seq, |event| event.seq);
        Invariant::Once.holds(made == seq, || format!("{key} changed {made} and is told {seq}"))
    }

    /// What was acknowledged comes once more, as from a webhook that was not heard.
    fn repeat(&mut self, seat: usize) -> Held {
        let epoch = self.rooms[self.clients[seat].room].disk.head().epoch;
        let Some((letter, seq)) = self.clients[seat].oldest(epoch) else { return Ok(()) };
        let key = letter.key.clone();
        match self.request(seat, Request::Send(letter))? {
            Given::Done(Some(Reply::Sent(sent))) => Invariant::Once
                .holds(sent.duplicate && sent.seq == seq, || {
                    format!("{key} of {seq} comes again as {}", sent.seq)
                }),
            Given::Done(other) => {
                Err(Invariant::Once.broken(format!("{key} comes again: {other:?}")))
            }
            Given::Refused(_) | Given::Lost => Ok(()),
        }
    }
}

/// The key that an item of the plan is stored under.
fn key(id: usize) -> String {
    format!("k{id}")
}
