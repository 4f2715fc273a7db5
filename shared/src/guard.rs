//! What is true of a provider for a whole site: its circuit breaker and its rate.
//!
//! One [`Guard`] a site and provider is the truth; a host keeps it where all of the site's
//! conversations can ask. Turns work from short-lived [`Copies`]: permits leased in batches, and
//! until when the provider is left alone. What a copy may do is charged when it is granted, so the
//! provider never sees more than the declared rate, whoever dies with permits unused.
//!
//! An attempt that was let through carries a [`Ticket`]; how it ended is a [`Report`], which
//! counts only in the life of the breaker that let it through.

use crate::config::{Budget, Budgets, Provider, Rate, Site};
use crate::provider::Class;
use crate::time::Millis;
use serde::{Deserialize, Serialize};
use std::time::Duration;

mod breaker;
mod change;
mod copies;
mod ledger;
mod order;
mod report;
mod window;

pub use breaker::{LONGEST_COOLDOWN, PROBE_LIFE_MOST, STREAK_LIFE};
pub use change::change;
pub use copies::{Admitting, Candidate, Copies, Decision, Key, Skip, Why};
pub use ledger::{Ledger, Spent, tomorrow};
pub use order::{Order, Outcome, View};
pub use report::{Pass, Report, Ticket, Verdict};

use breaker::Breaker;
use window::Window;

/// How long a copy is used without asking again, at most.
pub const FRESH_FOR: Duration = Duration::from_secs(1);

/// What a site declares of a provider, as far as its guard needs it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Terms {
    /// The most attempts in a window of so many milliseconds; none is no limit.
    pub rate: Option<(u32, u64)>,
    /// Consecutive counted failures that open the breaker.
    pub threshold: u32,
    /// How long it stays open at first, in milliseconds.
    pub cooldown_ms: u64,
    /// How long a probe may take, in milliseconds.
    pub probe_ms: u64,
    /// What may be spent in a day.
    pub budget: Budget,
    /// Whose midnight ends a day: minutes east of Greenwich.
    pub utc_offset: i16,
    /// Whether money is counted: then none of it may be forgotten.
    pub priced: bool,
    /// Which state of the site's configuration and secrets this is: a provider that was refused
    /// for its key is asked again once that was changed.
    pub revision: u32,
}

impl Terms {
    /// What the site declares of `provider`, at that revision.
    pub fn of(site: &Site, provider: &Provider, revision: u32) -> Self {
        let millis = |span: Duration| u64::try_from(span.as_millis()).unwrap_or(u64::MAX);
        Self {
            rate: provider.rate_limit.map(|rate| (rate.count, millis(rate.window))),
            threshold: provider.circuit_breaker.failure_threshold,
            cooldown_ms: millis(provider.circuit_breaker.cooldown),
            probe_ms: millis(provider.timeouts.total),
            budget: Budget::default(),
            utc_offset: site.budgets.utc_offset,
            priced: provider.price.is_some(),
            revision,
        }
    }

    /// What the site declares for all of its providers together; none if that is nothing.
    pub fn of_site(site: &Site, revision: u32) -> Option<Self> {
        let Budgets { site: budget, utc_offset, .. } = site.budgets;
        budget.is_declared().then_some(Self {
            rate: None,
            threshold: u32::MAX,
            cooldown_ms: 0,
            probe_ms: 0,
            budget,
            utc_offset,
            priced: true,
            revision,
        })
    }

    fn rate(&self) -> Option<Rate> {
        self.rate.map(|(count, window)| Rate { count, window: Duration::from_millis(window) })
    }

    fn cooldown(&self) -> Duration {
        Duration::from_millis(self.cooldown_ms)
    }

    /// The longest that the breaker stays open.
    fn longest_cooldown(&self) -> Duration {
        self.cooldown().max(LONGEST_COOLDOWN)
    }

    fn probe_life(&self) -> Duration {
        Duration::from_millis(self.probe_ms).min(PROBE_LIFE_MOST)
    }
}

/// What is told to a guard, and asked of it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Ask {
    /// As the site declares it.
    pub terms: Terms,
    /// How many permits are wanted; 0 for none, when there is only something to report.
    pub want: u32,
    /// Permits of earlier grants that will never be used.
    pub unused: Vec<Unused>,
    /// How attempts ended.
    pub reports: Vec<Report>,
}

