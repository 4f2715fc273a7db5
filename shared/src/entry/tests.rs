use super::*;
use crate::challenge::tests::{ADDRESS, NOW, TURNSTILE, WORK, World, solved};
use crate::limit::SlidingWindow;
use std::collections::BTreeMap;

/// A host that counts as hosts do, and a verifier that always says the same.
struct Host {
    world: World,
    windows: BTreeMap<String, SlidingWindow>,
    says: Verdict,
    asked: u32,
}

impl Host {
    fn new(document: &str) -> Self {
        let world = World::new(document);
        Self { world, windows: BTreeMap::new(), says: Verdict::Human, asked: 0 }
    }

    /// Lets somebody in, or tells the refusal; what was counted.
    fn open(&mut self, request: &SessionRequest) -> (Result<(), Refusal>, Vec<String>) {
        let mut counted = Vec::new();
        let tick = Tick { now: NOW, entropy: 7 };
        let (live, deployment) = (&self.world.live, &self.world.deployment);
        let mut entry = Entry::begin(("shop", ADDRESS), live, deployment, request, None, tick);
        let mut come = || -> Result<(), Refusal> {
            while let Some(next) = entry.due()? {
                match next {
                    Next::Count(what, rate) => {
                        let window = self.windows.entry(what.name()).or_default();
                        let free = window.check(rate, NOW);
                        if free.is_ok() {
                            window.take(NOW);
                            counted.push(what.name());
                        }
                        entry.counted(free)?;
                    }
                    Next::Ask(..) => {
                        self.asked += 1;
                        entry.verified(self.says)?;
                    }
                }
            }
            Ok(())
        };
        (come(), counted)
    }
}

fn answering(challenge: Challenge) -> SessionRequest {
    SessionRequest { challenge: Some(challenge), ..SessionRequest::default() }
}

#[track_caller]
fn refused(opened: (Result<(), Refusal>, Vec<String>), code: Code) -> (Refusal, Vec<String>) {
    let refusal = opened.0.unwrap_err();
    assert_eq!(refusal.code, code);
    (refusal, opened.1)
}

#[test]
fn where_nothing_is_to_be_proved_an_address_alone_is_counted() {
    let mut host = Host::new("[limits]\nsessions_per_address = '2/min'\n");
    let nobody = SessionRequest::default();
    for _ in 0..2 {
        assert_eq!(host.open(&nobody), (Ok(()), vec![format!("shop {ADDRESS}")]));
    }
    let (refusal, _) = refused(host.open(&nobody), Code::RateLimited);
    assert_eq!(refusal.retry_after, Some(std::time::Duration::from_secs(60)));
}

#[test]
fn being_asked_counts_for_nothing_and_an_answer_counts_once() {
    let mut host = Host::new(WORK);
    let (refusal, counted) =
        refused(host.open(&SessionRequest::default()), Code::ChallengeRequired);
    assert_eq!(counted, [] as [String; 0]);
    let answer = answering(solved(*refusal.challenge.unwrap()));
    let (opened, counted) = host.open(&answer);
    assert_eq!((opened, counted.len()), (Ok(()), 2));
    let (refusal, counted) = refused(host.open(&answer), Code::ChallengeRequired);
    assert_eq!(counted, [format!("shop {ADDRESS}")], "whoever tries is counted");
    assert!(refusal.detail.contains("answered already"), "{}", refusal.detail);
}

#[test]
fn an_address_that_comes_too_often_spoils_no_answer() {
    let mut host = Host::new(&format!("{WORK}[limits]\nsessions_per_address = '1/min'\n"));
    let challenge = host.open(&SessionRequest::default()).0.unwrap_err().challenge.unwrap();
    let answer = answering(solved(*challenge));
    assert_eq!(host.open(&answer).0, Ok(()));
    let (_, counted) = refused(host.open(&answer), Code::RateLimited);
    assert_eq!(counted, [] as [String; 0]);
}

#[test]
fn newcomers_beyond_the_rate_prove_and_those_within_it_do_not() {
    let mut host =
        Host::new("[challenge]\nkind = 'proof_of_work'\ndifficulty = 8\nattack = '2/min'\n");
    let nobody = SessionRequest::default();
    for _ in 0..2 {
        let (opened, counted) = host.open(&nobody);
        assert_eq!((opened, counted.len()), (Ok(()), 2));
    }
    let (refusal, counted) = refused(host.open(&nobody), Code::ChallengeRequired);
    assert_eq!(counted, [] as [String; 0], "an attack costs no writes");
    let answer = answering(solved(*refusal.challenge.unwrap()));
    assert_eq!(host.open(&answer).0, Ok(()));
    let named = SessionRequest { identity: Some("a.b.c".into()), ..nobody };
    assert_eq!(host.open(&named).0, Ok(()), "whether it holds is told when the session is opened");
}

#[test]
fn a_verifier_is_asked_once_the_address_is_counted() {
    let mut host = Host::new(&format!("{TURNSTILE}[limits]\nsessions_per_address = '2/min'\n"));
    let answer = answering(Challenge { answer: "token".into(), ..Challenge::default() });
    assert_eq!(host.open(&answer).0, Ok(()));
    host.says = Verdict::Machine;
    refused(host.open(&answer), Code::ChallengeRequired);
    refused(host.open(&answer), Code::RateLimited);
    assert_eq!(host.asked, 2, "nobody makes us ask without end");
}

#[test]
fn the_operator_is_told_of_a_verifier_that_says_nothing() {
    let world = World::new(TURNSTILE);
    let request = SessionRequest::default();
    let tick = Tick { now: NOW, entropy: 7 };
    let place = ("shop", ADDRESS);
    let entry = Entry::begin(place, &world.live, &world.deployment, &request, None, tick);
    let told = entry.complaint(Verdict::Unknown("timeout"));
    assert_eq!(told.as_deref(), Some("challenge of shop: turnstile: timeout"));
    assert_eq!(entry.complaint(Verdict::Human), None);
}
