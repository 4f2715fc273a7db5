//! `[ai.handoff]`.

use super::rule::keyword;
use super::{SHORT_TEXT, set};
use crate::config::Handoff;
use crate::config::fields::{Bounds, Fields};

const WORDS: Bounds = Bounds { entries: 500, bytes: SHORT_TEXT };

pub(super) fn handoff(fields: &mut Fields<'_>, handoff: &mut Handoff) {
    words(fields, "request", &mut handoff.request);
    words(fields, "negative", &mut handoff.negative);
    words(fields, "unsure", &mut handoff.unsure);
    set(&mut handoff.negative_limit, fields.count("negative_limit", 0..=100));
    set(&mut handoff.unsure_limit, fields.count("unsure_limit", 0..=100));
    set(&mut handoff.repeated_limit, fields.count("repeated_limit", 0..=100));
    set(&mut handoff.sources_required, fields.flag("sources_required"));
    if handoff.repeated_limit == 1 {
        fields.fault(
            "repeated_limit",
            "found 1; what is asked once is not repeated: write 2 or more",
        );
    }
}

/// A list takes the place of the built-in one.
fn words(fields: &mut Fields<'_>, key: &'static str, place: &mut Vec<String>) {
    let list = fields.list(key, WORDS, keyword);
    if fields.has(key) {
        *place = list;
    }
}
