//! Declared answers: which rule, if any, answers a question.
//!
//! A question and the rules' keywords are folded alike: case, full-width forms, invisible
//! characters and runs of spaces don't count. Keywords in scripts without spaces between words
//! (Chinese, Japanese, Thai, …) and in Korean occur anywhere; an end that is a letter or a digit
//! of another script occurs only where a word ends, so that `refund` is not found in `refunded`
//! but is found in `我要refund吗`. All keywords of all rules are found in one pass over the
//! question.

use crate::config::{Hours, Rule, RuleAction, When};
use crate::sorted;
use crate::time::Millis;
use keywords::{Found, KeywordId, Keywords, Vocabulary};
use std::error::Error;
use std::fmt;

mod fold;
mod hours;
mod keywords;
mod pattern;
mod phrases;

pub use fold::fold;
pub(crate) use fold::{is_invisible, is_unspaced, is_wordy, narrow};
pub use pattern::{Pattern, PatternFault};
pub use phrases::Phrases;

/// A site's rules, ready to answer; compiled once for a version of its configuration.
#[derive(Debug, Default)]
pub struct RuleBook {
    keywords: Keywords,
    /// In the order in which they are asked.
    first: Vec<Compiled>,
    fallback: Vec<Compiled>,
}

/// What a visitor asked.
#[derive(Clone, Copy, Debug)]
pub struct Question<'a> {
    /// As it was written.
    pub text: &'a str,
    /// The visitor's language, such as `zh-CN`; empty when it is not known, and then only rules
    /// for all languages answer.
    pub locale: &'a str,
    /// When it was asked: what opening hours go by.
    pub now: Millis,
}

/// What the rule that matched says and does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Answer<'a> {
    /// The rule's name: the source of the answer.
    pub name: &'a str,
    /// What is said; absent only when there is an action.
    pub reply: Option<&'a str>,
    /// Offered below the reply.
    pub quick_replies: &'a [String],
    /// What is done besides.
    pub action: Option<RuleAction>,
}

/// A rule whose regular expression is wrong. A configuration that was read has none.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RuleFault {
    /// The rule's name.
    pub rule: String,
    /// What is wrong with its expression.
    pub cause: PatternFault,
}

impl RuleBook {
    /// Prepares `rules`, given in the order in which they are written.
    pub fn compile(rules: &[Rule]) -> Result<Self, RuleFault> {
        let mut vocabulary = Vocabulary::default();
        let mut ordered: Vec<&Rule> = rules.iter().collect();
        // Stable: equal priorities stay in written order.
        sorted::sort_by_key(&mut ordered, |rule| std::cmp::Reverse(rule.priority));
        let (mut first, mut fallback) = (Vec::new(), Vec::new());
        for rule in ordered {
            let compiled = Compiled::of(rule, &mut vocabulary)?;
            match rule.when {
                When::First => first.push(compiled),
                When::Fallback => fallback.push(compiled),
            }
        }
        Ok(Self { keywords: vocabulary.build(), first, fallback })
    }

    /// The answer of the first rule that matches, among those that are asked `when`.
    pub fn answer(&self, when: When, question: &Question<'_>) -> Option<Answer<'_>> {
        let rules = match when {
            When::First => &self.first,
            When::Fallback => &self.fallback,
        };
        if rules.is_empty() {
            return None;
        }
        let folded = fold(question.text);
        let found = self.keywords.find(&folded);
        let matched = rules.iter().find(|rule| rule.matches(question, &folded, &found))?;
        Some(matched.answer())
    }
}

/// A rule with its keywords as numbers.
#[derive(Debug)]
struct Compiled {
    name: String,
    any: Vec<KeywordId>,
    all: Vec<KeywordId>,
    none: Vec<KeywordId>,
    pattern: Option<Pattern>,
    hours: Option<Hours>,
    locales: Vec<String>,
    reply: Option<String>,
    quick_replies: Vec<String>,
    action: Option<RuleAction>,
}

impl Compiled {
    fn of(rule: &Rule, vocabulary: &mut Vocabulary) -> Result<Self, RuleFault> {
        let pattern = rule.matching.regex.as_deref().map(Pattern::new).transpose();
        let pattern = pattern.map_err(|cause| RuleFault { rule: rule.name.clone(), cause })?;
        let mut ids = |words: &[String]| words.iter().map(|word| vocabulary.add(word)).collect();
        Ok(Self {
            name: rule.name.clone(),
            any: ids(&rule.matching.any),
            all: ids(&rule.matching.all),
            none: ids(&rule.matching.none),
            pattern,
            hours: rule.hours.clone(),
            locales: rule.locales.clone(),
            reply: rule.reply.clone(),
            quick_replies: rule.quick_replies.clone(),
            action: rule.action,
        })
    }

    /// The cheap conditions first; the pattern last.
    fn matches(&self, question: &Question<'_>, folded: &str, found: &Found) -> bool {
        (self.any.is_empty() || self.any.iter().any(|&id| found.has(id)))
            && self.all.iter().all(|&id| found.has(id))
            && !self.none.iter().any(|&id| found.has(id))
            && self.speaks(question.locale)
            && self.hours.as_ref().is_none_or(|hours| hours.hold(question.now))
            && self.pattern.as_ref().is_none_or(|pattern| pattern.matches(folded))
    }

    fn speaks(&self, locale: &str) -> bool {
        self.locales.is_empty() || self.locales.iter().any(|covering| covers(covering, locale))
    }

    fn answer(&self) -> Answer<'_> {
        Answer {
            name: &self.name,
            reply: self.reply.as_deref(),
            quick_replies: &self.quick_replies,
            action: self.action,
        }
    }
}

/// Whether `locale` is `covering` or below it, as `zh-CN` is below `zh` (RFC 4647, basic filtering).
fn covers(covering: &str, locale: &str) -> bool {
    let mut parts = locale.split(['-', '_']);
    covering
        .split(['-', '_'])
        .all(|part| parts.next().is_some_and(|other| part.eq_ignore_ascii_case(other)))
}

impl fmt::Display for RuleFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the rule {}: {}", self.rule, self.cause)
    }
}

impl Error for RuleFault {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        Some(&self.cause)
    }
}

#[cfg(test)]
mod tests;
