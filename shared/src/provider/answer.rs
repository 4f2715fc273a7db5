//! The answer that an adapter writes while it reads, and the bounds that hold for all of them.

use super::reading::{Attachment, Citation, Ending, Ids, Outcome, Reading, ToolCall, Usage};
use super::{Class, Failure};

/// The most bytes of text in one answer; reasoning and the rest together are bounded alike.
pub const TEXT_CAP: usize = 256 * 1024;

/// An answer as far as it has come. Adapters say what they read; readings come out.
#[derive(Clone, Debug, Default)]
pub struct Answer {
    out: Vec<Reading>,
    parts: Vec<Part>,
    /// The visitor has seen something: blank text is held back until there is more.
    visible: bool,
    /// Bytes that are bounded but are no text.
    extra: usize,
    ids: Ids,
    usage: Option<Usage>,
    tool_calls: Vec<ToolCall>,
    lingers: bool,
    ended: bool,
    skipped: u32,
}

/// One answer message. Most providers send a single one, which needs no id.
#[derive(Clone, Debug)]
struct Part {
    id: String,
    text: String,
}

impl Answer {
    /// Adds to the part `id`, which begins with its first text.
    pub fn say(&mut self, id: &str, more: &str) {
        if more.is_empty() || self.ended {
            return;
        }
        let room = TEXT_CAP.saturating_sub(self.len());
        let fitting = more.get(..more.floor_char_boundary(room)).unwrap_or_default();
        self.append(id, fitting);
        if fitting.len() < more.len() {
            self.overflow();
        }
    }

    /// Says what the part `id` is as a whole, whatever was added to it before.
    pub fn settle(&mut self, id: &str, whole: &str) {
        let known = self.parts.iter().find(|part| part.id == id).map_or("", |part| &part.text);
        if let Some(more) = whole.strip_prefix(known) {
            let more = more.to_owned();
            return self.say(id, &more);
        }
        if let Some(part) = self.parts.iter_mut().find(|part| part.id == id) {
            whole.clone_into(&mut part.text);
        }
        self.rewrite();
    }

    /// Discards every part: the part `id` is the whole answer.
    pub fn replace(&mut self, id: &str, whole: &str) {
        self.parts = vec![Part { id: id.to_owned(), text: whole.to_owned() }];
        self.rewrite();
    }

    /// Adds to what the model thinks.
    pub fn think(&mut self, more: &str) {
        if more.is_empty() || !self.charge(more.len()) {
            return;
        }
        match self.out.last_mut() {
            Some(Reading::Reasoning(text)) => text.push_str(more),
            _ => self.out.push(Reading::Reasoning(more.to_owned())),
        }
    }

    /// Notes that the provider is at work.
    pub fn progress(&mut self) {
        if self.out.is_empty() && !self.ended {
            self.out.push(Reading::Progress);
        }
    }

    /// Offers a question to ask next.
    pub fn suggest(&mut self, question: &str) {
        if self.charge(question.len()) {
            self.out.push(Reading::Suggestion(question.to_owned()));
        }
    }

    /// Names a source.
    pub fn cite(&mut self, citation: Citation) {
        if self.charge(citation.document.len()) {
            self.out.push(Reading::Citation(citation));
        }
    }

    /// Attaches a file.
    pub fn attach(&mut self, file: Attachment) {
        if self.charge(file.name.len() + file.url.len()) {
            self.out.push(Reading::File(file));
        }
    }

    /// Learns what the provider calls something; nothing, where it does not say.
    pub fn name(&mut self, place: fn(&mut Ids) -> &mut Option<String>, name: Option<&str>) {
        let known = place(&mut self.ids);
        if name.is_none() || known.as_deref() == name {
            return;
        }
        *known = name.map(str::to_owned);
        match self.out.last_mut() {
            _ if self.ended => {}
            Some(Reading::Ids(ids)) => ids.clone_from(&self.ids),
            _ => self.out.push(Reading::Ids(self.ids.clone())),
        }
    }

    /// Learns the tokens; the last word counts.
    pub fn use_tokens(&mut self, usage: Usage) {
        self.usage = Some(usage);
    }

