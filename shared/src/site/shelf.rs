//! What a site object keeps and what it can be told to do, as a pure step: an order in, an outcome
//! and at most one change to store out.

use super::{Page, VERSIONS_MOST};
use crate::config::Format;
use crate::problem::{Code, Refusal};
use crate::secrets::{SECRETS_MOST, Sealed};
use crate::time::Millis;
use serde::{Deserialize, Serialize};

/// What a site object can be told to do.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub enum Order {
    /// Tell the newest state, unless it is the one that the asker has.
    Read {
        /// The asker's revision, 0 for none.
        have: u32,
    },
    /// Keep a document that was found good.
    Put {
        /// How it is written.
        format: Format,
        /// As it came.
        document: String,
    },
    /// Make an earlier version the newest again.
    Rollback {
        /// Which; the one before the newest when absent.
        version: Option<u32>,
    },
    /// Keep a secret.
    Keep(Sealed),
    /// Forget a secret.
    Forget {
        /// Its name.
        name: String,
    },
}

/// What a site object answers.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Outcome {
    /// The newest state.
    Page(Page),
    /// The asker has it.
    Unchanged,
    /// There is no configuration.
    Absent,
    /// Done; what is asked next sees it.
    Done {
        /// The configuration's version, 0 for none.
        version: u32,
        /// Which state of the site this is.
        revision: u32,
    },
    /// Not done.
    Refused {
        /// Why: a [`Code`]'s text.
        code: String,
        /// For people.
        detail: String,
    },
}

/// Everything that a site object keeps.
#[derive(Clone, Debug, Default)]
pub struct Shelf {
    /// Rises with every change.
    pub revision: u32,
    /// Newest first.
    pub versions: Vec<Stored>,
    /// By name.
    pub secrets: Vec<Sealed>,
}

/// A version of a configuration.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stored {
    /// Dense from 1.
    pub version: u32,
    /// How the document is written.
    pub format: Format,
    /// As it came.
    pub document: String,
}

/// What is to be stored, in one transaction that also raises the revision.
#[derive(Clone, Debug, PartialEq)]
pub enum Change {
    /// A new version; those up to `drop_upto` are dropped.
    Version {
        /// The version.
        stored: Stored,
        /// The newest version that is not kept any more.
        drop_upto: u32,
        /// When.
        at: Millis,
    },
    /// A secret, new or changed.
    Secret(Sealed),
    /// A secret's name.
    Forgotten(String),
}

impl Shelf {
    /// Carries out an order: the outcome, and what to store before it is told.
    pub fn take(&self, order: Order, now: Millis) -> (Outcome, Option<Change>) {
        match order {
            Order::Read { have } => (self.read(have), None),
            Order::Put { format, document } => self.put(format, document, now),
            Order::Rollback { version } => self.rollback(version, now),
            Order::Keep(secret) => self.keep(secret),
            Order::Forget { name } => (self.done(self.version()), Some(Change::Forgotten(name))),
        }
    }

    fn read(&self, have: u32) -> Outcome {
        match self.versions.first() {
            None => Outcome::Absent,
            Some(_) if have == self.revision => Outcome::Unchanged,
            Some(newest) => Outcome::Page(Page {
                revision: self.revision,
                version: newest.version,
                format: newest.format,
                document: newest.document.clone(),
                secrets: self.secrets.clone(),
            }),
        }
    }

    fn put(&self, format: Format, document: String, now: Millis) -> (Outcome, Option<Change>) {
        let version = self.version() + 1;
        let change = Change::Version {
            stored: Stored { version, format, document },
            drop_upto: version.saturating_sub(VERSIONS_MOST),
            at: now,
        };
        (self.done(version), Some(change))
    }

    fn rollback(&self, version: Option<u32>, now: Millis) -> (Outcome, Option<Change>) {
        let wanted = match version {
            Some(version) => self.versions.iter().find(|stored| stored.version == version),
            None => self.versions.get(1),
        };
        match wanted {
            Some(stored) => self.put(stored.format, stored.document.clone(), now),
            None => (refused(Code::NoSuchVersion, "no such version is stored for this site"), None),
        }
    }

    fn keep(&self, secret: Sealed) -> (Outcome, Option<Change>) {
        let known = self.secrets.iter().any(|stored| stored.name == secret.name);
        if !known && self.secrets.len() >= SECRETS_MOST {
            let detail = format!("a site has at most {SECRETS_MOST} secrets: delete one first");
            return (refused(Code::BadSecret, &detail), None);
        }
        (self.done(self.version()), Some(Change::Secret(secret)))
    }

    fn version(&self) -> u32 {
        self.versions.first().map_or(0, |newest| newest.version)
    }

    fn done(&self, version: u32) -> Outcome {
        Outcome::Done { version, revision: self.revision + 1 }
    }
}

fn refused(code: Code, detail: &str) -> Outcome {
    Outcome::Refused { code: code.as_str().into(), detail: detail.into() }
}

impl Outcome {
    /// The version and revision of what was done, or the refusal.
    pub fn done(self) -> Result<(u32, u32), Refusal> {
        match self {
            Self::Done { version, revision } => Ok((version, revision)),
            Self::Refused { code, detail } => {
                Err(Refusal::new(Code::of(&code).unwrap_or(Code::Internal), detail))
            }
            Self::Page(_) | Self::Unchanged | Self::Absent => {
                Err(Refusal::new(Code::Internal, "the site answered something else"))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stored(version: u32) -> Stored {
        Stored { version, format: Format::Toml, document: format!("# {version}") }
    }

    fn shelf(versions: &[u32]) -> Shelf {
        let versions = versions.iter().rev().map(|version| stored(*version)).collect();
        Shelf { revision: 7, versions, secrets: Vec::new() }
    }

    #[test]
    fn every_put_is_a_new_version_and_the_oldest_leave() {
        let put = |shelf: &Shelf| {
            let order = Order::Put { format: Format::Toml, document: "# new".into() };
            match shelf.take(order, Millis(5)) {
                (Outcome::Done { version, revision }, Some(Change::Version { drop_upto, .. })) => {
                    (version, revision, drop_upto)
                }
                other => panic!("{other:?}"),
            }
        };
        assert_eq!(put(&Shelf::default()), (1, 1, 0));
        assert_eq!(put(&shelf(&[1, 2])), (3, 8, 0));
        assert_eq!(put(&shelf(&[100])), (101, 8, 1));
    }

    #[test]
    fn a_rollback_makes_an_earlier_version_the_newest_again() {
        let rollback =
            |version| match shelf(&[1, 2, 3]).take(Order::Rollback { version }, Millis(5)) {
                (Outcome::Done { version, .. }, Some(Change::Version { stored, .. })) => {
                    Ok((version, stored.document))
                }
                (Outcome::Refused { code, .. }, None) => Err(code),
                other => panic!("{other:?}"),
            };
        assert_eq!(rollback(None), Ok((4, "# 2".into())));
        assert_eq!(rollback(Some(1)), Ok((4, "# 1".into())));
        assert_eq!(rollback(Some(9)), Err("no_such_version".into()));
    }

    #[test]
    fn whoever_has_the_newest_state_is_told_so() {
        let read = |shelf: &Shelf, have| shelf.take(Order::Read { have }, Millis(5)).0;
        assert_eq!(read(&Shelf::default(), 0), Outcome::Absent);
        assert_eq!(read(&shelf(&[1]), 7), Outcome::Unchanged);
        assert!(matches!(read(&shelf(&[1, 2]), 6), Outcome::Page(Page { version: 2, .. })));
    }
}
