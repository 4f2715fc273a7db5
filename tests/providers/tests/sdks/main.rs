//! The same bodies to our adapters and to the services' own SDKs: where they read something else,
//! the reason is known.
//!
//! `docs/providers-sdks.md` is the result; the test rewrites it where it is out of date.
#![allow(
    clippy::disallowed_methods,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "tests fail by panicking, and run on a real clock"
)]

mod reasons;
mod sdk;
mod table;

use futures_util::future::join_all;
use kefu_providers::{Case, exchange, expect};
use kefu_shared::config::ProviderKind;
use kefu_shared::provider::{Method, RequestParts};
use kefu_turns::Provider;
use sdk::{Named, SDKS, Sdk};
use serde_json::Value;
use table::{Row, Table};

/// What is compared of a reading.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Read {
    text: String,
    outcome: String,
    /// Tokens in all.
    usage: Option<u64>,
    /// Of a failure: the service's code where it has one, else ours.
    code: Option<String>,
}

/// What our adapter reads of a case.
async fn ours(case: &Case) -> Read {
    let provider = Provider::playing([case.delivered()]).await;
    let kind = ProviderKind::of_name(case.kind).expect("a kind");
    let (url, body) = (provider.url(), Vec::new());
    let method = Method::Post;
    let asks = RequestParts { method, url, body, ..RequestParts::default() };
    let exchange = exchange(kind, &asks).await.expect("an answer");
    let read = expect(&exchange, exchange.body.len());
    assert_eq!(read, *case.expect(), "{}", case.name);
    let word = |value: &Value| value.as_str().map(ToOwned::to_owned);
    Read {
        text: word(&read["text"]).unwrap_or_default(),
        outcome: word(&read["outcome"]).unwrap_or_default(),
        usage: read["usage"]["total"].as_u64(),
        code: word(&read["error"]["code"]),
    }
}

/// What an SDK reads of those that are for it, each with its place.
async fn all_of(named: &Named, cases: &[Case]) -> Vec<(usize, (&'static str, Read))> {
    let mut sdk = Sdk::start(named);
    let mut all = Vec::new();
    let for_it = |case: &&Case| named.kinds.contains(&case.kind);
    for (place, case) in cases.iter().enumerate().filter(|(_, case)| for_it(case)) {
        let provider = Provider::playing([case.delivered()]).await;
        all.push((place, (named.name, sdk.read(&provider.url()).await)));
    }
    all
}

#[tokio::test]
async fn every_fixture_reads_the_same_in_the_official_sdks_or_the_reason_is_known() {
    let cases = Case::all();
    let mut table = Table::default();
    for case in &cases {
        table.rows.push(Row::new(&case.name, case.kind, ours(case).await));
    }
    let read = join_all(SDKS.iter().map(|sdk| all_of(sdk, &cases))).await;
    for (row, (sdk, read)) in read.into_iter().flatten() {
        table.rows[row].theirs.push((sdk, read));
    }
    let problems = table.problems();
    assert!(problems.is_empty(), "\n{}", problems.join("\n"));
    table.keep();
}
