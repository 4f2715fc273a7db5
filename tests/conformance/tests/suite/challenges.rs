//! Newcomers prove to be no machine where their site declares it; nobody else is asked.

use crate::{UNLIMITED, host};
use kefu_conformance::{Answer, Jwt, Part, Site, Verifier, Visitor, missed, own_host, solved};
use serde_json::{Value, json};

const SECRET: &str = "what the shop and its desk both know";
const ALWAYS: &str = "[challenge]\nkind = 'proof_of_work'\nwhen = 'always'\ndifficulty = 8\n";

async fn guarded(challenge: &str) -> Site {
    let identity = format!("[site]\nidentity_secret = '{SECRET}'\n");
    host().site(&format!("{identity}{UNLIMITED}{challenge}")).await
}

/// What a newcomer is asked.
async fn asked(site: &Site) -> Value {
    let refused = site.session(&json!({}), None).await.refused(403, "challenge_required");
    assert_eq!(refused["challenge"]["answer"], "", "{refused}");
    refused["challenge"].clone()
}

async fn answer(site: &Site, challenge: &Value) -> Answer {
    site.session(&json!({"challenge": challenge}), None).await
}

#[tokio::test]
async fn where_all_newcomers_prove_one_gets_in_with_the_answer_to_its_puzzle_once() {
    let site = guarded(ALWAYS).await;
    let challenge = asked(&site).await;
    assert_eq!(challenge["difficulty"], 8);
    let solved = solved(&challenge);
    let session = answer(&site, &solved).await.ok();
    Visitor::of(&site.host, &session).say("k", "let in").await;
    let again = answer(&site, &solved).await.refused(403, "challenge_required");
    assert_ne!(again["challenge"]["puzzle"], solved["puzzle"], "a fresh one is asked");
    answer(&site, &kefu_conformance::solved(&again["challenge"])).await.ok();
}

#[tokio::test]
async fn answers_that_are_none_are_answered_with_a_fresh_puzzle() {
    let (site, other) = (guarded(ALWAYS).await, guarded(ALWAYS).await);
    let harder = guarded(&ALWAYS.replace("= 8", "= 10")).await;
    let good = solved(&asked(&site).await);
    let easier = |challenge: Value| {
        let puzzle = challenge["puzzle"].as_str().unwrap().replacen(".10.", ".1.", 1);
        solved(&json!({"kind": "PROOF_OF_WORK", "puzzle": puzzle, "difficulty": 1}))
    };
    for (what, at, challenge) in [
        ("wrong", &site, missed(&asked(&site).await)),
        ("another site's", &other, good.clone()),
        ("made easier", &harder, easier(asked(&harder).await)),
        ("made up", &site, json!({"kind": "PROOF_OF_WORK", "puzzle": "x", "answer": "1"})),
        ("of another kind", &site, json!({"kind": "TURNSTILE", "answer": "1"})),
        ("empty", &site, json!({})),
    ] {
        let refused = answer(at, &challenge).await.refused(403, "challenge_required");
        let fresh = &refused["challenge"];
        assert_ne!(fresh["puzzle"], challenge["puzzle"], "{what}");
        answer(at, &solved(fresh)).await.ok();
    }
    answer(&site, &good).await.ok();
}

#[tokio::test]
async fn who_has_a_token_or_is_vouched_for_is_never_asked() {
    let site = guarded(ALWAYS).await;
    let session = answer(&site, &solved(&asked(&site).await)).await.ok();
    let visitor = Visitor::of(&site.host, &session);
    let renewed = site.session(&json!({"visitorId": visitor.id}), Some(&visitor.token)).await.ok();
    assert_eq!(renewed["visitorId"], visitor.id);
    let identity = Jwt::new(&site.id, "u-1").sign(SECRET);
    site.session(&json!({"identity": identity}), None).await.ok();
    let forged = Jwt::new(&site.id, "u-1").sign("something else");
    site.session(&json!({"identity": forged}), None).await.refused(401, "bad_identity");
    let elsewhere = guarded(ALWAYS).await;
    let foreign = elsewhere.session(&json!({}), Some(&visitor.token)).await;
    foreign.refused(403, "challenge_required");
}

#[tokio::test]
async fn newcomers_are_asked_once_there_are_more_than_the_site_expects() {
    let attack = "[challenge]\nkind = 'proof_of_work'\nattack = '3/h'\ndifficulty = 8\n";
    let (site, other) = (guarded(attack).await, guarded(attack).await);
    let first = site.visitor().await;
    for _ in 0..2 {
        site.visitor().await;
    }
    let challenge = asked(&site).await;
    site.session(&json!({}), Some(&first.token)).await.ok();
    let identity = Jwt::new(&site.id, "u-1").sign(SECRET);
    site.session(&json!({"identity": identity}), None).await.ok();
    answer(&site, &solved(&challenge)).await.ok();
    asked(&site).await;
    other.visitor().await;
}