    /// The tokens, where they are known.
    pub fn usage(&self) -> Option<Usage> {
        self.usage
    }

    /// Notes a call of a tool, for whose bytes [`Self::charge`] has been asked.
    pub fn call(&mut self, call: ToolCall) {
        self.tool_calls.push(call);
    }

    /// Counts a frame that no one knows.
    pub fn skip(&mut self) {
        self.skipped = self.skipped.saturating_add(1);
    }

    /// Bounds what an adapter keeps beside the text; false, and the end, when it is too much.
    pub fn charge(&mut self, bytes: usize) -> bool {
        self.extra = self.extra.saturating_add(bytes);
        if self.extra > TEXT_CAP {
            self.overflow();
        }
        !self.ended
    }

    /// Notes that the answer is whole, but that more about it may come within a second.
    pub fn linger(&mut self) {
        self.lingers = true;
    }

    /// Ends the attempt well, unless there is nothing to show and nothing to do.
    pub fn complete(&mut self) {
        if self.is_blank() {
            return self.fail(Failure::new(Class::Protocol, "empty_answer"));
        }
        self.end(Outcome::Completed);
    }

    /// Ends the attempt: a frame that everybody knows cannot be read.
    pub fn garbled(&mut self) {
        self.fail(Failure::new(Class::Protocol, "malformed_frame"));
    }

    /// Whether nothing was said that a visitor would see.
    pub fn is_blank(&self) -> bool {
        self.parts().all(|part| part.trim().is_empty())
    }

    /// Ends the attempt with a failure.
    pub fn fail(&mut self, failure: Failure) {
        self.end(Outcome::Failed(failure));
    }

    /// Ends the attempt. Only the first end counts.
    pub fn end(&mut self, outcome: Outcome) {
        if std::mem::replace(&mut self.ended, true) {
            return;
        }
        let tool_calls = std::mem::take(&mut self.tool_calls);
        self.out.push(Reading::Ended(Ending { outcome, usage: self.usage, tool_calls }));
    }

    /// Whether the attempt is over.
    pub fn ended(&self) -> bool {
        self.ended
    }

    /// Whether only the rest is waited for.
    pub fn lingers(&self) -> bool {
        self.lingers && !self.ended
    }

    /// Frames that no one knew.
    pub fn skipped(&self) -> u32 {
        self.skipped
    }

    /// The answer messages so far; the whole answer joins them with line feeds.
    pub fn parts(&self) -> impl Iterator<Item = &str> {
        self.parts.iter().map(|part| part.text.as_str())
    }

    /// Moves what has been read to `out`.
    pub(super) fn drain(&mut self, out: &mut Vec<Reading>) {
        out.append(&mut self.out);
    }

    fn append(&mut self, id: &str, more: &str) {
        let parts = self.parts.len();
        let Some(at) = self.parts.iter().position(|part| part.id == id) else {
            self.parts.push(Part { id: id.to_owned(), text: more.to_owned() });
            return if parts == 0 { self.show(more) } else { self.show(&format!("\n{more}")) };
        };
        if let Some(part) = self.parts.get_mut(at) {
            part.text.push_str(more);
        }
        if at + 1 == parts { self.show(more) } else { self.rewrite() }
    }

    /// Gives `more` to the visitor, together with the blanks that were held back.
    fn show(&mut self, more: &str) {
        if !self.visible {
            self.visible = !more.trim().is_empty();
            if self.visible {
                self.out.push(Reading::Text(self.text()));
            }
            return;
        }
        match self.out.last_mut() {
            Some(Reading::Text(text)) => text.push_str(more),
            _ => self.out.push(Reading::Text(more.to_owned())),
        }
    }

    /// Shows the whole answer anew.
    fn rewrite(&mut self) {
        if self.ended {
            return;
        }
        if self.len() > TEXT_CAP {
            return self.overflow();
        }
        self.visible |= !self.is_blank();
        self.out.push(Reading::Replace(self.text()));
    }

    fn overflow(&mut self) {
        self.end(Outcome::Truncated(Failure::new(Class::Protocol, "answer_too_long")));
    }

    fn text(&self) -> String {
        self.parts().collect::<Vec<_>>().join("\n")
    }

