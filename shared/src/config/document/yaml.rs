//! YAML into the tree, from the parser's events, whose markers have the lines. Plain scalars are
//! read by the core schema of YAML 1.2: `yes` and `09:00` are text.

use super::{Entry, Invalid, MAX_DEPTH, Node, Value, clip, small, syntax, too_deep};
use std::collections::{BTreeMap, BTreeSet};
use yaml_rust2::Event;
use yaml_rust2::parser::{Parser, Tag};
use yaml_rust2::scanner::{Marker, ScanError, TScalarStyle};

/// How many nodes aliases may multiply a document to.
const MAX_NODES: usize = 100_000;

pub(super) fn parse(text: &str) -> Result<Node, Invalid> {
    let parser = Parser::new_from_str(text);
    let mut source = Source { parser, anchors: BTreeMap::new(), nodes: 0 };
    let document = source.document()?;
    match document.value {
        Value::Null => Ok(Node { line: 1, value: Value::Table(Vec::new()) }),
        Value::Table(_) => Ok(document),
        Value::Bool(_) | Value::Number(_) | Value::Text(_) | Value::List(_) => {
            let message =
                format!("found {}; the document must be a table, key: value", document.found());
            Err(syntax(1, &message))
        }
    }
}

struct Source<'a> {
    parser: Parser<std::str::Chars<'a>>,
    anchors: BTreeMap<usize, Node>,
    nodes: usize,
}

impl Source<'_> {
    fn document(&mut self) -> Result<Node, Invalid> {
        let mut document = None;
        loop {
            let (event, mark) = self.next()?;
            match event {
                Event::StreamStart | Event::DocumentStart | Event::DocumentEnd | Event::Nothing => {
                }
                Event::StreamEnd => {
                    return Ok(document.unwrap_or(Node { line: 1, value: Value::Null }));
                }
                Event::Alias(_)
                | Event::Scalar(..)
                | Event::SequenceStart(..)
                | Event::SequenceEnd
                | Event::MappingStart(..)
                | Event::MappingEnd => {
                    if document.is_some() {
                        let message = "a second document begins here; write only one";
                        return Err(syntax(mark.line(), message));
                    }
                    document = Some(self.node(event, mark, 0)?);
                }
            }
        }
    }

    fn next(&mut self) -> Result<(Event, Marker), Invalid> {
        self.parser.next_token().map_err(|error| not_yaml(&error))
    }

    fn node(&mut self, event: Event, mark: Marker, depth: usize) -> Result<Node, Invalid> {
        let line = small(mark.line());
        self.count(line, 1)?;
        let (value, anchor) = match event {
            Event::Alias(anchor) => return self.alias(anchor, line),
            Event::Scalar(text, style, anchor, tag) => {
                (scalar(text, style, tag.as_ref(), mark)?, anchor)
            }
            Event::SequenceStart(anchor, tag) => {
                open(tag.as_ref(), "seq", mark, depth)?;
                (self.list(depth)?, anchor)
            }
            Event::MappingStart(anchor, tag) => {
                open(tag.as_ref(), "map", mark, depth)?;
                (self.table(depth)?, anchor)
            }
            Event::Nothing
            | Event::StreamStart
            | Event::StreamEnd
            | Event::DocumentStart
            | Event::DocumentEnd
            | Event::SequenceEnd
            | Event::MappingEnd => {
                return Err(syntax(mark.line(), "not YAML: a value is missing"));
            }
        };
        let node = Node { line, value };
        if anchor > 0 {
            self.count(line, weight(&node))?;
            self.anchors.insert(anchor, node.clone());
        }
        Ok(node)
    }

    fn list(&mut self, depth: usize) -> Result<Value, Invalid> {
        let mut nodes = Vec::new();
        loop {
            match self.next()? {
                (Event::SequenceEnd, _) => return Ok(Value::List(nodes)),
                (event, mark) => nodes.push(self.node(event, mark, depth + 1)?),
            }
        }
    }

    fn table(&mut self, depth: usize) -> Result<Value, Invalid> {
        let mut keys = BTreeSet::new();
        let mut entries = Vec::new();
        loop {
            let (key, line) = match self.next()? {
                (Event::MappingEnd, _) => return Ok(Value::Table(entries)),
                (Event::Scalar(key, ..), mark) => (key, small(mark.line())),
                (_, mark) => return Err(syntax(mark.line(), "a key must be plain text")),
            };
            if !keys.insert(key.clone()) {
                let at = usize::try_from(line).unwrap_or(usize::MAX);
                return Err(syntax(at, &format!("the key {} stands twice; keep one", clip(&key))));
            }
            let (event, mark) = self.next()?;
            entries.push(Entry { key, line, node: self.node(event, mark, depth + 1)? });
        }
    }

    /// A copy of what was anchored: its lines stay those where it is written.
    fn alias(&mut self, anchor: usize, line: u32) -> Result<Node, Invalid> {
        let Some(weight) = self.anchors.get(&anchor).map(weight) else {
            let at = usize::try_from(line).unwrap_or(usize::MAX);
            return Err(syntax(at, "this alias refers to what it stands in; write the value out"));
        };
        self.count(line, weight)?;
        Ok(self.anchors.get(&anchor).cloned().unwrap_or(Node { line, value: Value::Null }))
    }

    fn count(&mut self, line: u32, nodes: usize) -> Result<(), Invalid> {
        self.nodes = self.nodes.saturating_add(nodes);
        if self.nodes <= MAX_NODES {
            return Ok(());
        }
        let at = usize::try_from(line).unwrap_or(usize::MAX);
        Err(syntax(at, &format!("more than {MAX_NODES} values, aliases counted; write less")))
    }
}