/// Permits that will never be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Unused {
    /// Until when they were good: tells of which grant they are.
    pub until: Millis,
    /// How many.
    pub count: u32,
}

/// What a guard allows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Grant {
    /// How the provider stands.
    pub standing: Standing,
    /// The life of the breaker that allows it.
    pub generation: u32,
    /// Attempts that may be sent until `until`; `u32::MAX` where no rate is declared.
    pub permits: u32,
    /// How long all of this is good.
    pub until: Millis,
    /// Whether the one permit is the probe of a half-open breaker.
    pub probe: bool,
}

/// How a provider stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Standing {
    /// It may be asked.
    Closed,
    /// It failed too often, or was refused: not before then.
    Open {
        /// When one probe may be sent.
        until: Millis,
    },
    /// It asked to be left alone.
    Paused {
        /// Until then.
        until: Millis,
    },
    /// The declared rate is used up.
    Limited {
        /// When there is room again.
        until: Millis,
    },
    /// Another attempt finds out whether it works again.
    Probing {
        /// When that is known at the latest.
        until: Millis,
    },
    /// What may be spent in a day is spent.
    Spent {
        /// When the next day begins.
        until: Millis,
    },
}

impl Standing {
    /// Its name in answers, logs and metrics.
    pub fn name(self) -> &'static str {
        match self {
            Self::Closed => "closed",
            Self::Open { .. } => "open",
            Self::Paused { .. } => "paused",
            Self::Limited { .. } => "limited",
            Self::Probing { .. } => "probing",
            Self::Spent { .. } => "spent",
        }
    }

    /// The breaker alone: whatever else stands against a provider, it is closed.
    pub fn breaker(self) -> Self {
        match self {
            Self::Open { .. } | Self::Probing { .. } => self,
            Self::Closed | Self::Paused { .. } | Self::Limited { .. } | Self::Spent { .. } => {
                Self::Closed
            }
        }
    }

    /// Until when it holds at most; none for the one that lets attempts through.
    pub fn until(self) -> Option<Millis> {
        match self {
            Self::Closed => None,
            Self::Open { until }
            | Self::Paused { until }
            | Self::Limited { until }
            | Self::Probing { until }
            | Self::Spent { until } => Some(until),
        }
    }
}

/// The truth about a provider of a site.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Guard {
    breaker: Breaker,
    window: Window,
    paused_until: Millis,
    ledger: Ledger,
    /// The last failure that counted, and when it was told.
    failed: Option<(Class, Millis)>,
    /// Permits that may be granted after this state was stored without storing it again.
    spare: u32,
    /// Those that were.
    #[serde(skip)]
    unsaved: u32,
    #[serde(skip)]
    changed: bool,
}

impl Guard {
    /// Goes on from what is stored. What may have been granted since then counts as granted now.
    pub fn resume(stored: Self, terms: &Terms, now: Millis) -> Self {
        let mut guard = stored;
        if let Some(rate) = terms.rate() {
            guard.window.charge(rate, now, guard.spare);
        }
        (guard.spare, guard.unsaved, guard.changed) = (0, 0, false);
        guard
    }

    /// Takes in what is told and answers what is asked.
    pub fn take(&mut self, now: Millis, ask: &Ask) -> Grant {
        let before = (self.breaker, self.paused_until);
        self.breaker.mend_clock(now, &ask.terms);
        self.paused_until = self.paused_until.min(now + crate::provider::MAX_PAUSE);
        if let Some(rate) = ask.terms.rate() {
            ask.unused.iter().for_each(|unused| self.window.refund(rate, *unused));
        }
        for report in &ask.reports {
            self.learn(now, &ask.terms, report);
        }
        let grant = self.grant(now, ask);
        self.changed |= before != (self.breaker, self.paused_until);
        grant
    }

    /// Charges one attempt to the rate, if there is room; otherwise says when there is.
    fn charge_one(&mut self, now: Millis, terms: &Terms) -> Result<(), Millis> {
        let Some(rate) = terms.rate() else { return Ok(()) };
        self.window.room(rate, now)?;
        self.window.charge(rate, now, 1);
        self.unsaved += 1;
        Ok(())
    }

