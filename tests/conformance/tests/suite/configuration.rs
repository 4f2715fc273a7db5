//! A site's configuration: put, read, changed while it runs, and rolled back.

use crate::{QUICK, UNLIMITED, host};
use kefu_conformance::{Answer, Framing, Site, Visitor, rule_of, texts};
use reqwest::Method;
use serde_json::json;
use std::time::{Duration, Instant};

/// A change is used within a second; a slow machine is given another.
const REACHES_ALL: Duration = Duration::from_secs(2);

#[tokio::test]
async fn a_configuration_is_put_in_three_formats_and_comes_back_as_it_was() {
    let site = fresh();
    let toml = "[site]\nname = '一' # kept\n";
    let yaml = "site:\n  name: \"二\"  # kept\n";
    let json = r#"{ "site": {"name": "三"} }"#;
    for (version, (content_type, document, name)) in [
        ("application/toml", toml, "一"),
        ("application/yaml", yaml, "二"),
        ("application/json", json, "三"),
        ("application/toml; charset=utf-8", toml, "一"),
    ]
    .into_iter()
    .enumerate()
    {
        let put = site.put(content_type, document).await.ok();
        assert_eq!(put, json!({"version": version + 1, "warnings": []}), "{content_type}");
        let read = site.config().await;
        let essence = content_type.split(';').next().unwrap();
        assert!(read.header("content-type").starts_with(essence), "{:?}", read.headers);
        assert_eq!((read.status, read.text.as_str()), (200, document));
        assert_eq!(site.session(&json!({}), None).await.ok()["widget"]["name"], name);
    }
}

#[tokio::test]
async fn other_types_of_content_are_refused() {
    let site = fresh();
    for content_type in ["text/plain", "application/xml", "application/octet-stream", "toml"] {
        site.put(content_type, "").await.refused(415, "unsupported_type");
    }
    let bare = site.host.as_operator(Method::PUT, &site.path("config"));
    Answer::of(bare.body("")).await.refused(415, "unsupported_type");
    site.config().await.refused(404, "site_not_found");
}

