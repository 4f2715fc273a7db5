//! A proof of work: `EXPIRES.DIFFICULTY.SALT.SIGNATURE`, for one site and one address, for which a
//! browser looks for an answer whose hash begins with so many zero bits.

use crate::keys::{Keys, hex};
use crate::time::{Millis, Tick};
use kefu_proto::v1::Challenge;
use sha2::{Digest, Sha256};
use std::time::Duration;

/// How long an answer counts: long enough for a slow phone, too short to collect answers.
pub(super) const LIFE: Duration = Duration::from_secs(120);
/// Bytes of an answer.
const ANSWER_MOST: usize = 20;

/// Whose puzzles these are.
pub(super) struct Puzzle<'a> {
    pub(super) keys: &'a Keys,
    pub(super) site: &'a str,
    pub(super) address: &'a str,
}

/// Why an answer does not count.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Flaw {
    /// Not of this deployment, or for another site or address.
    Foreign,
    /// Too late.
    Expired,
    /// Of a time when the site asked for less.
    TooEasy,
    /// Its hash does not begin as it should.
    Wrong,
    /// It counted already.
    Used,
}

impl Flaw {
    pub(super) fn message(self) -> &'static str {
        match self {
            Self::Foreign => "the puzzle is not one of this site for this address: answer this one",
            Self::Expired => "the puzzle's time is over: answer this one",
            Self::TooEasy => "the site asks for more by now: answer this puzzle",
            Self::Wrong => "the answer is wrong: answer this puzzle",
            Self::Used => "the puzzle was answered already: answer this one",
        }
    }
}

impl Puzzle<'_> {
    pub(super) fn make(&self, difficulty: u32, tick: Tick) -> String {
        let expires = (tick.now + LIFE).0;
        let salt = hex(&tick.entropy.to_le_bytes()[..8]);
        let said = format!("{expires}.{difficulty}.{salt}");
        let signature = self.keys.sign_puzzle(&[self.site, self.address, &said]);
        format!("{said}.{signature}")
    }

    /// Whether an answer counts where at least that difficulty is asked for.
    pub(super) fn check(&self, least: u32, answer: &Challenge, now: Millis) -> Result<(), Flaw> {
        let (expires, difficulty) = self.read(&answer.puzzle).ok_or(Flaw::Foreign)?;
        if expires <= now {
            return Err(Flaw::Expired);
        }
        if difficulty < least {
            return Err(Flaw::TooEasy);
        }
        let short = (1..=ANSWER_MOST).contains(&answer.answer.len());
        if short && zero_bits(&answer.puzzle, &answer.answer) >= difficulty {
            return Ok(());
        }
        Err(Flaw::Wrong)
    }

    /// When a puzzle of ours ends, and how difficult it is.
    fn read(&self, puzzle: &str) -> Option<(Millis, u32)> {
        let (said, signature) = puzzle.rsplit_once('.')?;
        if !self.keys.verify_puzzle(&[self.site, self.address, said], signature) {
            return None;
        }
        let mut parts = said.split('.');
        Some((Millis(parts.next()?.parse().ok()?), parts.next()?.parse().ok()?))
    }
}

/// With how many zero bits the hash of both begins.
pub(super) fn zero_bits(puzzle: &str, answer: &str) -> u32 {
    let hash = Sha256::new().chain_update(puzzle).chain_update(".").chain_update(answer).finalize();
    let zeros = hash.iter().take_while(|byte| **byte == 0).count();
    let next = hash.get(zeros).map_or(0, |byte| byte.leading_zeros());
    u32::try_from(zeros).unwrap_or(0) * 8 + next
}
