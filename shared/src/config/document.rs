//! A document of any format as one tree whose nodes know their lines.

use super::fault::{Fault, Invalid};
use serde::{Deserialize, Serialize};

mod json;
mod toml;
mod yaml;

/// How a document is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Format {
    /// TOML 1.1.
    Toml,
    /// YAML 1.2.
    Yaml,
    /// JSON (RFC 8259).
    Json,
}

impl Format {
    /// The format that a Content-Type names; parameters and case don't count.
    pub fn of_content_type(content_type: &str) -> Option<Self> {
        let essence =
            content_type.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
        match essence.as_str() {
            "application/toml" | "application/x-toml" | "text/toml" | "text/x-toml" => {
                Some(Self::Toml)
            }
            "application/yaml" | "application/x-yaml" | "text/yaml" | "text/x-yaml" => {
                Some(Self::Yaml)
            }
            "application/json" | "text/json" => Some(Self::Json),
            _ => None,
        }
    }

    /// Its name in storage: `toml`, `yaml` or `json`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Toml => "toml",
            Self::Yaml => "yaml",
            Self::Json => "json",
        }
    }

    /// The format of that name.
    pub fn of_name(name: &str) -> Option<Self> {
        [Self::Toml, Self::Yaml, Self::Json].into_iter().find(|format| format.name() == name)
    }

    /// Its content type.
    pub fn content_type(self) -> &'static str {
        match self {
            Self::Toml => "application/toml; charset=utf-8",
            Self::Yaml => "application/yaml; charset=utf-8",
            Self::Json => "application/json",
        }
    }
}

/// How deep lists and tables may be nested.
pub(super) const MAX_DEPTH: usize = 32;

/// A value and where it stands.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Node {
    /// From 1.
    pub(super) line: u32,
    pub(super) value: Value,
}

/// What all three formats can say.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Value {
    /// YAML's and JSON's `null`, or nothing after a YAML key.
    Null,
    Bool(bool),
    /// As written, so that no digit is lost.
    Number(String),
    Text(String),
    List(Vec<Node>),
    Table(Vec<Entry>),
}

/// A key of a table, its line and its value; no key stands twice.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Entry {
    pub(super) key: String,
    pub(super) line: u32,
    pub(super) node: Node,
}

impl Node {
    /// Reads a whole document, whose top is a table or, in YAML, may be empty.
    pub(super) fn parse(bytes: &[u8], format: Format) -> Result<Self, Invalid> {
        let text = decode(bytes)?;
        match format {
            Format::Toml => toml::parse(text),
            Format::Yaml => yaml::parse(text),
            Format::Json => json::parse(text),
        }
    }

    /// What stands here, to be told: `text "abc"`, `the number 5`, `a list`.
    pub(super) fn found(&self) -> String {
        match &self.value {
            Value::Null => "nothing".to_owned(),
            Value::Bool(value) => value.to_string(),
            Value::Number(digits) => format!("the number {}", clip(digits)),
            Value::Text(text) => format!("the text {}", quoted(text)),
            Value::List(_) => "a list".to_owned(),
            Value::Table(_) => "a table".to_owned(),
        }
    }
}

/// A text in quotation marks, shortened, with what cannot be seen escaped.
pub(super) fn quoted(text: &str) -> String {
    format!("{:?}", clip(text))
}

/// At most 40 characters of a text.
pub(super) fn clip(text: &str) -> String {
    let mut clipped: String = text.chars().take(40).collect();
    if clipped.len() < text.len() {
        clipped.push('…');
    }
    clipped
}

fn decode(bytes: &[u8]) -> Result<&str, Invalid> {
    let text = std::str::from_utf8(bytes).map_err(|error| {
        let good = bytes.get(..error.valid_up_to()).unwrap_or_default();
        let line = good.iter().filter(|&&byte| byte == b'\n').count() + 1;
        syntax(line, "this is not UTF-8; save the document as UTF-8")
    })?;
    Ok(text.strip_prefix('\u{feff}').unwrap_or(text))
}

/// A document that cannot be parsed.
fn syntax(line: usize, message: &str) -> Invalid {
    Invalid::from(syntax_fault(line, message))
}

fn syntax_fault(line: usize, message: &str) -> Fault {
    Fault { key: String::new(), line: small(line), message: message.to_owned() }
}

fn too_deep(line: u32) -> Invalid {
    let message = format!("nested deeper than {MAX_DEPTH} levels; make it flatter");
    Invalid::from(Fault { key: String::new(), line, message })
}

