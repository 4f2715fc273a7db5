//! `[[rules]]`.

use super::{LONG_TEXT, SHORT_TEXT, locale};
use crate::config::document::quoted;
use crate::config::fields::{Bounds, Fields};
use crate::config::quantity::{days, time_of_day, utc_offset};
use crate::config::{Hours, Matching, Rule, RuleAction, When};
use crate::rules;
use std::collections::BTreeSet;

const MOST: usize = 2_000;
const MOST_KEYWORDS: usize = 20_000;
const MOST_PATTERNS: usize = 200;
const KEYWORDS: Bounds = Bounds { entries: MOST_KEYWORDS, bytes: SHORT_TEXT };
const LOCALES: Bounds = Bounds { entries: 50, bytes: SHORT_TEXT };
const QUICK_REPLIES: Bounds = Bounds { entries: 20, bytes: SHORT_TEXT };
const DAYS: Bounds = Bounds { entries: 7, bytes: SHORT_TEXT };
const MIDNIGHT: u16 = 24 * 60;

pub(super) fn rules(fields: &mut Fields<'_>) -> Vec<Rule> {
    let mut names = BTreeSet::new();
    let rules = fields.tables("rules", MOST, |fields| {
        let rule = rule(fields)?;
        if !names.insert(rule.name.clone()) {
            fields.fault("name", "another rule has this name; give each its own");
        }
        Some(rule)
    });
    let keywords = rules.iter().map(|rule| rule.matching.keywords().count()).sum::<usize>();
    if keywords > MOST_KEYWORDS {
        fields.fault(
            "rules",
            format!("found {keywords} keywords in all; at most {MOST_KEYWORDS} are allowed"),
        );
    }
    let patterns = rules.iter().filter(|rule| rule.matching.regex.is_some()).count();
    if patterns > MOST_PATTERNS {
        fields.fault(
            "rules",
            format!(
                "found {patterns} regular expressions in all; at most {MOST_PATTERNS} are allowed"
            ),
        );
    }
    rules
}

fn rule(fields: &mut Fields<'_>) -> Option<Rule> {
    fields.require("name", "name = \"…\", unique within the site");
    if !fields.has("reply") && !fields.has("action") {
        fields.fault("reply", "missing; write reply = \"…\", or action = \"handoff\"");
    }
    let name = fields.text("name", SHORT_TEXT);
    let priority = fields.whole("priority", -1_000_000..=1_000_000).unwrap_or_default();
    Some(Rule {
        when: fields.parsed("when", when).unwrap_or_default(),
        priority: i32::try_from(priority).unwrap_or_default(),
        matching: fields.table("match", matching).unwrap_or_default(),
        hours: fields.table("hours", hours).flatten(),
        locales: fields.list("locales", LOCALES, locale),
        reply: fields.text("reply", LONG_TEXT),
        quick_replies: fields.texts("quick_replies", QUICK_REPLIES),
        action: fields.parsed("action", action),
        name: name?,
    })
}

fn when(text: &str) -> Result<When, String> {
    match text {
        "fallback" => Ok(When::Fallback),
        "first" => Ok(When::First),
        _ => Err(format!(
            "found {}; expected \"fallback\" (when AI cannot answer) or \"first\" (before AI)",
            quoted(text)
        )),
    }
}

fn action(text: &str) -> Result<RuleAction, String> {
    match text {
        "handoff" => Ok(RuleAction::Handoff),
        _ => Err(format!("found {}; expected \"handoff\" (asks for a person)", quoted(text))),
    }
}

fn matching(fields: &mut Fields<'_>) -> Matching {
    Matching {
        any: fields.list("any", KEYWORDS, keyword),
        all: fields.list("all", KEYWORDS, keyword),
        none: fields.list("none", KEYWORDS, keyword),
        regex: fields.parsed("regex", regex),
    }
}

pub(super) fn keyword(text: &str) -> Result<String, String> {
    if rules::fold(text).trim().is_empty() {
        return Err("found a keyword of nothing but invisible characters; remove it".to_owned());
    }
    Ok(text.to_owned())
}

fn regex(text: &str) -> Result<String, String> {
    match rules::Pattern::new(text) {
        Ok(_) => Ok(text.to_owned()),
        Err(fault) => Err(format!("found {}: {fault}", quoted(text))),
    }
}

pub(super) fn hours(fields: &mut Fields<'_>) -> Option<Hours> {
    fields.require("utc_offset", "the clock of these hours, such as utc_offset = \"+08:00\"");
    let days = week(fields);
    let from = fields.parsed("from", time_of_day).unwrap_or_default();
    let to = fields.parsed("to", time_of_day).unwrap_or(MIDNIGHT);
    if from == MIDNIGHT {
        fields.fault("from", "found \"24:00\"; the day begins at \"00:00\"");
    }
    let outside = fields.flag("outside").unwrap_or_default();
    let utc_offset = fields.parsed("utc_offset", utc_offset)?;
    Some(Hours { days, from, to, utc_offset, outside })
}

/// `days` as one text or as a list of them; absent, all seven.
fn week(fields: &mut Fields<'_>) -> [bool; 7] {
    if !fields.is_list("days") {
        return fields.parsed("days", days).unwrap_or([true; 7]);
    }
    let mut week = [false; 7];
    for part in fields.list("days", DAYS, days) {
        week.iter_mut().zip(part).for_each(|(day, more)| *day |= more);
    }
    week
}
