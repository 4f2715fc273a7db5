//! A newcomer that proves to be no machine by being one.

use serde_json::Value;
use sha2::{Digest, Sha256};

/// A challenge of work with its answer.
pub fn solved(challenge: &Value) -> Value {
    let (puzzle, difficulty) = read(challenge);
    answered(challenge, |answer| zero_bits(puzzle, answer) >= difficulty)
}

/// A challenge of work with an answer that is wrong.
pub fn missed(challenge: &Value) -> Value {
    let (puzzle, difficulty) = read(challenge);
    answered(challenge, |answer| zero_bits(puzzle, answer) < difficulty)
}

fn read(challenge: &Value) -> (&str, u64) {
    assert_eq!(challenge["kind"], "PROOF_OF_WORK");
    (challenge["puzzle"].as_str().unwrap(), challenge["difficulty"].as_u64().unwrap())
}

fn answered(challenge: &Value, good: impl Fn(&str) -> bool) -> Value {
    let answer = (0_u64..).map(|number| number.to_string()).find(|answer| good(answer)).unwrap();
    let mut challenge = challenge.clone();
    challenge["answer"] = answer.into();
    challenge
}

fn zero_bits(puzzle: &str, answer: &str) -> u64 {
    let hash = Sha256::digest(format!("{puzzle}.{answer}"));
    u64::from(u32::from_be_bytes([hash[0], hash[1], hash[2], hash[3]]).leading_zeros())
}
