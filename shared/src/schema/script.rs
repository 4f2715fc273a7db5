//! A transaction as one statement, for a host that asks a price for each.
//!
//! A view takes a line for each statement: which it is, and its parameters. A trigger of each kind
//! does what the statement's own text does. All lines of an `INSERT` are done, or none; where a
//! line finds that somebody else wrote first, none is, and SQLite says [`CONFLICT`].

use super::shared_sql::{desk, host, log, provider};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::LazyLock;

/// What is said where somebody else wrote first.
pub const CONFLICT: &str = "somebody else wrote first";
/// Parameters of a line: what it is, and as many as any statement has.
pub const COLUMNS: usize = 1 + PARAMS;
/// Lines of one script.
pub const LINES_MOST: usize = 128;

const PARAMS: usize = 6;
/// What ends a statement that must give a row.
const RETURNING: &str = " RETURNING version";

/// What is written often. Where it stands is its number, from 1.
const KINDS: [Kind; 14] = [
    Kind::of(log::INSERT_EVENT),
    Kind::must(log::PUT_STATE),
    Kind::of(log::PUT_MARK),
    Kind::of(log::DROP_TRACES),
    Kind::of(host::SET_ALARM),
    Kind::of(host::CLEAR_ALARM),
    Kind::of(host::TELL),
    Kind::of(host::OPEN),
    Kind::of(host::SEE),
    Kind::of(host::LEAVE),
    Kind::of(host::DROP_INSTANCES),
    Kind::must(host::RAISE_DESK),
    Kind::of(desk::PUT_ENTRY),
    Kind::must(provider::PUT_GUARD),
];

struct Kind {
    text: &'static str,
    /// Whether it must change a row.
    must: bool,
}

impl Kind {
    const fn of(text: &'static str) -> Self {
        Self { text, must: false }
    }

    const fn must(text: &'static str) -> Self {
        Self { text, must: true }
    }
}

static VIEW: LazyLock<String> = LazyLock::new(|| {
    let mut hasher = DefaultHasher::new();
    KINDS.iter().for_each(|kind| (kind.text, kind.must).hash(&mut hasher));
    format!("script_{:016x}", hasher.finish())
});

/// The view's name. It tells what its triggers do: programs of two versions have two views.
pub fn view() -> &'static str {
    &VIEW
}

/// Makes the view and its triggers, where they are not there.
pub fn create() -> Vec<String> {
    let columns = names("").join(", ");
    let nothing = ["NULL"; COLUMNS].join(", ");
    let view = format!("CREATE VIEW IF NOT EXISTS {} ({columns}) AS SELECT {nothing}", view());
    let triggers = KINDS.iter().zip(1..).map(|(kind, number)| trigger(kind, number));
    [view].into_iter().chain(triggers).collect()
}

/// The number of a statement that a script can have, by its text.
pub fn line(text: &str) -> Option<u32> {
    let index = KINDS.iter().position(|kind| bare(kind.text) == bare(text))?;
    u32::try_from(index + 1).ok()
}

/// How many lines a script of `lines` has: some are empty, that there be few different texts.
pub fn padded(lines: usize) -> usize {
    lines.next_power_of_two()
}

/// The statement of a script of so many lines, with [`COLUMNS`] parameters each. A line whose number
/// is NULL does nothing.
pub fn insert(lines: usize) -> String {
    let row = format!("({})", ["?"; COLUMNS].join(", "));
    format!("INSERT INTO {} VALUES {}", view(), vec![row; lines].join(", "))
}

fn trigger(kind: &Kind, number: u32) -> String {
    let view = view();
    let done = filled(bare(kind.text));
    let check = match kind.must {
        true => format!(" SELECT raise(ABORT, '{CONFLICT}') WHERE changes() = 0;"),
        false => String::new(),
    };
    format!(
        "CREATE TRIGGER IF NOT EXISTS {view}_{number} INSTEAD OF INSERT ON {view}
            WHEN NEW.line = {number} BEGIN {done};{check} END"
    )
}

/// A statement's text with the columns of a line for its parameters.
fn filled(text: &str) -> String {
    let mut parts = text.split('?');
    let mut filled = parts.next().unwrap_or_default().to_owned();
    for (part, name) in parts.zip(names("NEW.").into_iter().skip(1)) {
        filled += &name;
        filled += part;
    }
    filled
}

/// What of a text a trigger can have.
fn bare(text: &str) -> &str {
    text.strip_suffix(RETURNING).unwrap_or(text)
}

fn names(of: &str) -> Vec<String> {
    let params = (1..=PARAMS).map(|number| format!("{of}p{number}"));
    [format!("{of}line")].into_iter().chain(params).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn every_parameter_of_every_statement_is_a_column_of_its_line() {
        for kind in &KINDS {
            let count = kind.text.matches('?').count();
            assert!(count <= PARAMS, "{}", kind.text);
            assert_eq!(filled(bare(kind.text)).matches("NEW.p").count(), count);
        }
        assert_eq!(KINDS.iter().map(|kind| kind.text).collect::<BTreeSet<_>>().len(), KINDS.len());
    }

    #[test]
    fn a_statement_is_found_with_and_without_what_it_must_give() {
        assert_eq!(line(log::INSERT_EVENT), Some(1));
        assert_eq!(line(log::PUT_STATE), Some(2));
        assert_eq!(line(&format!("{}{RETURNING}", log::PUT_STATE)), Some(2));
        assert_eq!(line(log::BY_SENDER), None);
    }

    #[test]
    fn scripts_have_few_lengths() {
        let lengths: BTreeSet<usize> = (1..=LINES_MOST).map(padded).collect();
        assert_eq!(lengths.into_iter().collect::<Vec<_>>(), [1, 2, 4, 8, 16, 32, 64, 128]);
        assert_eq!(insert(2).matches('?').count(), 2 * COLUMNS);
    }
}
