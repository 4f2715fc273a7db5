//! What the AI does with questions: `ai.mode` and `[[ai.modes]]`.

use super::{LONG_TEXT, SHORT_TEXT, rule, set};
use crate::config::document::quoted;
use crate::config::fields::{Bounds, Fields};
use crate::config::{Ai, Mode, ModeRule};
use kefu_proto::v1::channel;

const MOST: usize = 100;
const CHANNELS: Bounds = Bounds { entries: 20, bytes: SHORT_TEXT };

pub(super) fn modes(fields: &mut Fields<'_>, ai: &mut Ai) {
    set(&mut ai.mode, fields.parsed("mode", mode));
    ai.draft_reply = fields.text("draft_reply", LONG_TEXT);
    ai.modes = fields.tables("modes", MOST, |fields| {
        fields.require("mode", "mode = \"answer\", \"draft\", \"off_duty\" or \"off\"");
        let mode = fields.parsed("mode", mode);
        let channels = fields.list("channels", CHANNELS, channel);
        let hours = fields.table("hours", rule::hours).flatten();
        Some(ModeRule { mode: mode?, channels, hours })
    });
}

fn mode(text: &str) -> Result<Mode, String> {
    match text {
        "answer" => Ok(Mode::Answer),
        "draft" => Ok(Mode::Draft),
        "off_duty" => Ok(Mode::OffDuty),
        "off" => Ok(Mode::Off),
        _ => Err(format!(
            "found {}; expected answer, draft (an agent approves), off_duty (while no agent is there) or off",
            quoted(text)
        )),
    }
}

fn channel(text: &str) -> Result<channel::Type, String> {
    let known = channel::Type::from_str_name(&text.to_ascii_uppercase());
    known
        .filter(|known| *known != channel::Type::Unspecified)
        .ok_or_else(|| format!("found {}; expected a channel, such as web or wechat", quoted(text)))
}
