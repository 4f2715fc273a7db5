//! Regular expressions of rules.

use super::fold::narrow;
use regex_lite::{Regex, RegexBuilder};
use std::error::Error;
use std::fmt;
use std::ops::Range;

/// The most bytes that a pattern may have.
const MOST_BYTES: usize = 1_000;
/// The most bytes that it may compile to.
const MOST_COMPILED: usize = 32 * 1024;
/// How much of a question is looked at, in bytes: the search takes time in proportion to it.
const MOST_LOOKED_AT: usize = 4 * 1024;

/// A regular expression over folded text.
///
/// The syntax is regex-lite's: without look-around, back-references and Unicode classes such as
/// `\p{Han}`, for which a range does (`[\u{4e00}-\u{9fff}]`, or the characters themselves); `\d`,
/// `\w`, `\s` and `\b` are ASCII. Upper case and full-width characters of the pattern are folded,
/// as the text is; only the first 4 KiB of a question are searched.
#[derive(Clone, Debug)]
pub struct Pattern(Regex);

/// Why a pattern cannot be used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PatternFault {
    /// It is longer than 1,000 bytes.
    TooLong {
        /// How many it has.
        bytes: usize,
    },
    /// Its syntax is wrong, or it is too complex.
    Refused {
        /// What is wrong.
        cause: String,
    },
}

impl Pattern {
    /// Compiles a pattern.
    pub fn new(pattern: &str) -> Result<Self, PatternFault> {
        if pattern.len() > MOST_BYTES {
            return Err(PatternFault::TooLong { bytes: pattern.len() });
        }
        let regex = RegexBuilder::new(&fold_pattern(pattern))
            .case_insensitive(true)
            .size_limit(MOST_COMPILED)
            .build()
            .map_err(|error| PatternFault::Refused { cause: error.to_string() })?;
        Ok(Self(regex))
    }

    /// Whether it matches anywhere in `folded`.
    pub fn matches(&self, folded: &str) -> bool {
        let end = folded.floor_char_boundary(MOST_LOOKED_AT);
        self.0.is_match(folded.get(..end).unwrap_or(folded))
    }

    /// Where it matches in `text`, in order and apart from each other.
    pub(crate) fn find<'a>(&'a self, text: &'a str) -> impl Iterator<Item = Range<usize>> + 'a {
        self.0.find_iter(text).map(|found| found.range())
    }
}

/// Folds what is outside ASCII; ASCII stays, for there `\S` is not `\s`, and the search ignores
/// its case anyway. What becomes ASCII punctuation is escaped, so that it stays what it says.
fn fold_pattern(pattern: &str) -> String {
    let mut folded = String::with_capacity(pattern.len());
    for character in pattern.chars() {
        let narrowed = narrow(character);
        if narrowed.is_ascii_punctuation() && narrowed != character {
            folded.push('\\');
        }
        if character.is_ascii() {
            folded.push(character);
        } else {
            folded.extend(narrowed.to_lowercase());
        }
    }
    folded
}

impl fmt::Display for PatternFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TooLong { bytes } => {
                write!(
                    f,
                    "the regular expression has {bytes} bytes; at most {MOST_BYTES} are allowed"
                )
            }
            Self::Refused { cause } => write!(
                f,
                "no regular expression that can be used ({cause}); look-around, back-references and \\p{{…}} are not \
                 available, ranges such as [一-龥] are"
            ),
        }
    }
}

impl Error for PatternFault {}

#[cfg(test)]
mod tests {
    use super::super::fold;
    use super::*;

    #[test]
    fn patterns_match_folded_text() {
        for (pattern, text, expected) in [
            ("order #?[0-9]+", "My ORDER #12", true),
            ("ORDER", "order", true),
            (r"^\S+$", "a b", false),
            ("[一-龥]{4}", "我要退货", true),
            ("[一-龥]{5}", "我要退货", false),
            (r"[\u{4e00}-\u{9fff}]", "退", true),
            ("ПРИВЕТ", "Привет", true),
            ("（退货）", "(退货)", true),
            ("（退货）", "退货", false),
            ("ＡＢＣ[！？]", "abc？", true),
            (r"尺[码寸].*(大|小)", "这件尺码是不是偏小？", true),
            ("^退货$", "我要退货", false),
        ] {
            assert_eq!(
                Pattern::new(pattern).unwrap().matches(&fold(text)),
                expected,
                "{pattern} on {text}"
            );
        }
    }

    #[test]
    fn what_cannot_be_used_is_refused() {
        for pattern in [
            "(",
            "[z-a]",
            r"\p{Han}",
            "(?=a)",
            r"(a)\1",
            "a{1000}{1000}",
            "((((a{99}){99}){99}){99})",
        ] {
            assert!(
                matches!(Pattern::new(pattern), Err(PatternFault::Refused { .. })),
                "{pattern}"
            );
        }
        assert_eq!(
            Pattern::new(&"a".repeat(1_001)).unwrap_err(),
            PatternFault::TooLong { bytes: 1_001 }
        );
    }

    #[test]
    fn only_the_beginning_of_a_long_question_is_searched() {
        let text = format!("{}退货", "好".repeat(3_000));
        assert!(!Pattern::new("退货").unwrap().matches(&text));
    }
}
