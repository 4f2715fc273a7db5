//! What an instance knows of its sites' providers for a moment: permits, and who is left alone.

use super::{
    Ask, FRESH_FOR, Grant, Guard, Pass, Report, Spent, Standing, Terms, Ticket, Unused, Verdict,
};
use crate::time::Millis;
use std::collections::BTreeMap;

/// Copies that an instance keeps; stale ones go first.
const COPIES_MOST: usize = 4_096;
/// Permits that one instance asks for at once.
const WANT_MOST: u32 = 1_000;

/// Which provider of which site.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Key {
    /// The site's id.
    pub site: String,
    /// The provider's name.
    pub provider: String,
}

impl Key {
    /// All of a site's providers together.
    pub fn of_site(site: &str) -> Self {
        Self { site: site.to_owned(), provider: String::new() }
    }
}

/// A provider that a turn may ask.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Candidate {
    /// Its name.
    pub provider: String,
    /// What its site declares.
    pub terms: Terms,
    /// Whether it is asked all the same when its guard cannot be had.
    pub fail_open: bool,
}

/// The candidates of one attempt, as far as they were looked at.
#[derive(Clone, Debug)]
pub struct Admitting {
    site: String,
    /// What the site declares for all of them together, until that was looked at.
    all: Option<Terms>,
    candidates: Vec<Candidate>,
    at: usize,
    /// Whether the guard of the current candidate was asked.
    asked: bool,
    skips: Vec<Skip>,
}

/// A provider that is not asked, and why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Skip {
    /// Its name.
    pub provider: String,
    /// Why.
    pub why: Why,
}

impl Skip {
    /// Whether it is the site that asks nobody any more.
    pub fn is_site(&self) -> bool {
        self.provider.is_empty()
    }
}

/// Why a provider is not asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Why {
    /// Its guard says so.
    Standing(Standing),
    /// Its guard cannot be had, and the site declares that it is not asked then.
    Unknown,
    /// It cannot be asked as it is configured; the code says what is wrong.
    Misconfigured,
}

/// What to do next.
#[derive(Clone, Debug, PartialEq)]
pub enum Decision {
    /// Ask this provider for an answer.
    Go {
        /// Its name.
        provider: String,
        /// What lets the attempt through.
        pass: Pass,
    },
    /// Ask this provider's guard, tell [`Copies::granted`] or [`Copies::unreachable`], and decide
    /// again.
    Ask {
        /// Whose guard.
        key: Key,
        /// What.
        ask: Ask,
    },
    /// No provider may be asked.
    Nobody,
}

impl Admitting {
    /// Candidates in order of preference, and what the site declares for all of them together.
    pub fn new(site: &str, all: Option<Terms>, candidates: Vec<Candidate>) -> Self {
        Self { site: site.to_owned(), all, candidates, at: 0, asked: false, skips: Vec::new() }
    }

    /// The candidates' guards. The site's own has no breaker, and nobody asks it to wait.
    pub fn keys(&self) -> impl Iterator<Item = Key> {
        let key = |it: &Candidate| Key { site: self.site.clone(), provider: it.provider.clone() };
        self.candidates.iter().map(key)
    }

    /// Those that are not asked, so far.
    pub fn into_skips(self) -> Vec<Skip> {
        self.skips
    }

    fn skip(&mut self, provider: String, why: Why) {
        self.skips.push(Skip { provider, why });
        self.at += 1;
        self.asked = false;
    }
}

/// What an instance knows for a moment.
#[derive(Debug, Default)]
pub struct Copies(BTreeMap<Key, Copy>);

#[derive(Clone, Debug)]
struct Copy {
    grant: Grant,
    /// Whether the guard is known to say otherwise by now.
    outdated: bool,
    used: u32,
    /// What the guard is told the next time.
    unused: Vec<Unused>,
    reports: Vec<Report>,
}

impl Copies {
    /// What to do next for an attempt.
    pub fn next(&mut self, now: Millis, admitting: &mut Admitting) -> Decision {
        if let Some(decision) = self.look_at_site(now, admitting) {
            return decision;
        }
        while let Some(candidate) = admitting.candidates.get(admitting.at).cloned() {
            let Candidate { provider, terms, .. } = candidate;
            let key = Key { site: admitting.site.clone(), provider: provider.clone() };
            match self.0.get_mut(&key).map(|copy| copy.use_one(now)) {
                Some(Use::Permit(ticket)) => {
                    return Decision::Go { provider, pass: Pass { terms, ticket } };
                }
                Some(Use::Not(standing)) => admitting.skip(provider, Why::Standing(standing)),
                Some(Use::Stale) | None if !admitting.asked => {
                    admitting.asked = true;
                    let ask = self.ask(now, &key, terms);
                    return Decision::Ask { key, ask };
                }
                Some(Use::Stale) | None if candidate.fail_open => {
                    let ticket = Ticket::default();
                    return Decision::Go { provider, pass: Pass { terms, ticket } };
                }
                Some(Use::Stale) | None => admitting.skip(provider, Why::Unknown),
            }
        }
        Decision::Nobody
    }

