//! `[budgets]`, and providers' prices.

use super::{LONG_TEXT, set};
use crate::config::document::quoted;
use crate::config::fields::Fields;
use crate::config::quantity::{money, utc_offset};
use crate::config::{Budget, Budgets, OnLimit, Price};

pub(super) fn budgets(fields: &mut Fields<'_>, budgets: &mut Budgets) {
    fields.table("visitor", |fields| budgets.visitor = budget(fields));
    fields.table("site", |fields| budgets.site = budget(fields));
    set(&mut budgets.utc_offset, fields.parsed("utc_offset", utc_offset));
    let says = fields.has("message");
    let message = fields.text("message", LONG_TEXT);
    let action = fields.parsed("on_limit", |text| match text {
        "rules" => Ok(Some(OnLimit::Rules)),
        "person" => Ok(Some(OnLimit::Person)),
        "message" => Ok(None),
        _ => Err(format!("found {}; expected rules, person or message", quoted(text))),
    });
    match (action, message) {
        (Some(None), Some(message)) => budgets.on_limit = OnLimit::Message(message),
        (Some(None), None) => fields.require("message", "message = \"…\", what is said"),
        (Some(Some(_)) | None, _) if says => {
            fields.fault("message", "is said with on_limit = \"message\" only: remove one of both");
        }
        (Some(Some(action)), _) => budgets.on_limit = action,
        (None, _) => {}
    }
}

fn budget(fields: &mut Fields<'_>) -> Budget {
    const TOKENS: i64 = 1_000_000_000_000;
    let tokens = fields.whole("tokens", 1..=TOKENS);
    Budget {
        turns: fields.count("turns", 1..=1_000_000_000),
        tokens: tokens.and_then(|tokens| u64::try_from(tokens).ok()),
        cost: fields.parsed("cost", money),
    }
}

/// What a million tokens cost.
pub(super) fn price(fields: &mut Fields<'_>) -> Option<Price> {
    fields.require("input", "input = …, what a million tokens of question and context cost");
    fields.require("output", "output = …, what a million tokens of answer cost");
    let (input, output) = (fields.parsed("input", money), fields.parsed("output", money));
    Some(Price { input: input?, output: output? })
}
