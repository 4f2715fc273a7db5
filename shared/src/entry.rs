//! What comes before a session, one thing after the other: a newcomer's proof, where it owes one,
//! and the limit of its address.
//!
//! A host asks for the [`Next`] thing, does it and tells what came of it, until there is nothing
//! more, or a refusal. Who is only told what to answer does not count: it asks again.

use crate::challenge::{Newcomer, Proof, Verdict, Verifier};
use crate::config::Rate;
use crate::counted::Counted;
use crate::problem::{Code, Refusal};
use crate::provider::RequestParts;
use crate::site::{Deployment, Live};
use crate::time::{Millis, Tick};
use kefu_proto::v1::{Challenge, SessionRequest};
use std::mem::replace;

#[cfg(test)]
mod tests;

/// What a host does next.
#[derive(Debug)]
pub enum Next<'a> {
    /// Counts one of these, for [`Entry::counted`].
    Count(Counted<'a>, Rate),
    /// Sends this and lets the verifier listen, for [`Entry::verified`].
    Ask(Box<RequestParts>, Verifier),
}

/// Somebody who asks a site for a session.
#[derive(Debug)]
pub struct Entry<'a> {
    site: &'a str,
    address: &'a str,
    sessions: Rate,
    answer: Option<&'a Challenge>,
    now: Millis,
    stage: Stage<'a>,
}

/// How far one has come.
#[derive(Debug)]
enum Stage<'a> {
    /// A newcomer, who may be let in as it is.
    Door(Newcomer<'a>),
    /// Whose address did not come too often, a newcomer with its proof.
    Address(Option<(Newcomer<'a>, Proof<'a>)>),
    /// A newcomer whose proof is to be looked at.
    Proof(Newcomer<'a>, Proof<'a>),
    /// One whose proof is good if it was none before, or if its verifier says so.
    Judged(Newcomer<'a>),
    In,
}

impl<'a> Entry<'a> {
    /// Whoever asks `site` for a session from `address`.
    pub fn begin(
        (site, address): (&'a str, &'a str),
        live: &'a Live,
        deployment: &'a Deployment,
        request: &'a SessionRequest,
        bearer: Option<&str>,
        tick: Tick,
    ) -> Self {
        let newcomer = Newcomer::of((site, address), live, deployment, request, bearer, tick);
        Self {
            site,
            address,
            sessions: live.config.limits.sessions_per_address,
            answer: request.challenge.as_ref(),
            now: tick.now,
            stage: newcomer.map_or(Stage::Address(None), Stage::Door),
        }
    }

    /// What is to be done now; none when the session may be opened.
    pub fn due(&mut self) -> Result<Option<Next<'a>>, Refusal> {
        if let Stage::Door(newcomer) = self.stage {
            match newcomer.let_in() {
                Some((what, rate)) => return Ok(Some(Next::Count(what, rate))),
                None => self.prove(newcomer)?,
            }
        }
        if let Stage::Address(_) = self.stage {
            let what = Counted::Sessions { site: self.site, address: self.address };
            return Ok(Some(Next::Count(what, self.sessions)));
        }
        let Stage::Proof(newcomer, proof) = replace(&mut self.stage, Stage::In) else {
            return Ok(None);
        };
        self.stage = Stage::Judged(newcomer);
        Ok(Some(match proof {
            Proof::Good(what, rate) => Next::Count(what, rate),
            Proof::Ask(request, verifier) => Next::Ask(request, verifier),
        }))
    }

    /// Whether the one of [`Next::Count`] was within its rate, or when the next one will be.
    pub fn counted(&mut self, counted: Result<(), Millis>) -> Result<(), Refusal> {
        match (replace(&mut self.stage, Stage::In), counted) {
            (Stage::Door(_), Ok(())) => self.stage = Stage::Address(None),
            (Stage::Door(newcomer), Err(_)) => self.prove(newcomer)?,
            (Stage::Address(_), Err(at)) => return Err(too_many(self.now, at)),
            (Stage::Address(Some((newcomer, proof))), Ok(())) => {
                self.stage = Stage::Proof(newcomer, proof);
            }
            (Stage::Judged(newcomer), Err(_)) => return Err(newcomer.used()),
            (Stage::Address(None) | Stage::Proof(..) | Stage::Judged(_) | Stage::In, _) => {}
        }
        Ok(())
    }

    /// What the verifier of [`Next::Ask`] said.
    pub fn verified(&mut self, verdict: Verdict) -> Result<(), Refusal> {
        match replace(&mut self.stage, Stage::In) {
            Stage::Judged(newcomer) => newcomer.verified(verdict),
            Stage::Door(_) | Stage::Address(_) | Stage::Proof(..) | Stage::In => Ok(()),
        }
    }

    /// What the operator is told where a verifier says nothing.
    pub fn complaint(&self, verdict: Verdict) -> Option<String> {
        let Verdict::Unknown(why) = verdict else { return None };
        Some(format!("challenge of {}: turnstile: {why}", self.site))
    }

    fn prove(&mut self, newcomer: Newcomer<'a>) -> Result<(), Refusal> {
        let proof = newcomer.answered(self.answer)?;
        self.stage = Stage::Address(Some((newcomer, proof)));
        Ok(())
    }
}

fn too_many(now: Millis, at: Millis) -> Refusal {
    Refusal::new(Code::RateLimited, "too many sessions from this address").retry_at(now, at)
}
