use super::puzzle::zero_bits;
use super::*;
use crate::config::{self, Format};
use crate::keys::Keys;
use crate::limit::SlidingWindow;
use crate::provider::{BodyEnd, Failure, Heard, Listener, ResponseHead};
use crate::secrets::Grants;
use crate::site::Page;
use crate::time::Millis;
use crate::token::{self, Claims, Holder};
use std::time::Duration;

pub(crate) const NOW: Millis = Millis(1_764_000_000_000);
pub(crate) const ADDRESS: &str = "203.0.113.7";
pub(crate) const WORK: &str =
    "[challenge]\nkind = 'proof_of_work'\nwhen = 'always'\ndifficulty = 8\n";
pub(crate) const TURNSTILE: &str = "[challenge]\nkind = 'turnstile'\nwhen = 'always'\nsite_key = '0x4A'\n\
    secret = '${TURNSTILE_SECRET}'\n";

/// A site and the deployment that it is on.
pub(crate) struct World {
    pub(crate) live: Live,
    pub(crate) deployment: Deployment,
}

impl World {
    pub(crate) fn new(document: &str) -> Self {
        Self::with(document, "*", "one secret")
    }

    fn with(document: &str, grants: &str, secret: &str) -> Self {
        let deployment = Deployment {
            keys: Keys::derive(secret),
            grants: Grants::parse(grants),
            allow_private: false,
            runs_models: false,
        };
        let page = Page {
            revision: 1,
            version: 1,
            format: Format::Toml,
            document: String::new(),
            secrets: Vec::new(),
        };
        let config = config::read(document.as_bytes(), Format::Toml).unwrap();
        let variable = |name: &str| Some(format!("value of {name}"));
        let live = Live::new("shop", &page, config, &deployment, variable);
        Self { live, deployment }
    }

    fn at(&self, place: (&'static str, &'static str), now: Millis) -> Newcomer<'_> {
        self.with_request(place, &SessionRequest::default(), None, now).unwrap()
    }

    fn with_request<'a>(
        &'a self,
        place: (&'a str, &'a str),
        request: &SessionRequest,
        bearer: Option<&str>,
        now: Millis,
    ) -> Option<Newcomer<'a>> {
        let tick = Tick { now, entropy: u128::from(now.0) << 64 | 7 };
        Newcomer::of(place, &self.live, &self.deployment, request, bearer, tick)
    }

    fn here(&self) -> Newcomer<'_> {
        self.at(("shop", ADDRESS), NOW)
    }

    /// What a newcomer is asked, with its answer.
    fn solved(&self) -> wire::Challenge {
        solved(asked(&self.here()))
    }
}

fn asked(newcomer: &Newcomer<'_>) -> wire::Challenge {
    *newcomer.answered(None).unwrap_err().challenge.unwrap()
}

pub(crate) fn solved(challenge: wire::Challenge) -> wire::Challenge {
    let difficulty = challenge.difficulty;
    let good = |answer: &String| zero_bits(&challenge.puzzle, answer) >= difficulty;
    let answer = (0_u32..).map(|number| number.to_string()).find(good).unwrap();
    wire::Challenge { answer, ..challenge }
}

/// What becomes of an answer: it counts, or why it does not.
fn outcome(newcomer: &Newcomer<'_>, answer: &wire::Challenge) -> Result<(), String> {
    match newcomer.answered(Some(answer)) {
        Ok(Proof::Good(..)) => Ok(()),
        Ok(other) => panic!("{other:?}"),
        Err(refusal) => {
            assert_eq!(refusal.code, Code::ChallengeRequired);
            let fresh = refusal.challenge.unwrap();
            assert!(fresh.answer.is_empty() && fresh.kind() == Kind::ProofOfWork);
            Err(refusal.detail)
        }
    }
}

