//! Numbers that are somebody's: mobile phones, identity cards and bank cards, told from order
//! numbers, prices and tracking numbers by their forms and check digits.
//!
//! Digits that stand together are a group; a number is whole groups with single separators
//! between, in the shapes in which people write it.

use super::checks;
use crate::config::MaskKind;
use std::ops::Range;

/// The most groups that a number is written in, unless each is one digit.
const GROUPS_MOST: usize = 5;
/// The longest number, with the country's code or a letter at its end.
const DIGITS_MOST: usize = 19;
/// What may stand right before or after a phone number although it is made of letters.
const BESIDE_PHONE: [&str; 10] =
    ["tel", "phone", "mobile", "cell", "call", "wx", "vx", "v", "weixin", "whatsapp"];

/// A number that was found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Number {
    pub(super) range: Range<usize>,
    pub(super) kind: MaskKind,
    /// The same for all ways to write it.
    pub(super) digits: String,
}

/// Those of `kinds` in a text whose digits are ASCII.
pub(super) fn find(text: &str, kinds: &[MaskKind]) -> Vec<Number> {
    let groups = groups(text);
    let mut found = Vec::new();
    let mut at = 0;
    while at < groups.len() {
        let rest = groups.get(at..).unwrap_or_default();
        let longest = (1..=linked(text, rest)).rev();
        let number = longest.into_iter().find_map(|count| {
            let candidate = Candidate { text, groups: rest.get(..count)? };
            candidate.number(kinds).map(|number| (count, number))
        });
        at += number.as_ref().map_or(1, |(count, _)| *count);
        found.extend(number.map(|(_, number)| number));
    }
    found
}

/// Where digits stand together.
fn groups(text: &str) -> Vec<Range<usize>> {
    let mut groups: Vec<Range<usize>> = Vec::new();
    for (at, _) in text.bytes().enumerate().filter(|(_, byte)| byte.is_ascii_digit()) {
        match groups.last_mut().filter(|group| group.end == at) {
            Some(group) => group.end = at + 1,
            None => groups.push(at..at + 1),
        }
    }
    groups
}

/// How many groups, from the first, may be one number.
fn linked(text: &str, groups: &[Range<usize>]) -> usize {
    let single = |group: &Range<usize>| group.len() == 1;
    let most = if groups.first().is_some_and(single) { checks::PHONE_DIGITS } else { GROUPS_MOST };
    let joined =
        groups.iter().zip(groups.iter().skip(1)).take(most - 1).take_while(|(one, next)| {
            let mut between = text.get(one.end..next.start).unwrap_or_default().chars();
            between.next().is_some_and(is_separator) && between.next().is_none()
        });
    (joined.count() + 1).min(groups.len())
}

fn is_separator(character: char) -> bool {
    matches!(character, ' ' | '-' | '\u{a0}' | '\u{2010}'..='\u{2015}' | '\u{2212}' | '\u{3000}')
}

struct Candidate<'a> {
    text: &'a str,
    groups: &'a [Range<usize>],
}

impl Candidate<'_> {
    fn number(&self, kinds: &[MaskKind]) -> Option<Number> {
        let wanted = |kind| kinds.contains(&kind);
        let digits = self.digits()?;
        let id_card = || wanted(MaskKind::IdCard).then(|| self.id_card(&digits)).flatten();
        let bank_card = || wanted(MaskKind::BankCard).then(|| self.bank_card(&digits)).flatten();
        let phone = || wanted(MaskKind::Phone).then(|| self.phone(&digits)).flatten();
        id_card().or_else(bank_card).or_else(phone)
    }

    fn digits(&self) -> Option<String> {
        let length: usize = self.groups.iter().map(ExactSizeIterator::len).sum();
        let pieces = self.groups.iter().filter_map(|group| self.text.get(group.clone()));
        (length <= DIGITS_MOST).then(|| pieces.collect())
    }

    fn id_card(&self, digits: &str) -> Option<Number> {
        let mut range = self.range();
        let mut digits = digits.to_owned();
        if digits.len() == 17 && self.after().starts_with(['x', 'X']) {
            digits.push('X');
            range.end += 1;
        }
        let after = self.text.get(range.end..).unwrap_or_default();
        let alone = !continues_before(self.before()) && !continues_after(after);
        (self.groups.len() < GROUPS_MOST && alone && checks::is_id_card(&digits))
            .then_some(Number { range, kind: MaskKind::IdCard, digits })
    }

    fn bank_card(&self, digits: &str) -> Option<Number> {
        let lengths: Vec<_> = self.groups.iter().map(ExactSizeIterator::len).collect();
        let alone = !continues_before(self.before()) && !continues_after(self.after());
        (alone
            && checks::is_card_shape(&lengths)
            && checks::is_bank_card(digits, lengths.len() > 1))
        .then(|| Number {
            range: self.range(),
            kind: MaskKind::BankCard,
            digits: digits.to_owned(),
        })
    }

    fn phone(&self, digits: &str) -> Option<Number> {
        let own = checks::PHONE_DIGITS;
        let split = digits.len().checked_sub(own)?;
        let (country, digits) = digits.split_at_checked(split)?;
        let mut lengths: Vec<_> = self.groups.iter().map(ExactSizeIterator::len).collect();
        match lengths.first().copied() {
            Some(first) if first == country.len() => drop(lengths.remove(0)),
            Some(first) if first > country.len() => {
                lengths.iter_mut().take(1).for_each(|length| *length -= country.len());
            }
            Some(_) | None => return None,
        }
        let mut range = self.range();
        let plus = self.before().ends_with('+');
        range.start -= usize::from(plus);
        let coded = match country {
            "" => !plus,
            "86" | "0086" => true,
            _ => false,
        };
        let whole = coded && checks::is_phone_shape(&lengths) && checks::is_phone(digits);
        let before = self.text.get(..range.start).unwrap_or_default();
        (whole && self.may_be_beside(before)).then(|| Number {
            range,
            kind: MaskKind::Phone,
            digits: digits.to_owned(),
        })
    }

    /// Whether nothing around makes the number part of something longer.
    fn may_be_beside(&self, before: &str) -> bool {
        let is_letter = |character: char| character.is_ascii_alphabetic();
        let front = before.trim_end_matches(is_letter);
        let back = self.after().trim_start_matches(is_letter);
        let named = |word: &str| {
            word.is_empty() || BESIDE_PHONE.iter().any(|known| known.eq_ignore_ascii_case(word))
        };
        named(before.strip_prefix(front).unwrap_or_default())
            && named(self.after().strip_suffix(back).unwrap_or_default())
            && !continues_before(front)
            && !continues_after(back)
    }

    fn range(&self) -> Range<usize> {
        let start = self.groups.first().map_or(0, |group| group.start);
        start..self.groups.last().map_or(start, |group| group.end)
    }

    fn before(&self) -> &str {
        self.text.get(..self.range().start).unwrap_or_default()
    }

    fn after(&self) -> &str {
        self.text.get(self.range().end..).unwrap_or_default()
    }
}

/// Whether what stands before is part of the same: a letter or a digit.
fn continues_before(before: &str) -> bool {
    before.chars().next_back().is_some_and(is_word)
}

/// The same of what follows, which may also be a fraction.
fn continues_after(after: &str) -> bool {
    let mut next = after.chars();
    match next.next() {
        Some('.') => next.next().is_some_and(|character| character.is_ascii_digit()),
        Some(character) => is_word(character),
        None => false,
    }
}

fn is_word(character: char) -> bool {
    character.is_ascii_alphanumeric() || character == '_'
}
