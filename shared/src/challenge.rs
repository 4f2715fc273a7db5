//! Who proves to be no machine before there is a session: newcomers, where their site declares it.
//!
//! A newcomer is who has no token of the site and nobody who vouches. What it is asked stands in
//! the refusal, and is known by its signature when it comes back: nothing is kept for it.

use crate::config::{ChallengeKind, Rate};
use crate::counted::Counted;
use crate::problem::{Code, Refusal};
use crate::provider::RequestParts;
use crate::session;
use crate::site::{Deployment, Live};
use crate::time::Tick;
use kefu_proto::v1::{self as wire, SessionRequest, challenge::Kind};
use puzzle::{Flaw, Puzzle};

mod puzzle;
mod turnstile;

#[cfg(test)]
pub(crate) mod tests;

pub use turnstile::{Verdict, Verifier};

/// Somebody at the door of a site that asks newcomers for a proof.
#[derive(Clone, Copy, Debug)]
pub struct Newcomer<'a> {
    site: &'a str,
    address: &'a str,
    deployment: &'a Deployment,
    live: &'a Live,
    challenge: &'a crate::config::Challenge,
    tick: Tick,
}

/// An answer that may be one.
#[derive(Debug)]
pub enum Proof<'a> {
    /// It is: good for as many sessions as that rate says.
    Good(Counted<'a>, Rate),
    /// Its verifier says whether it is; one that cannot be asked has heard enough already, and
    /// nothing is sent.
    Ask(Box<RequestParts>, Verifier),
}

impl<'a> Newcomer<'a> {
    /// Whoever asks for a session, if its site asks such for a proof. A token of the site and an
    /// identity are as good as one: whether that one holds is told when the session is opened.
    pub fn of(
        (site, address): (&'a str, &'a str),
        live: &'a Live,
        deployment: &'a Deployment,
        request: &SessionRequest,
        bearer: Option<&str>,
        tick: Tick,
    ) -> Option<Self> {
        let challenge = live.config.challenge.as_ref()?;
        let is_new = request.identity.is_none()
            && !session::is_known(deployment, bearer, site, request, tick.now);
        is_new.then_some(Self { site, address, deployment, live, challenge, tick })
    }

    /// How many are let in without a proof, counted as what; none where all prove.
    pub fn let_in(&self) -> Option<(Counted<'a>, Rate)> {
        Some((Counted::Newcomers { site: self.site }, self.challenge.attack?))
    }

    /// What was answered, or a refusal with what is to be answered.
    pub fn answered<'b>(&self, answer: Option<&'b wire::Challenge>) -> Result<Proof<'b>, Refusal> {
        let answer = answer.filter(|answer| !answer.answer.is_empty());
        let answer = answer.ok_or_else(|| self.asked("answer `challenge` in the same request"))?;
        match &self.challenge.kind {
            ChallengeKind::ProofOfWork(least) => {
                let work = self.puzzle().check(*least, answer, self.tick.now);
                work.map_err(|flaw| self.asked(flaw.message()))?;
                let once = Rate { count: 1, window: puzzle::LIFE };
                Ok(Proof::Good(Counted::Answers { puzzle: &answer.puzzle }, once))
            }
            ChallengeKind::Turnstile(turnstile) if turnstile::is_token(&answer.answer) => {
                let tell = (self.address, answer.answer.as_str());
                Ok(match turnstile::request(self.live, turnstile, tell) {
                    Ok(request) => Proof::Ask(request.into(), Verifier::asked(self.tick.now)),
                    Err(why) => Proof::Ask(Box::default(), Verifier::never_asked(why)),
                })
            }
            ChallengeKind::Turnstile(_) => Err(self.asked(NO_TOKEN)),
        }
    }

    /// The puzzle was answered before.
    pub fn used(&self) -> Refusal {
        self.asked(Flaw::Used.message())
    }

    /// What the verifier says; where it says nothing, the site said what then.
    pub fn verified(&self, verdict: Verdict) -> Result<(), Refusal> {
        match (verdict, &self.challenge.kind) {
            (Verdict::Human, _) => Ok(()),
            (Verdict::Machine, _) => Err(self.asked(NO_TOKEN)),
            (Verdict::Unknown(_), ChallengeKind::Turnstile(it)) if it.fail_open => Ok(()),
            (Verdict::Unknown(_), _) => Err(unverified()),
        }
    }

    /// The refusal that says what to answer.
    fn asked(&self, detail: &str) -> Refusal {
        let mut refusal = Refusal::new(Code::ChallengeRequired, detail);
        refusal.challenge = Some(Box::new(match &self.challenge.kind {
            ChallengeKind::ProofOfWork(difficulty) => wire::Challenge {
                kind: Kind::ProofOfWork.into(),
                puzzle: self.puzzle().make(*difficulty, self.tick),
                difficulty: *difficulty,
                ..wire::Challenge::default()
            },
            ChallengeKind::Turnstile(turnstile) => wire::Challenge {
                kind: Kind::Turnstile.into(),
                site_key: turnstile.site_key.clone(),
                ..wire::Challenge::default()
            },
        }));
        refusal
    }

    fn puzzle(&self) -> Puzzle<'a> {
        Puzzle { keys: &self.deployment.keys, site: self.site, address: self.address }
    }
}

const NO_TOKEN: &str = "Turnstile does not vouch for this visitor: answer `challenge` with a token";

fn unverified() -> Refusal {
    let detail = "who verifies newcomers does not answer: send the same request again";
    Refusal::new(Code::Unavailable, detail).retry_after(std::time::Duration::from_secs(3))
}