fn small(line: usize) -> u32 {
    u32::try_from(line).unwrap_or(u32::MAX)
}

/// Finds the line of a byte.
#[derive(Debug)]
struct Lines {
    starts: Vec<usize>,
}

impl Lines {
    fn of(text: &str) -> Self {
        let breaks = text.bytes().enumerate().filter(|&(_, byte)| byte == b'\n');
        Self { starts: breaks.map(|(index, _)| index + 1).collect() }
    }

    /// The line, from 1, that holds the byte at `offset`.
    fn at(&self, offset: usize) -> u32 {
        small(self.starts.partition_point(|&start| start <= offset) + 1)
    }
}

/// Joins a table's path and a key.
pub(super) fn join(path: &str, key: &str) -> String {
    let mut joined = path.to_owned();
    if !path.is_empty() {
        joined.push('.');
    }
    joined.push_str(&clip(key));
    joined
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_content_type_names_the_format() {
        for (content_type, format) in [
            ("application/toml", Some(Format::Toml)),
            ("Application/TOML; charset=utf-8", Some(Format::Toml)),
            ("text/x-yaml", Some(Format::Yaml)),
            ("application/yaml ;charset=UTF-8", Some(Format::Yaml)),
            ("application/json", Some(Format::Json)),
            ("text/plain", None),
            ("", None),
        ] {
            assert_eq!(Format::of_content_type(content_type), format, "{content_type}");
        }
    }

    #[test]
    fn the_same_tree_and_lines_come_from_each_format() {
        let toml = "\n[a]\nname = '退货'\nbig = 7300000000000000000123\nflags = [true,\n 1.50]\n";
        let yaml = "\na:\n  name: 退货\n  big: 7300000000000000000123\n  flags: [true,\n   1.50]\n";
        let json = "\n{\"a\":{\n \"name\":\"\\u9000货\",\n \"big\": 7300000000000000000123,\n\"flags\": [true,\n1.50]}}";
        let [toml, yaml, json] = [(toml, Format::Toml), (yaml, Format::Yaml), (json, Format::Json)]
            .map(|(text, format)| Node::parse(text.as_bytes(), format).unwrap());
        let shape = |node: &Node| {
            let mut told = Vec::new();
            walk(node, "", &mut told);
            told.sort();
            told
        };
        let expected = [
            ("a.big", "the number 7300000000000000000123", 4),
            ("a.flags", "true", 5),
            ("a.flags", "the number 1.50", 6),
            ("a.name", "the text \"退货\"", 3),
        ]
        .map(|(path, found, line)| (path.to_owned(), line, found.to_owned()));
        for tree in [&toml, &yaml, &json] {
            assert_eq!(shape(tree), expected);
        }
    }

    #[test]
    fn nesting_is_bounded_in_each_format() {
        let (open, close) = ("[".repeat(5_000), "]".repeat(5_000));
        for (format, text) in [
            (Format::Toml, format!("a = {open}{close}")),
            (Format::Toml, format!("{}b = 1", "a.".repeat(40))),
            (Format::Toml, format!("{}b = 1", "a.".repeat(60_000))),
            (Format::Yaml, format!("a: {open}{close}")),
            (Format::Yaml, (0..400).map(|depth| format!("{}a:\n", " ".repeat(depth))).collect()),
            (Format::Yaml, format!("{}1", "- ".repeat(10_000))),
            (Format::Json, format!("{{\"a\":{open}{close}}}")),
        ] {
            assert!(Node::parse(text.as_bytes(), format).is_err(), "{format:?}");
        }
    }

    #[test]
    fn bytes_that_are_no_text_name_their_line() {
        let invalid = Node::parse(b"a = 1\nb = '\xff'", Format::Toml).unwrap_err();
        assert_eq!(invalid.faults[0].line, 2);
    }

    #[test]
    fn a_byte_order_mark_is_skipped() {
        for (text, format) in
            [("a = 1", Format::Toml), ("a: 1", Format::Yaml), ("{\"a\":1}", Format::Json)]
        {
            assert!(
                Node::parse(format!("\u{feff}{text}").as_bytes(), format).is_ok(),
                "{format:?}"
            );
        }
    }

    fn walk(node: &Node, path: &str, told: &mut Vec<(String, u32, String)>) {
        match &node.value {
            Value::Table(entries) => {
                entries.iter().for_each(|e| walk(&e.node, &join(path, &e.key), told))
            }
            Value::List(nodes) => nodes.iter().for_each(|n| walk(n, path, told)),
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::Text(_) => {
                told.push((path.to_owned(), node.line, node.found()));
            }
        }
    }
}
