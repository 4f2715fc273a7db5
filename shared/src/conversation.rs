//! Everything between one visitor and one site on one channel, as a state machine.
//!
//! [`Conversation::resume`] brings it back from what is stored, [`Conversation::step`] takes what
//! happened and says what to write, to send and to call, [`Conversation::deadline`] says when to
//! come back and why. Nothing else goes in or out: a host loads, steps, commits and carries out.
//!
//! A step is total and never fails; what cannot be done is a [`Reply::Refused`]. Rerunning a step
//! on reloaded state is harmless, which is how a lost race and a crash are survived.

use crate::limit::SlidingWindow;
use crate::problem::{Code, Refusal};
use crate::snowflake::Snowflake;
use crate::sorted;
use crate::time::{Millis, Tick};
use crate::who::{Role, Who};
use kefu_proto::v1::{Event, channel, event};
use std::collections::BTreeMap;

mod alarm;
mod amend;
mod attach;
mod catch_up;
mod deadline;
mod draft;
mod input;
mod marks;
mod outbox;
mod owner;
mod post;
mod rating;
mod senders;
mod sharing;
mod snapshot;
mod step;
mod summary;
mod tally;
mod turn;
mod waiting;

pub use amend::AMEND_WITHIN;
pub use attach::{NEWEST_PAGE, REPLAY_MOST, STREAMS_MOST, recovery};
pub use catch_up::{Known, News};
pub use deadline::Deadline;
pub use input::{ConnId, Cursor, Input, Request, Stream};
pub use post::{KEY_MOST, TEXT_MOST};
pub use sharing::{Shared, TRIES};
pub use snapshot::{Head, OwnerRecord, Policy, RECENT, RunningRecord, Snapshot, TurnRecord};
pub use step::{Act, Audience, CANCEL_MOST, Reply, Step, Write};
pub use tally::{Ended, Fact, Tally, What};
pub(crate) use turn::phrases;
pub use turn::{Admission, Admitted, AttemptId, Lease, Prepared, Tenure};

use alarm::Alarm;
use amend::Said;
use draft::Drafts;
use outbox::Outbox;
use senders::Senders;
use summary::Summary;
use turn::Turns;

/// A conversation while somebody has it in memory. Where several processes may have it, a copy is
/// taken before each step, to go back to when somebody else wrote first.
#[derive(Clone, Debug)]
pub struct Conversation {
    head: Head,
    seq: u32,
    session: u32,
    msg_ids: Snowflake,
    marks: BTreeMap<String, u32>,
    senders: Senders,
    streams: BTreeMap<ConnId, Stream>,
    window: SlidingWindow,
    /// When the site was last asked for besides turns.
    site_asked: Millis,
    turns: Turns,
    summary: Summary,
    said: Said,
    drafts: Drafts,
    /// The visitor's place among those who wait, as far as the desk told it.
    place: Option<u32>,
    outbox: Outbox,
    alarm: Alarm,
}

impl Conversation {
    /// Brings a conversation back: after a cold start, a hibernation, or a lost race. `node`
    /// marks its message ids.
    pub fn resume(snapshot: Snapshot, node: u16) -> Self {
        let newest = snapshot.recent.last().map(|(event, _)| event);
        let seq = newest.map_or(0, |event| event.seq);
        let last_id = newest.and_then(|event| event.msg_id).unwrap_or(0);
        let head = snapshot.head.unwrap_or_default();
        let mut conversation = Self {
            seq,
            session: newest.and_then(|event| event.session).unwrap_or(0),
            msg_ids: Snowflake::after(last_id, node),
            marks: sorted::map(snapshot.marks),
            senders: Senders::resume(seq, &snapshot.recent),
            streams: sorted::map(snapshot.streams),
            window: SlidingWindow::resume(snapshot.window),
            site_asked: Millis(0),
            turns: Turns::resume(
                snapshot.turn.unwrap_or_default(),
                &snapshot.recent,
                &head,
                snapshot.tenure,
            ),
            summary: Summary::of(snapshot.recent.iter().map(|(event, _)| event)),
            said: Said::of(snapshot.recent.iter().map(|(event, _)| event)),
            drafts: Drafts::of(snapshot.recent.iter().map(|(event, _)| event)),
            place: None,
            outbox: Outbox::default(),
            alarm: Alarm::default(),
            head,
        };
        conversation.learn_told(snapshot.told.as_ref());
        conversation
    }

