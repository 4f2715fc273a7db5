//! Reads a table key by key, by type, and gathers what is wrong on the way. A key that nothing
//! asked for is unknown: the reading itself is the list of known keys.

use super::document::{Entry, Node, Value, join};
use super::fault::{Faults, nearest};
use std::collections::BTreeMap;
use std::fmt::Display;
use std::ops::RangeInclusive;

/// A table being read; [`Fields::finish`] ends it.
#[derive(Debug)]
#[must_use]
pub(super) struct Fields<'a> {
    path: String,
    line: u32,
    entries: &'a [Entry],
    asked: Vec<&'static str>,
    faults: &'a mut Faults,
}

/// How much a list may hold.
#[derive(Clone, Copy, Debug)]
pub(super) struct Bounds {
    /// Entries.
    pub(super) entries: usize,
    /// UTF-8 bytes of each.
    pub(super) bytes: usize,
}

impl<'a> Fields<'a> {
    /// Begins to read `node`, unless it is no table.
    pub(super) fn of(path: String, node: &'a Node, faults: &'a mut Faults) -> Option<Self> {
        if let Value::Table(entries) = &node.value {
            return Some(Self { path, line: node.line, entries, asked: Vec::new(), faults });
        }
        faults.add(path, node.line, expected(node, "a table of keys and values"));
        None
    }

    /// A text of 1 to `bytes` bytes that is not blank; numbers are taken as they are written.
    pub(super) fn text(&mut self, key: &'static str, bytes: usize) -> Option<String> {
        self.parsed(key, |text| match text.len() {
            _ if text.trim().is_empty() => {
                Err("found nothing; write a text or remove the key".to_owned())
            }
            length if length > bytes => {
                Err(format!("found {length} bytes; at most {bytes} are allowed"))
            }
            _ => Ok(text.to_owned()),
        })
    }

    /// What `parse` makes of a text; its error is told as it is.
    pub(super) fn parsed<T>(
        &mut self,
        key: &'static str,
        parse: impl FnOnce(&str) -> Result<T, String>,
    ) -> Option<T> {
        let node = self.find(key)?;
        let result = match &node.value {
            Value::Text(text) | Value::Number(text) => parse(text),
            Value::Null | Value::Bool(_) | Value::List(_) | Value::Table(_) => {
                Err(expected(node, "a text"))
            }
        };
        result.map_err(|message| self.fault(key, message)).ok()
    }

    /// Like [`Fields::parsed`], within a range that is told by `show`.
    pub(super) fn within<T: PartialOrd + Copy>(
        &mut self,
        key: &'static str,
        range: RangeInclusive<T>,
        parse: impl FnOnce(&str) -> Result<T, String>,
        show: impl Fn(T) -> String,
    ) -> Option<T> {
        self.parsed(key, |text| {
            let value = parse(text)?;
            if range.contains(&value) {
                return Ok(value);
            }
            let (least, most) = (show(*range.start()), show(*range.end()));
            Err(format!("found {}; expected from {least} to {most}", show(value)))
        })
    }

    /// A whole number, not in quotation marks.
    pub(super) fn whole(&mut self, key: &'static str, range: RangeInclusive<i64>) -> Option<i64> {
        let node = self.find(key)?;
        let (least, most) = (range.start(), range.end());
        let wanted = format!("a whole number from {least} to {most}, without quotation marks");
        let Value::Number(digits) = &node.value else {
            self.fault(key, expected(node, &wanted));
            return None;
        };
        match digits.parse() {
            Ok(number) if range.contains(&number) => Some(number),
            _ => {
                self.fault(key, expected(node, &wanted));
                None
            }
        }
    }

    /// Like [`Fields::whole`], for what is counted.
    pub(super) fn count(&mut self, key: &'static str, range: RangeInclusive<u32>) -> Option<u32> {
        let number = self.whole(key, i64::from(*range.start())..=i64::from(*range.end()))?;
        u32::try_from(number).ok()
    }

    /// `true` or `false`.
    pub(super) fn flag(&mut self, key: &'static str) -> Option<bool> {
        let node = self.find(key)?;
        if let Value::Bool(value) = node.value {
            return Some(value);
        }
        self.fault(key, expected(node, "true or false, without quotation marks"));
        None
    }

    /// A list of texts, each read by `parse`; empty when absent.
    pub(super) fn list<T>(
        &mut self,
        key: &'static str,
        bounds: Bounds,
        parse: impl Fn(&str) -> Result<T, String>,
    ) -> Vec<T> {
        let Some(node) = self.find(key) else { return Vec::new() };
        let Value::List(nodes) = &node.value else {
            self.fault(key, expected(node, "a list of texts, such as [\"…\"]"));
            return Vec::new();
        };
        if nodes.len() > bounds.entries {
            self.fault(
                key,
                format!("found {} entries; at most {} are allowed", nodes.len(), bounds.entries),
            );
        }
        let path = join(&self.path, key);
        let texts = nodes.iter().take(bounds.entries).enumerate().filter_map(|(index, node)| {
            let read = list_text(node, bounds.bytes).and_then(&parse);
            read.map_err(|message| self.faults.add(format!("{path}[{index}]"), node.line, message))
                .ok()
        });
        texts.collect()
    }

    /// A list of texts as they are written.
    pub(super) fn texts(&mut self, key: &'static str, bounds: Bounds) -> Vec<String> {
        self.list(key, bounds, |text| Ok(text.to_owned()))
    }

