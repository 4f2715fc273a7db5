//! Puts values back in the place of their placeholders, while an answer comes.

use super::placeholder::{self, Next};
use super::vault::Vault;
use std::sync::Arc;

/// A stream of text that placeholders are taken out of. What may still become one is held back:
/// at most a label, a number and what stands around them.
#[derive(Clone)]
pub(super) struct Unmask {
    vault: Arc<Vault>,
    held: String,
    before: Option<char>,
}

impl Unmask {
    pub(super) fn new(vault: Arc<Vault>) -> Self {
        Self { vault, held: String::new(), before: None }
    }

    /// Forgets what came: another text begins.
    pub(super) fn restart(&mut self) {
        self.held.clear();
        self.before = None;
    }

    /// Takes text in and gives what can be said of it.
    pub(super) fn feed(&mut self, text: &str) -> String {
        if self.vault.is_empty() {
            return text.to_owned();
        }
        self.held.push_str(text);
        self.pass(false)
    }

    /// Gives what was held back.
    pub(super) fn finish(&mut self) -> String {
        self.pass(true)
    }

    fn pass(&mut self, last: bool) -> String {
        let text = std::mem::take(&mut self.held);
        let mut restored = String::with_capacity(text.len());
        let mut at = 0;
        loop {
            let next = placeholder::next(&text, at, self.before, self.vault.labels(), last);
            let (start, end) = match next {
                Next::Found { start, end, .. } => (start, end),
                Next::Unfinished { start } => (start, start),
                Next::Nothing => (text.len(), text.len()),
            };
            restored.push_str(text.get(at..start).unwrap_or_default());
            let passed = text.get(at..end).unwrap_or_default();
            self.before = passed.chars().next_back().or(self.before);
            at = end;
            let Next::Found { key, .. } = next else { break };
            let written = text.get(start..end).unwrap_or_default();
            restored.push_str(self.vault.value(key).unwrap_or(written));
        }
        text.get(at..).unwrap_or_default().clone_into(&mut self.held);
        restored
    }
}

#[cfg(test)]
mod tests {
    use super::super::names::Names;
    use super::*;

    fn unmask() -> Unmask {
        let mut vault =
            Vault::new(["PHONE".to_owned(), "EMAIL".to_owned()].into(), Names::default());
        vault.placeholder(0, "a".into(), "138 0013 8000");
        vault.placeholder(0, "b".into(), "[PHONE_1]");
        vault.placeholder(1, "c".into(), "a@b.example");
        Unmask::new(Arc::new(vault))
    }

    fn whole(text: &str) -> String {
        let mut unmask = unmask();
        unmask.feed(text) + &unmask.finish()
    }

    #[test]
    fn values_come_back_and_nothing_else_changes() {
        for (text, restored) in [
            ("您的电话是[PHONE_1]吗？", "您的电话是138 0013 8000吗？"),
            ("[email_1][PHONE_1]", "a@b.example138 0013 8000"),
            ("[PHONE_3] [PHONE_", "[PHONE_3] [PHONE_"),
            ("see [docs](https://a.example/phone_1x)", "see [docs](https://a.example/phone_1x)"),
            // A value that looks like a placeholder is a value.
            ("[PHONE_2]", "[PHONE_1]"),
        ] {
            assert_eq!(whole(text), restored, "{text}");
        }
    }

    #[test]
    fn a_placeholder_may_be_cut_anywhere() {
        let text = "号码：[PHONE_1]，邮箱 [EMAIL_1]; [PHONE_9] phone_1";
        let cuts: Vec<_> = text.char_indices().map(|(at, _)| at).collect();
        for &first in &cuts {
            for &second in cuts.iter().filter(|&&second| second >= first) {
                let mut unmask = unmask();
                let pieces = [&text[..first], &text[first..second], &text[second..]];
                let mut restored: String = pieces.iter().map(|piece| unmask.feed(piece)).collect();
                restored += &unmask.finish();
                assert_eq!(restored, whole(text), "cut at {first} and {second}");
            }
        }
    }

    #[test]
    fn only_what_may_become_a_placeholder_is_held_back() {
        let mut unmask = unmask();
        for (text, said) in [
            ("价格 [", "价格 "),
            ("PHO", ""),
            ("TO] p", "[PHOTO] "),
            ("lease", "please"),
            ("[", ""),
        ] {
            assert_eq!(unmask.feed(text), said, "{text}");
        }
        assert_eq!(unmask.finish(), "[");
        for _ in 0..1_000 {
            unmask.feed("[ \\ phone_ [PHONE_");
            assert!(unmask.held.len() < 60);
        }
    }
}
