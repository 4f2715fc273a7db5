//! Which provider is asked next: the first in order that was not tried in this turn and can be
//! asked as it is configured; and what it is sent, given what it remembers.

use crate::config::Provider;
use crate::provider::{self, Ask, Ids, Memory, Remedy, RequestParts, Round};
use crate::site::Live;
use serde::{Deserialize, Serialize};
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
    /// What providers remember.
    pub kept: &'a [Kept],
}

/// A conversation that a provider keeps, and how much of ours is in it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Kept {
    /// The provider's name.
    pub provider: String,
    /// The provider's id of the conversation.
    pub conversation: String,
    /// It holds the log up to here.
    pub through: u32,
}

/// Who is asked next, and how.
#[derive(Debug)]
pub struct Next<'a> {
    /// Who.
    pub provider: &'a Provider,
    /// What is sent.
    pub request: RequestParts,
    /// The provider's conversation that the request names, where it names one.
    pub conversation: Option<String>,
}

/// The next provider and the request to send it; `None` when all were tried or cannot be asked.
pub fn next<'a>(live: &'a Live, tried: &BTreeSet<String>, asking: &Asking<'_>) -> Option<Next<'a>> {
    let open = live.config.providers.iter().filter(|provider| !tried.contains(&provider.name));
    open.into_iter().find_map(|provider| {
        let ask = |ask: &Ask<'_>| {
            let conversation = provider::conversation(ask).map(str::to_owned);
            Some((provider::request(ask).ok()?, conversation))
        };
        let (request, conversation) = asking.of(live, provider, ask)?;
        live.may_call(&request).then_some(Next { provider, request, conversation })
    })
}

/// The request that stops the answer which `ids` name, at a provider that would go on with it.
pub fn cancel(live: &Live, provider: &str, asking: &Asking<'_>, ids: &Ids) -> Option<RequestParts> {
    let provider = live.config.providers.iter().find(|known| known.name == provider)?;
    asking
        .of(live, provider, |ask| provider::cancel(ask, ids))
        .filter(|request| live.may_call(request))
}

impl Asking<'_> {
    /// What `with` makes of asking one provider; `None` when its secrets do not allow that.
    fn of<T>(
        &self,
        live: &Live,
        provider: &Provider,
        with: impl FnOnce(&Ask<'_>) -> Option<T>,
    ) -> Option<T> {
        let api_key = live.api_key(provider).ok()?;
        let rounds = self.rounds.len().saturating_sub(live.config.rounds as usize);
        let rounds = self.rounds.get(rounds..).unwrap_or_default();
        with(&Ask {
            provider,
            api_key: api_key.as_deref(),
            rounds,
            question: &self.question,
            visitor: self.visitor,
            locale: self.locale,
            attempt: &format!("{:032x}", self.key),
            memory: self.memory(provider, rounds),
            remedy: self.remedy,
        })
    }

    /// What the provider remembers, if that is everything. One that is behind gets a conversation
    /// anew, with the rounds as context, and so does one that was sent too much.
    fn memory(&self, provider: &Provider, rounds: &[Round]) -> Option<Memory<'_>> {
        let anew = matches!(self.remedy, Some(Remedy::NewConversation | Remedy::ShorterContext));
        let kept = self.kept.iter().find(|kept| kept.provider == provider.name)?;
        let whole = self.rounds.last().is_none_or(|round| round.seq <= kept.through);
        (whole && !anew && provider::remembers(provider.kind))
            .then_some(Memory { conversation: &kept.conversation, rounds: rounds.len() })
    }
}
