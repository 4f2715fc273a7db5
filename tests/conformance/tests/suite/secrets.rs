//! Secrets: write-only, of one site, and only for the hosts that they were stored for.

use crate::host;
use kefu_conformance::{Answer, Site};
use reqwest::Method;
use serde_json::{Value, json};

#[tokio::test]
async fn a_reference_that_does_not_resolve_is_a_warning_until_it_does() {
    let site = fresh();
    let warned = warnings(&site).await;
    assert_eq!(warned.len(), 1, "{warned:?}");
    for part in ["ai_providers[0].api_key", "LLM_KEY"] {
        assert!(warned[0].contains(part), "{part}: {warned:?}");
    }
    store(&site, "llm.example").await;
    assert_eq!(warnings(&site).await, Vec::<String>::new());
}

#[tokio::test]
async fn a_secret_that_may_not_go_where_it_is_needed_is_a_warning() {
    let site = fresh();
    for (host, fine) in
        [("other.example", false), ("example", false), ("*.example", true), ("LLM.example", true)]
    {
        store(&site, host).await;
        assert_eq!(warnings(&site).await.is_empty(), fine, "{host}");
    }
}

#[tokio::test]
async fn a_site_has_only_its_own_secrets() {
    let (site, other) = (fresh(), fresh());
    store(&other, "llm.example").await;
    assert_eq!(warnings(&site).await.len(), 1);
}

#[tokio::test]
async fn the_deployments_own_variables_never_resolve() {
    let site = fresh();
    for name in ["KEFU_SECRET", "KEFU_ADMIN_TOKEN"] {
        let put = site.put_toml(&format!("[site]\nidentity_secret = '${{{name}}}'\n")).await;
        let warnings = put.ok()["warnings"].clone();
        assert!(warnings[0].as_str().unwrap().contains(name), "{warnings}");
    }
}

#[tokio::test]
async fn a_secret_that_is_written_out_is_a_warning() {
    let site = fresh();
    let put = site.put_toml(&config("sk-123456")).await.ok();
    let warnings = put["warnings"].to_string();
    assert!(
        warnings.contains("ai_providers[0].api_key") && !warnings.contains("sk-123456"),
        "{warnings}"
    );
}

#[tokio::test]
async fn a_secret_is_never_shown() {
    let site = fresh();
    store(&site, "llm.example").await;
    site.put_toml(&config("${LLM_KEY}")).await.ok();
    let path = site.path("secrets/LLM_KEY");
    for method in [Method::GET, Method::POST] {
        Answer::of(site.host.as_operator(method, &path)).await.refused(405, "method_not_allowed");
    }
    assert!(!site.config().await.text.contains("sk-secret"));
}

#[tokio::test]
async fn secrets_that_cannot_be_are_refused() {
    let site = fresh();
    let good = json!({"value": "v", "hosts": ["a.example"]});
    for name in ["llm_key", "1KEY", "A-B", "KEFU_SECRET", "KEFU_", &"A".repeat(65)] {
        site.put_secret(name, &good).await.refused(400, "bad_secret");
    }
    let host = |host: &str| json!({"value": "v", "hosts": [host]});
    for body in [
        json!({"value": "", "hosts": ["a.example"]}),
        json!({"value": "x".repeat(10_000), "hosts": ["a.example"]}),
        host("https://a.example"),
        host("a.example/path"),
        host("a b"),
        host(""),
        host("*"),
    ] {
        let answer = site.put_secret("GOOD", &body).await;
        assert_eq!(answer.body["code"], "bad_secret", "{:.80}", body.to_string());
        answer.refused(400, "bad_secret");
    }
    for body in [json!({"value": 5, "hosts": []}), json!({"hosts": []}), json!([])] {
        site.put_secret("GOOD", &body).await.refused(400, "bad_json");
    }
    site.put_secret("GOOD", &good).await.ok();
}

#[tokio::test]
async fn a_secret_for_no_host_stays_here() {
    let site = fresh();
    site.put_secret("LLM_KEY", &json!({"value": "v", "hosts": []})).await.ok();
    assert_eq!(warnings(&site).await.len(), 1, "it may go nowhere");
    let put = site.put_toml("[site]\nidentity_secret = '${LLM_KEY}'\n").await.ok();
    assert_eq!(put["warnings"], json!([]));
}

/// A site that nobody configured.
fn fresh() -> Site {
    let host = host();
    Site::new(&host, host.fresh_id())
}

async fn store(site: &Site, host: &str) {
    let body: Value = json!({"value": "sk-secret", "hosts": [host]});
    site.put_secret("LLM_KEY", &body).await.ok();
}

/// The warnings of a configuration that needs `LLM_KEY` for llm.example.
async fn warnings(site: &Site) -> Vec<String> {
    let put = site.put_toml(&config("${LLM_KEY}")).await.ok();
    serde_json::from_value(put["warnings"].clone()).unwrap()
}

fn config(key: &str) -> String {
    format!(
        "[[ai_providers]]\nname = 'a'\ntype = 'openai'\nmodel = 'm'\n\
         endpoint = 'https://llm.example/v1'\napi_key = '{key}'\n"
    )
}
