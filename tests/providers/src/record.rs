//! Keeping a real exchange with a service as a fixture.

use crate::case::{End, folder_of};
use crate::exchange::{Exchange, exchange};
use crate::reading::expect;
use crate::secrets::{IDS, veiled};
use anyhow::{Context, Result, anyhow, ensure};
use kefu_shared::config::{self, Format, Provider};
use kefu_shared::provider::{Ask, RequestParts, request};
use serde_json::{Map, Value, json};
use std::fs;
use std::path::{Path, PathBuf};

/// What is recorded, and where to.
#[derive(Clone, Debug, Default)]
pub struct Order {
    /// As a configuration names it: `coze`, `fastgpt`, `dify`, `openai`, `workers_ai`.
    pub kind: String,
    /// The case, such as `answer_with_card`.
    pub name: String,
    /// What is special about it; may be empty.
    pub note: String,
    /// The endpoint; the kind's own where there is none.
    pub url: Option<String>,
    /// Further keys of its entry in a configuration, such as `bot_id = "7"`.
    pub more: Vec<String>,
    /// The key.
    pub key: Option<String>,
    /// The question.
    pub ask: String,
    /// What must not be seen, besides the key.
    pub secrets: Vec<String>,
    /// Names of ids, besides those that every service has.
    pub ids: Vec<String>,
    /// The folder of all fixtures.
    pub to: PathBuf,
}

/// Asks, and writes `<name>.sse` and `<name>.expected.json`; gives the path of the first.
///
/// # Errors
/// When there is such a case, the configuration cannot work, nobody answers, or the answer reads
/// differently when it is cut: that one is kept all the same, as it is a finding.
pub async fn record(order: &Order) -> Result<PathBuf> {
    let path = path(order)?;
    let provider = provider(order)?;
    let asked = exchange(provider.kind, &parts(order, &provider)?).await?;
    let kept = kept(order, asked);
    let told = told(order, &kept);
    fs::create_dir_all(path.parent().unwrap_or(Path::new("")))?;
    fs::write(&path, &kept.body)?;
    let text = serde_json::to_string_pretty(&told)?;
    fs::write(path.with_extension("expected.json"), text + "\n")?;
    for size in [1, 2, 3, 7, 64] {
        let same = expect(&kept, size) == told["expect"];
        ensure!(same, "{} reads differently in pieces of {size} bytes", path.display());
    }
    Ok(path)
}

fn path(order: &Order) -> Result<PathBuf> {
    let plain = |it: u8| it.is_ascii_lowercase() || it.is_ascii_digit() || it == b'_';
    let named = !order.name.is_empty() && order.name.bytes().all(plain);
    ensure!(named, "a case is named with a-z, 0-9 and _, not {:?}", order.name);
    let folder = folder_of(&order.kind).ok_or_else(|| anyhow!("no kind {:?}", order.kind))?;
    let path = order.to.join(folder).join(format!("{}.sse", order.name));
    ensure!(!path.exists(), "{} is there already", path.display());
    Ok(path)
}

/// The service as a site's configuration would have it, read by what reads configurations.
fn provider(order: &Order) -> Result<Provider> {
    let quoted = |text: &str| json!(text).to_string();
    let mut entry =
        format!("[[ai_providers]]\nname = \"recorded\"\ntype = {}\n", quoted(&order.kind));
    if let Some(url) = &order.url {
        entry += &format!("endpoint = {}\n", quoted(url));
    }
    if order.key.is_some() {
        entry += "api_key = \"${RECORDED_KEY}\"\n";
    }
    entry += &order.more.join("\n");
    let site = config::read(entry.as_bytes(), Format::Toml);
    let site = site.map_err(|invalid| anyhow!("{:?}", invalid.faults))?;
    site.providers.into_iter().next().context("a provider")
}

fn parts(order: &Order, provider: &Provider) -> Result<RequestParts> {
    let ask = Ask {
        provider,
        api_key: order.key.as_deref(),
        rounds: &[],
        question: &order.ask,
        files: &[],
        visitor: "recorder",
        locale: "zh-CN",
        attempt: "recorder-1",
        memory: None,
        remedy: None,
    };
    request(&ask).map_err(|failure| anyhow!("{failure}: {}", failure.message))
}

/// What may be kept of an exchange.
fn kept(order: &Order, exchange: Exchange) -> Exchange {
    let secrets: Vec<_> = order.key.iter().chain(&order.secrets).cloned().collect();
    let ids: Vec<_> = IDS.iter().copied().chain(order.ids.iter().map(String::as_str)).collect();
    let body = veiled(&exchange.body, &secrets, &ids);
    let mut head = exchange.head;
    head.headers.retain(|(name, _)| is_kept(name));
    Exchange { body, head, ..exchange }
}

/// Headers that an answer may be read differently by, and that name nobody.
fn is_kept(name: &str) -> bool {
    matches!(name, "content-type" | "retry-after" | "retry-after-ms")
        || name.starts_with("x-ratelimit-")
}

fn told(order: &Order, kept: &Exchange) -> Value {
    let others = kept.head.headers.iter().filter(|(name, _)| name != "content-type");
    let headers: Map<_, _> =
        others.map(|(name, value)| (name.clone(), json!(value.as_str()))).collect();
    let end = match kept.end {
        End::Clean => "clean",
        End::Reset => "reset",
        End::Hang => "hang",
    };
    json!({
        "provider": folder_of(&order.kind),
        "case": order.name,
        "note": order.note,
        "request": {},
        "http": {
            "status": kept.head.status,
            "content_type": kept.head.header("content-type").unwrap_or_default(),
            "headers": headers,
        },
        "delivery": { "chunks": "whole", "end": end },
        "expect": expect(kept, kept.body.len()),
    })
}
