//! `[[ai_providers]]`.

use super::budget::price;
use super::{LONG_TEXT, SHORT_TEXT, rated, set, span};
use crate::config::address::check_url;
use crate::config::fields::{Bounds, Fields};
use crate::config::{CircuitBreaker, Provider, ProviderKind, Template, Timeouts};
use std::collections::BTreeSet;
use std::time::Duration;

const MOST: usize = 32;
const VARIABLES: Bounds = Bounds { entries: 100, bytes: 4 * 1024 };

/// Which keys belong to which kinds only.
const OWN_KEYS: [(&str, &[ProviderKind]); 5] = [
    ("bot_id", &[ProviderKind::Coze, ProviderKind::FastGpt]),
    ("model", &[ProviderKind::OpenAi, ProviderKind::WorkersAi]),
    ("system_prompt", &[ProviderKind::OpenAi, ProviderKind::WorkersAi]),
    ("inputs", &[ProviderKind::Dify, ProviderKind::Coze]),
    ("variables", &[ProviderKind::FastGpt, ProviderKind::Coze]),
];

/// The providers, and the shortest wait for a first text that they declare: none unless each of
/// them declares its own.
pub(super) fn providers(fields: &mut Fields<'_>) -> (Vec<Provider>, Option<Duration>) {
    let (mut names, mut waits) = (BTreeSet::new(), Vec::new());
    let mut canaries = 0;
    let providers = fields.tables("ai_providers", MOST, |fields| {
        let (provider, wait) = provider(fields)?;
        if !names.insert(provider.name.clone()) {
            fields.fault("name", "another provider has this name; give each its own");
        }
        canaries += provider.canary.unwrap_or(0);
        if provider.canary.is_some() && canaries > 100 {
            let sum = format!("the canaries' shares add up to {canaries}%: at most 100% are there");
            fields.fault("canary", sum);
        }
        waits.push(wait);
        Some(provider)
    });
    let all: Option<Vec<Duration>> = waits.into_iter().collect();
    (providers, all.and_then(|waits| waits.into_iter().min()))
}

fn provider(fields: &mut Fields<'_>) -> Option<(Provider, Option<Duration>)> {
    fields.require("name", "name = \"…\", unique within the site");
    fields.require("type", format_args!("type = \"…\", one of {}", ProviderKind::NAMES));
    let name = fields.text("name", SHORT_TEXT);
    let kind = fields.parsed("type", kind);
    let mut provider = Provider {
        name: name.clone().unwrap_or_default(),
        kind: kind.unwrap_or(ProviderKind::OpenAi),
        endpoint: fields.parsed("endpoint", |text| check_url(text).map(|()| text.to_owned())),
        api_key: fields.parsed("api_key", template),
        model: fields.text("model", SHORT_TEXT),
        bot_id: fields.text("bot_id", SHORT_TEXT),
        system_prompt: fields.text("system_prompt", LONG_TEXT),
        inputs: fields.map("inputs", VARIABLES),
        variables: fields.map("variables", VARIABLES),
        rate_limit: rated(fields, "rate_limit", 1_000_000),
        circuit_breaker: CircuitBreaker::default(),
        timeouts: Timeouts::default(),
        weight: fields.count("weight", 1..=1_000),
        canary: fields.parsed("canary", percent),
        price: None,
    };
    let mut wait = None;
    fields.table("price", |fields| provider.price = price(fields));
    fields.table("circuit_breaker", |fields| breaker(fields, &mut provider.circuit_breaker));
    fields.table("timeouts", |fields| wait = timeouts(fields, &mut provider.timeouts));
    if provider.weight.is_some() && provider.canary.is_some() {
        fields
            .fault("canary", "a canary has no place among weighted neighbours: remove one of both");
    }
    if let Some(kind) = kind {
        fits(fields, kind);
    }
    name.and(kind).map(|_| (provider, wait))
}

fn kind(text: &str) -> Result<ProviderKind, String> {
    let found = crate::config::document::quoted(text);
    ProviderKind::of_name(text)
        .ok_or_else(|| format!("found {found}; expected one of {}", ProviderKind::NAMES))
}

fn breaker(fields: &mut Fields<'_>, breaker: &mut CircuitBreaker) {
    const COOLDOWN: (Duration, Duration) =
        (Duration::from_millis(10), Duration::from_secs(24 * 3_600));
    set(&mut breaker.failure_threshold, fields.count("failure_threshold", 1..=100));
    set(&mut breaker.cooldown, span(fields, "cooldown", COOLDOWN));
}

/// Gives the shortest wait for a first text, where all of it is declared.
fn timeouts(fields: &mut Fields<'_>, timeouts: &mut Timeouts) -> Option<Duration> {
    const WAIT: (Duration, Duration) = (Duration::from_millis(10), Duration::from_secs(15 * 60));
    set(&mut timeouts.connect, span(fields, "connect", WAIT));
    set(&mut timeouts.first_token, span(fields, "first_token", WAIT));
    set(&mut timeouts.idle, span(fields, "idle", WAIT));
    set(&mut timeouts.total, span(fields, "total", WAIT));
    let Timeouts { connect, first_token, total, .. } = *timeouts;
    let declared = fields.has("connect") && fields.has("first_token");
    declared.then(|| connect.min(first_token).min(total))
}

/// Reads `5%`, from 0% to 100%.
fn percent(text: &str) -> Result<u32, String> {
    let number = text.strip_suffix('%').and_then(|number| number.trim().parse().ok());
    number.filter(|percent| *percent <= 100).ok_or_else(|| {
        let found = crate::config::document::quoted(text);
        format!("found {found}; expected a share from \"0%\" to \"100%\"")
    })
}

/// Whether what is written is what this kind needs.
fn fits(fields: &mut Fields<'_>, kind: ProviderKind) {
    for (key, kinds) in OWN_KEYS {
        if fields.has(key) && !kinds.contains(&kind) {
            let names: Vec<_> = kinds.iter().map(|kind| kind.name()).collect();
            fields.fault(
                key,
                format!(
                    "belongs to type {} only; this one is {}: remove it",
                    names.join(" and "),
                    kind.name()
                ),
            );
        }
    }
    match kind {
        ProviderKind::Coze => {
            fields.require("bot_id", "bot_id = \"…\", the bot's number in its address")
        }
        ProviderKind::OpenAi | ProviderKind::WorkersAi => {
            fields.require("model", "model = \"…\", as the service names it")
        }
        ProviderKind::FastGpt | ProviderKind::Dify => {}
    }
    // An own compatible service may need none, and a Workers AI binding has none.
    let keyed = match kind {
        ProviderKind::Coze | ProviderKind::FastGpt | ProviderKind::Dify => true,
        ProviderKind::OpenAi => !fields.has("endpoint"),
        ProviderKind::WorkersAi => false,
    };
    if keyed {
        fields.require("api_key", "api_key = \"${NAME}\" and store the secret NAME");
    }
}

/// A text whose references are well-formed. What was found is not shown: it may be a secret.
pub(super) fn template(text: &str) -> Result<Template, String> {
    const MOST_BYTES: usize = 8 * 1024;
    let template = Template(text.to_owned());
    if text.trim().is_empty() {
        return Err(
            "found nothing; write \"${NAME}\" and store the secret NAME, or remove the key"
                .to_owned(),
        );
    }
    if text.len() > MOST_BYTES {
        return Err(format!("found {} bytes; at most {MOST_BYTES} are allowed", text.len()));
    }
    if !template.is_whole() {
        return Err("found a \"${\" that begins no reference; write \"${NAME}\", the name in A-Z, 0-9 and _".to_owned());
    }
    Ok(template)
}