#[test]
fn an_answer_counts_for_its_puzzle_site_address_and_time_only() {
    let world = World::new(WORK);
    let answer = world.solved();
    let later = |seconds| NOW + Duration::from_secs(seconds);
    let harder = World::new(&WORK.replace("= 8", "= 9"));
    let easier = answer.puzzle.replacen(".8.", ".1.", 1);
    let moved = answer.puzzle.replacen("1764", "1864", 1);
    let changed = |puzzle: String| solved(wire::Challenge { puzzle, ..answer.clone() });
    let with_bits = |bits: u32| {
        let good = |text: &String| zero_bits(&answer.puzzle, text) == bits;
        (0_u32..).map(|number| format!("w{number}")).find(good).unwrap()
    };
    let says = |text: &str| wire::Challenge { answer: text.into(), ..answer.clone() };
    let foreign = Err(Flaw::Foreign.message().to_owned());
    for (what, newcomer, answer, expected) in [
        ("right", world.here(), answer.clone(), Ok(())),
        ("in time", world.at(("shop", ADDRESS), later(119)), answer.clone(), Ok(())),
        (
            "late",
            world.at(("shop", ADDRESS), later(120)),
            answer.clone(),
            Err(Flaw::Expired.message().into()),
        ),
        ("other address", world.at(("shop", "203.0.113.8"), NOW), answer.clone(), foreign.clone()),
        ("other site", world.at(("shop2", ADDRESS), NOW), answer.clone(), foreign.clone()),
        ("made easier", world.here(), changed(easier), foreign.clone()),
        ("made longer", world.here(), changed(moved), foreign.clone()),
        ("made up", world.here(), changed("1864000120000.8.00.AAAA".into()), foreign.clone()),
        ("no puzzle", world.here(), changed(String::new()), foreign.clone()),
        ("harder by now", harder.here(), answer.clone(), Err(Flaw::TooEasy.message().into())),
        ("no bit", world.here(), says(&with_bits(0)), Err(Flaw::Wrong.message().into())),
        ("a bit short", world.here(), says(&with_bits(7)), Err(Flaw::Wrong.message().into())),
        ("too long", world.here(), says(&"1".repeat(21)), Err(Flaw::Wrong.message().into())),
    ] {
        assert_eq!(outcome(&newcomer, &answer), expected, "{what}");
    }
    let other = World::with(WORK, "*", "another secret");
    assert_eq!(outcome(&other.here(), &answer), foreign, "another deployment");
    let easier = World::new(&WORK.replace("= 8", "= 9"));
    assert_eq!(outcome(&world.here(), &easier.solved()), Ok(()), "more than is asked for by now");
}

#[test]
fn an_answer_is_asked_for_until_there_is_one() {
    let world = World::new(WORK);
    let empty = wire::Challenge { answer: String::new(), ..world.solved() };
    let refusal = world.here().answered(Some(&empty)).unwrap_err();
    assert_eq!(refusal.code.status(), 403);
    let first = asked(&world.here());
    let second = asked(&world.at(("shop", ADDRESS), NOW + Duration::from_millis(1)));
    assert_ne!(first.puzzle, second.puzzle);
    assert_eq!((first.kind(), first.difficulty), (Kind::ProofOfWork, 8));
}

#[test]
fn an_answer_opens_one_session_where_it_is_counted() {
    let world = World::new(WORK);
    let answer = world.solved();
    let newcomer = world.here();
    let Ok(Proof::Good(what, rate)) = newcomer.answered(Some(&answer)) else { panic!("not good") };
    assert_eq!(what, Counted::Answers { puzzle: &answer.puzzle });
    let mut window = SlidingWindow::default();
    assert!(window.check(rate, NOW).is_ok());
    window.take(NOW);
    // The answer itself is over before its place in the window is.
    assert!(window.check(rate, NOW + Duration::from_secs(119)).is_err());
    let refusal = newcomer.used();
    assert_ne!(refusal.challenge.unwrap().puzzle, "");
    assert_eq!(refusal.detail, Flaw::Used.message());
}

