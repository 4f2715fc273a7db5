//! What a model reads in the place of personal data: `[PHONE_1]`.
//!
//! Models don't always keep it as it was. What is still understood: any case; full-width brackets
//! and `【】`; a space inside the brackets; `-` or a space for `_` within brackets; Markdown's
//! backslashes before brackets and `_`; no brackets at all, as a word of its own (`PHONE_1`).

/// The longest label, in bytes.
pub const LABEL_MOST: usize = 32;
/// Numbers end here: a request has fewer values of a kind, or the others cannot be restored.
pub(super) const NUMBER_MOST: u32 = 999;

const DIGITS_MOST: usize = 3;
const OPENING: [char; 3] = ['[', '【', '［'];
const CLOSING: [char; 3] = [']', '】', '］'];
/// What may join a label's words and its number within brackets.
const JOINTS: [char; 3] = ['_', '-', ' '];

/// Which value: the place of its label in the list of labels, and its number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Key {
    pub(super) label: usize,
    pub(super) number: u32,
}

/// The next thing of interest in a text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Next {
    /// A placeholder, by its form.
    Found { start: usize, end: usize, key: Key },
    /// What begins here may become one when more text comes.
    Unfinished { start: usize },
    /// Only text.
    Nothing,
}

/// How reading one went.
enum Reading<'a> {
    Not,
    Unfinished,
    Whole { number: u32, rest: &'a str },
}

/// A number and what follows after a placeholder, or why there is none.
type Written<'a> = Result<(u32, &'a str), Reading<'a>>;

/// Looks for a placeholder in `text`, which follows after `before`. `last` says that no more text
/// comes.
pub(super) fn next(
    text: &str,
    from: usize,
    mut before: Option<char>,
    labels: &[String],
    last: bool,
) -> Next {
    let looked_at = text.get(from..).unwrap_or_default();
    for (at, character) in looked_at.char_indices() {
        let rest = looked_at.get(at..).unwrap_or_default();
        let found = at_a_place(rest, character, before, labels, last);
        if let Some(next) = found.and_then(|(label, reading)| reading.next(from + at, label, text))
        {
            return next;
        }
        before = Some(character);
    }
    Next::Nothing
}

/// What begins with `character`, if anything may.
fn at_a_place<'a>(
    rest: &'a str,
    character: char,
    before: Option<char>,
    labels: &[String],
    last: bool,
) -> Option<(usize, Reading<'a>)> {
    let read: fn(&'a str, &str, bool) -> Written<'a> =
        if character == '\\' || OPENING.contains(&character) {
            bracketed
        } else if character.is_ascii_alphabetic() && !before.is_some_and(is_word) {
            bare
        } else {
            return None;
        };
    let mut unfinished = None;
    for (label, name) in labels.iter().enumerate() {
        match read(rest, name, last) {
            Ok((number, rest)) => return Some((label, Reading::Whole { number, rest })),
            Err(Reading::Unfinished) => unfinished = Some((label, Reading::Unfinished)),
            Err(Reading::Not | Reading::Whole { .. }) => {}
        }
    }
    unfinished
}

fn bracketed<'a>(text: &'a str, name: &str, last: bool) -> Written<'a> {
    let rest = expect(unescaped(text), &OPENING, last)?;
    let rest = label(unspaced(rest), name, &JOINTS, last)?;
    let rest = expect(unescaped(rest), &JOINTS, last)?;
    let (number, rest) = number(rest, last)?;
    let rest = expect(unescaped(unspaced(rest)), &CLOSING, last)?;
    Ok((number, rest))
}

fn bare<'a>(text: &'a str, name: &str, last: bool) -> Written<'a> {
    let rest = label(text, name, &['_'], last)?;
    let rest = expect(unescaped(rest), &['_'], last)?;
    let (number, rest) = number(rest, last)?;
    match rest.chars().next() {
        None if !last => Err(Reading::Unfinished),
        Some(character) if is_word(character) => Err(Reading::Not),
        None | Some(_) => Ok((number, rest)),
    }
}

/// Reads a label, whose `_` may be any of `joints`.
fn label<'a>(
    text: &'a str,
    name: &str,
    joints: &[char],
    last: bool,
) -> Result<&'a str, Reading<'a>> {
    let mut rest = text;
    for expected in name.chars() {
        rest = match rest.chars().next() {
            _ if expected == '_' => expect(unescaped(rest), joints, last)?,
            Some(found) if found.eq_ignore_ascii_case(&expected) => {
                rest.get(found.len_utf8()..).unwrap_or_default()
            }
            Some(_) => return Err(Reading::Not),
            None => return Err(ended(last)),
        };
    }
    Ok(rest)
}

