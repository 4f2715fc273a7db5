//! TOML into the tree.

use super::{Entry, Invalid, Lines, MAX_DEPTH, Node, Value, syntax_fault, too_deep};
use crate::config::fault::MAX_FAULTS;
use crate::sorted;
use ::toml::Spanned;
use ::toml::de::{DeTable, DeValue};
use std::ops::Range;

pub(super) fn parse(text: &str) -> Result<Node, Invalid> {
    let lines = Lines::of(text);
    let (table, errors) = DeTable::parse_recoverable(text);
    if errors.is_empty() {
        return Source { text, lines }.table(1, table.get_ref(), 0);
    }
    let mut faults: Vec<_> = errors
        .iter()
        .take(MAX_FAULTS)
        .map(|error| {
            let offset = error.span().map_or(0, |span| span.start);
            let line = usize::try_from(lines.at(offset)).unwrap_or(usize::MAX);
            syntax_fault(line, &format!("not TOML: {}", error.message()))
        })
        .collect();
    sorted::sort_by_key(&mut faults, |fault| fault.line);
    Err(Invalid { faults })
}

struct Source<'a> {
    text: &'a str,
    lines: Lines,
}

impl Source<'_> {
    fn table(&self, line: u32, table: &DeTable<'_>, depth: usize) -> Result<Node, Invalid> {
        if depth > MAX_DEPTH {
            return Err(too_deep(line));
        }
        let mut entries = Vec::with_capacity(table.len());
        for (key, value) in table {
            let line = self.lines.at(key.span().start);
            entries.push(Entry {
                key: key.get_ref().to_string(),
                line,
                node: self.node(value, depth + 1)?,
            });
        }
        Ok(Node { line, value: Value::Table(entries) })
    }

    fn node(&self, spanned: &Spanned<DeValue<'_>>, depth: usize) -> Result<Node, Invalid> {
        let line = self.lines.at(spanned.span().start);
        let value = match spanned.get_ref() {
            DeValue::Table(table) => return self.table(line, table, depth),
            DeValue::Array(_) if depth > MAX_DEPTH => return Err(too_deep(line)),
            DeValue::Array(items) => {
                let nodes = items.iter().map(|item| self.node(item, depth + 1));
                Value::List(nodes.collect::<Result<_, _>>()?)
            }
            DeValue::String(text) => Value::Text(text.to_string()),
            DeValue::Integer(number) => Value::Number(number.to_string()),
            DeValue::Float(number) => Value::Number(number.to_string()),
            DeValue::Boolean(value) => Value::Bool(*value),
            // A time of day may be written bare; it is read as the text it is.
            DeValue::Datetime(_) => Value::Text(self.written(spanned.span())),
        };
        Ok(Node { line, value })
    }

    fn written(&self, span: Range<usize>) -> String {
        self.text.get(span).unwrap_or_default().to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_syntax_error_has_its_line() {
        let faults = parse("a = 1\nb = \n[c]\nd = 1 2\n[e").unwrap_err().faults;
        let lines: Vec<u32> = faults.iter().map(|fault| fault.line).collect();
        assert_eq!(lines, [2, 4, 5], "{faults:?}");
    }

    #[test]
    fn a_key_written_twice_is_refused_at_the_second() {
        for text in ["a = 1\na = 2", "[a]\n[a]"] {
            assert_eq!(parse(text).unwrap_err().faults[0].line, 2, "{text}");
        }
    }

    #[test]
    fn tables_and_their_entries_know_their_lines() {
        let tree =
            parse("[[rules]]\nname = 'a'\n\n[[rules]]\nname = 'b'\nmatch = {\n any = ['x'] }\n")
                .unwrap();
        let Value::Table(top) = tree.value else { panic!("{tree:?}") };
        let Value::List(rules) = &top[0].node.value else { panic!("{top:?}") };
        assert_eq!(rules.iter().map(|rule| rule.line).collect::<Vec<_>>(), [1, 4]);
        let Value::Table(second) = &rules[1].value else { panic!("{rules:?}") };
        let mut lines: Vec<_> =
            second.iter().map(|entry| (entry.key.as_str(), entry.line)).collect();
        lines.sort();
        assert_eq!(lines, [("match", 6), ("name", 5)]);
    }
}
