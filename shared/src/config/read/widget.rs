//! `[widget]`.

use super::{LONG_TEXT, SHORT_TEXT, rule};
use crate::config::Widget;
use crate::config::address::check_url;
use crate::config::document::quoted;
use crate::config::fields::{Bounds, Fields};
use crate::config::quantity::{duration, show_duration};
use kefu_proto::v1::body::form::{Field, field};
use kefu_proto::v1::widget_invitations::Invitation;
use kefu_proto::v1::{WidgetForm, WidgetLook, WidgetPrivacy, widget_look, widget_privacy};
use std::collections::BTreeSet;
use std::time::Duration;

const SUGGESTIONS: Bounds = Bounds { entries: 10, bytes: SHORT_TEXT };
const CHOICES: Bounds = Bounds { entries: 100, bytes: SHORT_TEXT };
const TEXTS: Bounds = Bounds { entries: 500, bytes: 2_000 };
const MOST_FIELDS: usize = 20;
const MOST_HOURS: usize = 20;
const MOST_INVITATIONS: usize = 50;
/// Keys that make a [`WidgetLook`].
const LOOK: [&str; 7] = ["radius", "margin", "side", "launcher", "scheme", "sound", "texts"];

pub(super) fn widget(fields: &mut Fields<'_>) -> Widget {
    Widget {
        greeting: fields.text("greeting", LONG_TEXT),
        suggestions: fields.texts("suggestions", SUGGESTIONS),
        color: fields.parsed("color", color),
        look: look(fields),
        prechat: fields.table("prechat", form),
        offline: fields.table("offline", form),
        hours: fields.tables("hours", MOST_HOURS, rule::hours),
        invitations: invitations(fields),
        privacy: fields.table("privacy", privacy),
    }
}

fn look(fields: &mut Fields<'_>) -> Option<WidgetLook> {
    let said = LOOK.iter().any(|key| fields.has(key));
    let look = WidgetLook {
        radius: fields.count("radius", 0..=32),
        margin: fields.count("margin", 0..=200),
        side: choice(fields, "side", "left or right", widget_look::Side::from_str_name),
        launcher: choice(
            fields,
            "launcher",
            "round, label or none",
            widget_look::Launcher::from_str_name,
        ),
        scheme: choice(fields, "scheme", "auto, light or dark", widget_look::Scheme::from_str_name),
        silent: !fields.flag("sound").unwrap_or(true),
        texts: fields.map("texts", TEXTS),
    };
    said.then_some(look)
}

fn form(fields: &mut Fields<'_>) -> WidgetForm {
    let mut names = BTreeSet::new();
    WidgetForm {
        title: fields.text("title", SHORT_TEXT).unwrap_or_default(),
        text: fields.text("text", LONG_TEXT).unwrap_or_default(),
        fields: fields.tables("fields", MOST_FIELDS, |fields| {
            let field = form_field(fields)?;
            if !names.insert(field.name.clone()) {
                fields.fault("name", "another field has this name; give each its own");
            }
            Some(field)
        }),
    }
}

fn form_field(fields: &mut Fields<'_>) -> Option<Field> {
    fields.require("name", "name = \"…\", unique within the form");
    let name = fields.text("name", SHORT_TEXT);
    let label = fields.text("label", SHORT_TEXT);
    let kinds = "text, email, phone, number, choice or long_text";
    let kind = choice(fields, "type", kinds, field::Type::from_str_name);
    let choices = fields.texts("choices", CHOICES);
    if kind == field::Type::Choice as i32 && choices.is_empty() {
        fields.fault("choices", "missing; write choices = [\"…\", \"…\"]");
    }
    let required = fields.flag("required").unwrap_or_default();
    let pattern = fields.text("pattern", SHORT_TEXT);
    let name = name?;
    let label = label.unwrap_or_else(|| name.clone());
    Some(Field { name, label, r#type: kind, required, choices, pattern })
}

fn invitations(fields: &mut Fields<'_>) -> Vec<Invitation> {
    let mut names = BTreeSet::new();
    fields.tables("invitations", MOST_INVITATIONS, |fields| {
        fields.require("name", "name = \"…\", unique within the site");
        fields.require("text", "text = \"…\", what is said");
        let name = fields.text("name", SHORT_TEXT);
        let text = fields.text("text", LONG_TEXT);
        let day = Duration::from_secs(24 * 3_600);
        let after = fields.within("after", Duration::ZERO..=day, duration, show_duration);
        let invitation = Invitation {
            name: name?,
            text: text?,
            after: u32::try_from(after.unwrap_or_default().as_secs()).unwrap_or_default(),
            page: fields.text("page", SHORT_TEXT).unwrap_or_default(),
            referrer: fields.text("referrer", SHORT_TEXT).unwrap_or_default(),
            scroll: fields.count("scroll", 1..=100).unwrap_or_default(),
            opens: fields.flag("opens").unwrap_or_default(),
        };
        if !names.insert(invitation.name.clone()) {
            fields.fault("name", "another invitation has this name; give each its own");
        }
        Some(invitation)
    })
}

fn privacy(fields: &mut Fields<'_>) -> WidgetPrivacy {
    let kinds = "always, consent or never";
    let url = fields.parsed("url", |text| check_url(text).map(|()| text.to_owned()));
    WidgetPrivacy {
        text: fields.text("text", LONG_TEXT).unwrap_or_default(),
        url: url.unwrap_or_default(),
        tracking: choice(fields, "tracking", kinds, widget_privacy::Tracking::from_str_name),
    }
}

/// One of an enum's names, in lower case; its first where nothing is said.
fn choice<T: Into<i32>>(
    fields: &mut Fields<'_>,
    key: &'static str,
    names: &str,
    named: impl Fn(&str) -> Option<T>,
) -> i32 {
    let read = |text: &str| {
        let lower = text.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_');
        let value = if lower { named(&text.to_ascii_uppercase()) } else { None };
        value.map(Into::into).ok_or_else(|| format!("found {}; expected {names}", quoted(text)))
    };
    fields.parsed(key, read).unwrap_or_default()
}

fn color(text: &str) -> Result<String, String> {
    let digits = text.strip_prefix('#').unwrap_or_default();
    if matches!(digits.len(), 3 | 6) && digits.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        return Ok(text.to_ascii_lowercase());
    }
    Err(format!("found {}; expected a colour in hex, such as \"#1668dc\"", quoted(text)))
}