    /// The sender whose event has to be looked up and given to [`Conversation::step`] as `prior`:
    /// the input may repeat something that memory alone cannot rule out.
    pub fn lookup(&self, input: &Input) -> Option<String> {
        let (who, key) = match input {
            Input::Requested { who, request, .. } => (who, request.key()?.to_owned()),
            Input::Framed { conn, frame } => {
                let request = Request::of_frame(frame.clone());
                (&self.streams.get(conn)?.who, request.key()?.to_owned())
            }
            Input::Attached { .. }
            | Input::Detached { .. }
            | Input::Prepared { .. }
            | Input::Admitted { .. }
            | Input::Responded { .. }
            | Input::Received { .. }
            | Input::Ended { .. }
            | Input::Failed { .. }
            | Input::Told { .. }
            | Input::NotTold { .. }
            | Input::Placed { .. }
            | Input::Relayed { .. }
            | Input::Woke
            | Input::Alarmed => return None,
        };
        let sender = who.sender(&key);
        self.senders.may_know(&sender).then_some(sender)
    }

    /// Takes one input. `prior` is the event that [`Conversation::lookup`] asked for, if the log
    /// has it.
    pub fn step(&mut self, tick: Tick, input: Input, prior: Option<&Event>) -> Step {
        let mut step = Step::default();
        self.close_expired(tick.now, &mut step);
        match input {
            Input::Attached { conn, stream, cursor } => {
                self.attach(tick, conn, stream, cursor, &mut step);
            }
            Input::Detached { conn } => self.detach(conn, &mut step),
            Input::Framed { conn, frame } => self.framed(tick, conn, frame, prior, &mut step),
            Input::Requested { who, channel, request } => {
                let from = From { who, channel, conn: None };
                let reply = self.request(tick, &from, request, prior, &mut step);
                step.tally.duplicates += u32::from(reply.is_duplicate());
                step.reply = Some(reply);
            }
            Input::Prepared { turn, prepared } => self.prepared(tick, turn, prepared, &mut step),
            Input::Admitted { attempt, admission } => {
                self.admitted(tick, attempt, admission, &mut step);
            }
            Input::Responded { attempt, head } => self.responded(tick.now, attempt, head),
            Input::Received { attempt, bytes } => self.received(tick, attempt, &bytes, &mut step),
            Input::Ended { attempt, how } => self.ended(tick, attempt, how, &mut step),
            Input::Failed { attempt, failure } => self.failed(tick, attempt, &failure, &mut step),
            Input::Told { seq, place } => {
                self.outbox.told(seq);
                self.placed(place, &mut step);
            }
            Input::Placed { place } => self.placed(Some(place), &mut step),
            Input::Relayed { frame } => self.relayed(&frame, &mut step),
            Input::NotTold { seq } => self.outbox.not_told(tick, seq),
            Input::Woke => {}
            Input::Alarmed => {
                self.alarm.rang();
                self.tell_again(tick.now);
            }
        }
        self.advance(tick, &mut step);
        self.turns.forget_traces(&mut step);
        if step.writes.iter().any(|write| matches!(write, Write::Event { .. })) {
            self.learn_policy(tick.now, &mut step);
        }
        self.keep_lease(tick.now, &mut step);
        let busy = self.turns.is_open() || self.outbox.is_pending();
        self.alarm.keep(tick.now, busy, self.turns.is_elsewhere(), &mut step);
        self.number_states(&mut step);
        step
    }

    /// Whether the log is there for `role`: an agent may not begin one, and does not learn which
    /// ids could be.
    pub fn admits(&self, role: Role) -> Result<(), Refusal> {
        if role == Role::Agent && self.seq == 0 {
            let detail = "there is no such conversation for this token";
            return Err(Refusal::new(Code::NotFound, detail));
        }
        Ok(())
    }

    /// The newest event's seq.
    pub fn seq(&self) -> u32 {
        self.seq
    }

    /// The life of the log.
    pub fn epoch(&self) -> u32 {
        self.head.epoch
    }

    fn framed(
        &mut self,
        tick: Tick,
        conn: ConnId,
        frame: kefu_proto::v1::client_frame::Frame,
        prior: Option<&Event>,
        step: &mut Step,
    ) {
        let Some(stream) = self.streams.get(&conn) else { return };
        let from = From { who: stream.who.clone(), channel: stream.channel, conn: Some(conn) };
        let request = Request::of_frame(frame);
        let key = request.key().map(ToOwned::to_owned);
        let at = step.acts.len();
        let reply = self.request(tick, &from, request, prior, step);
        step.tally.duplicates += u32::from(reply.is_duplicate());
        if let Some(frame) = reply.frame(key.as_deref()) {
            // The sender learns its seq before it sees the event.
            step.acts.insert(at, Act::Send { to: Audience::Conn(conn), frame });
        }
    }

