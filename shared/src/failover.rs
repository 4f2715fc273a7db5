//! Which provider is asked next: the first in order that was not tried in this turn and can be
//! asked as it is configured.

use crate::config::Provider;
use crate::provider::{self, Ask, Remedy, RequestParts, Round};
use crate::site::Live;
use std::collections::BTreeSet;

/// What a turn asks, whoever answers.
#[derive(Clone, Debug)]
pub struct Asking<'a> {
    /// The rounds before, oldest first.
    pub rounds: &'a [Round],
    /// The question.
    pub question: String,
    /// Whose.
    pub visitor: &'a str,
    /// In which language; empty when it is not known.
    pub locale: &'a str,
    /// Tells this try from all others.
    pub key: u128,
    /// What is asked differently than the last time.
    pub remedy: Option<Remedy>,
}

/// The next provider and the request to send it; `None` when all were tried or cannot be asked.
pub fn next<'a>(
    live: &'a Live,
    tried: &BTreeSet<String>,
    asking: &Asking<'_>,
) -> Option<(&'a Provider, RequestParts)> {
    let open = live.config.providers.iter().filter(|provider| !tried.contains(&provider.name));
    open.into_iter().find_map(|provider| Some((provider, request(live, provider, asking)?)))
}

/// The request to one provider; `None` when its secrets, its address or its kind do not allow it.
fn request(live: &Live, provider: &Provider, asking: &Asking<'_>) -> Option<RequestParts> {
    let api_key = live.api_key(provider).ok()?;
    let rounds = asking.rounds.len().saturating_sub(live.config.rounds as usize);
    let key = format!("{:032x}", asking.key);
    let ask = Ask {
        provider,
        api_key: api_key.as_deref(),
        rounds: asking.rounds.get(rounds..).unwrap_or_default(),
        question: &asking.question,
        visitor: asking.visitor,
        locale: asking.locale,
        attempt: &key,
        memory: None,
        remedy: asking.remedy,
    };
    let request = provider::request(&ask).ok()?;
    live.may_call(&request).then_some(request)
}
