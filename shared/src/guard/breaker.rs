//! The circuit breaker: consecutive failures open it, one probe after a cool-down decides.
//!
//! Every change begins a new generation. What attempts of an older one report is ignored: they say
//! how the provider was, not how it is.

use super::{Report, Standing, Terms, Verdict};
use crate::time::Millis;
use serde::{Deserialize, Serialize};
use std::time::Duration;

/// The longest that a breaker stays open; as long as that at once when a provider refuses.
pub const LONGEST_COOLDOWN: Duration = Duration::from_secs(300);
/// Failures further apart than this are no streak.
pub const STREAK_LIFE: Duration = Duration::from_secs(60);
/// The longest that a probe is waited for.
pub const PROBE_LIFE_MOST: Duration = Duration::from_secs(300);

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct Breaker {
    generation: u32,
    phase: Phase,
    /// Counted failures in a row.
    streak: u32,
    failed_at: Millis,
    /// How long it was open the last time.
    cooldown_ms: u64,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Phase {
    #[default]
    Closed,
    Open {
        until: Millis,
        /// The site's revision at which the provider refused.
        refused: Option<u32>,
    },
    HalfOpen {
        /// Until when the probe is waited for, while there is one.
        probe: Option<Millis>,
    },
}

impl Breaker {
    pub(super) fn generation(&self) -> u32 {
        self.generation
    }

    pub(super) fn streak(&self) -> u32 {
        self.streak
    }

    /// How it stands; none while it lets attempts through.
    pub(super) fn standing(&self, now: Millis) -> Option<Standing> {
        match self.phase {
            Phase::Closed => None,
            Phase::Open { until, .. } => Some(Standing::Open { until }),
            Phase::HalfOpen { probe } => {
                Some(Standing::Probing { until: probe.map_or(now, |until| until.max(now)) })
            }
        }
    }

    /// Whether an attempt may be sent, and whether it is the probe.
    pub(super) fn enter(&mut self, now: Millis, terms: &Terms) -> Result<bool, Standing> {
        if let Phase::Open { until, refused } = self.phase {
            let mended = refused.is_some_and(|revision| revision != terms.revision);
            if now < until && !mended {
                return Err(Standing::Open { until });
            }
            self.turn(Phase::HalfOpen { probe: None });
        }
        match self.phase {
            Phase::HalfOpen { probe: Some(until) } if now < until => {
                Err(Standing::Probing { until })
            }
            Phase::HalfOpen { probe: Some(_) } => {
                // Its attempt died: what it may still report is of an older generation.
                self.turn(Phase::HalfOpen { probe: None });
                Ok(true)
            }
            Phase::HalfOpen { probe: None } => Ok(true),
            Phase::Closed | Phase::Open { .. } => Ok(false),
        }
    }

    /// The one attempt that decides is under way.
    pub(super) fn probe(&mut self, until: Millis) {
        self.phase = Phase::HalfOpen { probe: Some(until) };
    }

    pub(super) fn learn(&mut self, now: Millis, terms: &Terms, report: &Report) {
        if report.ticket.generation != Some(self.generation) {
            return;
        }
        match (self.phase, report.verdict) {
            (Phase::HalfOpen { .. }, _) if !report.ticket.probe => {}
            (Phase::HalfOpen { .. }, Verdict::Success) => self.close(),
            (Phase::HalfOpen { .. }, Verdict::Limited { .. } | Verdict::Neutral) => {
                self.phase = Phase::HalfOpen { probe: None };
            }
            (Phase::Closed, Verdict::Success) => self.streak = 0,
            (Phase::Closed, Verdict::Limited { .. } | Verdict::Neutral) => {}
            (_, Verdict::Refused) => self.refuse(now, terms),
            (Phase::HalfOpen { .. }, Verdict::Failure) => self.open_again(now, terms),
            (_, Verdict::Failure) => self.fail(now, terms),
            (Phase::Open { .. }, _) => {}
        }
    }

    /// A clock that went back does not keep it open longer than declared.
    pub(super) fn mend_clock(&mut self, now: Millis, terms: &Terms) {
        match &mut self.phase {
            Phase::Closed => {}
            Phase::Open { until, .. } => *until = (*until).min(now + terms.longest_cooldown()),
            Phase::HalfOpen { probe } => {
                *probe = probe.map(|until| until.min(now + PROBE_LIFE_MOST));
            }
        }
    }

    fn fail(&mut self, now: Millis, terms: &Terms) {
        let goes_on = now.since(self.failed_at) <= STREAK_LIFE;
        self.streak = if goes_on { self.streak.saturating_add(1) } else { 1 };
        self.failed_at = now;
        if self.streak >= terms.threshold {
            self.open(now, terms, terms.cooldown(), None);
        }
    }

    /// The probe failed: twice as long as before.
    fn open_again(&mut self, now: Millis, terms: &Terms) {
        let before = Duration::from_millis(self.cooldown_ms).max(terms.cooldown());
        self.open(now, terms, before * 2, None);
    }

    fn refuse(&mut self, now: Millis, terms: &Terms) {
        self.open(now, terms, LONGEST_COOLDOWN, Some(terms.revision));
    }

    fn open(&mut self, now: Millis, terms: &Terms, cooldown: Duration, refused: Option<u32>) {
        let cooldown = cooldown.min(terms.longest_cooldown());
        self.cooldown_ms = u64::try_from(cooldown.as_millis()).unwrap_or(u64::MAX);
        self.turn(Phase::Open { until: now + cooldown, refused });
    }

    fn close(&mut self) {
        (self.streak, self.cooldown_ms) = (0, 0);
        self.turn(Phase::Closed);
    }

    fn turn(&mut self, phase: Phase) {
        self.generation = self.generation.wrapping_add(1);
        self.phase = phase;
    }
}