    fn request(
        &mut self,
        tick: Tick,
        from: &From,
        request: Request,
        prior: Option<&Event>,
        step: &mut Step,
    ) -> Reply {
        if let Some(refusal) = refuse_role(from.who.role, &request) {
            return Reply::Refused(refusal);
        }
        if let Err(refusal) = self.admits(from.who.role) {
            return Reply::Refused(refusal);
        }
        match request {
            Request::Send(send) => self.post(tick, from, send, prior, step),
            Request::Edit(edit) => self.edit(tick, from, edit, prior, step),
            Request::Recall(recall) => self.recall(tick, from, recall, prior, step),
            Request::Approve(approve) => self.approve(tick, from, &approve, prior, step),
            Request::Note { key, body } => self.note(tick, from, &key, body, prior, step),
            Request::Rate(rate) => self.rate(tick, from, rate, prior, step),
            Request::Handoff(asked) => self.handoff(tick, from, &asked, prior, step),
            Request::Take(asked) => self.take(tick, from, &asked, prior, step),
            Request::Release(asked) => self.release(tick, from, &asked, prior, step),
            Request::Resolve(asked) => self.resolve(tick, from, &asked, prior, step),
            Request::Reopen(asked) => self.reopen(tick, from, &asked, prior, step),
            Request::Read(read) => self.read(from, read.seq, step),
            Request::Typing(typing) => self.typing(from, typing, step),
            Request::Stop(stop) => self.stop(tick, stop.turn, step),
            Request::Resume(resume) => self.resume_stream(tick, from, &resume, step),
            Request::Ping => Reply::Done,
        }
    }

    /// Adds an event to the log and shows it to everybody who may see it.
    fn append(&mut self, tick: Tick, entry: Entry, step: &mut Step) -> Event {
        self.seq += 1;
        let event = Event {
            seq: self.seq,
            msg_id: Some(self.msg_ids.next(tick.now)),
            ts: Some(tick.now.nanos()),
            session: Some(self.session.max(1)),
            channel: Some(entry.channel.into()),
            kind: Some(entry.kind),
        };
        self.session = self.session.max(1);
        if let Some(sender) = &entry.sender {
            self.senders.learn(sender);
        }
        self.summary.fold(&event);
        self.turns.learn_good(&event);
        self.said.fold(&event);
        self.drafts.fold(&event);
        self.outbox.note(&event, tick.now);
        let spoke = entry.counts.then_some(tick.now);
        let trace = self.turns.take_trace(event.seq);
        step.write(Write::Event { event: event.clone(), sender: entry.sender, spoke, trace });
        catch_up::show(&event, step);
        event
    }

    fn write_head(&self, step: &mut Step) {
        step.write(Write::Head(self.head.clone()));
    }

    /// Each state that is stored follows the stored one: what another instance of this
    /// conversation wrote meanwhile is not overwritten.
    fn number_states(&mut self, step: &mut Step) {
        for write in &mut step.writes {
            match write {
                Write::Head(head) => {
                    self.head.version += 1;
                    head.version = self.head.version;
                }
                Write::Turn(turn) => turn.version = self.turns.next_version(),
                Write::Event { .. }
                | Write::Forget { .. }
                | Write::Mark { .. }
                | Write::Alarm(_) => {}
            }
        }
    }
}

/// Where a request comes from.
struct From {
    who: Who,
    channel: channel::Type,
    conn: Option<ConnId>,
}

/// An event on its way into the log.
struct Entry {
    channel: channel::Type,
    kind: event::Kind,
    sender: Option<String>,
    /// Whether it counts towards its visitor's rate.
    counts: bool,
}

fn refuse_role(role: Role, request: &Request) -> Option<Refusal> {
    let allowed = match request {
        Request::Rate(_) | Request::Handoff(_) => role == Role::Visitor,
        Request::Take(_)
        | Request::Release(_)
        | Request::Resolve(_)
        | Request::Reopen(_)
        | Request::Approve(_)
        | Request::Note { .. } => role == Role::Agent,
        Request::Send(_)
        | Request::Edit(_)
        | Request::Recall(_)
        | Request::Read(_)
        | Request::Typing(_)
        | Request::Stop(_)
        | Request::Resume(_)
        | Request::Ping => true,
    };
    (!allowed).then(|| Refusal::new(Code::Forbidden, "this act belongs to the other side"))
}

/// The seq and id under which a repeated request is known.
fn receipt(event: &Event) -> (u32, i64) {
    (event.seq, event.msg_id.unwrap_or_default())
}

fn key_reused() -> Reply {
    Reply::Refused(Refusal::new(
        Code::KeyReused,
        "this key was used for something else: choose a new one for each act",
    ))
}

impl Millis {
    fn earliest(self, other: Option<Self>) -> Self {
        other.map_or(self, |other| self.min(other))
    }
}

#[cfg(test)]
#[allow(clippy::wildcard_enum_match_arm, reason = "a test names what it looks for")]
mod tests;