    fn len(&self) -> usize {
        self.parts().map(|part| part.len() + 1).sum()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(say: impl FnOnce(&mut Answer)) -> Vec<Reading> {
        let (mut answer, mut out) = (Answer::default(), Vec::new());
        say(&mut answer);
        answer.drain(&mut out);
        out
    }

    fn text(text: &str) -> Reading {
        Reading::Text(text.to_owned())
    }

    fn replace(text: &str) -> Reading {
        Reading::Replace(text.to_owned())
    }

    #[test]
    fn several_messages_are_one_answer_and_keep_their_parts() {
        let mut answer = Answer::default();
        for (id, more) in [("a", "一"), ("a", "二"), ("b", "三")] {
            answer.say(id, more);
        }
        assert_eq!(answer.parts().collect::<Vec<_>>(), ["一二", "三"]);
        assert_eq!(answer.out, [text("一二\n三")]);
    }

    #[test]
    fn more_of_an_earlier_message_rewrites_the_answer() {
        let out = told(|answer| {
            for (id, more) in [("a", "1"), ("b", "2"), ("a", "3")] {
                answer.say(id, more);
            }
        });
        assert_eq!(out, [text("1\n2"), replace("13\n2")]);
    }

    #[test]
    fn the_whole_of_a_message_adds_what_is_missing_or_rewrites() {
        for (whole, expected) in [
            ("您好", vec![text("您好")]),
            ("您好。", vec![text("您好。")]),
            ("抱歉", vec![text("您好"), replace("抱歉")]),
        ] {
            let out = told(|answer| {
                answer.say("a", "您好");
                answer.settle("a", whole);
            });
            assert_eq!(out, expected, "{whole}");
        }
        assert_eq!(told(|answer| answer.settle("a", "整段")), [text("整段")]);
    }

    #[test]
    fn a_replacement_discards_every_message() {
        let out = told(|answer| {
            answer.say("a", "1");
            answer.say("b", "2");
            answer.replace("b", "无");
            answer.say("b", "。");
        });
        assert_eq!(out, [text("1\n2"), replace("无"), text("。")]);
    }

    #[test]
    fn blanks_wait_for_the_first_visible_text() {
        let out = told(|answer| {
            answer.say("", "\n");
            answer.say("", " ");
            assert!(answer.out.is_empty());
            answer.say("", "好");
        });
        assert_eq!(out, [text("\n 好")]);
    }

    #[test]
    fn an_answer_with_nothing_to_show_is_no_success() {
        let out = told(|answer| {
            answer.say("", " \n");
            answer.complete();
        });
        let failure = Failure::new(Class::Protocol, "empty_answer");
        let outcome = Outcome::Failed(failure);
        assert_eq!(out, [Reading::Ended(Ending { outcome, usage: None, tool_calls: vec![] })]);
    }

    #[test]
    fn text_over_the_cap_is_cut_at_a_character_and_ends_the_answer() {
        let out = told(|answer| {
            for _ in 0..3 {
                answer.say("", &"好".repeat(TEXT_CAP / 7));
            }
        });
        let [Reading::Text(text), Reading::Ended(ending)] = out.as_slice() else {
            panic!("{} readings", out.len());
        };
        assert!(text.len() <= TEXT_CAP && text.len() > TEXT_CAP - 8);
        assert_eq!(ending.outcome.failure().unwrap().code.as_deref(), Some("answer_too_long"));
    }

    #[test]
    fn endless_reasoning_ends_the_answer() {
        let out = told(|answer| (0..300).for_each(|_| answer.think(&"x".repeat(1024))));
        assert!(
            matches!(out.as_slice(), [Reading::Reasoning(text), Reading::Ended(_)] if text.len() == TEXT_CAP)
        );
    }

    #[test]
    fn nothing_follows_the_end() {
        let out = told(|answer| {
            answer.say("", "好");
            answer.complete();
            answer.say("", "吗");
            answer.think("?");
            answer.replace("", "");
            answer.progress();
            answer.name(|ids| &mut ids.task, Some("1"));
            answer.fail(Failure::cancelled());
        });
        assert!(matches!(out.as_slice(), [Reading::Text(_), Reading::Ended(_)]));
    }
}
