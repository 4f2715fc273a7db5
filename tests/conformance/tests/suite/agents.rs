//! Accounts, logging in and being logged out.

use crate::site;
use kefu_conformance::{Answer, Framing, PASSWORD, PATIENCE, Site};
use reqwest::Method;
use serde_json::json;
use std::time::{Duration, Instant};

#[tokio::test]
async fn the_operator_adds_an_agent_who_logs_in() {
    let site = site().await;
    let account = json!({"email": " Ming@Shop.example", "name": "小明", "role": "AGENT", "password": PASSWORD});
    let added = site.add_agent(&account).await.ok();
    assert_eq!(added["email"], "ming@shop.example");
    let login = site.log_in("MING@shop.example", PASSWORD).await.ok();
    assert_eq!(login["agent"]["id"], added["id"]);
    assert_eq!(
        (&login["agent"]["name"], &login["agent"]["role"]),
        (&"小明".into(), &"AGENT".into())
    );
    assert!(login["expiresAt"].as_str().unwrap().parse::<u64>().unwrap() > 0);
    assert!(!login.to_string().contains("argon2"), "no hash leaves the host");
}

#[tokio::test]
async fn a_login_that_does_not_succeed_says_the_same_whatever_is_wrong() {
    let site = site().await;
    let agent = site.agent("Ming").await;
    let elsewhere = Site::new(&site.host, "no-such-site".into());
    let refusals = [
        site.log_in(&agent.email, "wrong horse").await,
        site.log_in("nobody@shop.example", PASSWORD).await,
        site.log_in("", "").await,
        elsewhere.log_in(&agent.email, PASSWORD).await,
        Site::new(&site.host, "No Site".into()).log_in(&agent.email, PASSWORD).await,
    ];
    let mut details = refusals.map(|refused| refused.refused(401, "bad_login")["detail"].clone());
    details.sort_by_key(ToString::to_string);
    assert_eq!(details.first(), details.last());
}

#[tokio::test]
async fn guessing_is_stopped_after_ten_failures() {
    let site = site().await;
    let agent = site.agent("Ming").await;
    for _ in 0..10 {
        site.log_in(&agent.email, "wrong horse").await.refused(401, "bad_login");
    }
    let refused = site.log_in(&agent.email, PASSWORD).await;
    assert!(refused.retry_after_ms() > 1_000);
    refused.refused(429, "rate_limited");
    for number in 0..10 {
        site.log_in("nobody@shop.example", &format!("guess number {number}"))
            .await
            .refused(401, "bad_login");
    }
    site.log_in("nobody@shop.example", "one more").await.refused(429, "rate_limited");
}

#[tokio::test]
async fn an_account_that_cannot_be_is_refused() {
    let site = site().await;
    let good =
        json!({"email": "li@shop.example", "name": "Li", "role": "AGENT", "password": PASSWORD});
    let with = |name: &str, value: &str| {
        let mut account = good.clone();
        account[name] = value.into();
        account
    };
    for (account, named) in [
        (with("email", "li"), "email"),
        (with("name", ""), "name"),
        (with("password", "123456789"), "password"),
    ] {
        let problem = site.add_agent(&account).await.refused(400, "bad_account");
        assert!(problem["detail"].as_str().unwrap().contains(named), "{problem}");
    }
    site.add_agent(&with("role", "KING")).await.refused(400, "bad_json");
    site.add_agent(&good).await.ok();
    site.add_agent(&good).await.refused(409, "email_taken");
    let nowhere = Site::new(&site.host, site.host.fresh_id());
    nowhere.add_agent(&good).await.refused(404, "site_not_found");
}

