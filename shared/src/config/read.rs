//! A document's tree as a [`Site`]: every key, its type, its range and its default.

use super::address::origin;
use super::document::{Format, Node};
use super::fault::{Faults, Invalid};
use super::fields::{Bounds, Fields};
use super::quantity::{duration, rate, show_duration};
use super::{Ai, Limits, Rate, Site, defaults};
use std::time::Duration;

mod budget;
mod challenge;
mod channel;
mod handoff;
mod mode;
mod privacy;
mod provider;
mod rule;
mod widget;

pub(super) use channel::{Use, VENDORS, Vendor};

/// UTF-8 bytes of a text that is said, such as a reply.
const LONG_TEXT: usize = 64 * 1024;
/// UTF-8 bytes of a text that is shown on one line.
const SHORT_TEXT: usize = 300;
const ORIGINS: Bounds = Bounds { entries: 100, bytes: 300 };

/// Reads a site's configuration; what it does not say is as in [`Site::default`].
///
/// All faults that can be told at once are told; a document that cannot be parsed has those of
/// its syntax only. Bounds: 32 providers, 100 channels, 2,000 rules with 20,000 keywords and 200
/// regular expressions, 20 patterns of personal data, 10,000 words, 64 KiB a reply or prompt, 32 levels of nesting.
pub fn read(bytes: &[u8], format: Format) -> Result<Site, Invalid> {
    read_onto(Site::default(), bytes, format)
}

/// Reads a configuration over `base`, which has what the document does not say.
pub(super) fn read_onto(base: Site, bytes: &[u8], format: Format) -> Result<Site, Invalid> {
    let tree = Node::parse(bytes, format)?;
    let mut faults = Faults::default();
    let mut site = base;
    if let Some(mut fields) = Fields::of(String::new(), &tree, &mut faults) {
        document(&mut fields, &mut site);
        fields.finish();
    }
    faults.verdict()?;
    Ok(site)
}

fn document(fields: &mut Fields<'_>, site: &mut Site) {
    fields.table("site", |fields| about(fields, site));
    let (providers, waits) = provider::providers(fields);
    site.providers = providers;
    fields.table("ai", |fields| {
        ai(fields, &mut site.ai);
        possible(fields, site.ai.turn_budget, waits);
    });
    fields.table("context", |fields| {
        set(&mut site.rounds, fields.count("rounds", 1..=defaults::ROUNDS));
        set(&mut site.context_characters, fields.count("characters", 1_000..=1_000_000));
    });
    fields.table("budgets", |fields| budget::budgets(fields, &mut site.budgets));
    fields.table("limits", |fields| limits(fields, &mut site.limits));
    site.challenge = fields.table("challenge", challenge::challenge).flatten();
    site.rules = rule::rules(fields);
    fields.table("privacy", |fields| privacy::masking(fields, &mut site.masking));
    site.words = privacy::words(fields);
    site.channels = channel::channels(fields);
    fields.table("widget", |fields| site.widget = widget::widget(fields));
}

fn about(fields: &mut Fields<'_>, site: &mut Site) {
    set(&mut site.name, fields.text("name", SHORT_TEXT));
    set(&mut site.locale, fields.parsed("locale", locale));
    site.allowed_origins = fields.list("allowed_origins", ORIGINS, origin);
    site.identity_secret = fields.parsed("identity_secret", provider::template);
}

fn ai(fields: &mut Fields<'_>, ai: &mut Ai) {
    const BUDGET: (Duration, Duration) = (Duration::from_millis(100), Duration::from_secs(120));
    set(&mut ai.turn_budget, span(fields, "turn_budget", BUDGET));
    const YEAR: Duration = Duration::from_secs(366 * 86_400);
    set(&mut ai.keep_traces, span(fields, "keep_traces", (Duration::ZERO, YEAR)));
    set(&mut ai.max_attempts, fields.count("max_attempts", 1..=10));
    set(
        &mut ai.quiet_window,
        span(fields, "quiet_window", (Duration::ZERO, defaults::MAX_QUIET_WINDOW)),
    );
    set(&mut ai.while_queued, fields.flag("while_queued"));
    set(&mut ai.fail_open, fields.flag("fail_open"));
    set(&mut ai.sticky, fields.flag("sticky"));
    set(&mut ai.enabled, fields.flag("enabled"));
    mode::modes(fields, ai);
    fields.table("handoff", |fields| handoff::handoff(fields, &mut ai.handoff));
}

/// A budget within which no declared time-out can pass leaves none of them any meaning.
fn possible(fields: &mut Fields<'_>, budget: Duration, waits: Option<Duration>) {
    if let Some(shortest) = waits.filter(|shortest| budget < *shortest && fields.has("turn_budget"))
    {
        let (budget, shortest) = (show_duration(budget), show_duration(shortest));
        fields.fault("turn_budget", format!(
            "{budget} is over before any provider's time-out, the shortest of which is {shortest}: raise the budget or lower a time-out"
        ));
    }
}

fn limits(fields: &mut Fields<'_>, limits: &mut Limits) {
    // A conversation keeps the moments of a window's messages.
    set(&mut limits.messages_per_visitor, rated(fields, "messages_per_visitor", 10_000));
    set(&mut limits.sessions_per_address, rated(fields, "sessions_per_address", 1_000_000));
}

/// A span of time from the first to the second of `range`.
fn span(
    fields: &mut Fields<'_>,
    key: &'static str,
    range: (Duration, Duration),
) -> Option<Duration> {
    fields.within(key, range.0..=range.1, duration, show_duration)
}

fn rated(fields: &mut Fields<'_>, key: &'static str, most: u32) -> Option<Rate> {
    fields.parsed(key, |text| rate(text, most))
}

fn set<T>(place: &mut T, value: Option<T>) {
    if let Some(value) = value {
        *place = value;
    }
}

/// A language tag (BCP 47) by its form: `zh`, `zh-CN`, `zh-Hans-CN`.
fn locale(text: &str) -> Result<String, String> {
    let mut parts = text.split('-');
    let alphabetic =
        |part: &str| (2..=8).contains(&part.len()) && part.bytes().all(|b| b.is_ascii_alphabetic());
    let further = |part: &str| {
        (1..=8).contains(&part.len()) && part.bytes().all(|b| b.is_ascii_alphanumeric())
    };
    if parts.next().is_some_and(alphabetic) && parts.all(further) && text.len() <= 35 {
        return Ok(text.to_owned());
    }
    let mend = if text.contains('_') {
        format!("; perhaps \"{}\"", text.replace('_', "-"))
    } else {
        String::new()
    };
    let found = super::document::quoted(text);
    Err(format!("found {found}; expected a language tag, such as \"zh-CN\" or \"en\"{mend}"))
}

#[cfg(test)]
mod tests;
