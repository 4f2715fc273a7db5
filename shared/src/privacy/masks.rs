//! Personal data in texts, and placeholders in its place.

use super::names::Names;
use super::narrowed::Narrowed;
use super::numbers;
use super::vault::Vault;
use crate::config::{MaskKind, Masking};
use crate::rules::Pattern;
use std::ops::Range;
use std::sync::Arc;

/// What a site masks.
#[derive(Debug)]
pub(super) struct Masks {
    /// Of the built-in kinds, then of the patterns.
    labels: Arc<[String]>,
    kinds: Vec<MaskKind>,
    patterns: Vec<Pattern>,
}

/// Something to be masked.
struct Hidden {
    range: Range<usize>,
    label: usize,
    /// The same for all ways to write it.
    alike: String,
}

/// What is hidden in a text, in order.
#[derive(Default)]
struct Places(Vec<Hidden>);

impl Masks {
    /// Patterns were checked when the configuration was read: what does not compile is not there.
    pub(super) fn of(masking: &Masking) -> Self {
        let compiled = masking.patterns.iter().filter_map(|pattern| {
            Some((pattern.name.to_ascii_uppercase(), Pattern::new(&pattern.regex).ok()?))
        });
        let (names, patterns): (Vec<_>, Vec<_>) = compiled.unzip();
        let labels = MaskKind::ALL.map(|kind| kind.name().to_ascii_uppercase()).into_iter();
        Self { labels: labels.chain(names).collect(), kinds: masking.kinds.clone(), patterns }
    }

    pub(super) fn vault(&self, names: Names) -> Vault {
        Vault::new(Arc::clone(&self.labels), names)
    }

    pub(super) fn labels(&self) -> &[String] {
        &self.labels
    }

    /// The text with placeholders for what is masked.
    pub(super) fn mask(&self, text: &str, vault: &mut Vault) -> String {
        let narrowed = Narrowed::of(text);
        let mut masked = String::with_capacity(text.len());
        let mut at = 0;
        for hidden in self.places(&narrowed.text).0 {
            let range = narrowed.origin(&hidden.range);
            masked.push_str(text.get(at..range.start).unwrap_or_default());
            let value = text.get(range.clone()).unwrap_or_default();
            masked.push_str(&vault.placeholder(hidden.label, hidden.alike, value));
            at = range.end;
        }
        masked.push_str(text.get(at..).unwrap_or_default());
        masked
    }

    /// A site's own patterns first, then what is surest.
    fn places(&self, text: &str) -> Places {
        let mut places = Places::default();
        for (pattern, label) in self.patterns.iter().zip(MaskKind::ALL.len()..) {
            for range in pattern.find(text) {
                let alike = text.get(range.clone()).unwrap_or_default().to_owned();
                places.add(range, label, alike);
            }
        }
        if self.kinds.contains(&MaskKind::Email) {
            for range in emails(text) {
                let alike = text.get(range.clone()).unwrap_or_default().to_ascii_lowercase();
                places.add(range, label_of(MaskKind::Email), alike);
            }
        }
        for number in numbers::find(text, &self.kinds) {
            places.add(number.range, label_of(number.kind), number.digits);
        }
        places
    }
}

fn label_of(kind: MaskKind) -> usize {
    MaskKind::ALL.iter().position(|known| *known == kind).unwrap_or_default()
}

impl Places {
    /// Adds a place unless one that came before has part of it.
    fn add(&mut self, range: Range<usize>, label: usize, alike: String) {
        let at = self.0.partition_point(|hidden| hidden.range.start < range.end);
        let before = at.checked_sub(1).and_then(|before| self.0.get(before));
        if !range.is_empty() && before.is_none_or(|hidden| hidden.range.end <= range.start) {
            self.0.insert(at, Hidden { range, label, alike });
        }
    }
}

/// Where e-mail addresses are.
fn emails(text: &str) -> impl Iterator<Item = Range<usize>> + '_ {
    text.match_indices('@').filter_map(|(at, _)| {
        let (before, after) = (text.get(..at)?, text.get(at + 1..)?);
        let is_local = |c: char| c.is_ascii_alphanumeric() || "._%+-".contains(c);
        let local = before.get(before.trim_end_matches(is_local).len()..)?;
        let local = local.trim_start_matches(['.', '-', '%', '+']);
        let is_domain = |c: char| c.is_ascii_alphanumeric() || c == '.' || c == '-';
        let domain = after.get(..after.len() - after.trim_start_matches(is_domain).len())?;
        let domain = domain.trim_end_matches(['.', '-']);
        let (names, top) = domain.rsplit_once('.')?;
        let real = !local.is_empty()
            && names.split('.').all(|name| !name.is_empty())
            && top.len() >= 2
            && top.bytes().all(|byte| byte.is_ascii_alphabetic());
        real.then(|| at - local.len()..at + 1 + domain.len())
    })
}

/// Whether a pattern of personal data can be used, or why not.
pub fn check_pattern(pattern: &str) -> Result<(), String> {
    let compiled = Pattern::new(pattern).map_err(|fault| fault.to_string())?;
    if compiled.matches("") {
        return Err("it matches where nothing is; say what there is at least".to_owned());
    }
    Ok(())
}
