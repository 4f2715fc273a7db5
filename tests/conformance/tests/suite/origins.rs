//! Pages of other origins: CORS follows the site's allowed origins.

use crate::{UNLIMITED, host, site};
use kefu_conformance::{Answer, Framing, Visitor};
use reqwest::Method;
use serde_json::json;

const SHOP: &str = "https://shop.example";

#[tokio::test]
async fn an_allowed_page_may_come_in_and_read_the_answer() {
    let site = shop().await;
    for (origin, allowed) in [
        (SHOP, true),
        ("https://a.shops.example", true),
        ("https://b.a.shops.example", true),
        ("https://shops.example", false),
        ("http://shop.example", false),
        ("https://shop.example:8443", false),
        ("https://evilshop.example", false),
        ("https://shop.example.evil.example", false),
        ("https://evil.example", false),
        ("null", false),
    ] {
        let answer = Answer::of(site.session_request().header("origin", origin).body("{}")).await;
        if allowed {
            assert!(opened_for(&answer, origin), "{origin}: {:?}", answer.headers);
            answer.ok();
        } else {
            assert!(!opened_for(&answer, origin), "{origin}: {:?}", answer.headers);
            answer.refused(403, "origin_not_allowed");
        }
    }
}

#[tokio::test]
async fn a_site_that_names_no_origin_may_be_embedded_anywhere() {
    let site = site().await;
    for origin in [SHOP, "http://localhost:3000"] {
        let answer = Answer::of(site.session_request().header("origin", origin).body("{}")).await;
        assert!(opened_for(&answer, origin), "{:?}", answer.headers);
        answer.ok();
    }
}

#[tokio::test]
async fn a_stolen_token_is_of_no_use_on_another_page() {
    let visitor = shop().await.visitor().await;
    let act = |origin: &'static str| {
        let request = visitor.request(Method::POST, "messages").header("origin", origin);
        Answer::of(request.body(json!({"key": "a", "text": "x"}).to_string()))
    };
    act("https://evil.example").await.refused(403, "origin_not_allowed");
    let read = visitor.request(Method::GET, "events").header("origin", "https://evil.example");
    Answer::of(read).await.refused(403, "origin_not_allowed");
    for framing in Framing::BOTH {
        let dial = visitor.dial(framing).header("origin", "https://evil.example");
        dial.refused().await.refused(403, "origin_not_allowed");
        visitor.dial(framing).header("origin", SHOP).open(framing).await.expect("hello").await;
    }
    assert_eq!(visitor.log().await.len(), 0);
    let sent = act(SHOP).await;
    assert!(opened_for(&sent, SHOP));
    sent.with_status(202);
}

#[tokio::test]
async fn a_page_may_read_why_it_was_refused_and_when_to_come_back() {
    let visitor = shop().await.visitor().await;
    let request = visitor.request(Method::POST, "messages").header("origin", SHOP);
    let answer = Answer::of_json(request, &json!({"key": "", "text": "x"})).await;
    assert!(opened_for(&answer, SHOP), "{:?}", answer.headers);
    let exposed = answer.header("access-control-expose-headers").to_ascii_lowercase();
    assert!(exposed.contains("retry-after"), "{exposed:?}");
    answer.refused(400, "bad_key");
}

#[tokio::test]
async fn a_stream_may_be_read_by_an_allowed_page_only() {
    let visitor = shop().await.visitor().await;
    let ask = |origin: &'static str| {
        let request = visitor.request(Method::GET, "events").header("origin", origin);
        request.header("accept", "text/event-stream").send()
    };
    let allowed = ask(SHOP).await.unwrap();
    assert_eq!(allowed.status(), 200);
    let named = allowed.headers()["access-control-allow-origin"].to_str().unwrap();
    assert!([SHOP, "*"].contains(&named), "{named}");
    assert_eq!(ask("https://evil.example").await.unwrap().status(), 403);
}

#[tokio::test]
async fn a_browser_that_asks_first_is_told_what_an_allowed_page_may_do() {
    let visitor = shop().await.visitor().await;
    for (path, method) in [(visitor.path("messages"), "POST"), (visitor.path("events"), "GET")] {
        let answer = preflight(&visitor, &path, method, SHOP).await;
        assert!((200..300).contains(&answer.status), "{answer:?}");
        assert!(opened_for(&answer, SHOP), "{:?}", answer.headers);
        assert!(answer.header("access-control-allow-methods").contains(method));
        let headers = answer.header("access-control-allow-headers").to_ascii_lowercase();
        for header in ["authorization", "content-type", "last-event-id"] {
            assert!(headers.contains(header), "{headers}");
        }
    }
}

#[tokio::test]
async fn a_preflight_of_a_session_follows_the_sites_origins() {
    let site = shop().await;
    let visitor = site.visitor().await;
    for (origin, allowed) in [(SHOP, true), ("https://evil.example", false)] {
        let answer = preflight(&visitor, &site.path("session"), "POST", origin).await;
        assert_eq!(opened_for(&answer, origin), allowed, "{origin}: {:?}", answer.headers);
    }
}

/// A site that may be embedded by some.
async fn shop() -> kefu_conformance::Site {
    let origins = format!("allowed_origins = ['{SHOP}', 'https://*.shops.example']\n");
    host().site(&format!("{UNLIMITED}[site]\n{origins}")).await
}

async fn preflight(visitor: &Visitor, path: &str, method: &str, origin: &str) -> Answer {
    let request = visitor.host.request(Method::OPTIONS, path).header("origin", origin);
    let request = request
        .header("access-control-request-method", method)
        .header("access-control-request-headers", "authorization,content-type");
    Answer::of(request).await
}

/// Whether a browser lets a page of that origin read the answer.
fn opened_for(answer: &Answer, origin: &str) -> bool {
    [origin, "*"].contains(&answer.header("access-control-allow-origin"))
}