#[tokio::test]
async fn a_puzzle_is_for_one_address_and_asking_for_one_uses_up_no_session() {
    const TEST: &str =
        "challenges::a_puzzle_is_for_one_address_and_asking_for_one_uses_up_no_session";
    let vars = [("KEFU_ADDRESS_HEADER", Some("x-real-ip"))];
    let Some((host, _running)) = own_host(TEST, &vars) else { return };
    let site = host.site(&format!("[limits]\nsessions_per_address = '1/h'\n{ALWAYS}")).await;
    let from = |address: &'static str, challenge: &Value| {
        let request = site.session_request().header("x-real-ip", address);
        let body = json!({"challenge": challenge});
        async move { Answer::of_json(request, &body).await }
    };
    let (one, other) = ("203.0.113.1", "203.0.113.2");
    let mut challenge = json!({});
    for _ in 0..3 {
        let refused = from(one, &json!({})).await.refused(403, "challenge_required");
        challenge = refused["challenge"].clone();
    }
    from(other, &solved(&challenge)).await.refused(403, "challenge_required");
    from(one, &solved(&challenge)).await.ok();
    let refused = from(one, &json!({})).await.refused(403, "challenge_required");
    from(one, &solved(&refused["challenge"])).await.refused(429, "rate_limited");
}

/// A site whose newcomers are verified there.
async fn verified_by(verifier: &Verifier, more: &str) -> Site {
    let site = Site::new(&host(), host().fresh_id());
    let secret = json!({"value": "0x4Asecret", "hosts": ["127.0.0.1"]});
    site.put_secret("TURNSTILE_SECRET", &secret).await.ok();
    let endpoint = verifier.endpoint();
    let challenge = format!(
        "[challenge]\nkind = 'turnstile'\nwhen = 'always'\nsite_key = '0x4A'\n\
         secret = '${{TURNSTILE_SECRET}}'\nendpoint = '{endpoint}'\n{more}"
    );
    let put = site.put_toml(&format!("{UNLIMITED}{challenge}")).await.ok();
    assert_eq!(put["warnings"], json!([]));
    site
}

const TOKEN: &str = "XXXX.DUMMY.TOKEN.XXXX";

#[tokio::test]
async fn a_token_of_turnstile_is_verified_with_the_sites_secret() {
    let verifier = Verifier::playing(Part::Says(200, r#"{"success":true}"#)).await;
    let site = verified_by(&verifier, "").await;
    let challenge = asked(&site).await;
    assert_eq!((&challenge["kind"], &challenge["siteKey"]), (&"TURNSTILE".into(), &"0x4A".into()));
    assert_eq!(verifier.asked(), [] as [Value; 0], "who answers nothing is not verified");
    let mut answered = challenge;
    answered["answer"] = TOKEN.into();
    answer(&site, &answered).await.ok();
    let [told] = &verifier.asked()[..] else { panic!("{:?}", verifier.asked()) };
    assert_eq!((&told["secret"], &told["response"]), (&"0x4Asecret".into(), &TOKEN.into()));
}

#[tokio::test]
async fn what_the_verifier_does_not_say_the_site_says() {
    const OPEN: &str = "";
    const SHUT: &str = "fail_open = false\n";
    let refuses = r#"{"success":false,"error-codes":["timeout-or-duplicate"]}"#;
    let no_secret = r#"{"success":false,"error-codes":["invalid-input-secret"]}"#;
    let cases = [
        (Part::Says(200, refuses), OPEN, 403),
        (Part::Says(200, refuses), SHUT, 403),
        (Part::Says(200, no_secret), OPEN, 200),
        (Part::Says(200, no_secret), SHUT, 503),
        (Part::Says(502, "<html>"), OPEN, 200),
        (Part::Says(502, "<html>"), SHUT, 503),
        (Part::Says(301, ""), SHUT, 503),
        (Part::HangsUp, OPEN, 200),
        (Part::HangsUp, SHUT, 503),
        (Part::Hangs, OPEN, 200),
        (Part::Hangs, SHUT, 503),
    ];
    let tried = cases.map(|(part, more, status)| {
        tokio::spawn(async move {
            let verifier = Verifier::playing(part).await;
            let site = verified_by(&verifier, more).await;
            let answered = answer(&site, &json!({"kind": "TURNSTILE", "answer": TOKEN})).await;
            assert_eq!(answered.status, status, "{part:?} {more}: {}", answered.text);
            assert_eq!(verifier.asked().len(), 1);
        })
    });
    for one in tried {
        one.await.unwrap();
    }
}

#[tokio::test]
async fn a_challenge_that_cannot_work_is_told_when_it_is_put() {
    let site = Site::new(&host(), host().fresh_id());
    let challenge =
        "[challenge]\nkind = 'turnstile'\nsite_key = 'a'\nsecret = '${NOBODY_HAS_IT}'\n";
    let warned = site.put_toml(challenge).await.ok();
    let warning = warned["warnings"][0].as_str().unwrap();
    assert!(warning.starts_with("challenge.secret: the secret ${NOBODY_HAS_IT}"), "{warning}");
    let document = format!("{challenge}difficulty = 16\n");
    let refused = site.put_toml(&document).await.refused(422, "config_invalid");
    let fault = &refused["faults"][0];
    assert_eq!((&fault["key"], &fault["line"]), (&"challenge.difficulty".into(), &5.into()));
}
