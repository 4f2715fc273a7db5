//! JSON into the tree. Values are taken raw, so that their place in the text gives their line and
//! numbers keep every digit.

use super::{Entry, Invalid, Lines, MAX_DEPTH, Node, Value, clip, syntax, too_deep};
use serde::de::{Deserialize, Deserializer, MapAccess, Visitor};
use serde_json::value::RawValue;
use std::collections::BTreeSet;
use std::fmt;

pub(super) fn parse(text: &str) -> Result<Node, Invalid> {
    let source = Source { text, lines: Lines::of(text) };
    let raw: &RawValue = serde_json::from_str(text).map_err(|error| not_json(0, &error))?;
    let node = source.node(raw.get(), 0)?;
    if matches!(node.value, Value::Table(_)) {
        return Ok(node);
    }
    Err(syntax(1, &format!("found {}; the document must be a table, {{…}}", node.found())))
}

struct Source<'a> {
    text: &'a str,
    lines: Lines,
}

impl<'a> Source<'a> {
    fn node(&self, raw: &'a str, depth: usize) -> Result<Node, Invalid> {
        let line = self.lines.at(self.offset(raw));
        let value = match raw.as_bytes().first() {
            Some(b'{' | b'[') if depth > MAX_DEPTH => return Err(too_deep(line)),
            Some(b'{') => Value::Table(self.entries(raw, depth)?),
            Some(b'[') => Value::List(self.items(raw, depth)?),
            Some(b'"') => Value::Text(self.read(raw)?),
            Some(b't' | b'f') => Value::Bool(self.read(raw)?),
            Some(b'n') | None => Value::Null,
            Some(_) => Value::Number(raw.to_owned()),
        };
        Ok(Node { line, value })
    }

    fn items(&self, raw: &'a str, depth: usize) -> Result<Vec<Node>, Invalid> {
        let items: Vec<&RawValue> = self.read(raw)?;
        items.into_iter().map(|item| self.node(item.get(), depth + 1)).collect()
    }

    fn entries(&self, raw: &'a str, depth: usize) -> Result<Vec<Entry>, Invalid> {
        let Pairs(pairs) = self.read(raw)?;
        let mut keys = BTreeSet::new();
        let mut entries = Vec::with_capacity(pairs.len());
        for (key, value) in pairs {
            let line = self.key_line(value.get());
            if !keys.insert(key.clone()) {
                let message = format!("the key {} stands twice; keep one", clip(&key));
                return Err(syntax(usize::try_from(line).unwrap_or(usize::MAX), &message));
            }
            entries.push(Entry { key, line, node: self.node(value.get(), depth + 1)? });
        }
        Ok(entries)
    }

    /// Where a key ends: before the colon before its value.
    fn key_line(&self, value: &str) -> u32 {
        let before = self.text.get(..self.offset(value)).unwrap_or_default();
        let key = before.trim_end().trim_end_matches(':').trim_end();
        self.lines.at(key.len().saturating_sub(1))
    }

    /// `part` was borrowed from the text, so its address tells its place.
    fn offset(&self, part: &str) -> usize {
        (part.as_ptr() as usize).saturating_sub(self.text.as_ptr() as usize)
    }

    fn read<T: Deserialize<'a>>(&self, raw: &'a str) -> Result<T, Invalid> {
        let first = usize::try_from(self.lines.at(self.offset(raw))).unwrap_or(usize::MAX);
        serde_json::from_str(raw).map_err(|error| not_json(first - 1, &error))
    }
}

/// `above` is how many lines stand before what was read.
fn not_json(above: usize, error: &serde_json::Error) -> Invalid {
    let told = error.to_string();
    let what = told.split(" at line ").next().unwrap_or_default();
    syntax(above + error.line(), &format!("not JSON: {what}"))
}

/// A table's keys, repeated ones too, with their raw values.
struct Pairs<'a>(Vec<(String, &'a RawValue)>);

impl<'de> Deserialize<'de> for Pairs<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(PairsVisitor)
    }
}

struct PairsVisitor;

impl<'de> Visitor<'de> for PairsVisitor {
    type Value = Pairs<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a table")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut pairs = Vec::new();
        while let Some(pair) = map.next_entry()? {
            pairs.push(pair);
        }
        Ok(Pairs(pairs))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn syntax_errors_name_their_line() {
        for (text, line) in [
            ("{\n\"a\": 1,\n}", 3),
            ("{\"a\": 1\n\"b\": 2}", 2),
            ("", 1),
            ("{\n\n\"a\": \"\\ud800\"}", 3),
            ("{\"a\": 1}\n\nx", 3),
            ("{\"a\": 01}", 1),
            ("\n[1]", 1),
            ("{\"a\":{\n\"b\":1,\n\"b\":2}}", 3),
        ] {
            assert_eq!(parse(text).unwrap_err().faults[0].line, line, "{text}");
        }
    }

    #[test]
    fn keys_and_values_know_their_own_lines() {
        let tree = parse("{ \"a\"\n:\n 1, \"b\": [\n2]}").unwrap();
        let Value::Table(entries) = tree.value else { panic!("{tree:?}") };
        assert_eq!((entries[0].line, entries[0].node.line), (1, 3));
        assert_eq!((entries[1].line, entries[1].node.line), (3, 3));
    }

    #[test]
    fn escaped_surrogate_pairs_are_characters() {
        let tree = parse(r#"{"a": "\ud83d\ude00\/"}"#).unwrap();
        let Value::Table(entries) = tree.value else { panic!("{tree:?}") };
        assert_eq!(entries[0].node.value, Value::Text("😀/".to_owned()));
    }
}
