//! Thoughts in the text: servers without a reasoning parser send `<think>…</think>` before the
//! answer, in pieces cut anywhere.

use super::answer::Answer;

const OPEN: &str = "<think>";
const CLOSE: &str = "</think>";
/// Bytes of blanks after which no tag is looked for.
const MOST_BLANKS: usize = 256;

/// Keeps thoughts out of the answer. Only a text that begins with the tag has any.
#[derive(Clone, Debug, Default)]
pub(super) struct Thoughts {
    place: Place,
    /// What may yet turn out to be a tag.
    held: String,
}

#[derive(Clone, Copy, Debug, Default)]
enum Place {
    #[default]
    Before,
    Inside,
    /// Behind the thoughts, but only blanks have come.
    Behind,
    After,
}

impl Thoughts {
    /// Gives the next text to the answer, as what it is.
    pub(super) fn split(&mut self, text: &str, answer: &mut Answer) {
        match self.place {
            Place::After => answer.say("", text),
            Place::Behind => self.answer(text, answer),
            Place::Before => {
                self.held.push_str(text);
                self.begin(answer);
            }
            Place::Inside => {
                self.held.push_str(text);
                self.think(answer);
            }
        }
    }

    /// Gives what was held back: no tag can come any more.
    pub(super) fn flush(&mut self, answer: &mut Answer) {
        let held = std::mem::take(&mut self.held);
        match self.place {
            Place::Inside => answer.think(&held),
            Place::Before | Place::Behind | Place::After => answer.say("", &held),
        }
    }

    fn begin(&mut self, answer: &mut Answer) {
        let text = self.held.trim_start();
        if let Some(thought) = text.strip_prefix(OPEN) {
            self.held = thought.to_owned();
            self.place = Place::Inside;
            self.think(answer);
        } else if !OPEN.starts_with(text) || self.held.len() > MOST_BLANKS {
            self.place = Place::After;
            self.flush(answer);
        }
    }

    fn answer(&mut self, text: &str, answer: &mut Answer) {
        let text = text.trim_start();
        if !text.is_empty() {
            self.place = Place::After;
            answer.say("", text);
        }
    }

    fn think(&mut self, answer: &mut Answer) {
        let held = std::mem::take(&mut self.held);
        if let Some((thought, rest)) = held.split_once(CLOSE) {
            answer.think(thought);
            self.place = Place::Behind;
            return self.answer(rest, answer);
        }
        let cut = (1..CLOSE.len()).rev().find(|n| held.ends_with(CLOSE.get(..*n).unwrap_or(CLOSE)));
        let (thought, maybe) = held.split_at(held.len() - cut.unwrap_or(0));
        answer.think(thought);
        self.held = maybe.to_owned();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::provider::Reading;

    fn split(text: &str, size: usize) -> (String, String) {
        let (mut thoughts, mut answer, mut out) = (Thoughts::default(), Answer::default(), vec![]);
        let characters: Vec<_> = text.chars().collect();
        for piece in characters.chunks(size) {
            thoughts.split(&piece.iter().collect::<String>(), &mut answer);
        }
        thoughts.flush(&mut answer);
        answer.drain(&mut out);
        let (mut thought, mut said) = (String::new(), String::new());
        for reading in out {
            if let Reading::Reasoning(text) = reading {
                thought.push_str(&text);
            } else if let Reading::Text(text) = reading {
                said.push_str(&text);
            }
        }
        (thought, said)
    }

    #[test]
    fn thoughts_before_the_answer_are_told_apart_however_cut() {
        for (text, thought, said) in [
            ("<think>想</think>好", "想", "好"),
            ("\n<think>\n想 </ 想</think>\n\n好 <think>", "\n想 </ 想", "好 <think>"),
            ("<think></think>好", "", "好"),
            ("<think>想不完</th", "想不完</th", ""),
            ("好<think>x</think>", "", "好<think>x</think>"),
            ("<thin", "", "<thin"),
            ("<thing>", "", "<thing>"),
            (" 好", "", " 好"),
            ("", "", ""),
        ] {
            for size in [1, 2, 3, 7, 64] {
                let expected = (thought.to_owned(), said.to_owned());
                assert_eq!(split(text, size), expected, "{text} in pieces of {size}");
            }
        }
    }
}
