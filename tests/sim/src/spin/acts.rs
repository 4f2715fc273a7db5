//! What an instance does once a step is stored.

use super::happening::Happening;
use super::job::{Job, Work};
use super::world::World;
use crate::chance::{Chance, kind};
use crate::invariant::{Held, Invariant};
use crate::plan::{Fate, Manner};
use crate::provider::{self, Said};
use crate::site;
use kefu_proto::v1::InboxEntry;
use kefu_proto::v1::server_frame::Frame;
use kefu_shared::context::Context;
use kefu_shared::conversation::{
    Act, Admission, Admitted, AttemptId, Audience, ConnId, Input, Prepared, Reply, Step, Write,
};
use kefu_shared::guard::{Admitting, Ask, Candidate, Decision, Grant, Key, Report, Terms};
use kefu_shared::{news, view};

/// Events that are read to find the rounds of a context.
const CONTEXT_EVENTS: usize = 120;
/// How long a site's row may take to say that it cannot be read.
const SITE_HANGS: u64 = 40_000;
/// One in so many questions to a guard is lost.
const LOST_ONE_IN: u64 = 40;
/// How long somebody waits for an answer that does not come.
const UNANSWERED: u64 = 5_000;

impl World<'_> {
    /// Tells the others what is new, then acts in order.
    pub(super) fn carry_out(
        &mut self,
        who: usize,
        mut step: Step,
        hearsay: bool,
    ) -> Held<Option<Reply>> {
        let tells = |write: &Write| matches!(write, Write::Event { .. });
        if step.writes.iter().any(tells) {
            self.publish(
                who,
                &news::What::Conversation { log: String::new(), seq: self.processes[who].seq() },
            );
        }
        let reply = step.reply.take();
        if hearsay {
            self.act_here(who, step)?;
            return Ok(reply);
        }
        for act in step.acts {
            self.act(who, act)?;
        }
        Ok(reply)
    }

    /// Acts on what others told: they have told their own readers.
    pub(super) fn act_here(&mut self, who: usize, step: Step) -> Held {
        for act in step.acts {
            match act {
                Act::Send { to, frame } => self.show(who, to, &frame)?,
                other => self.act(who, other)?,
            }
        }
        Ok(())
    }

    pub(super) fn act(&mut self, who: usize, act: Act) -> Held {
        match act {
            Act::Send { to, frame } => {
                self.show(who, to, &frame)?;
                if let Some((what, _)) = news::What::of_frame("", to, &frame) {
                    self.publish(who, &what);
                }
            }
            Act::Replay { conn, after, upto } => self.replay(who, conn, after, upto)?,
            Act::Close { conn, .. } => {
                self.processes[who].streams.remove(&conn);
                self.end_stream(conn);
            }
            Act::Prepare { turn, before } => self.prepare(who, turn, before),
            Act::Admit { attempt, candidates, .. } => self.admit(who, attempt, candidates),
            Act::Report { provider, terms, report } => self.report(who, provider, terms, report),
            Act::Call { attempt, .. } => self.call(who, attempt)?,
            Act::Abort { attempt } => drop(self.processes[who].call.take_if(|it| *it == attempt)),
            // Nothing comes of it.
            Act::Cancel { .. } => {}
            Act::Tell { summary, .. } => self.tell(who, summary),
        }
        Ok(())
    }

    /// Sends a frame to readers here.
    pub(super) fn show(&mut self, who: usize, to: Audience, frame: &Frame) -> Held {
        self.witness(frame)?;
        let streams = self.processes[who].streams.iter();
        let conns: Vec<_> = streams
            .filter(|(conn, it)| to.has(**conn, it.who.role))
            .map(|(conn, _)| *conn)
            .collect();
        for conn in conns {
            let begun = &mut self.processes[who].begun;
            if matches!(frame, Frame::Hello(_)) {
                begun.insert(conn);
            }
            if begun.contains(&conn) {
                self.send_down(conn, frame.clone());
            }
        }
        Ok(())
    }

    fn replay(&mut self, who: usize, conn: ConnId, after: u32, upto: u32) -> Held {
        let stream = self.processes[who].streams.get(&conn);
        let Some(role) = stream.map(|stream| stream.who.role) else { return Ok(()) };
        for seq in after + 1..=upto {
            let Some(event) = self.storage.disk.event(seq) else {
                return Err(Invariant::DurableFirst.broken(format!("seq {seq} is not stored")));
            };
            let seen = view::of(event, role).into_owned();
            self.send_down(conn, Frame::Event(seen));
        }
        Ok(())
    }

    fn prepare(&mut self, who: usize, turn: u32, before: u32) {
        let lost = self.site_lost.take();
        let delay = if lost == Some(true) { SITE_HANGS } else { self.chance.between(0, 30) };
        let lost = lost.is_some();
        self.later(who, delay, |who, holder| Happening::Site { who, holder, turn, before, lost });
    }

    pub(super) fn site(&mut self, who: usize, turn: u32, before: u32, lost: bool) {
        self.processes[who].asked -= 1;
        let newest = self.storage.disk.newest(CONTEXT_EVENTS);
        let rounds = if turn == 0 { Vec::new() } else { Context::of(newest).before(before, 20) };
        let site = site::live(self.plan.drafts).filter(|_| !lost);
        let prepared = Prepared { site, rounds, on_duty: false };
        self.apply(who, Input::Prepared { turn, prepared });
    }

    fn admit(&mut self, who: usize, attempt: AttemptId, candidates: Vec<Candidate>) {
        let mut admitting = Admitting::new("sim", None, candidates);
        let admitted = self.decide(who, &mut admitting);
        let admission = Admission { admitted, skips: admitting.into_skips() };
        let delay = self.chance.between(0, 30);
        self.later(who, delay, |who, holder| Happening::Given {
            who,
            holder,
            input: Box::new(Input::Admitted { attempt, admission }),
        });
    }

    fn decide(&mut self, who: usize, admitting: &mut Admitting) -> Option<Admitted> {
        loop {
            let now = self.wall(who);
            match self.processes[who].copies.next(now, admitting) {
                Decision::Ask { key, ask } => {
                    if let Some(grant) = self.ask_guard(who, &key, &ask) {
                        self.processes[who].copies.granted(now, key, grant);
                    }
                }
                Decision::Go { provider, pass } => return Some(Admitted { provider, pass }),
                Decision::Nobody => return None,
            }
        }
    }

    fn report(&mut self, who: usize, provider: String, terms: Terms, report: Report) {
        let key = Key { site: "sim".into(), provider };
        let ask = self.processes[who].copies.report(&key, terms, report);
        if let Some(grant) = self.ask_guard(who, &key, &ask) {
            let now = self.wall(who);
            self.processes[who].copies.told(now, key, grant);
        }
    }

    fn ask_guard(&mut self, who: usize, key: &Key, ask: &Ask) -> Option<Grant> {
        if self.chance.once_in(LOST_ONE_IN) {
            return None;
        }
        let now = self.wall(who);
        Some(self.guards.entry(key.provider.clone()).or_default().take(now, ask))
    }

    /// Sends a request to a provider; it goes as the plan says.
    fn call(&mut self, who: usize, attempt: AttemptId) -> Held {
        self.report.calls += 1;
        let parts = [kind::CALL, attempt.turn.into(), attempt.attempt.into()];
        let mut chance = Chance::of(self.plan.seed, &parts);
        let manner = self.manners.pop_front().unwrap_or(Manner::Answers);
        let tag = format!("{}.{}", attempt.turn, attempt.attempt);
        let script = provider::script(&mut chance, manner, self.wall(who), &tag);
        self.ledger.called(attempt, script.text)?;
        self.processes[who].call = Some(attempt);
        let holder = self.processes[who].holder;
        for (delay, said) in script.said {
            self.clock.later(delay, Happening::Provider { who, holder, attempt, said });
        }
        Ok(())
    }

    pub(super) fn provider(&mut self, who: usize, attempt: AttemptId, said: Said) {
        if self.processes[who].call != Some(attempt) {
            return;
        }
        let input = match said {
            Said::Head(head) => Input::Responded { attempt, head },
            Said::Bytes(bytes) => Input::Received { attempt, bytes },
            Said::End(how) => Input::Ended { attempt, how },
            Said::Unreachable(failure) => Input::Failed { attempt, failure },
        };
        self.apply(who, input);
    }

    /// Tells the desk, over a network that loses requests and answers.
    fn tell(&mut self, who: usize, summary: InboxEntry) {
        let fate = self.fates.pop_front().unwrap_or(Fate::Arrives);
        let (seq, delay) = (summary.seq, self.chance.between(1, 200));
        let late = if let Fate::Late(by) = fate { by } else { 0 };
        if fate != Fate::Lost {
            self.clock.later(delay + late, Happening::Desk { entry: Box::new(summary) });
        }
        let input = match fate {
            Fate::Arrives | Fate::Twice => Box::new(Input::Told { seq, place: None }),
            Fate::Lost | Fate::AnswerLost | Fate::Late(_) => Box::new(Input::NotTold { seq }),
        };
        let answer = if matches!(*input, Input::Told { .. }) { delay * 2 } else { UNANSWERED };
        self.later(who, answer, |who, holder| Happening::Given { who, holder, input });
    }

    /// The desk keeps what is newest.
    pub(super) fn desk(&mut self, entry: InboxEntry) {
        let at = |entry: &InboxEntry| (entry.epoch, entry.seq);
        if self.inbox.as_ref().is_none_or(|known| at(known) < at(&entry)) {
            self.inbox = Some(entry);
        }
    }

    /// What was asked for is given.
    pub(super) fn given(&mut self, who: usize, input: Input) {
        self.processes[who].asked -= 1;
        self.give(who, Job::new(Work::Apply(input)));
    }

    fn later(&mut self, who: usize, delay: u64, what: impl FnOnce(usize, u64) -> Happening) {
        let process = &mut self.processes[who];
        process.asked += 1;
        let holder = process.holder;
        self.clock.later(delay, what(who, holder));
    }
}
