//! What the operator is told of what goes on being wrong: once, and then now and again.

use crate::time::Millis;
use std::collections::BTreeMap;
use std::time::Duration;

/// How long a line is not repeated.
const QUIET: Duration = Duration::from_secs(60);
/// Lines that are remembered; beyond that all are told.
const KEPT_MOST: usize = 64;

/// The lines that were told lately.
#[derive(Debug, Default)]
pub struct Complaints {
    told: BTreeMap<String, Told>,
}

#[derive(Debug)]
struct Told {
    at: Millis,
    /// How often it was to be told since.
    again: u32,
}

impl Complaints {
    /// The line as it is to be written now, if it is.
    pub fn say(&mut self, line: &str, now: Millis) -> Option<String> {
        if let Some(told) = self.told.get_mut(line) {
            if now.since(told.at) < QUIET {
                told.again += 1;
                return None;
            }
        } else if self.told.len() >= KEPT_MOST {
            self.told.retain(|_, told| now.since(told.at) < QUIET);
        }
        let again = self.told.remove(line).map_or(0, |told| told.again);
        if self.told.len() < KEPT_MOST {
            self.told.insert(line.to_owned(), Told { at: now, again: 0 });
        }
        Some(match again {
            0 => line.to_owned(),
            again => format!("{line} (and {again} times since it was last told)"),
        })
    }

    /// It is over: when it begins anew it is told anew. Tells whether it was told.
    pub fn over(&mut self, line: &str) -> bool {
        self.told.remove(line).is_some()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: u64) -> Millis {
        Millis(1_000_000 + seconds * 1_000)
    }

    #[test]
    fn what_goes_on_is_told_once_a_minute_with_how_often_it_was() {
        let mut complaints = Complaints::default();
        assert_eq!(complaints.say("full", at(0)).as_deref(), Some("full"));
        for second in 1..60 {
            assert_eq!(complaints.say("full", at(second)), None);
        }
        let again = "full (and 59 times since it was last told)";
        assert_eq!(complaints.say("full", at(60)).as_deref(), Some(again));
        assert_eq!(complaints.say("full", at(61)), None);
    }

    #[test]
    fn other_lines_are_told_and_so_is_what_was_over_in_between() {
        let mut complaints = Complaints::default();
        assert!(complaints.say("full", at(0)).is_some());
        assert!(complaints.say("locked", at(0)).is_some());
        assert!(complaints.over("full") && !complaints.over("full"));
        assert_eq!(complaints.say("full", at(1)).as_deref(), Some("full"));
    }

    #[test]
    fn many_lines_are_all_told_and_few_are_kept() {
        let mut complaints = Complaints::default();
        for number in 0..1_000 {
            assert!(complaints.say(&number.to_string(), at(0)).is_some());
        }
        assert!(complaints.told.len() <= KEPT_MOST);
        assert!(complaints.say("x", at(61)).is_some() && complaints.say("x", at(62)).is_none());
    }
}