fn expect<'a>(rest: &'a str, any: &[char], last: bool) -> Result<&'a str, Reading<'a>> {
    if rest.is_empty() {
        return Err(ended(last));
    }
    rest.strip_prefix(any).ok_or(Reading::Not)
}

fn number(rest: &str, last: bool) -> Written<'_> {
    let digits = rest.bytes().take_while(u8::is_ascii_digit).count();
    if digits == 0 {
        return Err(if rest.is_empty() { ended(last) } else { Reading::Not });
    }
    if digits > DIGITS_MOST {
        return Err(Reading::Not);
    }
    let (number, rest) = rest.split_at_checked(digits).unwrap_or_default();
    number.parse().map(|number| (number, rest)).map_err(|_| Reading::Not)
}

fn ended<'a>(last: bool) -> Reading<'a> {
    if last { Reading::Not } else { Reading::Unfinished }
}

fn unescaped(text: &str) -> &str {
    text.strip_prefix('\\').unwrap_or(text)
}

fn unspaced(text: &str) -> &str {
    text.strip_prefix(' ').unwrap_or(text)
}

fn is_word(character: char) -> bool {
    character.is_ascii_alphanumeric() || character == '_'
}

impl Reading<'_> {
    fn next(self, start: usize, label: usize, text: &str) -> Option<Next> {
        match self {
            Self::Not => None,
            Self::Unfinished => Some(Next::Unfinished { start }),
            Self::Whole { number, rest } => {
                let key = Key { label, number };
                Some(Next::Found { start, end: text.len() - rest.len(), key })
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn labels() -> Vec<String> {
        ["PHONE", "ID_CARD", "PHONE_WORK"].map(str::to_owned).into()
    }

    /// The first placeholder, as `label number at start..end`.
    fn first(text: &str, last: bool) -> String {
        match next(text, 0, None, &labels(), last) {
            Next::Found { start, end, key } => {
                format!("{} {} at {start}..{end}", labels()[key.label], key.number)
            }
            Next::Unfinished { start } => format!("unfinished at {start}"),
            Next::Nothing => "nothing".into(),
        }
    }

    #[test]
    fn what_models_make_of_a_placeholder_is_understood() {
        for text in [
            "[PHONE_1]",
            "[phone_1]",
            "[ Phone_1 ]",
            "[PHONE-1]",
            "[PHONE 1]",
            "【PHONE_1】",
            "［PHONE_1］",
            "\\[PHONE\\_1\\]",
            "[PHONE\\_1]",
            "PHONE_1",
            "phone_1",
            "PHONE\\_1",
        ] {
            assert_eq!(first(text, true), format!("PHONE 1 at 0..{}", text.len()), "{text}");
        }
        assert_eq!(first("电话PHONE_12。", false), "PHONE 12 at 6..14");
        assert_eq!(first("([PHONE_1])", false), "PHONE 1 at 1..10");
        assert_eq!(first("[PHONE_1 ok", false), "PHONE 1 at 1..8");
        assert_eq!(first("[ID_CARD_3]", false), "ID_CARD 3 at 0..11");
        assert_eq!(first("[ID\\_CARD\\_3]", false), "ID_CARD 3 at 0..13");
        assert_eq!(first("[id card 3]", false), "ID_CARD 3 at 0..11");
        assert_eq!(first("ID_CARD_3", true), "ID_CARD 3 at 0..9");
        assert_eq!(first("[PHONE_WORK_2]", false), "PHONE_WORK 2 at 0..14");
    }

    #[test]
    fn what_only_resembles_one_is_text() {
        for text in [
            "",
            "[]",
            "[PHONE]",
            "[PHONE_]",
            "[PHONE_x]",
            "[FAX_1]",
            "phone 1",
            "phone-1",
            "id card 1",
            "PHONE_1234",
            "[PHONE_1234]",
            "XPHONE_1",
            "PHONE_1x",
            "PHONE_1_2",
            "MY_PHONE_1",
            "[[x]](y)",
        ] {
            assert_eq!(first(text, true), "nothing", "{text}");
        }
    }

    #[test]
    fn every_beginning_of_one_is_waited_for_and_nothing_else() {
        for whole in ["[PHONE_1]", "\\[ID\\_CARD\\_12 \\]", "【phone 1】"] {
            for (end, _) in whole.char_indices().skip(1) {
                assert_eq!(first(&whole[..end], false), "unfinished at 0", "{}", &whole[..end]);
            }
        }
        assert_eq!(first("ab PHONE_1", false), "unfinished at 3");
        assert_eq!(first("ab p", false), "unfinished at 3");
        for text in ["[PHONX", "[1", "[ x", "hello", "PHONE 1", "[PHONE_1x"] {
            assert_eq!(first(text, false), "nothing", "{text}");
        }
    }
}
