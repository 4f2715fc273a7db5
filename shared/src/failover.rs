//! Which providers a turn may ask, in order, and what the one that is admitted is sent, given what
//! it remembers.

use crate::address::AddressFault;
use crate::config::{Provider, Site};
use crate::guard::{Candidate, Terms};
use crate::problem::{Code, Refusal};
use crate::provider::{self, Ask, Failure, Ids, Memory, Remedy, RequestParts, Round, check};
use crate::secrets::SecretFault;
use crate::site::Live;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

mod order;

pub use order::Preference;

/// What a turn asks, whoever answers.
#[derive(Clone, Debug)]
pub struct Asking<'a> {
    /// The rounds before, oldest first.
    pub rounds: &'a [Round],
    /// The question.
    pub question: String,
    /// The ids of its stored files, oldest first.
    pub files: Vec<String>,
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
    /// What the provider knows of ours: its own `memory`, the `rounds` sent along, or `none`.
    pub context: &'static str,
}

/// Those that were not tried in this turn and can be asked as they are configured, in order.
pub fn candidates(
    live: &Live,
    tried: &BTreeSet<String>,
    preference: &Preference<'_>,
) -> Vec<Candidate> {
    let all = order::ordered(&live.config.providers, preference).into_iter();
    let open = all.filter(|provider| !tried.contains(&provider.name));
    let able = open.filter(|provider| able(live, provider).is_ok());
    able.map(|provider| Candidate {
        provider: provider.name.clone(),
        terms: Terms::of(&live.config, provider, live.revision),
        fail_open: live.config.ai.fail_open,
    })
    .collect()
}

/// Those that are neither candidates nor tried already, each with the reason.
pub fn passed_over(
    live: &Live,
    tried: &BTreeSet<String>,
    candidates: &[Candidate],
) -> Vec<(String, String)> {
    let known = |name: &String| {
        tried.contains(name) || candidates.iter().any(|candidate| candidate.provider == *name)
    };
    let others = live.config.providers.iter().filter(|provider| !known(&provider.name));
    others
        .map(|provider| {
            let failure = able(live, provider).err();
            let why = failure.map_or(Some("canary".to_owned()), |failure| failure.code);
            (provider.name.clone(), why.unwrap_or_default())
        })
        .collect()
}

/// Whether a provider can be asked as it is configured, or what is wrong.
#[inline(never)]
pub fn able(live: &Live, provider: &Provider) -> Result<(), Failure> {
    request_to(live, provider, &Asking::nothing()).map(|_| ())
}

/// The request to one provider; `None` when it cannot be asked as it is configured.
pub fn request<'a>(live: &'a Live, provider: &str, asking: &Asking<'_>) -> Option<Next<'a>> {
    let provider = live.config.providers.iter().find(|it| it.name == provider)?;
    let conversation =
        asking.of(live, provider, |ask| Ok(provider::conversation(ask).map(str::to_owned)));
    let request = request_to(live, provider, asking).ok()?;
    let conversation = conversation.ok().flatten();
    Some(Next { provider, request, conversation, context: asking.context(live, provider) })
}

/// The request that stops the answer which `ids` name, at a provider that would go on with it.
pub fn cancel(live: &Live, provider: &str, asking: &Asking<'_>, ids: &Ids) -> Option<RequestParts> {
    let provider = live.config.providers.iter().find(|known| known.name == provider)?;
    let request = asking.of(live, provider, |ask| Ok(provider::cancel(ask, ids))).ok()??;
    live.may_call(&request).is_ok().then_some(request)
}

fn request_to(
    live: &Live,
    provider: &Provider,
    asking: &Asking<'_>,
) -> Result<RequestParts, Failure> {
    let request = asking.of(live, provider, provider::request)?;
    let refused = |fault: AddressFault| Failure::config("bad_address", fault.message());
    live.may_call(&request).map_err(refused)?;
    Ok(request)
}

/// The request that shows whether a provider answers.
pub fn trial(live: &Live, provider: &Provider, key: u128) -> Result<RequestParts, Failure> {
    let question = check::QUESTION.to_owned();
    let visitor = "kefu-check";
    request_to(live, provider, &Asking { question, visitor, key, ..Asking::nothing() })
}

/// What is said of a provider that the site does not have.
pub fn no_such_provider(name: &str) -> Refusal {
    let detail =
        format!("the site has no provider `{name}`: look at GET /v1/sites/{{site}}/providers");
    Refusal::new(Code::NotFound, detail)
}

/// The newest rounds, as many as are declared and as fit into the declared characters.
pub(crate) fn fitting<'a>(asking: &Asking<'a>, site: &Site) -> &'a [Round] {
    let characters = |text: &str| u32::try_from(text.chars().count()).unwrap_or(u32::MAX);
    let mut left = site.context_characters.saturating_sub(characters(&asking.question));
    let newest = asking.rounds.iter().rev().take(site.rounds as usize);
    let fit = newest.take_while(|round| {
        let needed = characters(&round.question).saturating_add(characters(&round.answer));
        let fits = needed <= left;
        left = left.saturating_sub(needed);
        fits
    });
    let fit = fit.count();
    asking.rounds.get(asking.rounds.len() - fit..).unwrap_or_default()
}

impl Asking<'_> {
    /// What `with` makes of asking one provider.
    fn of<T>(
        &self,
        live: &Live,
        provider: &Provider,
        with: impl FnOnce(&Ask<'_>) -> Result<T, Failure>,
    ) -> Result<T, Failure> {
        let unresolved =
            |fault: SecretFault| Failure::config("unresolved_api_key", &fault.to_string());
        let api_key = live.api_key(provider).map_err(unresolved)?;
        let rounds = fitting(self, &live.config);
        with(&Ask {
            provider,
            api_key: api_key.as_deref(),
            rounds,
            question: &self.question,
            files: &self.files,
            visitor: self.visitor,
            locale: self.locale,
            attempt: &format!("{:032x}", self.key),
            memory: self.memory(provider, rounds),
            remedy: self.remedy,
        })
    }

    fn context(&self, live: &Live, provider: &Provider) -> &'static str {
        let rounds = fitting(self, &live.config);
        match self.memory(provider, rounds) {
            Some(_) => "memory",
            None if rounds.is_empty() => "none",
            None => "rounds",
        }
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

    /// What shows whether a provider can be asked at all.
    fn nothing() -> Self {
        let question = String::new();
        let (files, visitor, locale) = (Vec::new(), "", "");
        Self { rounds: &[], question, files, visitor, locale, key: 0, remedy: None, kept: &[] }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn older_rounds_that_do_not_fit_are_left_out_and_never_a_part_of_one() {
        let round = |n: usize| Round { question: "问".repeat(n), answer: "答".repeat(n), seq: 0 };
        let rounds = [round(10), round(200), round(30), round(20)];
        let question = "x".repeat(100);
        let asking = Asking { rounds: &rounds, question, ..Asking::nothing() };
        for (characters, rounds_most, fit) in
            [(1_000, 20, 4), (1_000, 3, 3), (200, 20, 2), (199, 20, 1), (140, 20, 1), (50, 20, 0)]
        {
            let site =
                Site { context_characters: characters, rounds: rounds_most, ..Site::default() };
            assert_eq!(fitting(&asking, &site).len(), fit, "{characters} characters");
        }
    }
}