#[test]
fn only_whom_nobody_knows_or_vouches_for_is_a_newcomer() {
    let world = World::new(WORK);
    let claims = |site: &str, role, first: Millis| Claims {
        site: site.into(),
        role,
        id: "v1".into(),
        conversation: None,
        name: None,
        locale: None,
        linked: None,
        session: None,
        first: first.0,
        expires: 0,
    };
    let token = |claims: &Claims| token::issue(&world.deployment.keys, claims);
    let known = token(&claims("shop", Holder::Visitor, NOW));
    let old = token(&claims("shop", Holder::Visitor, NOW - token::RENEWABLE));
    let foreign = token(&claims("shop2", Holder::Visitor, NOW));
    let agent = token(&claims("shop", Holder::Agent, NOW));
    let nobody = SessionRequest::default();
    let named = SessionRequest { identity: Some("a.b.c".into()), ..nobody.clone() };
    let other = SessionRequest { visitor_id: Some("v2".into()), ..nobody.clone() };
    for (what, request, bearer, is_new) in [
        ("nobody", &nobody, None, true),
        ("returning, its token over but renewable", &nobody, Some(known.as_str()), false),
        ("as another visitor", &other, Some(known.as_str()), true),
        ("with a token of long ago", &nobody, Some(old.as_str()), true),
        ("of another site", &nobody, Some(foreign.as_str()), true),
        ("an agent", &nobody, Some(agent.as_str()), true),
        ("with a token that is none", &nobody, Some("k1.a.b"), true),
        ("vouched for", &named, None, false),
    ] {
        let newcomer = world.with_request(("shop", ADDRESS), request, bearer, NOW);
        assert_eq!(newcomer.is_some(), is_new, "{what}");
    }
    let open = World::new("");
    assert!(open.with_request(("shop", ADDRESS), &nobody, None, NOW).is_none(), "no challenge");
}

#[test]
fn without_always_so_many_are_let_in_without_a_proof() {
    let world = World::new("[challenge]\nkind = 'proof_of_work'\nattack = '3/min'\n");
    let (what, rate) = world.here().let_in().unwrap();
    assert_eq!(what, Counted::Newcomers { site: "shop" });
    assert_eq!(rate, Rate { count: 3, window: Duration::from_secs(60) });
    assert_eq!(World::new(WORK).here().let_in(), None);
}

#[test]
fn turnstile_is_asked_with_the_secret_the_token_and_the_address() {
    let world = World::new(TURNSTILE);
    let challenge = asked(&world.here());
    assert_eq!((challenge.kind(), challenge.site_key.as_str()), (Kind::Turnstile, "0x4A"));
    let answer = wire::Challenge { answer: "XXXX.TOKEN".into(), ..challenge };
    for (address, told) in [(ADDRESS, Some(ADDRESS)), ("unknown", None)] {
        let Ok(Proof::Ask(request, _)) = world.at(("shop", address), NOW).answered(Some(&answer))
        else {
            panic!("it is not asked")
        };
        assert_eq!(request.url, "https://challenges.cloudflare.com/turnstile/v0/siteverify");
        let body: serde_json::Value = serde_json::from_slice(&request.body).unwrap();
        assert_eq!(body["secret"], "value of TURNSTILE_SECRET");
        assert_eq!(body["response"], "XXXX.TOKEN");
        assert_eq!(body.get("remoteip").and_then(|ip| ip.as_str()), told);
    }
    let endless = wire::Challenge { answer: "x".repeat(2_049), ..answer };
    let refused = world.here().answered(Some(&endless)).unwrap_err();
    assert_eq!(refused.code, Code::ChallengeRequired);
}