#[tokio::test]
async fn a_rollback_makes_an_earlier_version_the_newest() {
    let site = fresh();
    let name = |name: &str| format!("[site]\nname = '{name}'\n");
    for number in ["one", "two", "three"] {
        site.put_toml(&name(number)).await.ok();
    }
    let rollback = |body: &'static str| {
        let request = site.host.as_operator(Method::POST, &site.path("config/rollback"));
        Answer::of(request.body(body))
    };
    assert_eq!(rollback("").await.ok(), json!({"version": 4, "warnings": []}));
    assert_eq!(site.config().await.text, name("two"));
    assert_eq!(rollback(r#"{"version": 1}"#).await.ok()["version"], 5);
    assert_eq!(site.config().await.text, name("one"));
    assert_eq!(site.session(&json!({}), None).await.ok()["widget"]["name"], "one");
    rollback(r#"{"version": 99}"#).await.refused(409, "no_such_version");
    rollback(r#"{"version": "one"}"#).await.refused(400, "bad_json");
    assert_eq!(site.config().await.text, name("one"));
}

#[tokio::test]
async fn there_is_nothing_to_roll_back_to_before_the_second_version() {
    let site = host().site("").await;
    let request = site.host.as_operator(Method::POST, &site.path("config/rollback"));
    Answer::of(request).await.refused(409, "no_such_version");
}

#[tokio::test]
async fn a_change_is_used_at_the_next_turn_with_sockets_open() {
    let site = fresh();
    site.put_toml(&answering("before")).await.ok();
    let visitor = site.visitor().await;
    let mut sockets = Vec::new();
    for framing in Framing::BOTH {
        sockets.push(visitor.socket(framing).await);
    }
    visitor.say("a", "hi").await;
    visitor.log_of(2).await;
    site.put_toml(&answering("after")).await.ok();
    let asked = until_answered(&visitor, "after").await;
    for socket in &mut sockets {
        let events = socket.events_to(2 + 2 * asked).await;
        assert_eq!(rule_of(events.last().unwrap()), "after");
    }
}

#[tokio::test]
async fn a_roll_back_is_used_at_the_next_turn_too() {
    let site = fresh();
    site.put_toml(&answering("before")).await.ok();
    site.put_toml(&answering("after")).await.ok();
    let visitor = site.visitor().await;
    visitor.say("a", "hi").await;
    assert_eq!(texts(&visitor.log_of(2).await), ["hi", "after"]);
    let request = site.host.as_operator(Method::POST, &site.path("config/rollback"));
    Answer::of(request).await.ok();
    until_answered(&visitor, "before").await;
}

#[tokio::test]
async fn a_bad_configuration_changes_nothing() {
    let site = fresh();
    site.put_toml(&answering("good")).await.ok();
    let visitor = site.visitor().await;
    for bad in [
        "[[rules]]\nname = 'bad'\nreply = 'bad'\nwen = 'first'\n",
        "[[rules",
        "[site]\nname = 7.5.3\n",
    ] {
        site.put_toml(bad).await.refused(422, "config_invalid");
        site.put("application/yaml", "a: [").await.refused(422, "config_invalid");
    }
    assert_eq!(site.config().await.text, answering("good"));
    visitor.say("a", "hi").await;
    assert_eq!(texts(&visitor.log_of(2).await), ["hi", "good"]);
    assert_eq!(
        site.put_toml(&answering("good")).await.ok()["version"],
        2,
        "a refused one has no version"
    );
}

#[tokio::test]
async fn a_configuration_that_was_never_good_makes_no_site() {
    let site = fresh();
    site.put_toml("[site]\nnmae = 'x'\n").await.refused(422, "config_invalid");
    site.config().await.refused(404, "site_not_found");
    site.session(&json!({}), None).await.refused(404, "site_not_found");
}

#[tokio::test]
async fn the_article_s_yaml_is_accepted_once_a_secret_and_a_bot_are_added() {
    let article = "ai_providers:\n  - name: \"扣子API\"\n    type: \"kouzi\"\n    \
        endpoint: \"https://api.kouzi.ai/v1\"\n    rate_limit: 1000/分钟\n    circuit_breaker:\n      \
        failure_threshold: 5\n      cooldown: 30s\n";
    let site = fresh();
    let bare = site.put("application/yaml", article).await.refused(422, "config_invalid");
    let keys: Vec<_> =
        bare["faults"].as_array().unwrap().iter().map(|fault| fault["key"].clone()).collect();
    assert_eq!(keys, ["ai_providers[0].bot_id", "ai_providers[0].api_key"]);
    let whole = format!("{article}    api_key: ${{COZE_TOKEN}}\n    bot_id: 7300000000000000000\n");
    let put = site.put("application/yaml", &whole).await.ok();
    assert!(put["warnings"][0].as_str().unwrap().contains("COZE_TOKEN"), "{put}");
    let secret = json!({"value": "pat_1", "hosts": ["api.kouzi.ai"]});
    site.put_secret("COZE_TOKEN", &secret).await.ok();
    assert_eq!(site.put("application/yaml", &whole).await.ok()["warnings"], json!([]));
}

#[tokio::test]
async fn the_configuration_of_the_contract_is_accepted() {
    let document = include_str!("../../fixtures/contract.toml");
    let site = fresh();
    let put = site.put_toml(document).await.ok();
    let warnings = put["warnings"].to_string();
    for name in ["COZE_TOKEN", "WECHAT_SECRET", "WECHAT_TOKEN", "WECHAT_AES_KEY"] {
        assert!(warnings.contains(name), "{name} does not resolve: {warnings}");
    }
    assert_eq!(site.config().await.text, document);
}

#[tokio::test]
async fn a_document_has_at_most_256_kib() {
    let site = fresh();
    let of = |size: usize| format!("#{}\n", "x".repeat(size - 2));
    site.put_toml(&of(256 * 1024)).await.ok();
    site.put_toml(&of(256 * 1024 + 1)).await.refused(413, "too_large");
}

/// A site that nobody configured.
fn fresh() -> Site {
    let host = host();
    Site::new(&host, host.fresh_id())
}

/// A site where the rule `name` answers everything with its name.
fn answering(name: &str) -> String {
    format!("{QUICK}{UNLIMITED}[[rules]]\nname = '{name}'\nreply = '{name}'\n")
}

/// Asks until the rule `name` answers, which it must within the time that a change may take: how
/// often was asked.
async fn until_answered(visitor: &Visitor, name: &str) -> u64 {
    let changed = Instant::now();
    for number in 1.. {
        let late = changed.elapsed() > REACHES_ALL;
        let seq = visitor.say(&format!("{name}{number}"), "again").await;
        let log = visitor.log_of(usize::try_from(seq).unwrap() + 1).await;
        if rule_of(log.last().unwrap()) == name {
            return number;
        }
        assert!(!late, "the change is not used after {REACHES_ALL:?}");
    }
    0
}
