//! One truth about a provider across all conversations of a site: its breaker and its rate.

use crate::RULE;
use kefu_turns::{Gate, Host, PATIENCE, Provider, Script, Site, left_until, moment, soon};
use serde_json::{Value, json};
use std::time::{Duration, Instant};

/// Each question is one, and as many come as the test wants. Nobody is asked without the guard's
/// word, however busy the machine is.
const AT_ONCE: &str = r#"
[ai]
quiet_window = "0s"
fail_open = false
[limits]
sessions_per_address = "9999/min"
messages_per_visitor = "9999/min"
"#;

/// Fails before any text, and names no time to wait.
fn failing() -> Script {
    Script::refusal(500, &json!({ "error": { "message": "oops", "type": "server_error" } }))
}

/// Asks in a conversation of its own; gives the answer.
async fn asked(site: &Site) -> Value {
    let mut socket = site.visitor().await.socket().await;
    socket.say("k1", "hi").await;
    socket.answer().await["message"].clone()
}

/// Asks until the provider was asked so often.
async fn asked_until(site: &Site, provider: &Provider, count: usize) {
    let begun = Instant::now();
    while provider.asked().len() < count {
        assert!(begun.elapsed() < PATIENCE, "the provider is not asked");
        asked(site).await;
    }
}

/// Waits until the breaker lets a probe through, as its state tells.
async fn cooled_down(site: &Site) {
    tokio::time::sleep(left_until(&site.settled("OPEN").await["until"])).await;
}

/// How long the provider was left alone before its request of that number.
fn pause_before(provider: &Provider, number: usize) -> Duration {
    let asked = provider.asked();
    asked[number - 1].at - asked[number - 2].at
}

#[tokio::test]
async fn the_breaker_opens_on_the_fifth_failure_across_five_conversations_and_then_rejects() {
    let provider = Provider::playing([failing()]).await;
    let host = Host::shared();
    let site = host.site(&format!("{AT_ONCE}{}{RULE}", provider.entry("only", ""))).await;
    for number in 1..=5 {
        assert_eq!(site.standing().await["standing"], "CLOSED", "before failure {number}");
        assert_eq!(asked(&site).await["rule"]["name"], "rescue");
        assert_eq!(provider.asked().len(), number);
    }
    for _ in 0..5 {
        assert_eq!(asked(&site).await["rule"]["name"], "rescue");
    }
    assert_eq!(provider.asked().len(), 5, "an open breaker costs no call");
    let state = site.settled("OPEN").await;
    assert_eq!(state["failures"], 5, "{state}");
}

#[tokio::test]
async fn after_the_cool_down_exactly_one_of_many_conversations_probes_and_the_others_wait() {
    let gate = Gate::default();
    let probe = Script::default().hold(&gate).head().texts(&["better"]).end();
    let scripts = [failing(), failing(), failing(), failing(), failing(), probe];
    let provider = Provider::playing(scripts.into_iter().chain([Script::answer(&["well"])])).await;
    let breaker = "circuit_breaker = { failure_threshold = 5, cooldown = \"1s\" }";
    let host = Host::shared();
    let site = host.site(&format!("{AT_ONCE}{}{RULE}", provider.entry("only", breaker))).await;
    asked_until(&site, &provider, 5).await;
    let asking = asked_until(&site, &provider, 6);
    let probed = tokio::spawn({
        let provider = provider.clone();
        async move {
            provider.request(6).await;
        }
    });
    tokio::select! {
        () = asking => panic!("the probe is held"),
        done = probed => done.expect("the probe is sent"),
    }
    for _ in 0..10 {
        assert_eq!(asked(&site).await["rule"]["name"], "rescue");
    }
    assert_eq!(provider.asked().len(), 6, "one probe, and nobody else");
    assert_eq!(site.standing().await["standing"], "PROBING");
}

#[tokio::test]
async fn each_probe_that_fails_doubles_the_cool_down_and_one_that_succeeds_ends_it() {
    let fails = std::iter::repeat_n(failing(), 4);
    let provider = Provider::playing(fails.chain([Script::answer(&["well"])])).await;
    let breaker = "circuit_breaker = { failure_threshold = 2, cooldown = \"1s\" }";
    let host = Host::shared();
    let site = host.site(&format!("{AT_ONCE}{}{RULE}", provider.entry("only", breaker))).await;
    asked_until(&site, &provider, 2).await;
    for (probe, seconds) in [(3, 1), (4, 2), (5, 4)] {
        let state = site.settled("OPEN").await;
        let open = moment(&state["until"]) - moment(&state["lastFailure"]["at"]);
        assert_eq!(open, Duration::from_secs(seconds), "{state}");
        asked(&site).await;
        cooled_down(&site).await;
        asked_until(&site, &provider, probe).await;
        assert!(pause_before(&provider, probe) >= Duration::from_secs(seconds), "probe {probe}");
    }
    assert_eq!(site.settled("CLOSED").await["failures"], 0);
}