#[test]
fn a_verifier_that_cannot_be_asked_says_nothing() {
    let private = format!("{TURNSTILE}endpoint = 'https://10.0.0.1/verify'\n");
    let elsewhere = "shop:TURNSTILE_SECRET@verify.example";
    for (document, grants, expected) in [
        (TURNSTILE, "", "no_secret"),
        (TURNSTILE, elsewhere, "no_secret"),
        (private.as_str(), "*", "bad_address"),
    ] {
        let world = World::with(document, grants, "one secret");
        let answer = wire::Challenge { answer: "token".into(), ..wire::Challenge::default() };
        let Ok(Proof::Ask(request, verifier)) = world.here().answered(Some(&answer)) else {
            panic!("it is no proof")
        };
        assert_eq!((verifier.patience(NOW), request.body.len()), (None, 0));
        assert_eq!(verifier.verdict(), Verdict::Unknown(expected));
    }
}

/// The verdict of a verifier that this was heard of.
fn heard(all: Vec<Heard>) -> Verdict {
    let mut verifier = Verifier::asked(NOW);
    for heard in all {
        assert!(verifier.patience(NOW).is_some(), "it has heard enough");
        verifier.hear(NOW, heard);
    }
    while let Some(patience) = verifier.patience(NOW) {
        assert!(patience <= Duration::from_secs(5), "a visitor waits");
        verifier.waited(NOW + patience);
    }
    verifier.verdict()
}

#[test]
fn a_verifiers_answer_is_read_however_it_comes() {
    let head = |status| Heard::Head(ResponseHead { status, ..ResponseHead::default() });
    let bytes = |text: &str| Heard::Bytes(text.as_bytes().to_vec());
    let whole = |status, text| vec![head(status), bytes(text), Heard::End(BodyEnd::Clean)];
    let cut = vec![head(200), bytes("{\"success\":true}"), Heard::End(BodyEnd::Reset)];
    let pieces =
        vec![head(200), bytes("{\"succ"), bytes("ess\":true}"), Heard::End(BodyEnd::Clean)];
    let refused = r#"{"success":false,"error-codes":["timeout-or-duplicate"]}"#;
    let no_secret = r#"{"success":false,"error-codes":["invalid-input-secret"]}"#;
    for (what, all, verdict) in [
        ("good", whole(200, r#"{"success":true,"error-codes":[]}"#), Verdict::Human),
        ("in pieces", pieces, Verdict::Human),
        ("refused", whole(200, refused), Verdict::Machine),
        ("refused without a code", whole(200, r#"{"success":false}"#), Verdict::Machine),
        ("our secret", whole(400, no_secret), Verdict::Unknown("invalid-input-secret")),
        ("garbage", whole(200, "<html>"), Verdict::Unknown("bad_answer")),
        ("nearly", whole(200, r#"{"success":"true"}"#), Verdict::Unknown("bad_answer")),
        ("out of order", whole(503, ""), Verdict::Unknown("bad_answer")),
        ("endless", vec![head(200), bytes(&"x".repeat(70_000))], Verdict::Unknown("bad_answer")),
        ("cut off", cut, Verdict::Unknown("cut_off")),
        (
            "nobody there",
            vec![Heard::Failed(Failure::unreachable())],
            Verdict::Unknown("unreachable"),
        ),
        ("silent", vec![], Verdict::Unknown("timeout")),
        ("stalled", vec![head(200), bytes("{")], Verdict::Unknown("timeout")),
    ] {
        assert_eq!(heard(all), verdict, "{what}");
    }
}

#[test]
fn where_the_verifier_says_nothing_the_site_said_what_then() {
    let open = World::new(TURNSTILE);
    let shut = World::new(&format!("{TURNSTILE}fail_open = false\n"));
    let unknown = Verdict::Unknown("timeout");
    for (world, verdict, expected) in [
        (&open, Verdict::Human, Ok(())),
        (&open, Verdict::Machine, Err(Code::ChallengeRequired)),
        (&open, unknown, Ok(())),
        (&shut, Verdict::Human, Ok(())),
        (&shut, Verdict::Machine, Err(Code::ChallengeRequired)),
        (&shut, unknown, Err(Code::Unavailable)),
    ] {
        let told = world.here().verified(verdict).map_err(|refusal| refusal.code);
        assert_eq!(told, expected, "{verdict:?}");
    }
}
