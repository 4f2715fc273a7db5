//! What is wrong with a configuration is told by key and line, all of it at once.

use crate::host;
use kefu_conformance::{Site, own_host};
use serde_json::{Value, json};

const PROVIDER: &str = "[[ai_providers]]\nname = 'a'\ntype = 'openai'\nmodel = 'm'\n";
const RULE: &str = "[[rules]]\nname = 'a'\nreply = 'b'\n";

#[tokio::test]
async fn a_fault_names_its_key_its_line_and_the_remedy() {
    let site = fresh();
    for (head, text, key, line, told) in [
        ("", "[site]\nnme = 'x'", "site.nme", 2, "`name`"),
        ("", "[stie]\nname = 'x'", "stie", 1, "`site`"),
        ("", "ai_provider = []", "ai_provider", 1, "`ai_providers`"),
        (PROVIDER, "ratelimit = '1/s'", "ai_providers[0].ratelimit", 5, "`rate_limit`"),
        (PROVIDER, "timeouts = { ide = '5s' }", "ai_providers[0].timeouts.ide", 5, "`idle`"),
        (RULE, "match = { anny = ['x'] }", "rules[0].match.anny", 4, "`any`"),
        ("", "[site]\nname = true", "site.name", 2, ""),
        ("", "[site]\nallowed_origins = 'https://a.b'", "site.allowed_origins", 2, ""),
        ("", "[ai]\nmax_attempts = '3'", "ai.max_attempts", 2, ""),
        ("", "[ai]\nturn_budget = 15", "ai.turn_budget", 2, "15s"),
        ("", "[ai]\nquiet_window = '6s'", "ai.quiet_window", 2, "5s"),
        ("", "[context]\nrounds = 21", "context.rounds", 2, "20"),
        ("", "[limits]\nmessages_per_visitor = 'many'", "limits.messages_per_visitor", 2, ""),
        (PROVIDER, "endpoint = 'api.example'", "ai_providers[0].endpoint", 5, ""),
        (PROVIDER, "rate_limit = '1000'", "ai_providers[0].rate_limit", 5, "1000/min"),
        (RULE, "when = 'always'", "rules[0].when", 4, "first"),
        (RULE, "match = { regex = '(' }", "rules[0].match.regex", 4, ""),
        ("", "[[ai_providers]]\nname = 'a'\ntype = 'kozi'", "ai_providers[0].type", 3, "kouzi"),
        ("", "[[channels]]\ntype = 'wechta'\naccount = 'a'", "channels[0].type", 2, "wechat"),
        (
            "",
            "[[channels]]\ntype = 'line'\naccount = 'a'\nchanel_secret = 'x'",
            "channels[0].chanel_secret",
            4,
            "channel_secret",
        ),
    ] {
        let document = format!("{head}{text}\n");
        let faults = faults_of(&site, "application/toml", &document).await;
        let fault = faults.iter().find(|fault| fault["key"] == key);
        let fault = fault.unwrap_or_else(|| panic!("{key} is not named: {faults:?}"));
        assert_eq!(fault["line"], line, "{text}: {fault}");
        assert!(fault["message"].as_str().unwrap().contains(told), "{text}: {fault}");
    }
}

#[tokio::test]
async fn several_faults_are_told_at_once_by_line() {
    let document = "[ai]\nquiet_window = '9s'\n[[rules]]\nname = 'a'\nreply = 1\npriority = 'x'\n[site]\nfoo = 1\n";
    let faults = faults_of(&fresh(), "application/toml", document).await;
    let told: Vec<_> = faults
        .iter()
        .map(|fault| (fault["key"].as_str().unwrap(), fault["line"].as_u64().unwrap()))
        .collect();
    assert_eq!(told, [("ai.quiet_window", 2), ("rules[0].priority", 6), ("site.foo", 8)]);
}

#[tokio::test]
async fn every_format_names_lines() {
    let site = fresh();
    for (content_type, document, key, line) in [
        ("application/yaml", "site:\n  name: x\n  nme: y\n", "site.nme", 3),
        ("application/yaml", "ai:\n  max_attempts: \"3\"\n", "ai.max_attempts", 2),
        ("application/json", "{\n \"site\": {\n  \"nme\": 1\n }\n}", "site.nme", 3),
        ("application/json", "{\n \"rules\": {}\n}", "rules", 2),
    ] {
        let faults = faults_of(&site, content_type, document).await;
        assert_eq!(
            (&faults[0]["key"], &faults[0]["line"]),
            (&json!(key), &json!(line)),
            "{document}"
        );
    }
}

