//! Deaths, and what is brought back: alarms are rows, and whoever comes by rings them.

use super::happening::Happening;
use super::job::{Job, Work};
use super::process::Process;
use super::world::World;
use kefu_shared::conversation::Input;
use kefu_shared::time::Millis;

/// Between two questions whether an instance is well.
const POLLS: u64 = 7_000;

impl World<'_> {
    /// An instance dies: its memory, its calls and its streams are gone.
    pub(super) fn die(&mut self, who: usize) {
        self.kill(who, 1);
    }

    /// The same, and it is away for a while.
    pub(super) fn kill(&mut self, who: usize, away: u64) {
        self.doomed.take_if(|(doomed, _)| *doomed == who);
        if !self.processes[who].is_alive() {
            return;
        }
        self.report.crashes += 1;
        self.patience.broke(self.clock.now());
        let old = std::mem::take(&mut self.processes[who]);
        self.processes[who].skew = old.skew;
        self.ready.retain(|ready| *ready != who);
        // Those too that were just being opened.
        let theirs = self.links.iter().filter(|(_, link)| link.holder == old.holder);
        for conn in theirs.map(|(conn, _)| *conn).collect::<Vec<_>>() {
            self.end_stream(conn);
        }
        self.clock.later(away, Happening::Back { who });
    }

    pub(super) fn back(&mut self, who: usize) {
        if !self.processes[who].is_alive() {
            self.holders += 1;
            self.processes[who] = Process::new(self.holders, self.processes[who].skew);
        }
    }

    /// Somebody asks how it is, again and again.
    pub(super) fn polls(&mut self, who: usize) {
        self.poll(who);
        if !self.rests() {
            self.clock.later(POLLS, Happening::Polls { who });
        }
    }

    /// Rings what is due.
    pub(super) fn poll(&mut self, who: usize) {
        let now = self.wall(who);
        if !self.processes[who].is_alive() {
            return;
        }
        let newest = self.storage.due.values().copied().filter(|at| *at <= now).max();
        if newest.is_some() {
            let mut job = Job::new(Work::Apply(Input::Alarmed));
            job.clears = newest;
            self.give(who, job);
        }
    }

    pub(super) fn clear_due(&mut self, upto: Option<Millis>) {
        if let Some(upto) = upto {
            self.storage.due.retain(|_, at| *at > upto);
        }
    }
}