    /// Whether what was granted still holds: no other life of the breaker has begun, and the
    /// provider has not asked to be left alone.
    pub fn upholds(&self, now: Millis, grant: &Grant) -> bool {
        let forbids = now < self.paused_until && matches!(grant.standing, Standing::Closed);
        grant.generation == self.breaker.generation() && !forbids
    }

    /// Whether it must be stored before its grant is given away.
    pub fn must_store(&self) -> bool {
        self.changed || self.unsaved > self.spare
    }

    /// What to store. `in_memory` is whether this guard stays in memory and is the only one: some
    /// permits may then be granted without storing each.
    pub fn stored(&mut self, terms: &Terms, in_memory: bool) -> &Self {
        let some = terms.rate.map_or(0, |(count, _)| count / SPARE_PART);
        self.spare = if in_memory { some } else { 0 };
        (self.unsaved, self.changed) = (0, false);
        self
    }

    /// How it stands, for an operator.
    pub fn standing(&self, terms: &Terms, now: Millis) -> Standing {
        let full = || self.full(terms, now);
        self.breaker.standing(now).or_else(full).unwrap_or(Standing::Closed)
    }

    /// Attempts that count towards the declared rate right now.
    pub fn charged(&self, terms: &Terms, now: Millis) -> u32 {
        terms.rate().map_or(0, |rate| self.window.clone().charged(rate, now))
    }

    /// What was spent today.
    pub fn spent(&self, terms: &Terms, now: Millis) -> Spent {
        self.ledger.today(now, terms.utc_offset)
    }

    /// Counted failures in a row.
    pub fn streak(&self) -> u32 {
        self.breaker.streak()
    }

    fn learn(&mut self, now: Millis, terms: &Terms, report: &Report) {
        if let Verdict::Limited { pause_ms } = report.verdict {
            self.paused_until = self.paused_until.max(now + Duration::from_millis(pause_ms));
        }
        self.breaker.learn(now, terms, report);
        if let Some(class) = report.counted() {
            self.failed = Some((class, now));
            self.changed = true;
        }
        if report.spent != Spent::default() {
            self.ledger.add(now, terms.utc_offset, &report.spent);
            self.changed |= terms.priced;
        }
    }

    fn grant(&mut self, now: Millis, ask: &Ask) -> Grant {
        let terms = &ask.terms;
        let none = |guard: &Self, standing| Grant {
            standing,
            generation: guard.breaker.generation(),
            permits: 0,
            until: now + FRESH_FOR,
            probe: false,
        };
        if ask.want == 0 {
            return none(self, self.standing(terms, now));
        }
        let probes = match self.breaker.enter(now, terms) {
            Ok(probes) => probes,
            Err(standing) => return none(self, standing),
        };
        let (want, most) = if probes { (1, 1) } else { (ask.want, u32::MAX) };
        if let Some(full) = self.full(terms, now) {
            return none(self, full);
        }
        let (permits, until) = self.lease(terms, now, want, most);
        if probes {
            self.breaker.probe(now + terms.probe_life());
        }
        let standing = Standing::Closed;
        Grant { standing, generation: self.breaker.generation(), permits, until, probe: probes }
    }

    /// Why no attempt may be sent, the breaker apart.
    fn full(&self, terms: &Terms, now: Millis) -> Option<Standing> {
        if now < self.paused_until {
            return Some(Standing::Paused { until: self.paused_until });
        }
        if self.ledger.today(now, terms.utc_offset).is_over(&terms.budget) {
            return Some(Standing::Spent { until: tomorrow(now, terms.utc_offset) });
        }
        let until = self.window.clone().room(terms.rate()?, now).err()?;
        Some(Standing::Limited { until })
    }

    /// Charges permits, no more than a part of what is left: others ask too. Without a rate there
    /// are as many as may be.
    fn lease(&mut self, terms: &Terms, now: Millis, want: u32, most: u32) -> (u32, Millis) {
        let Some(rate) = terms.rate() else { return (most, now + FRESH_FOR) };
        let room = self.window.room(rate, now).unwrap_or(0);
        let permits = want.clamp(1, (room / SHARE).max(1)).min(room);
        let until = self.window.charge(rate, now, permits);
        self.unsaved += permits;
        (permits, until)
    }
}

/// A grant takes at most this part of what is left.
const SHARE: u32 = 4;
/// This part of the rate may be granted between two times of storing.
const SPARE_PART: u32 = 20;

#[cfg(test)]
mod tests;
