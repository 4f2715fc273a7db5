//! `[privacy]` and `[[words]]`.

use super::{LONG_TEXT, SHORT_TEXT};
use crate::config::document::quoted;
use crate::config::fields::{Bounds, Fields};
use crate::config::{Direction, MaskKind, MaskPattern, Masking, WordAction, Words};
use crate::privacy;
use std::collections::BTreeSet;

const KINDS: Bounds = Bounds { entries: MaskKind::ALL.len(), bytes: SHORT_TEXT };
const MOST_PATTERNS: usize = 20;
const MOST_LISTS: usize = 200;
const MOST_WORDS: usize = 10_000;
const WORDS: Bounds = Bounds { entries: MOST_WORDS, bytes: SHORT_TEXT };

pub(super) fn masking(fields: &mut Fields<'_>, masking: &mut Masking) {
    let kinds = fields.list("mask", KINDS, kind);
    if fields.has("mask") {
        masking.kinds = kinds;
    }
    let mut names = BTreeSet::new();
    masking.patterns = fields.tables("patterns", MOST_PATTERNS, |fields| {
        let pattern = pattern(fields)?;
        if !names.insert(pattern.name.clone()) {
            fields.fault("name", "another pattern has this name; give each its own");
        }
        Some(pattern)
    });
}

fn kind(text: &str) -> Result<MaskKind, String> {
    let known = MaskKind::ALL.into_iter().find(|kind| kind.name() == text);
    known.ok_or_else(|| {
        format!("found {}; expected one of phone, id_card, bank_card, email", quoted(text))
    })
}

fn pattern(fields: &mut Fields<'_>) -> Option<MaskPattern> {
    fields.require("name", "name = \"…\", what models read for it");
    fields.require("regex", "regex = '…'");
    let name = fields.parsed("name", name);
    let regex = fields.parsed("regex", regex);
    Some(MaskPattern { name: name?, regex: regex? })
}

fn name(text: &str) -> Result<String, String> {
    let good = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_';
    let begins = text.bytes().next().is_some_and(|byte| byte.is_ascii_lowercase());
    if !begins || !text.bytes().all(good) || text.len() > privacy::LABEL_MOST {
        let most = privacy::LABEL_MOST;
        return Err(format!(
            "found {}; expected a lower-case letter, then up to {} of a-z, 0-9 and _",
            quoted(text),
            most - 1
        ));
    }
    if MaskKind::ALL.iter().any(|kind| kind.name() == text) {
        return Err(format!("found {}, which is built in; choose another name", quoted(text)));
    }
    Ok(text.to_owned())
}

fn regex(text: &str) -> Result<String, String> {
    match privacy::check_pattern(text) {
        Ok(()) => Ok(text.to_owned()),
        Err(cause) => Err(format!("found {}: {cause}", quoted(text))),
    }
}

pub(super) fn words(fields: &mut Fields<'_>) -> Vec<Words> {
    let words = fields.tables("words", MOST_LISTS, list);
    let count = words.iter().map(|words| words.list.len()).sum::<usize>();
    if count > MOST_WORDS {
        fields.fault(
            "words",
            format!("found {count} words in all; at most {MOST_WORDS} are allowed"),
        );
    }
    words
}

fn list(fields: &mut Fields<'_>) -> Option<Words> {
    fields.require("list", "list = [\"…\", \"…\"]");
    fields.require("action", "action = \"replace\", \"refuse\" or \"handoff\"");
    let list = fields.list("list", WORDS, word);
    let direction = fields.parsed("direction", direction).unwrap_or_default();
    let action = fields.parsed("action", action);
    // A long text in the place of each word would make an answer grow without end.
    let most = if action == Some(WordAction::Replace) { SHORT_TEXT } else { LONG_TEXT };
    let text = fields.text("text", most);
    Some(Words { list, direction, action: action?, text })
}

fn word(text: &str) -> Result<String, String> {
    privacy::check_word(text).map(|()| text.to_owned())
}

fn direction(text: &str) -> Result<Direction, String> {
    match text {
        "in" => Ok(Direction::In),
        "out" => Ok(Direction::Out),
        "both" => Ok(Direction::Both),
        _ => Err(format!(
            "found {}; expected \"in\" (questions), \"out\" (answers) or \"both\"",
            quoted(text)
        )),
    }
}

fn action(text: &str) -> Result<WordAction, String> {
    match text {
        "replace" => Ok(WordAction::Replace),
        "refuse" => Ok(WordAction::Refuse),
        "handoff" => Ok(WordAction::Handoff),
        _ => Err(format!(
            "found {}; expected \"replace\", \"refuse\" (something else is said) or \"handoff\" (asks for a person)",
            quoted(text)
        )),
    }
}
