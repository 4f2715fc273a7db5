//! Streams: who is there, what they have, and what they get to have everything.

use super::{Act, Audience, ConnId, Conversation, Cursor, From, OwnerRecord, Reply, Step, Stream};
use crate::time::{Millis, Tick};
use crate::who::{Role, Who, author_of_tag};
use kefu_proto::v1::{Author, Hello, Presence, ReadMark, Resume, server_frame::Frame};

/// A cursor further behind than this many events gets the newest page.
pub const REPLAY_MOST: u32 = 500;
/// Events in the newest page.
pub const NEWEST_PAGE: u32 = 100;
/// Streams that one conversation may have.
pub const STREAMS_MOST: usize = 128;

const CLOSE_TOKEN_EXPIRED: u16 = 4100;
const CLOSE_TOO_MANY: u16 = 4229;

/// Whether a log (`epoch`, newest `latest`) can go on after `cursor` without a gap, and after
/// which seq the events follow that its reader gets.
pub fn recovery(epoch: u32, latest: u32, cursor: Cursor) -> (bool, u32) {
    let newest = latest.saturating_sub(NEWEST_PAGE);
    if cursor.seq == 0 {
        return (true, if latest > REPLAY_MOST { newest } else { 0 });
    }
    let same_log = cursor.epoch.is_none_or(|cursor| cursor == epoch);
    match latest.checked_sub(cursor.seq) {
        Some(missing) if same_log && missing <= REPLAY_MOST => (true, cursor.seq),
        _ => (false, newest),
    }
}

impl Conversation {
    pub(super) fn attach(
        &mut self,
        tick: Tick,
        conn: ConnId,
        stream: Stream,
        cursor: Cursor,
        step: &mut Step,
    ) {
        if self.streams.len() >= STREAMS_MOST {
            step.act(Act::Close { conn, code: CLOSE_TOO_MANY, reason: "too_many_streams" });
            return;
        }
        // What is shown so far is shown to the others first: a stream begins with hello.
        self.flush_to(Audience::AllBut(conn), tick.now, step);
        let first = !self.is_online(&stream.who);
        let who = stream.who.clone();
        self.streams.insert(conn, stream);
        self.hello(tick.now, conn, &who, cursor, step);
        self.join_answer(conn, None, step);
        if first {
            self.show_presence(&who, true, step);
        }
    }

    pub(super) fn detach(&mut self, conn: ConnId, step: &mut Step) {
        let Some(stream) = self.streams.remove(&conn) else { return };
        if !self.is_online(&stream.who) {
            self.show_presence(&stream.who, false, step);
        }
    }

    pub(super) fn resume_stream(
        &mut self,
        tick: Tick,
        from: &From,
        resume: &Resume,
        step: &mut Step,
    ) -> Reply {
        if let Some(conn) = from.conn {
            let epoch = (resume.epoch > 0).then_some(resume.epoch);
            self.flush(tick.now, step);
            self.hello(tick.now, conn, &from.who, Cursor { epoch, seq: resume.seq }, step);
            self.join_answer(conn, resume.turn.zip(resume.offset), step);
        }
        Reply::Done
    }

    pub(super) fn close_expired(&mut self, now: Millis, step: &mut Step) {
        if self.streams.values().all(|stream| stream.expires > now) {
            return;
        }
        for (&conn, _) in self.streams.iter().filter(|(_, stream)| stream.expires <= now) {
            step.act(Act::Close { conn, code: CLOSE_TOKEN_EXPIRED, reason: "token_expired" });
        }
        self.streams.retain(|_, stream| stream.expires > now);
    }

    fn hello(&mut self, now: Millis, conn: ConnId, who: &Who, cursor: Cursor, step: &mut Step) {
        let (recovered, after) = recovery(self.head.epoch, self.seq, cursor);
        let agent = who.role == Role::Agent;
        let hello = Hello {
            epoch: self.head.epoch,
            seq: self.seq,
            recovered,
            owner: Some(self.owner_with_place()),
            term: self.head.term,
            marks: self.read_marks(),
            after,
            session: self.session,
            presence: self.others(who),
            turn: self.turns.under_way().filter(|_| agent || !self.turns.is_drafting()),
            now: i64::try_from(now.0).unwrap_or(i64::MAX),
            closed: self.head.closed,
        };
        step.send(Audience::Conn(conn), Frame::Hello(hello));
        if self.place.is_none() && self.head.owner == OwnerRecord::Queue {
            // Whoever waits sees how long: the desk is asked again.
            self.tell_again(now);
        }
        if after < self.seq {
            step.act(Act::Replay { conn, after, upto: self.seq });
        }
    }

    fn read_marks(&self) -> Vec<ReadMark> {
        let mark = |(tag, seq): (&String, &u32)| {
            author_of_tag(tag).map(|author| ReadMark { author: Some(author), seq: *seq })
        };
        self.marks.iter().filter_map(mark).collect()
    }

    fn is_online(&self, who: &Who) -> bool {
        self.streams.values().any(|stream| stream.who.tag() == who.tag())
    }

    pub(super) fn is_agents(&self, conn: ConnId) -> bool {
        self.streams.get(&conn).is_some_and(|stream| stream.who.role == Role::Agent)
    }

    /// Everybody else who is there, once each.
    fn others(&self, who: &Who) -> Vec<Presence> {
        let mut seen = vec![who.tag()];
        let mut others = Vec::new();
        for stream in self.streams.values() {
            let tag = stream.who.tag();
            if !seen.contains(&tag) {
                others.push(presence(stream.who.author(), true));
                seen.push(tag);
            }
        }
        others
    }

    fn show_presence(&self, who: &Who, online: bool, step: &mut Step) {
        let others = self.streams.values().any(|stream| stream.who.tag() != who.tag());
        if others {
            let to = match who.role {
                Role::Visitor => Audience::Agents,
                Role::Bot | Role::Agent | Role::System => Audience::All,
            };
            step.send(to, Frame::Presence(presence(who.author(), online)));
        }
    }
}

fn presence(author: Author, online: bool) -> Presence {
    Presence { author: Some(author), online }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cursor_is_recovered_exactly_when_nothing_after_it_is_skipped() {
        let cursor = |epoch, seq| Cursor { epoch, seq };
        for (given, latest, expected) in [
            (cursor(Some(1), 3), 10, (true, 3)),
            (cursor(None, 3), 10, (true, 3)),
            (cursor(Some(1), 10), 10, (true, 10)),
            (cursor(Some(1), 11), 10, (false, 0)),
            (cursor(Some(2), 3), 10, (false, 0)),
            (cursor(Some(1), 1), 501, (true, 1)),
            (cursor(Some(1), 1), 502, (false, 402)),
            (cursor(Some(9), 0), 10, (true, 0)),
            (cursor(None, 0), 0, (true, 0)),
            (cursor(None, 0), 500, (true, 0)),
            (cursor(None, 0), 501, (true, 401)),
        ] {
            assert_eq!(recovery(1, latest, given), expected, "{given:?} of {latest}");
        }
    }
}
