//! Passwords of agents: Argon2id (RFC 9106) with OWASP's parameters for 7 MiB, which is what an
//! isolate can spare, written as a PHC string.

use crate::keys::{hex, same_secret};
use crate::problem::{Code, Refusal};
use argon2::{Algorithm, Argon2, Params, Version};

/// The shortest password, in characters.
pub const PASSWORD_LEAST: usize = 10;
/// The longest password, in characters.
pub const PASSWORD_MOST: usize = 256;

const MEMORY_KIB: u32 = 7 * 1024;
const PASSES: u32 = 5;
const LANES: u32 = 1;
const PREFIX: &str = "$argon2id$v=19$m=7168,t=5,p=1$";
/// What a password is held against when there is no such account: nobody knows a password for it.
pub const DECOY: &str = "$argon2id$v=19$m=7168,t=5,p=1$\
    6b6566752d6465636f792d73616c7421$\
    0000000000000000000000000000000000000000000000000000000000000000";

/// A password that an account may have.
pub fn check(password: &str) -> Result<(), Refusal> {
    let length = password.chars().count();
    if (PASSWORD_LEAST..=PASSWORD_MOST).contains(&length) {
        return Ok(());
    }
    let detail = format!("`password` must have {PASSWORD_LEAST} to {PASSWORD_MOST} characters");
    Err(Refusal::new(Code::BadAccount, detail))
}

/// The hash of a password under a fresh salt.
pub fn hash(password: &str, salt: u128) -> String {
    let salt = hex(&salt.to_be_bytes());
    let digest = digest(password, &salt);
    format!("{PREFIX}{salt}${digest}")
}

/// Whether `stored` is a hash of the password. Takes the same time for every account.
pub fn verify(password: &str, stored: &str) -> bool {
    let parts = stored.strip_prefix(PREFIX).and_then(|rest| rest.split_once('$'));
    let (salt, expected) = parts.unwrap_or(("unreadable-salt", "-"));
    // Longer ones cannot be right: hashing them would only cost time.
    let password = if password.len() > 4 * PASSWORD_MOST { "" } else { password };
    same_secret(&digest(password, salt), expected)
}

fn digest(password: &str, salt: &str) -> String {
    let mut out = [0_u8; 32];
    let done = Params::new(MEMORY_KIB, PASSES, LANES, Some(out.len())).and_then(|params| {
        let argon = Argon2::new(Algorithm::Argon2id, Version::V0x13, params);
        argon.hash_password_into(password.as_bytes(), salt.as_bytes(), &mut out)
    });
    // Constant parameters and a salt of constant length: it cannot fail. If it did, no password
    // would be right.
    if done.is_ok() { hex(&out) } else { String::new() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hash_is_of_its_password_and_of_no_other() {
        let stored = hash("correct horse", 7);
        assert!(stored.starts_with("$argon2id$v=19$m=7168,t=5,p=1$"));
        assert!(verify("correct horse", &stored));
        assert_ne!(stored, hash("correct horse", 8), "the salt makes it another one");
        for wrong in ["", "correct horsf", "Correct horse"] {
            assert!(!verify(wrong, &stored), "{wrong}");
        }
        assert!(!verify("", DECOY) && !verify("correct horse", DECOY));
        assert!(!verify("", "") && !verify("-", "not a hash"));
    }

    #[test]
    fn a_password_has_ten_to_256_characters() {
        for (length, good) in [(9, false), (10, true), (256, true), (257, false)] {
            assert_eq!(check(&"密".repeat(length)).is_ok(), good, "{length}");
        }
    }
}
