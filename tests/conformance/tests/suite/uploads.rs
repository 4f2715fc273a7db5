//! Files: what they are is told by their bytes, and how they are served harms nobody.

use crate::site;
use kefu_conformance::{Answer, Visitor};
use reqwest::{Method, Response};
use serde_json::json;

const PNG: &[u8] = b"\x89PNG\r\n\x1a\nnot much of a picture";
const MOST: usize = 10 * 1024 * 1024;

#[tokio::test]
async fn a_file_comes_back_as_it_was() {
    let visitor = site().await.visitor().await;
    let uploaded = upload(&visitor, "image/png", PNG.to_vec()).await.ok();
    assert_eq!((&uploaded["mime"], &uploaded["size"]), (&json!("image/png"), &json!(PNG.len())));
    let file = download(&visitor, uploaded["url"].as_str().unwrap()).await;
    assert_eq!(header(&file, "content-type"), "image/png");
    assert_eq!(file.bytes().await.unwrap(), PNG);
    let image = json!({"image": {"url": uploaded["url"], "mime": "image/png"}});
    visitor.post("messages", &json!({"key": "a", "body": image})).await.with_status(202);
}

#[tokio::test]
async fn what_a_browser_would_run_is_served_as_text_from_a_sandbox() {
    let visitor = site().await.visitor().await;
    for (claimed, body) in [
        ("text/html", "<html><script>alert(1)</script>"),
        ("image/png", "<html><script>alert(1)</script>"),
        ("image/svg+xml", "<svg xmlns='http://www.w3.org/2000/svg' onload='alert(1)'/>"),
    ] {
        let uploaded = upload(&visitor, claimed, body.into()).await.ok();
        let file = download(&visitor, uploaded["url"].as_str().unwrap()).await;
        assert!(header(&file, "content-type").starts_with("text/plain"), "{claimed}");
        assert_eq!(header(&file, "x-content-type-options"), "nosniff");
        assert!(header(&file, "content-security-policy").contains("sandbox"));
        assert!(header(&file, "content-disposition").starts_with("attachment"));
    }
}

#[tokio::test]
async fn files_of_no_known_kind_are_refused() {
    let visitor = site().await.visitor().await;
    for body in [&b"MZ\x90\0\x03"[..], b"\x7fELF\x02\x01", b"\0\x01\x02\x03"] {
        let answer = upload(&visitor, "image/png", body.to_vec()).await;
        answer.refused(415, "unsupported_type");
    }
}

#[tokio::test]
async fn a_file_has_at_most_10_mib() {
    let visitor = site().await.visitor().await;
    let of = |size: usize| [PNG, &vec![0; size - PNG.len()]].concat();
    let uploaded = upload(&visitor, "image/png", of(MOST)).await.ok();
    assert_eq!(uploaded["size"], MOST);
    upload(&visitor, "image/png", of(MOST + 1)).await.refused(413, "too_large");
}

#[tokio::test]
async fn addresses_that_nobody_was_given_find_nothing() {
    let site = site().await;
    let (one, two) = (site.visitor().await, site.visitor().await);
    let uploaded = upload(&one, "image/png", PNG.to_vec()).await.ok();
    let url = uploaded["url"].as_str().unwrap();
    let other = url.replace(&one.conversation, &two.conversation);
    assert_ne!(other, url);
    for wrong in [format!("{url}0"), url[..url.len() - 1].to_owned(), other] {
        let answer = Answer::of(one.host.request(Method::GET, &wrong)).await;
        answer.refused(404, "not_found");
    }
}

async fn upload(visitor: &Visitor, content_type: &str, body: Vec<u8>) -> Answer {
    let request = visitor.request(Method::POST, "uploads?name=a.png");
    Answer::of(request.header("content-type", content_type).body(body)).await
}

/// As a page's `<img>` asks: without a token.
async fn download(visitor: &Visitor, url: &str) -> Response {
    let path = url.strip_prefix(visitor.host.base()).unwrap_or(url);
    let file = visitor.host.request(Method::GET, path).send().await.unwrap();
    assert_eq!(file.status(), 200);
    file
}

fn header<'a>(response: &'a Response, name: &str) -> &'a str {
    response.headers().get(name).map_or("", |value| value.to_str().unwrap())
}