#[tokio::test]
async fn admins_are_shown_on_both_gateways_how_a_breaker_changes_and_agents_are_not() {
    let scripts = [failing(), failing(), Script::answer(&["well"])];
    let provider = Provider::playing(scripts).await;
    let breaker = "circuit_breaker = { failure_threshold = 2, cooldown = \"1s\" }";
    let host = Host::shared();
    let site = host.site(&format!("{AT_ONCE}{}{RULE}", provider.entry("only", breaker))).await;
    let (admin, agent) = (site.agent_as("li", "ADMIN").await, site.agent_as("ming", "AGENT").await);
    let (mut events, mut socket) = (admin.gateway().await, admin.gateway_socket().await);
    let mut others = agent.gateway().await;
    for stream in [&mut events, &mut socket, &mut others] {
        stream.until("hello", |_| true).await;
    }
    asked_until(&site, &provider, 2).await;
    site.settled("OPEN").await;
    // What was let through before the breaker opened says nothing of it.
    soon("a breaker that closes", async {
        while site.standing().await["standing"] != "CLOSED" {
            asked(&site).await;
        }
    })
    .await;
    for stream in [&mut events, &mut socket] {
        for (standing, class) in
            [("OPEN", json!("upstream")), ("PROBING", Value::Null), ("CLOSED", Value::Null)]
        {
            let is = |frame: &Value| frame["provider"]["standing"] == standing;
            let change = stream.until("provider", is).await["provider"].clone();
            assert_eq!((&change["name"], &change["class"]), (&json!("only"), &class), "{change}");
            assert_eq!(change.get("until").is_some(), standing != "CLOSED", "{change}");
        }
    }
    // What comes after it would have come after them.
    let visitor = site.visitor().await;
    visitor.act("handoff", &json!({ "key": "h1" })).await;
    let named = |frame: &Value| frame["inbox"].to_string().contains(visitor.conversation());
    others.until("inbox", named).await;
    assert!(others.heard.iter().all(|(_, frame)| frame.get("provider").is_none()));
}

#[tokio::test]
async fn an_open_breaker_survives_the_death_of_the_process_and_probes_after_thirty_seconds() {
    let fails = std::iter::repeat_n(failing(), 5);
    let provider = Provider::playing(fails.chain([Script::answer(&["well"])])).await;
    let host = Host::own();
    let site = host.site(&format!("{AT_ONCE}{}{RULE}", provider.entry("only", ""))).await;
    asked_until(&site, &provider, 5).await;
    site.settled("OPEN").await;
    host.kill();
    host.restart();
    assert_eq!(site.standing().await["standing"], "OPEN");
    assert_eq!(asked(&site).await["rule"]["name"], "rescue");
    assert_eq!(provider.asked().len(), 5);
    cooled_down(&site).await;
    assert_eq!(asked(&site).await["body"]["text"]["text"], "well");
    assert_eq!(provider.asked().len(), 6, "one probe");
    assert!(pause_before(&provider, 6) >= Duration::from_secs(30));
}

#[tokio::test]
async fn a_provider_that_asks_to_be_left_alone_is_and_the_next_one_answers() {
    let refusal = json!({ "error": { "message": "slow down", "code": "rate_limit_exceeded" } });
    let first = Provider::playing([Script::refusal(429, &refusal)]).await;
    let second = Provider::playing([Script::answer(&["from the second"])]).await;
    let entries = first.entry("first", "") + &second.entry("second", "");
    let host = Host::shared();
    let site = host.site(&format!("{AT_ONCE}{entries}")).await;
    for _ in 0..4 {
        assert_eq!(asked(&site).await["provider"]["name"], "second");
    }
    assert_eq!(first.asked().len(), 1);
    site.settled("PAUSED").await;
}

