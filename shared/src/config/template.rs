//! Texts with references to secrets.

use std::error::Error;
use std::fmt;

/// A text that may refer to secrets: `"Bearer ${NAME}"`, names being `[A-Z_][A-Z0-9_]*`. Its
/// `Debug` shows the references only.
#[derive(Clone, PartialEq, Eq)]
pub struct Template(pub String);

/// A reference that led to nothing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MissingSecret {
    /// What was referred to.
    pub name: String,
}

impl Template {
    /// The names that it refers to, in order, repeated ones too.
    pub fn references(&self) -> impl Iterator<Item = &str> {
        Pieces(&self.0).filter_map(|piece| match piece {
            Piece::Reference(name) => Some(name),
            Piece::Text(_) | Piece::Broken => None,
        })
    }

    /// The text with what `lookup` gives for each reference; what it gives is not looked into.
    pub fn resolve(
        &self,
        lookup: impl Fn(&str) -> Option<String>,
    ) -> Result<String, MissingSecret> {
        let mut resolved = String::new();
        for piece in Pieces(&self.0) {
            match piece {
                Piece::Text(text) => resolved.push_str(text),
                Piece::Reference(name) => {
                    let secret =
                        lookup(name).ok_or_else(|| MissingSecret { name: name.to_owned() })?;
                    resolved.push_str(&secret);
                }
                Piece::Broken => resolved.push_str("${"),
            }
        }
        Ok(resolved)
    }

    /// Whether it refers to nothing: the text itself is what will be sent.
    pub fn is_literal(&self) -> bool {
        self.references().next().is_none()
    }

    /// Whether every `${` begins a reference.
    pub(super) fn is_whole(&self) -> bool {
        !Pieces(&self.0).any(|piece| matches!(piece, Piece::Broken))
    }
}

impl fmt::Debug for Template {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Template(")?;
        for piece in Pieces(&self.0) {
            match piece {
                Piece::Reference(name) => write!(f, "${{{name}}}")?,
                Piece::Text(_) | Piece::Broken => f.write_str("…")?,
            }
        }
        f.write_str(")")
    }
}

impl fmt::Display for MissingSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the secret {} is neither stored for this site nor granted to it", self.name)
    }
}

impl Error for MissingSecret {}

enum Piece<'a> {
    Text(&'a str),
    Reference(&'a str),
    /// A `${` that begins no reference.
    Broken,
}

/// What is left to be split.
struct Pieces<'a>(&'a str);

impl<'a> Iterator for Pieces<'a> {
    type Item = Piece<'a>;

    fn next(&mut self) -> Option<Piece<'a>> {
        if self.0.is_empty() {
            return None;
        }
        let Some(rest) = self.0.strip_prefix("${") else {
            let (text, rest) = self.0.split_at(self.0.find("${").unwrap_or(self.0.len()));
            self.0 = rest;
            return Some(Piece::Text(text));
        };
        if let Some((name, after)) = rest.split_once('}').filter(|(name, _)| is_name(name)) {
            self.0 = after;
            return Some(Piece::Reference(name));
        }
        self.0 = rest;
        Some(Piece::Broken)
    }
}

fn is_name(name: &str) -> bool {
    name.starts_with(|c: char| c.is_ascii_uppercase() || c == '_')
        && name
            .bytes()
            .all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit() || byte == b'_')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lookup(name: &str) -> Option<String> {
        match name {
            "A" => Some("one".to_owned()),
            "B_2" => Some("${A}".to_owned()),
            _ => None,
        }
    }

    #[test]
    fn references_are_resolved_once() {
        for (text, resolved) in [
            ("plain", "plain"),
            ("${A}", "one"),
            ("Bearer ${A}!", "Bearer one!"),
            ("${B_2}${A}", "${A}one"),
            ("$A $ {A} ${a} ${} ${A", "$A $ {A} ${a} ${} ${A"),
            ("${${A}}", "${one}"),
            ("", ""),
        ] {
            assert_eq!(
                Template(text.to_owned()).resolve(lookup).as_deref(),
                Ok(resolved),
                "{text}"
            );
        }
    }

    #[test]
    fn a_missing_secret_is_named() {
        let template = Template("${A} ${NONE}".to_owned());
        assert_eq!(template.resolve(lookup), Err(MissingSecret { name: "NONE".to_owned() }));
        assert_eq!(template.references().collect::<Vec<_>>(), ["A", "NONE"]);
    }

    #[test]
    fn debug_shows_references_only() {
        let template = Template("sk-123 ${A} x".to_owned());
        assert_eq!(format!("{template:?}"), "Template(…${A}…)");
    }

    #[test]
    fn a_broken_reference_is_told_from_a_text() {
        for (text, whole) in
            [("a$b", true), ("${A}", true), ("${a}", false), ("${A", false), ("${9A}", false)]
        {
            assert_eq!(Template(text.to_owned()).is_whole(), whole, "{text}");
        }
    }
}
