//! What is the operator's alone, and what a deployment must have.

use crate::{host, site};
use kefu_conformance::{Answer, Host, Site, own_host};
use reqwest::{Method, RequestBuilder};
use serde_json::json;

const STRONG_TOKEN: &str = "an-operators-token-of-40-characters-0123";
const STRONG_SECRET: &str = "a-secret-of-a-deployment-0123456789abcdef";

#[tokio::test]
async fn only_the_operator_configures() {
    let site = site().await;
    let visitor = site.visitor().await;
    let before = site.config().await.text;
    for (method, path) in routes(&site) {
        let ask = |token: Option<&str>| {
            let request = site.host.request(method.clone(), &path);
            let request = request.header("content-type", "application/json").body("{}");
            Answer::of(with(request, token))
        };
        let near = site.host.admin_token().split_at(site.host.admin_token().len() - 1).0;
        for token in [None, Some(""), Some("wrong"), Some(near)] {
            ask(token).await.refused(401, "unauthorized");
        }
        ask(Some(&visitor.token)).await.refused(403, "forbidden");
    }
    assert_eq!(site.config().await.text, before);
}

#[tokio::test]
async fn a_stranger_does_not_learn_which_sites_exist() {
    let host = host();
    let (there, absent) = (site().await, Site::new(&host, host.fresh_id()));
    for (there, absent) in routes(&there).into_iter().zip(routes(&absent)) {
        let ask = |(method, path): (Method, String)| {
            Answer::of(host.request(method, &path).bearer_auth("wrong").body("{}"))
        };
        let (there, absent) = (ask(there).await, ask(absent).await);
        assert_eq!((there.status, there.body), (absent.status, absent.body));
    }
}

#[tokio::test]
async fn weak_variables_are_refused_outside_development() {
    const TEST: &str = "operator::weak_variables_are_refused_outside_development";
    for (token, secret) in [
        (Some("dev-admin-token"), Some(STRONG_SECRET)),
        (Some("short"), Some(STRONG_SECRET)),
        (Some(""), Some(STRONG_SECRET)),
        (None, Some(STRONG_SECRET)),
        (Some(STRONG_TOKEN), Some("short")),
        (Some(STRONG_TOKEN), Some("")),
        (Some(STRONG_TOKEN), None),
    ] {
        let vars = [("KEFU_DEV", None), ("KEFU_ADMIN_TOKEN", token), ("KEFU_SECRET", secret)];
        let Some((host, _running)) = own_host(TEST, &vars) else { return };
        let site = Site::new(&host, "shop".into());
        let put = site.put_toml("").await;
        assert_eq!(put.body["code"], "misconfigured", "{token:?} {secret:?}");
        for answer in [put, site.session(&json!({}), None).await] {
            let named =
                if secret == Some(STRONG_SECRET) { "KEFU_ADMIN_TOKEN" } else { "KEFU_SECRET" };
            let told = answer.refused(500, "misconfigured")["detail"].to_string();
            assert!(told.contains(named), "{told}");
            let value = token.filter(|value| !value.is_empty() && named == "KEFU_ADMIN_TOKEN");
            assert!(value.is_none_or(|value| !told.contains(value)), "{told}");
        }
    }
}

#[tokio::test]
async fn strong_variables_are_taken_outside_development() {
    const TEST: &str = "operator::strong_variables_are_taken_outside_development";
    let vars = [
        ("KEFU_DEV", None),
        ("KEFU_ADMIN_TOKEN", Some(STRONG_TOKEN)),
        ("KEFU_SECRET", Some(STRONG_SECRET)),
    ];
    let Some((host, _running)) = own_host(TEST, &vars) else { return };
    let visitor = host.site("").await.visitor().await;
    visitor.say("a", "hi").await;
}

#[tokio::test]
async fn tokens_of_another_deployment_are_worth_nothing() {
    const TEST: &str = "operator::tokens_of_another_deployment_are_worth_nothing";
    let Some((other, _running)) = own_host(TEST, &[("KEFU_SECRET", Some(STRONG_SECRET))]) else {
        return;
    };
    let site = site().await;
    let visitor = site.visitor().await;
    let same = Site::new(&other, site.id.clone());
    same.put_toml("").await.ok();
    let path = visitor.path("events");
    let ask =
        |host: &Host| Answer::of(host.request(Method::GET, &path).bearer_auth(&visitor.token));
    ask(&site.host).await.ok();
    ask(&other).await.refused(401, "unauthorized");
    let session = same.session(&json!({"visitorId": visitor.id}), Some(&visitor.token)).await.ok();
    assert_ne!(session["visitorId"], visitor.id);
}

/// The operator's routes of a site.
fn routes(site: &Site) -> Vec<(Method, String)> {
    vec![
        (Method::GET, site.path("config")),
        (Method::PUT, site.path("config")),
        (Method::POST, site.path("config/rollback")),
        (Method::PUT, site.path("secrets/NAME")),
        (Method::DELETE, site.path("secrets/NAME")),
    ]
}

fn with(request: RequestBuilder, token: Option<&str>) -> RequestBuilder {
    match token {
        Some(token) => request.bearer_auth(token),
        None => request,
    }
}
