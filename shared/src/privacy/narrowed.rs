//! A text with full-width forms as their ASCII, whose places lead back to where it came from.

use crate::rules::narrow;
use std::borrow::Cow;
use std::ops::Range;

#[derive(Debug)]
pub(super) struct Narrowed<'a> {
    pub(super) text: Cow<'a, str>,
    /// Of each byte, and of the end; empty where nothing was narrowed.
    origins: Vec<usize>,
}

impl<'a> Narrowed<'a> {
    pub(super) fn of(text: &'a str) -> Self {
        if text.chars().all(|character| narrow(character) == character) {
            return Self { text: Cow::Borrowed(text), origins: Vec::new() };
        }
        let mut narrowed = String::with_capacity(text.len());
        let mut origins = Vec::with_capacity(text.len() + 1);
        for (at, character) in text.char_indices() {
            narrowed.push(narrow(character));
            origins.resize(narrowed.len(), at);
        }
        origins.push(text.len());
        Self { text: Cow::Owned(narrowed), origins }
    }

    /// The same place in the text that this was made of.
    pub(super) fn origin(&self, range: &Range<usize>) -> Range<usize> {
        let of = |at: usize| self.origins.get(at).copied().unwrap_or(at);
        of(range.start)..of(range.end)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_lead_back() {
        let text = "电话１３８，ok";
        let narrowed = Narrowed::of(text);
        assert_eq!(narrowed.text, "电话138,ok");
        assert_eq!(&text[narrowed.origin(&(6..9))], "１３８");
        assert_eq!(&text[narrowed.origin(&(10..12))], "ok");
        assert_eq!(Narrowed::of("电话138").origin(&(6..9)), 6..9);
    }
}