#[tokio::test]
async fn a_refused_key_opens_at_once_and_a_new_one_is_tried_at_once() {
    let refusal = json!({ "error": { "message": "no", "code": "invalid_api_key" } });
    let scripts = [Script::refusal(401, &refusal), Script::answer(&["welcome"])];
    let provider = Provider::playing(scripts).await;
    let entry = provider.entry("only", "api_key = \"${KEY}\"");
    let host = Host::shared();
    let site = host.site(&format!("{AT_ONCE}{entry}{RULE}")).await;
    site.keep_secret("KEY", "sk-wrong").await;
    asked_until(&site, &provider, 1).await;
    site.settled("OPEN").await;
    asked(&site).await;
    assert_eq!(provider.asked().len(), 1);
    site.keep_secret("KEY", "sk-right").await;
    asked_until(&site, &provider, 2).await;
    site.settled("CLOSED").await;
}

#[tokio::test]
async fn fifty_conversations_at_once_never_pass_the_declared_rate_and_use_nine_tenths_of_it() {
    const RATE: usize = 300;
    let provider = Provider::playing([Script::answer(&["yes"])]).await;
    let limit = format!("rate_limit = \"{RATE}/min\"");
    let entry = provider.entry("only", &limit);
    let host = Host::own();
    let site = host.site(&format!("{AT_ONCE}{entry}{RULE}")).await;
    let begun = Instant::now();
    let talk = || async {
        let mut socket = site.visitor().await.socket().await;
        for number in 0..RATE / 25 {
            socket.say(&format!("k{number}"), "hi").await;
            socket.answer().await;
        }
    };
    futures_util::future::join_all((0..50).map(|_| talk())).await;
    assert!(begun.elapsed() < Duration::from_secs(60), "all of it within one window");
    let sent = provider.asked().len();
    assert!(sent <= RATE, "{sent} of {RATE}");
    assert!(sent * 10 >= RATE * 9, "{sent} of {RATE}");
    let state = site.standing().await;
    assert_eq!(state["standing"], "LIMITED", "{state}");
}

/// The steps of a check, each as its name, with class and code where it is not good.
fn steps(check: &Value) -> Vec<String> {
    let told = |step: &Value| {
        let name = step["name"].as_str().unwrap_or_default();
        match (step["class"].as_str(), step["code"].as_str()) {
            (Some(class), code) => format!("{name} {class} {}", code.unwrap_or_default()),
            _ => name.to_owned(),
        }
    };
    check["steps"].as_array().expect("steps").iter().map(told).collect()
}

#[tokio::test]
async fn an_operator_sees_how_far_a_question_comes_and_no_secret() {
    let refusal =
        json!({ "error": { "message": "bad key sk-secret-1", "code": "invalid_api_key" } });
    let good = Provider::playing([Script::answer(&["well"])]).await;
    let bad = Provider::playing([Script::refusal(401, &refusal)]).await;
    let slow = Provider::playing([Script::default().head().hang()]).await;
    let entries = [
        good.entry("good", ""),
        bad.entry("bad", "api_key = \"${KEY}\""),
        slow.entry("slow", "timeouts = { first_token = \"300ms\" }"),
        kefu_turns::refusing("away"),
        good.entry("keyless", "api_key = \"${NEVER_STORED}\""),
    ];
    let host = Host::shared();
    let site = host.site(&format!("{AT_ONCE}{}", entries.concat())).await;
    site.keep_secret("KEY", "sk-secret-1").await;
    let before = ["CONFIGURATION", "CONNECTION"].map(ToOwned::to_owned);
    let all = [&before[..], &["AUTHORIZATION", "FIRST_TOKEN", "END"].map(ToOwned::to_owned)];
    let check = site.check("good").await;
    assert_eq!((steps(&check), &check["ok"]), (all.concat(), &json!(true)), "{check}");
    let check = site.check("bad").await;
    assert_eq!(
        steps(&check).last().map(String::as_str),
        Some("AUTHORIZATION auth invalid_api_key")
    );
    assert!(!check.to_string().contains("sk-secret-1"), "{check}");
    let check = site.check("slow").await;
    let last = "FIRST_TOKEN timeout first_token_timeout";
    assert_eq!(steps(&check).last().map(String::as_str), Some(last), "{check}");
    let check = site.check("away").await;
    assert_eq!(steps(&check).last().map(String::as_str), Some("CONNECTION upstream unreachable"));
    let check = site.check("keyless").await;
    assert_eq!(steps(&check), ["CONFIGURATION config unresolved_api_key"]);
    assert_eq!(good.asked().len(), 1);
}