#[tokio::test]
async fn documents_that_cannot_be_parsed_name_the_line() {
    let site = fresh();
    for (content_type, document, line) in [
        ("application/toml", "[site]\nname = 'x\n", 2),
        ("application/toml", "[site]\nname = 'x'\nname = 'y'\n", 3),
        ("application/toml", "= 1", 1),
        ("application/yaml", "site:\n  name: [x\n", 0),
        ("application/yaml", "site:\n\tname: x\n", 2),
        ("application/yaml", "a: &a [*a]\n", 1),
        ("application/yaml", "- a\n- b\n", 1),
        ("application/json", "{\"site\": {},\n}", 2),
        ("application/json", "", 1),
        ("application/json", "[]", 1),
        (
            "application/toml",
            "a = [[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]",
            1,
        ),
    ] {
        let faults = faults_of(&site, content_type, document).await;
        let told = faults[0]["line"].as_u64().unwrap();
        assert!(told == line || (line == 0 && told > 0), "{document:?}: {faults:?}");
        assert!(!faults[0]["message"].as_str().unwrap().is_empty());
    }
}

#[tokio::test]
async fn what_may_be_a_secret_is_not_repeated() {
    let site = fresh();
    for value in ["'${hunter2}'", "['hunter2']", "'${hunter2'"] {
        let document = format!("{PROVIDER}api_key = {value}\n");
        let answer = site.put_toml(&document).await;
        assert!(!answer.text.contains("hunter2"), "{}", answer.text);
        answer.refused(422, "config_invalid");
    }
}

#[tokio::test]
async fn private_addresses_are_refused_unless_the_operator_allows_them() {
    const TEST: &str =
        "configuration_faults::private_addresses_are_refused_unless_the_operator_allows_them";
    let Some((host, _running)) = own_host(TEST, &[("KEFU_ALLOW_PRIVATE", None)]) else { return };
    let site = Site::new(&host, host.fresh_id());
    for address in [
        "http://127.0.0.1:8080/v1",
        "https://localhost",
        "https://[::1]/v1",
        "https://10.0.0.1",
        "https://169.254.169.254/latest",
        "https://2130706433",
        "https://0x7f.1",
        "https://[::ffff:10.0.0.1]",
        "https://db.internal/v1",
        "http://llm.example/v1",
    ] {
        let document = format!("{PROVIDER}endpoint = '{address}'\n");
        let faults = faults_of(&site, "application/toml", &document).await;
        assert_eq!(
            (&faults[0]["key"], &faults[0]["line"]),
            (&json!("ai_providers[0].endpoint"), &json!(5)),
            "{address}"
        );
        let channel = format!(
            "[[channels]]\ntype = 'telegram'\naccount = 'a'\nbot_token = '${{B}}'\napi_base = '{address}'\n"
        );
        let faults = faults_of(&site, "application/toml", &channel).await;
        assert_eq!(
            (&faults[0]["key"], &faults[0]["line"]),
            (&json!("channels[0].api_base"), &json!(5)),
            "{address}"
        );
    }
    site.put_toml(&format!("{PROVIDER}endpoint = 'https://llm.example/v1'\n")).await.ok();
}

#[tokio::test]
async fn private_addresses_are_taken_where_the_operator_allows_them() {
    // Hosts for tests allow them.
    fresh().put_toml(&format!("{PROVIDER}endpoint = 'http://127.0.0.1:8080/v1'\n")).await.ok();
}

/// The faults of a document, which must be refused for them.
async fn faults_of(site: &Site, content_type: &str, document: &str) -> Vec<Value> {
    let refused = site.put(content_type, document).await.refused(422, "config_invalid");
    let faults = refused["faults"].as_array().unwrap().clone();
    assert!(!faults.is_empty(), "{refused}");
    faults
}

fn fresh() -> Site {
    let host = host();
    Site::new(&host, host.fresh_id())
}