/// How many nodes it has, long texts counted as several: what a copy costs.
fn weight(node: &Node) -> usize {
    let text = |text: &str| text.len() / 64;
    1 + match &node.value {
        Value::List(nodes) => nodes.iter().map(weight).sum(),
        Value::Table(entries) => entries.iter().map(|e| text(&e.key) + weight(&e.node)).sum(),
        Value::Number(written) | Value::Text(written) => text(written),
        Value::Null | Value::Bool(_) => 0,
    }
}

fn scalar(
    text: String,
    style: TScalarStyle,
    tag: Option<&Tag>,
    mark: Marker,
) -> Result<Value, Invalid> {
    if tag.is_some() {
        refuse_tag(tag, "str", mark)?;
        return Ok(Value::Text(text));
    }
    if style != TScalarStyle::Plain {
        return Ok(Value::Text(text));
    }
    Ok(match text.as_str() {
        "" | "~" | "null" | "Null" | "NULL" => Value::Null,
        "true" | "True" | "TRUE" => Value::Bool(true),
        "false" | "False" | "FALSE" => Value::Bool(false),
        _ if is_number(&text) => Value::Number(text),
        _ => Value::Text(text),
    })
}

/// Decimal numbers of the core schema: `[-+]? ( \. [0-9]+ | [0-9]+ ( \. [0-9]* )? ) ( [eE] [-+]? [0-9]+ )?`.
fn is_number(text: &str) -> bool {
    let unsigned = text.strip_prefix(['-', '+']).unwrap_or(text);
    unsigned.starts_with(|c: char| c.is_ascii_digit() || c == '.')
        && unsigned.parse::<f64>().is_ok()
}

/// What may begin here.
fn open(tag: Option<&Tag>, meant: &str, mark: Marker, depth: usize) -> Result<(), Invalid> {
    if depth > MAX_DEPTH {
        return Err(too_deep(small(mark.line())));
    }
    refuse_tag(tag, meant, mark)
}

fn refuse_tag(tag: Option<&Tag>, meant: &str, mark: Marker) -> Result<(), Invalid> {
    match tag {
        Some(tag) if tag.suffix != meant || !tag.handle.starts_with("tag:yaml.org") => Err(syntax(
            mark.line(),
            "tags other than !!str, !!seq and !!map are not known; remove it",
        )),
        _ => Ok(()),
    }
}

fn not_yaml(error: &ScanError) -> Invalid {
    syntax(error.marker().line(), &format!("not YAML: {}", error.info()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn value_of(text: &str) -> Value {
        let tree = parse(&format!("a: {text}")).unwrap();
        let Value::Table(mut entries) = tree.value else { panic!("{tree:?}") };
        entries.remove(0).node.value
    }

    #[test]
    fn plain_scalars_follow_the_core_schema() {
        let text = |text: &str| Value::Text(text.to_owned());
        let number = |text: &str| Value::Number(text.to_owned());
        for (written, expected) in [
            ("", Value::Null),
            ("~", Value::Null),
            ("true", Value::Bool(true)),
            ("yes", text("yes")),
            ("'true'", text("true")),
            ("09:00", text("09:00")),
            ("1000/分钟", text("1000/分钟")),
            ("30s", text("30s")),
            ("7300000000000000000", number("7300000000000000000")),
            ("007", number("007")),
            ("-1.5e3", number("-1.5e3")),
            ("!!str 12", text("12")),
            (".inf", text(".inf")),
            ("inf", text("inf")),
        ] {
            assert_eq!(value_of(written), expected, "{written}");
        }
    }

    #[test]
    fn errors_name_their_line() {
        for (text, line) in [
            ("a: 1\nb: [1,\nc: 2", 3),
            ("a: 1\na: 2", 2),
            ("a: 1\n---\nb: 2", 3),
            ("a: 1\nb: *x", 2),
            ("a:\n  - b\n c: 1", 3),
            ("a: 1\nb: !ruby/object x", 2),
            ("- a", 1),
            ("a: 1\n? [x]\n: 2", 2),
            ("a: &x\n  b: *x", 2),
            ("b: 1\na: \"x\n", 2),
        ] {
            let faults = parse(text).unwrap_err().faults;
            assert_eq!(faults[0].line, line, "{text}: {faults:?}");
        }
    }

    #[test]
    fn an_alias_is_a_copy() {
        let tree = parse("a: &x [1, 2]\nb: *x").unwrap();
        let Value::Table(entries) = tree.value else { panic!("{tree:?}") };
        assert_eq!(entries[0].node, entries[1].node);
    }

    #[test]
    fn an_alias_bomb_is_refused() {
        let mut text = "a0: &a0 [x, x, x, x, x, x, x, x, x]\n".to_owned();
        for level in 1..30 {
            let aliases = vec![format!("*a{}", level - 1); 9].join(", ");
            text.push_str(&format!("a{level}: &a{level} [{aliases}]\n"));
        }
        let long = format!("a: &x {}\nb: [{}]", "x".repeat(100_000), "*x,".repeat(10_000));
        for text in [text, long] {
            let faults = parse(&text).unwrap_err().faults;
            assert!(faults[0].message.contains("aliases counted"), "{faults:?}");
        }
    }

    #[test]
    fn nothing_is_an_empty_table() {
        for text in ["", "---\n", "# only a comment\n", "\n\n"] {
            assert_eq!(parse(text).unwrap().value, Value::Table(Vec::new()), "{text:?}");
        }
    }
}