    /// What stands against every provider, if something does or may. Where that cannot be known
    /// nothing does: a bill is not worth a visitor's answer.
    fn look_at_site(&mut self, now: Millis, admitting: &mut Admitting) -> Option<Decision> {
        let terms = admitting.all?;
        let key = Key::of_site(&admitting.site);
        match self.0.get_mut(&key).map(|copy| copy.use_one(now)) {
            Some(Use::Not(standing)) => {
                admitting.skip(key.provider, Why::Standing(standing));
                return Some(Decision::Nobody);
            }
            Some(Use::Stale) | None if !admitting.asked => {
                admitting.asked = true;
                let ask = self.ask(now, &key, terms);
                return Some(Decision::Ask { key, ask });
            }
            Some(Use::Permit(_) | Use::Stale) | None => {}
        }
        (admitting.all, admitting.asked) = (None, false);
        None
    }

    /// A guard answered an [`Ask`].
    pub fn granted(&mut self, now: Millis, key: Key, grant: Grant) {
        self.make_room(now);
        let older = self.0.remove(&key);
        let (mut unused, reports) = match older {
            Some(copy) => copy.left_over(),
            None => (Vec::new(), Vec::new()),
        };
        unused.retain(|unused| now < unused.until + FRESH_FOR);
        self.0.insert(key, Copy { grant, outdated: false, used: 0, unused, reports });
    }

    /// Whether something of a guard is at hand.
    pub fn has(&self, now: Millis, key: &Key) -> bool {
        self.0.get(key).is_some_and(|copy| copy.is_fresh(now))
    }

    /// A guard was looked at, by a host that has it near: what it no longer upholds is dropped.
    pub fn compare(&mut self, now: Millis, key: &Key, guard: &Guard) {
        if let Some(copy) = self.0.get_mut(key) {
            copy.outdated |= !guard.upholds(now, &copy.grant);
        }
    }

    /// What a guard answered to a mere report: permits that are at hand stay good.
    pub fn told(&mut self, now: Millis, key: Key, grant: Grant) {
        let goes_on = |copy: &Copy| {
            copy.is_fresh(now)
                && copy.grant.generation == grant.generation
                && matches!(grant.standing, Standing::Closed)
        };
        if !self.0.get(&key).is_some_and(goes_on) && !matches!(grant.standing, Standing::Closed) {
            self.granted(now, key, grant);
        }
    }

    /// What to tell a guard of an attempt that ended.
    pub fn report(&mut self, key: &Key, terms: Terms, report: Report) -> Ask {
        let (unused, mut reports) = self.0.get_mut(key).map(Copy::take_news).unwrap_or_default();
        reports.push(report);
        Ask { terms, want: 0, unused, reports }
    }

    /// What to ask: as many permits as were used of the last ones, and some more.
    fn ask(&mut self, now: Millis, key: &Key, terms: Terms) -> Ask {
        let Some(copy) = self.0.get_mut(key) else {
            return Ask { terms, want: 1, unused: Vec::new(), reports: Vec::new() };
        };
        let want = (copy.used + copy.used / 4).clamp(1, WANT_MOST);
        copy.give_back(now);
        let (unused, reports) = copy.take_news();
        Ask { terms, want, unused, reports }
    }

    fn make_room(&mut self, now: Millis) {
        if self.0.len() >= COPIES_MOST {
            self.0.retain(|_, copy| copy.is_fresh(now));
        }
        if self.0.len() >= COPIES_MOST {
            self.0.clear();
        }
    }
}

enum Use {
    Permit(Ticket),
    Not(Standing),
    Stale,
}

impl Copy {
    fn is_fresh(&self, now: Millis) -> bool {
        !self.outdated && now < self.grant.until
    }

    fn use_one(&mut self, now: Millis) -> Use {
        if !self.is_fresh(now) {
            return Use::Stale;
        }
        let Grant { standing, generation, permits, probe, .. } = self.grant;
        match standing.until() {
            Some(until) if now < until => Use::Not(standing),
            None if self.used < permits => {
                self.used += 1;
                Use::Permit(Ticket { generation: Some(generation), probe })
            }
            Some(_) | None => Use::Stale,
        }
    }

    /// Permits that can no longer be used are no longer counted.
    fn give_back(&mut self, now: Millis) {
        let Grant { permits, until, probe, generation, .. } = self.grant;
        let count = permits.saturating_sub(self.used);
        if count == 0 || self.is_fresh(now) || permits == u32::MAX {
            return;
        }
        self.used = permits;
        self.unused.push(Unused { until, count });
        if probe {
            let ticket = Ticket { generation: Some(generation), probe };
            self.reports.push(Report {
                ticket,
                verdict: Verdict::Neutral,
                class: None,
                spent: Spent::default(),
            });
        }
    }

    /// What a newer grant's copy has to tell of this one.
    fn left_over(mut self) -> (Vec<Unused>, Vec<Report>) {
        let until = self.grant.until;
        self.give_back(until);
        (self.unused, self.reports)
    }

    fn take_news(&mut self) -> (Vec<Unused>, Vec<Report>) {
        (std::mem::take(&mut self.unused), std::mem::take(&mut self.reports))
    }
}