    /// A table within this one, read by `read`.
    pub(super) fn table<T>(
        &mut self,
        key: &'static str,
        read: impl FnOnce(&mut Fields<'_>) -> T,
    ) -> Option<T> {
        let node = self.find(key)?;
        let path = join(&self.path, key);
        let mut fields = Fields::of(path, node, self.faults)?;
        let value = read(&mut fields);
        fields.finish();
        Some(value)
    }

    /// A list of tables, each read by `read`; at most `most`.
    pub(super) fn tables<T>(
        &mut self,
        key: &'static str,
        most: usize,
        mut read: impl FnMut(&mut Fields<'_>) -> Option<T>,
    ) -> Vec<T> {
        let Some(node) = self.find(key) else { return Vec::new() };
        let Value::List(nodes) = &node.value else {
            self.fault(key, expected(node, "a list of tables ([[…]] in TOML, - in YAML)"));
            return Vec::new();
        };
        if nodes.len() > most {
            self.fault(key, format!("found {} entries; at most {most} are allowed", nodes.len()));
        }
        let mut values = Vec::new();
        for (index, node) in nodes.iter().take(most).enumerate() {
            let path = format!("{}[{index}]", join(&self.path, key));
            let Some(mut fields) = Fields::of(path, node, self.faults) else { continue };
            values.extend(read(&mut fields));
            fields.finish();
        }
        values
    }

    /// A table whose keys are its author's own, with texts, numbers and flags as values.
    pub(super) fn map(&mut self, key: &'static str, bounds: Bounds) -> BTreeMap<String, String> {
        let mut map = BTreeMap::new();
        let Some(node) = self.find(key) else { return map };
        let Value::Table(entries) = &node.value else {
            self.fault(key, expected(node, "a table of keys and texts"));
            return map;
        };
        if entries.len() > bounds.entries {
            self.fault(
                key,
                format!("found {} entries; at most {} are allowed", entries.len(), bounds.entries),
            );
        }
        let path = join(&self.path, key);
        for entry in entries.iter().take(bounds.entries) {
            match map_text(&entry.node, bounds.bytes) {
                Ok(text) => drop(map.insert(entry.key.clone(), text)),
                Err(message) => self.faults.add(join(&path, &entry.key), entry.node.line, message),
            }
        }
        map
    }

    /// A fault of one of this table's keys, or of the table when it lacks the key.
    pub(super) fn fault(&mut self, key: &str, message: impl Into<String>) {
        let line = self.entry(key).map_or(self.line, |entry| entry.node.line);
        self.faults.add(join(&self.path, key), line, message);
    }

    /// A fault of a key that should be here; nothing when it is, even if it is wrong.
    pub(super) fn require(&mut self, key: &'static str, hint: impl Display) {
        if self.entry(key).is_none() {
            self.fault(key, format!("missing; write {hint}"));
        }
    }

    /// Whether a key is written here, right or wrong.
    pub(super) fn has(&self, key: &str) -> bool {
        self.entry(key).is_some()
    }

    /// Whether a key's value is a list.
    pub(super) fn is_list(&self, key: &str) -> bool {
        self.entry(key).is_some_and(|entry| matches!(entry.node.value, Value::List(_)))
    }

    /// Takes all other keys for known, for want of knowing which are.
    pub(super) fn skip_rest(&mut self) {
        self.entries = &[];
    }

    /// Ends the reading: what was not asked for is unknown.
    pub(super) fn finish(self) {
        for entry in self.entries {
            if self.asked.contains(&entry.key.as_str()) {
                continue;
            }
            // Finding the nearest of so many would only take time.
            let message = if self.faults.is_full() {
                String::new()
            } else {
                unknown(&entry.key, &self.asked)
            };
            self.faults.add(join(&self.path, &entry.key), entry.line, message);
        }
    }

    fn find(&mut self, key: &'static str) -> Option<&'a Node> {
        if !self.asked.contains(&key) {
            self.asked.push(key);
        }
        self.entry(key).map(|entry| &entry.node)
    }

    fn entry(&self, key: &str) -> Option<&'a Entry> {
        self.entries.iter().find(|entry| entry.key == key)
    }
}

fn unknown(key: &str, known: &[&str]) -> String {
    let Some(nearest) = nearest(key, known) else {
        return "unknown key; remove it".to_owned();
    };
    format!("unknown key; the nearest known one is `{nearest}` (known here: {})", known.join(", "))
}

fn expected(node: &Node, wanted: &str) -> String {
    let mend = if node.value == Value::Null { ", or remove the key" } else { "" };
    format!("found {}; expected {wanted}{mend}", node.found())
}

fn list_text(node: &Node, bytes: usize) -> Result<&str, String> {
    match &node.value {
        Value::Text(text) | Value::Number(text) if text.trim().is_empty() => {
            Err("found a blank text; write something or remove it".to_owned())
        }
        Value::Text(text) | Value::Number(text) if text.len() > bytes => {
            Err(format!("found {} bytes; at most {bytes} are allowed", text.len()))
        }
        Value::Text(text) | Value::Number(text) => Ok(text),
        Value::Null | Value::Bool(_) | Value::List(_) | Value::Table(_) => {
            Err(expected(node, "a text"))
        }
    }
}

fn map_text(node: &Node, bytes: usize) -> Result<String, String> {
    match &node.value {
        Value::Text(text) | Value::Number(text) if text.len() > bytes => {
            Err(format!("found {} bytes; at most {bytes} are allowed", text.len()))
        }
        Value::Text(text) | Value::Number(text) => Ok(text.clone()),
        Value::Bool(value) => Ok(value.to_string()),
        Value::Null | Value::List(_) | Value::Table(_) => Err(expected(node, "a text")),
    }
}
