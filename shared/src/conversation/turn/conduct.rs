//! What the AI does with a question: by the site's switch, its modes, and who is there.

use super::super::{Conversation, OwnerRecord, Step};
use super::{Cut, Turn};
use crate::config::{Ai, Mode, ModeRule, When};
use crate::guard::Verdict;
use crate::time::{Millis, Tick};
use kefu_proto::v1::channel;

/// The name of the answer that calls a person because one is there.
const PEOPLE_FIRST: &str = "kefu.people_first";

/// What is done with a question.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Conduct {
    /// The AI answers.
    Answer,
    /// The AI drafts, an agent approves.
    Draft,
    /// An agent is there and answers.
    Person,
    /// Rules answer, or a person is offered.
    Rules,
}

impl Ai {
    /// Whether any mode needs to know who is there.
    pub fn asks_who_is_there(&self) -> bool {
        self.has(Mode::OffDuty)
    }

    /// Whether agents approve answers somewhere, at some time.
    pub(in super::super) fn drafts(&self) -> bool {
        self.has(Mode::Draft)
    }

    fn has(&self, mode: Mode) -> bool {
        self.enabled && (self.mode == mode || self.modes.iter().any(|rule| rule.mode == mode))
    }

    fn conduct(&self, channel: channel::Type, now: Millis, on_duty: bool) -> Conduct {
        let fits = |rule: &&ModeRule| {
            (rule.channels.is_empty() || rule.channels.contains(&channel))
                && rule.hours.as_ref().is_none_or(|hours| hours.hold(now))
        };
        match self.modes.iter().find(fits).map_or(self.mode, |rule| rule.mode) {
            _ if !self.enabled => Conduct::Rules,
            Mode::Answer => Conduct::Answer,
            Mode::Draft => Conduct::Draft,
            Mode::OffDuty if on_duty => Conduct::Person,
            Mode::OffDuty => Conduct::Answer,
            Mode::Off => Conduct::Rules,
        }
    }
}

impl Turn {
    fn conduct(&self, now: Millis) -> Conduct {
        self.prepared().map_or(Conduct::Rules, |(live, on_duty)| {
            live.config.ai.conduct(self.asker.channel, now, on_duty)
        })
    }
}

impl Conversation {
    /// The question is whole: its words, a rule that is asked first, or whatever its site's mode
    /// says.
    pub(super) fn begin(&mut self, tick: Tick, step: &mut Step) {
        let Some(turn) = &self.turns.open else { return };
        let conduct = turn.conduct(tick.now);
        if self.is_for_agents_only() {
            if conduct != Conduct::Draft {
                return self.close_turn(tick.now, step);
            }
            self.turns.drafts();
        }
        if self.refuse_question(tick, step)
            || self.answer_by_rule(tick, When::First, step)
            || self.asks_for_person(tick, step)
        {
            return;
        }
        match conduct {
            Conduct::Answer => self.next_attempt(tick, step),
            Conduct::Draft => self.draft(tick, step),
            Conduct::Rules => self.fall_back(tick, step),
            Conduct::Person => {
                if !self.answer_by_rule(tick, When::Fallback, step) {
                    self.call_person(tick, PEOPLE_FIRST, step);
                }
            }
        }
    }

    /// Whether the visitor waits for a person, and the AI does not speak meanwhile.
    pub(super) fn is_for_agents_only(&self) -> bool {
        self.head.owner == OwnerRecord::Queue && !self.head.policy.while_queued()
    }

    /// The site was looked at while a provider is asked, and has no AI any more: what was shown
    /// stays, and where nothing was, something else answers.
    pub(super) fn silence(&mut self, tick: Tick, step: &mut Step) {
        if self.turns.attempt().is_some_and(|attempt| attempt.visible) {
            self.cut_off(tick, Cut::Stopped, step);
        } else if self.turns.is_asking() {
            self.turns.abandon(tick.now, Verdict::Neutral, step);
            self.fall_back(tick, step);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{self, Format};
    use channel::Type::{Email, Web, Wechat};

    /// Monday, 2026-11-23, at that hour in UTC.
    fn at(hour: u64) -> Millis {
        Millis(1_795_392_000_000 + hour * 3_600_000)
    }

    #[test]
    fn the_first_entry_that_fits_channel_and_hour_says_what_the_ai_does() {
        let document = r#"
            [ai]
            mode = "off_duty"
            [[ai.modes]]
            mode = "off"
            channels = ["email"]
            [[ai.modes]]
            mode = "draft"
            channels = ["web", "wechat"]
            hours = { from = "09:00", to = "18:00", utc_offset = "+00:00" }
            [[ai.modes]]
            mode = "answer"
            channels = ["wechat"]
        "#;
        let ai = config::read(document.as_bytes(), Format::Toml).unwrap().ai;
        for (channel, hour, on_duty, expected) in [
            (Email, 12, false, Conduct::Rules),
            (Web, 9, true, Conduct::Draft),
            (Web, 18, true, Conduct::Person),
            (Web, 18, false, Conduct::Answer),
            (Wechat, 17, false, Conduct::Draft),
            (Wechat, 18, true, Conduct::Answer),
        ] {
            assert_eq!(ai.conduct(channel, at(hour), on_duty), expected, "{channel:?} at {hour}");
        }
        assert!(ai.asks_who_is_there() && ai.drafts());
        let off = Ai { enabled: false, ..ai };
        assert_eq!(off.conduct(Web, at(9), false), Conduct::Rules);
        assert!(!off.asks_who_is_there() && !off.drafts());
        assert!(!Ai::default().asks_who_is_there() && !Ai::default().drafts());
    }
}
