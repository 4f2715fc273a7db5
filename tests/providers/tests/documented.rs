//! What `docs/providers/*.md` say of codes is what the adapters make of them.
#![allow(
    clippy::disallowed_methods,
    clippy::expect_used,
    clippy::panic,
    reason = "tests fail by panicking, and read the pages"
)]

use kefu_shared::config::ProviderKind;
use kefu_shared::provider::{BodyEnd, Reading, ResponseHead, reader};
use kefu_shared::time::Millis;
use serde_json::{Value, json};
use std::fs;

const PAGES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/providers");

/// Makes the refusal that says a code.
type Refusal = fn(&str) -> Value;

/// The page of each kind, and the refusal that says a code.
const KINDS: [(&str, ProviderKind, Refusal); 5] = [
    ("coze", ProviderKind::Coze, |code| json!({ "code": number(code), "msg": "no" })),
    ("fastgpt", ProviderKind::FastGpt, |code| json!({ "code": number(code), "message": "no" })),
    ("dify", ProviderKind::Dify, |code| json!({ "code": code, "message": "no" })),
    ("openai", ProviderKind::OpenAi, |code| json!({ "error": { "code": code, "message": "no" } })),
    (
        "workers-ai",
        ProviderKind::WorkersAi,
        |code| json!({ "success": false, "errors": [{ "code": number(code), "message": "no" }] }),
    ),
];

fn number(code: &str) -> u64 {
    code.parse().expect("a number")
}

/// The rows of the table of codes: each code, an HTTP status as `HTTP 401`, and its class.
fn rows(page: &str) -> Vec<(String, String)> {
    let table = page.split("| code | class | do |").nth(1).expect("a table of codes");
    let rows = table.lines().filter_map(|line| {
        let mut cells = line.strip_prefix("| ")?.split(" | ");
        Some((cells.next()?, cells.next()?.trim_matches('`').to_owned()))
    });
    rows.flat_map(|(codes, class)| {
        let codes = codes.split(", ").map(|code| code.trim_matches('`').to_owned());
        codes.map(move |code| (code, class.clone())).collect::<Vec<_>>()
    })
    .collect()
}

fn class(kind: ProviderKind, status: u16, body: &Value) -> String {
    let head = ResponseHead { status, headers: Vec::new(), at: Millis::default() };
    let (mut reader, mut out) = (reader(kind, head), Vec::new());
    reader.push(body.to_string().as_bytes(), &mut out);
    reader.finish(BodyEnd::Clean, &mut out);
    match out.last() {
        Some(Reading::Ended(ending)) => {
            let failure = ending.outcome.failure().expect("a failure");
            failure.class.as_str().to_owned()
        }
        other => panic!("no end: {other:?}"),
    }
}

#[test]
fn every_code_of_a_page_is_of_the_class_that_the_page_says() {
    for (page, kind, says) in KINDS {
        let text = fs::read_to_string(format!("{PAGES}/{page}.md")).expect("a page");
        let rows = rows(&text);
        assert!(rows.len() >= 5, "{page} tells of {} codes", rows.len());
        for (code, told) in rows {
            let seen = match code.strip_prefix("HTTP ") {
                Some(status) => class(kind, status.parse().expect("a status"), &json!(null)),
                // What a node's failure is called is what our own request's would be.
                None if code.contains("Run failed") => class(
                    kind,
                    400,
                    &json!({ "code": "invalid_param", "message": "Run failed: x" }),
                ),
                None => class(kind, 500, &says(&code)),
            };
            assert_eq!(seen, told, "{page}: {code}");
        }
    }
}
