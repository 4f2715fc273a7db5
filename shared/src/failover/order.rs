//! In which order a visitor's questions go to a site's providers.
//!
//! As configured, but that neighbours with weights stand at one place and each visitor's first
//! among them is drawn, that a canary comes first for its share of visitors and for nobody else,
//! and that a session stays with the provider that answered in it. What is drawn depends on the
//! visitor only: it is the same for all of a visitor's questions, on every host.

use crate::config::Provider;
use crate::sorted;
use sha2::{Digest, Sha256};

/// Whose questions they are.
#[derive(Clone, Copy, Debug, Default)]
pub struct Preference<'a> {
    /// The visitor's id.
    pub visitor: &'a str,
    /// Who answered in the session, where it stays with that one.
    pub good: Option<&'a str>,
}

/// The providers in the order in which they are asked.
pub(super) fn ordered<'a>(
    providers: &'a [Provider],
    preference: &Preference<'_>,
) -> Vec<&'a Provider> {
    let mut order = Vec::with_capacity(providers.len());
    let mut rest = providers;
    while let Some(first) = rest.first() {
        let place = match first.weight {
            Some(_) => rest.iter().take_while(|it| it.weight.is_some()).count(),
            None => 1,
        };
        let (neighbours, others) = rest.split_at(place);
        order.extend(drawn(neighbours, preference.visitor));
        rest = others;
    }
    let canary = canary(providers, preference.visitor);
    order.retain(|it| it.canary.is_none() || Some(*it) == canary);
    // Stable: all others stay as they are.
    sorted::sort_by_key(&mut order, |it| {
        (preference.good != Some(it.name.as_str()), Some(*it) != canary)
    });
    order
}

/// Neighbours, the one first on which the visitor's lot falls.
fn drawn<'a>(neighbours: &'a [Provider], visitor: &str) -> Vec<&'a Provider> {
    let weights = neighbours.iter().map(|it| u64::from(it.weight.unwrap_or(1)));
    let sum: u64 = weights.clone().sum();
    let mut lot = lot("weight", visitor) % sum.max(1);
    let mut first = 0;
    for (index, weight) in weights.enumerate() {
        first = index;
        if lot < weight {
            break;
        }
        lot -= weight;
    }
    let (before, from) = neighbours.split_at(first);
    let head = from.iter().take(1);
    head.chain(before).chain(from.iter().skip(1)).collect()
}

/// The canary in whose share the visitor is.
fn canary<'a>(providers: &'a [Provider], visitor: &str) -> Option<&'a Provider> {
    let lot = lot("canary", visitor) % 100;
    let mut upto = 0;
    providers.iter().find(|it| {
        upto += u64::from(it.canary.unwrap_or(0));
        it.canary.is_some() && lot < upto
    })
}

/// A number that is the visitor's own, and another one for each purpose.
fn lot(purpose: &str, visitor: &str) -> u64 {
    let digest = Sha256::new().chain_update(purpose).chain_update([0]).chain_update(visitor);
    digest.finalize().iter().take(8).fold(0, |lot, byte| lot << 8 | u64::from(*byte))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{self, Format};

    fn providers(entries: &[(&str, &str)]) -> Vec<Provider> {
        let entries = entries.iter().map(|(name, more)| {
            format!(
                "[[ai_providers]]\nname = '{name}'\ntype = 'openai'\nmodel = 'm'\nendpoint = 'https://{name}.example'\n{more}\n"
            )
        });
        let document: String = entries.collect();
        config::read(document.as_bytes(), Format::Toml).unwrap().providers
    }

    fn order(providers: &[Provider], visitor: &str, good: Option<&str>) -> String {
        let ordered = ordered(providers, &Preference { visitor, good });
        ordered.iter().map(|it| it.name.as_str()).collect::<Vec<_>>().join(" ")
    }

    fn share(providers: &[Provider], first: &str) -> usize {
        let visitors = (0..10_000).map(|number| format!("visitor-{number}"));
        visitors.filter(|visitor| order(providers, visitor, None).starts_with(first)).count()
    }

    #[test]
    fn without_a_word_the_order_is_the_configured_one() {
        let all = providers(&[("a", ""), ("b", ""), ("c", "")]);
        assert_eq!(order(&all, "v", None), "a b c");
    }

    #[test]
    fn a_session_stays_with_the_provider_that_answered_in_it() {
        let all = providers(&[("a", ""), ("b", ""), ("c", "")]);
        assert_eq!(order(&all, "v", Some("b")), "b a c");
        assert_eq!(order(&all, "v", Some("gone")), "a b c");
    }

    #[test]
    fn weights_divide_visitors_between_neighbours_and_each_stays_where_it_is() {
        let all = providers(&[("a", "weight = 3"), ("b", "weight = 1"), ("c", "")]);
        let first = share(&all, "a");
        assert!((7_300..7_700).contains(&first), "{first} of 10000 for three in four");
        assert_eq!(share(&all, "c"), 0);
        for number in 0..100 {
            let visitor = format!("visitor-{number}");
            assert_eq!(order(&all, &visitor, None), order(&all, &visitor, None));
            assert!(order(&all, &visitor, None).ends_with('c'));
        }
    }

    #[test]
    fn a_canary_is_first_for_its_share_and_for_nobody_else_there() {
        let all = providers(&[("a", ""), ("b", ""), ("new", "canary = '5%'")]);
        let first = share(&all, "new");
        assert!((400..600).contains(&first), "{first} of 10000 for one in twenty");
        let others = (0..100).map(|number| format!("visitor-{number}"));
        for visitor in others.filter(|visitor| !order(&all, visitor, None).starts_with("new")) {
            assert_eq!(order(&all, &visitor, None), "a b");
        }
    }

    #[test]
    fn a_canary_of_everybody_or_of_nobody_is_what_it_says() {
        for (share_of, expected) in [("0%", 0), ("100%", 10_000)] {
            let all = providers(&[("a", ""), ("new", &format!("canary = '{share_of}'"))]);
            assert_eq!(share(&all, "new"), expected, "{share_of}");
        }
    }
}
