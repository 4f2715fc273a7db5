//! Which providers a turn may ask, in order, and what the one that is admitted is sent.

use crate::address::AddressFault;
use crate::config::{Provider, Site};
use crate::guard::{Candidate, Terms};
use crate::problem::{Code, Refusal};
use crate::provider::{self, Ask, Failure, Remedy, RequestParts, Round, check};
use crate::secrets::SecretFault;
use crate::site::Live;
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
    /// Whose.
    pub visitor: &'a str,
    /// In which language; empty when it is not known.
    pub locale: &'a str,
    /// Tells this try from all others.
    pub key: u128,
    /// What is asked differently than the last time.
    pub remedy: Option<Remedy>,
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

/// Whether a provider can be asked as it is configured, or what is wrong.
pub fn able(live: &Live, provider: &Provider) -> Result<(), Failure> {
    request_to(live, provider, &Asking::nothing()).map(|_| ())
}

/// The request to one provider; `None` when it cannot be asked as it is configured.
pub fn request<'a>(
    live: &'a Live,
    provider: &str,
    asking: &Asking<'_>,
) -> Option<(&'a Provider, RequestParts)> {
    let provider = live.config.providers.iter().find(|it| it.name == provider)?;
    Some((provider, request_to(live, provider, asking).ok()?))
}

fn request_to(
    live: &Live,
    provider: &Provider,
    asking: &Asking<'_>,
) -> Result<RequestParts, Failure> {
    let unresolved = |fault: SecretFault| Failure::config("unresolved_api_key", &fault.to_string());
    let api_key = live.api_key(provider).map_err(unresolved)?;
    let key = format!("{:032x}", asking.key);
    let ask = Ask {
        provider,
        api_key: api_key.as_deref(),
        rounds: fitting(asking, &live.config),
        question: &asking.question,
        visitor: asking.visitor,
        locale: asking.locale,
        attempt: &key,
        memory: None,
        remedy: asking.remedy,
    };
    let request = provider::request(&ask)?;
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
fn fitting<'a>(asking: &Asking<'a>, site: &Site) -> &'a [Round] {
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
    /// What shows whether a provider can be asked at all.
    fn nothing() -> Self {
        let question = String::new();
        Self { rounds: &[], question, visitor: "", locale: "", key: 0, remedy: None }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn older_rounds_that_do_not_fit_are_left_out_and_never_a_part_of_one() {
        let round = |n: usize| Round { question: "问".repeat(n), answer: "答".repeat(n) };
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