#[tokio::test]
async fn who_logs_out_is_out_and_so_is_who_is_removed() {
    let site = site().await;
    let (ming, li) = (site.agent("Ming").await, site.agent("Li").await);
    let mut gateway = li.gateway(Framing::Json, "").await;
    gateway.until("hello").await;
    Answer::of(ming.request(Method::POST, "/v1/agent/logout")).await.ok();
    ming.inbox("").await.refused(401, "session_revoked");
    li.inbox("").await.ok();
    let path = site.path(&format!("agents/{}", li.id));
    Answer::of(site.host.as_operator(Method::DELETE, &path)).await.ok();
    assert_eq!(gateway.close_code().await, 4201, "at once, without a request");
    // Elsewhere a copy of a second may still say otherwise.
    let until = Instant::now() + PATIENCE;
    let refused = loop {
        let answer = li.inbox("").await;
        if answer.status != 200 || Instant::now() > until {
            break answer;
        }
    };
    refused.refused(401, "session_revoked");
    li.dial(Framing::Json).refused().await.refused(401, "session_revoked");
    site.log_in(&li.email, PASSWORD).await.refused(401, "bad_login");
    Answer::of(site.host.as_operator(Method::DELETE, &path)).await.refused(404, "not_found");
}

#[tokio::test]
async fn a_token_is_renewed_while_its_session_is_in_force() {
    let site = site().await;
    let ming = site.agent("Ming").await;
    let renewed = Answer::of(ming.request(Method::POST, "/v1/agent/renew")).await.ok();
    assert_eq!(renewed["agent"]["id"], ming.id);
    Answer::of(ming.request(Method::POST, "/v1/agent/logout")).await.ok();
    let token = renewed["token"].as_str().unwrap();
    let again = || ming.host.request(Method::POST, "/v1/agent/renew").bearer_auth(token);
    // A host of many instances may take a second to hear of it everywhere.
    let heard = Instant::now() + Duration::from_secs(1);
    while Instant::now() < heard {
        let answer = Answer::of(again()).await;
        assert!([200, 401].contains(&answer.status), "{answer:?}");
    }
    Answer::of(again()).await.refused(401, "session_revoked");
}

#[tokio::test]
async fn agents_routes_are_not_for_visitors_nor_for_nobody() {
    let site = site().await;
    let visitor = site.visitor().await;
    let inbox = site.path("inbox");
    for (method, path) in [
        (Method::GET, inbox.as_str()),
        (Method::GET, "/v1/agent/events"),
        (Method::POST, "/v1/agent/logout"),
        (Method::POST, "/v1/agent/renew"),
    ] {
        let request = site.host.request(method.clone(), path);
        Answer::of(request).await.refused(401, "unauthorized");
        let request = site.host.request(method, path).bearer_auth(&visitor.token);
        Answer::of(request).await.refused(403, "forbidden");
    }
    for act in ["take", "release", "resolve", "reopen"] {
        visitor.post(act, &json!({})).await.refused(403, "forbidden");
    }
    visitor.post("notes", &json!({"key": "n", "text": "hm"})).await.refused(403, "forbidden");
    let list = site.path("agents");
    let request = site.host.request(Method::GET, &list).bearer_auth(&visitor.token);
    Answer::of(request).await.refused(403, "forbidden");
}

#[tokio::test]
async fn an_admin_configures_its_own_site_and_agents_and_supervisors_none() {
    let (mine, other) = (site().await, site().await);
    let boss = mine.agent_as("Boss", "ADMIN").await;
    let agent = mine.agent("Ming").await;
    let supervisor = mine.agent_as("Zhao", "SUPERVISOR").await;
    let read =
        |who: &kefu_conformance::Agent, path: String| Answer::of(who.request(Method::GET, &path));
    assert_eq!(read(&boss, mine.path("config")).await.status, 200);
    let agents = read(&boss, mine.path("agents")).await.ok();
    assert_eq!(agents["agents"].as_array().unwrap().len(), 3);
    assert!(agents["agents"].as_array().unwrap().iter().any(|one| one["role"] == "SUPERVISOR"));
    read(&boss, other.path("config")).await.refused(404, "not_found");
    for who in [&agent, &supervisor] {
        for path in ["config", "agents", "providers"] {
            read(who, mine.path(path)).await.refused(403, "forbidden");
        }
    }
}
