//! The defaults that are built in: `config/*.toml`, parsed once.

use super::document::{Format, Node};
use super::fault::{Faults, Invalid};
use super::fields::Fields;
use super::read::read_onto;
use super::{Ai, Budgets, Limits, Masking, Site, Widget, defaults};
use std::sync::OnceLock;

/// A site as `config/defaults.toml` has it.
pub(super) fn site() -> Site {
    static SITE: OnceLock<Site> = OnceLock::new();
    let defaults = include_str!("../../../config/defaults.toml");
    let read = || read_onto(bare(), defaults.as_bytes(), Format::Toml).unwrap_or_else(|_| bare());
    SITE.get_or_init(read).clone()
}

/// A site before any document.
fn bare() -> Site {
    Site {
        name: String::new(),
        locale: "zh-CN".to_owned(),
        allowed_origins: Vec::new(),
        identity_secret: None,
        providers: Vec::new(),
        ai: Ai::default(),
        rounds: defaults::ROUNDS,
        context_characters: defaults::CONTEXT_CHARACTERS,
        budgets: Budgets::default(),
        limits: Limits::default(),
        challenge: None,
        rules: Vec::new(),
        masking: Masking::default(),
        words: Vec::new(),
        channels: Vec::new(),
        widget: Widget::default(),
    }
}

/// What visitors are told, in one language.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Texts {
    /// The first thing a visitor reads, unless the site has its own.
    pub greeting: String,
    /// Nothing can answer; a person is offered.
    pub offer_person: String,
    /// On the button that asks for a person.
    pub ask_person: String,
    /// A person was asked for.
    pub handoff_asked: String,
    /// An agent took over; `{name}` stands for theirs.
    pub agent_joined: String,
    /// The agent gave the conversation back.
    pub agent_left: String,
    /// The AI's answer ended because an agent took over.
    pub interrupted: String,
    /// The AI's answer ended because the visitor stopped it.
    pub stopped: String,
    /// Too many messages in too short a time.
    pub message_limit: String,
    /// The message was not taken.
    pub message_too_long: String,
    /// The message was of a kind that nothing can answer.
    pub unsupported_message: String,
    /// The question or its answer has words that the site does not want.
    pub refused: String,
    /// The session is over.
    pub closed: String,
    /// The session goes on.
    pub reopened: String,
    /// A rating is asked for.
    pub rating_asked: String,
    /// A rating was given.
    pub rating_thanks: String,
}

/// The texts in the language of `locale`: Chinese for `zh` and all below it, else English.
pub fn texts(locale: &str) -> &'static Texts {
    static CHINESE: OnceLock<Texts> = OnceLock::new();
    static ENGLISH: OnceLock<Texts> = OnceLock::new();
    let language = locale.split(['-', '_']).next().unwrap_or_default();
    let (place, document) = if language.eq_ignore_ascii_case("zh") {
        (&CHINESE, include_str!("../../../config/texts.zh-CN.toml"))
    } else {
        (&ENGLISH, include_str!("../../../config/texts.en.toml"))
    };
    // The documents are built in and tested: they can be read.
    place.get_or_init(|| read_texts(document).unwrap_or_default())
}

fn read_texts(document: &str) -> Result<Texts, Invalid> {
    let tree = Node::parse(document.as_bytes(), Format::Toml)?;
    let mut faults = Faults::default();
    let mut texts = Texts::default();
    if let Some(mut fields) = Fields::of(String::new(), &tree, &mut faults) {
        for (key, place) in texts.by_key() {
            fields.require(key, "the text");
            *place = fields.text(key, 1_000).unwrap_or_default();
        }
        fields.finish();
    }
    faults.verdict()?;
    Ok(texts)
}

impl Texts {
    fn by_key(&mut self) -> [(&'static str, &mut String); 16] {
        [
            ("greeting", &mut self.greeting),
            ("offer_person", &mut self.offer_person),
            ("ask_person", &mut self.ask_person),
            ("handoff_asked", &mut self.handoff_asked),
            ("agent_joined", &mut self.agent_joined),
            ("agent_left", &mut self.agent_left),
            ("interrupted", &mut self.interrupted),
            ("stopped", &mut self.stopped),
            ("message_limit", &mut self.message_limit),
            ("message_too_long", &mut self.message_too_long),
            ("unsupported_message", &mut self.unsupported_message),
            ("refused", &mut self.refused),
            ("closed", &mut self.closed),
            ("reopened", &mut self.reopened),
            ("rating_asked", &mut self.rating_asked),
            ("rating_thanks", &mut self.rating_thanks),
        ]
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Handoff;

    #[test]
    fn the_embedded_defaults_are_those_of_the_types() {
        let document = include_str!("../../../config/defaults.toml");
        let marked = Site {
            ai: Ai { max_attempts: 9, ..Ai::default() },
            rounds: 1,
            masking: Masking { kinds: Vec::new(), patterns: Vec::new() },
            ..bare()
        };
        let read = read_onto(marked, document.as_bytes(), Format::Toml).unwrap();
        assert_eq!(Site::default(), read);
        let words = &read.ai.handoff;
        // Lists stand in the document alone.
        for list in [&words.request, &words.negative, &words.unsure] {
            assert!(list.iter().any(|it| it.is_ascii()) && list.iter().any(|it| !it.is_ascii()));
        }
        let handoff = Handoff::default();
        assert_eq!(Site { ai: Ai { handoff, ..read.ai.clone() }, ..read }, bare());
    }

    #[test]
    fn each_language_has_every_text() {
        for document in [
            include_str!("../../../config/texts.zh-CN.toml"),
            include_str!("../../../config/texts.en.toml"),
        ] {
            let mut texts = read_texts(document).unwrap();
            assert!(texts.by_key().iter().all(|(_, text)| !text.is_empty()));
            assert!(texts.agent_joined.contains("{name}"));
        }
    }

    #[test]
    fn unknown_languages_get_english_and_all_chinese_gets_chinese() {
        for (locale, chinese) in [
            ("zh-CN", true),
            ("zh", true),
            ("ZH-Hant-TW", true),
            ("zh_CN", true),
            ("en", false),
            ("fr-FR", false),
            ("", false),
            ("zha", false),
        ] {
            assert_eq!(texts(locale).closed.contains("会话"), chinese, "{locale}");
        }
        assert!(std::ptr::eq(texts("zh"), texts("zh-TW")));
    }
}
