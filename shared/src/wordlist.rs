//! Words found in a text, however many they are: a sorted list that is walked like a trie.
//!
//! A walk narrows the list by one character of the text after the other, so that it costs next to
//! nothing where no word begins. Unlike an automaton it needs no time to be built, and it tells
//! where a word may yet go on when more text comes.

/// Words, in the order of their characters.
#[derive(Debug, Default)]
pub(crate) struct Wordlist {
    /// All characters of all words.
    characters: Vec<char>,
    /// Where each word begins in them, and where the last one ends.
    bounds: Vec<usize>,
    /// Each first character of words, and the first word that begins with it.
    firsts: Vec<(char, usize)>,
}

impl Wordlist {
    /// Takes words in that are sorted, none of them twice. They are known by their places; an empty
    /// one is never found.
    pub(crate) fn new<'a>(words: impl IntoIterator<Item = &'a str>) -> Self {
        let mut list = Self { bounds: vec![0], ..Self::default() };
        for (place, word) in words.into_iter().enumerate() {
            list.characters.extend(word.chars());
            list.bounds.push(list.characters.len());
            let Some(first) = word.chars().next() else { continue };
            if list.firsts.last().is_none_or(|(known, _)| *known != first) {
                list.firsts.push((first, place));
            }
        }
        list
    }

    /// How many there are.
    pub(crate) fn len(&self) -> usize {
        self.bounds.len().saturating_sub(1)
    }

    /// Gives each word with which `text` begins: its place, and how many characters it has. Says
    /// whether the text may be the beginning of a longer one.
    pub(crate) fn walk(
        &self,
        text: impl IntoIterator<Item = char>,
        mut found: impl FnMut(usize, usize),
    ) -> bool {
        let mut text = text.into_iter();
        let Some(first) = text.next() else { return self.len() > 0 };
        let (mut from, mut to) = self.beginning_with(first);
        let mut depth = 1;
        while from < to {
            // The word that ends here is before all that go on.
            if self.character(from, depth).is_none() {
                found(from, depth);
                from += 1;
            }
            let Some(next) = text.next() else { return from < to };
            from = self.first_from(from, to, depth, |character| character >= next);
            to = self.first_from(from, to, depth, |character| character > next);
            depth += 1;
        }
        false
    }

    fn beginning_with(&self, first: char) -> (usize, usize) {
        let Ok(at) = self.firsts.binary_search_by_key(&first, |(character, _)| *character) else {
            return (0, 0);
        };
        let place = |at: usize| self.firsts.get(at).map_or(self.len(), |(_, place)| *place);
        (place(at), place(at + 1))
    }

    /// The first of some words whose character at `depth` is like that; they are sorted by it.
    fn first_from(&self, from: usize, to: usize, depth: usize, is: impl Fn(char) -> bool) -> usize {
        let (mut from, mut to) = (from, to);
        while from < to {
            let middle = from.midpoint(to);
            if self.character(middle, depth).is_some_and(&is) {
                to = middle;
            } else {
                from = middle + 1;
            }
        }
        from
    }

    fn character(&self, word: usize, depth: usize) -> Option<char> {
        let at = self.bounds.get(word)? + depth;
        if at < *self.bounds.get(word + 1)? { self.characters.get(at).copied() } else { None }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn walk(words: &[&str], text: &str) -> (Vec<String>, bool) {
        let list = Wordlist::new(words.iter().copied());
        let mut found = Vec::new();
        let goes_on = list.walk(text.chars(), |word, length| {
            assert_eq!(words[word].chars().count(), length);
            found.push(words[word].to_owned());
        });
        (found, goes_on)
    }

    #[test]
    fn all_words_are_found_with_which_a_text_begins_and_whether_one_may_go_on() {
        let words = ["a", "ab", "abd", "b", "运", "运费", "运费险"];
        for (text, found, goes_on) in [
            ("", &[][..], true),
            ("a", &["a"], true),
            ("abc", &["a", "ab"], false),
            ("abd", &["a", "ab", "abd"], false),
            ("ab", &["a", "ab"], true),
            ("b", &["b"], false),
            ("c", &[], false),
            ("运费", &["运", "运费"], true),
            ("运费险呢", &["运", "运费", "运费险"], false),
        ] {
            assert_eq!(
                walk(&words, text),
                (found.iter().map(|it| (*it).to_owned()).collect(), goes_on),
                "{text}"
            );
        }
        assert_eq!(walk(&[], ""), (Vec::new(), false));
    }

    #[test]
    fn what_is_found_is_what_a_search_for_each_word_finds() {
        let letters = ['a', 'b', 'ß', '中'];
        let word = |mut number: usize| {
            let mut word = String::new();
            while number > 0 {
                word.push(letters[number % 4]);
                number /= 4;
            }
            word
        };
        let words: std::collections::BTreeSet<String> = (1..700).step_by(3).map(word).collect();
        let words: Vec<&str> = words.iter().map(String::as_str).collect();
        for text in (1..5_000).map(word) {
            let begins: Vec<String> = words
                .iter()
                .filter(|it| text.starts_with(**it))
                .map(|it| (*it).to_owned())
                .collect();
            let goes_on = words.iter().any(|it| it.len() > text.len() && it.starts_with(&text));
            let (mut found, said) = walk(&words, &text);
            found.sort();
            assert_eq!((found, said), (begins, goes_on), "{text}");
        }
    }
}
