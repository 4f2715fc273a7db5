//! A database that does not do what it is asked: what is wrong by its own words, whether waiting
//! helps, and what the operator can do.

use crate::problem::{Code, Refusal};
use std::fmt;
use std::time::Duration;

/// What is wrong with a database.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Trouble {
    /// Another process holds it for longer than anybody waits.
    Locked,
    /// There is no space left.
    Full,
    /// Its file, or the file system, takes no writes.
    ReadOnly,
    /// Its file cannot be opened.
    Unopened,
    /// The disk fails.
    Failing,
    /// Its file holds something else, or what is in it is broken.
    Damaged,
    /// A newer version of this program made it.
    Newer,
    /// The application's manifest grants none.
    Ungranted,
}

/// What SQLite calls each, of which part is enough (sqlite3ErrStr in its main.c).
const WORDS: [(&str, Trouble); 9] = [
    ("locked", Trouble::Locked),
    ("busy", Trouble::Locked),
    ("is full", Trouble::Full),
    ("readonly database", Trouble::ReadOnly),
    ("unable to open", Trouble::Unopened),
    ("disk I/O error", Trouble::Failing),
    ("not a database", Trouble::Damaged),
    ("malformed", Trouble::Damaged),
    ("locking protocol", Trouble::Locked),
];

impl Trouble {
    /// What a message of SQLite tells of, if it is one of these.
    pub fn of(message: &str) -> Option<Self> {
        WORDS.iter().find(|(word, _)| message.contains(word)).map(|(_, trouble)| *trouble)
    }

    /// What is wrong.
    pub fn what(self) -> &'static str {
        match self {
            Self::Locked => "another process holds the database",
            Self::Full => "the database's disk is full",
            Self::ReadOnly => "the database takes no writes",
            Self::Unopened => "the database cannot be opened",
            Self::Failing => "the database's disk fails",
            Self::Damaged => "the database is damaged",
            Self::Newer => "the database is of a newer version of Kefu",
            Self::Ungranted => "no database is granted to the application",
        }
    }

    /// How the operator mends it. None of these needs a restart.
    pub fn remedy(self) -> &'static str {
        match self {
            Self::Locked => "end what holds it; a backup by deploy/backup.sh does not",
            Self::Full => "make room",
            Self::ReadOnly => "let its file, its folder and its file system be written",
            Self::Unopened => "see that its folder exists and may be read and written",
            Self::Failing => "look at the disk, and at whether it is full",
            Self::Damaged => "stop, and put a backup in its place",
            Self::Newer => "run the version that made it, or a newer one",
            Self::Ungranted => "spin.toml: sqlite_databases = [\"default\"]",
        }
    }

    /// When trying again makes sense, if it does without somebody doing something else first.
    fn retry_after(self) -> Option<Duration> {
        match self {
            Self::Locked => Some(Duration::from_secs(1)),
            Self::Full | Self::ReadOnly | Self::Unopened | Self::Failing => {
                Some(Duration::from_secs(5))
            }
            Self::Damaged | Self::Newer | Self::Ungranted => None,
        }
    }

    /// What clients are told.
    pub fn refusal(self) -> Refusal {
        match self.retry_after() {
            Some(wait) => {
                let detail = format!("{}: send the same request again", self.what());
                Refusal::new(Code::Unavailable, detail).retry_after(wait)
            }
            None => Refusal::new(Code::Misconfigured, self.what()),
        }
    }
}

/// For the operator.
impl fmt::Display for Trouble {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.what(), self.remedy())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_sqlite_says_is_understood() {
        for (message, trouble) in [
            ("database is locked", Some(Trouble::Locked)),
            ("database or disk is full", Some(Trouble::Full)),
            ("attempt to write a readonly database", Some(Trouble::ReadOnly)),
            ("unable to open database file: /data/kefu.db", Some(Trouble::Unopened)),
            ("disk I/O error", Some(Trouble::Failing)),
            ("file is not a database", Some(Trouble::Damaged)),
            ("database disk image is malformed", Some(Trouble::Damaged)),
            ("no such table: event", None),
        ] {
            assert_eq!(Trouble::of(message), trouble, "{message}");
        }
    }

    #[test]
    fn where_waiting_helps_it_is_unavailable_and_says_when_to_come_back() {
        let refusal = Trouble::Full.refusal();
        assert_eq!((refusal.code, refusal.retry_after_ms()), (Code::Unavailable, Some(5_000)));
        let refusal = Trouble::Newer.refusal();
        assert_eq!((refusal.code, refusal.retry_after_ms()), (Code::Misconfigured, None));
    }
}
