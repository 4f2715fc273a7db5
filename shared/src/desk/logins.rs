//! Attempts to log in: counted before any password is hashed, so that neither guessing nor
//! hashing can be had for free. What somebody is told does not depend on whether there is such
//! an account.

use super::accounts::normal_email;
use super::{Account, Desk, Outcome, Session, Step, Write};
use crate::config::Rate;
use crate::keys::{hex, same_secret};
use crate::limit::SlidingWindow;
use crate::password;
use crate::problem::{Code, Refusal};
use crate::time::{Millis, Tick};
use std::collections::BTreeMap;
use std::time::Duration;

const WINDOW: Duration = Duration::from_secs(600);
/// Failures with one address of e-mail from one address of the network, in ten minutes.
pub const PER_PAIR: u32 = 10;
/// Failures from one address of the network, whatever the e-mail.
pub const PER_ADDRESS: u32 = 30;
/// Failures with one e-mail from anywhere: high, since it locks its owner out too.
pub const PER_EMAIL: u32 = 100;

#[derive(Clone, Debug, Default)]
pub(super) struct Logins(BTreeMap<String, SlidingWindow>);

impl Logins {
    pub(super) fn resume(tries: Vec<(String, Millis)>) -> Self {
        let mut logins = Self::default();
        for (tag, at) in tries {
            logins.0.entry(tag).or_default().take(at);
        }
        logins
    }

    fn check(&mut self, tags: &[(String, u32)], now: Millis) -> Result<(), Millis> {
        let rate = |count| Rate { count, window: WINDOW };
        self.0.retain(|_, window| !window.is_idle(rate(1), now));
        for (tag, most) in tags {
            self.0.entry(tag.clone()).or_default().check(rate(*most), now)?;
        }
        Ok(())
    }
}

impl Desk {
    /// Counts an attempt and tells the hash that its password is to be held against: a decoy when
    /// there is no such account.
    pub(super) fn admit_login(
        &mut self,
        email: &str,
        address: &str,
        now: Millis,
        step: &mut Step,
    ) -> Outcome {
        let tags = tags(email, address);
        if let Err(at) = self.logins.check(&tags, now) {
            let detail = "too many attempts to log in: wait, and try again";
            return Outcome::refused(&Refusal::new(Code::RateLimited, detail).retry_at(now, at));
        }
        step.write(Write::DropTries(now - WINDOW));
        for (tag, _) in tags {
            self.logins.0.entry(tag.clone()).or_default().take(now);
            step.write(Write::Try { tag, at: now });
        }
        let account = self.accounts.of_email(email);
        let hash = account.map_or(password::DECOY, |account| account.hash.as_str());
        Outcome::HoldAgainst { hash: hash.to_owned() }
    }

    /// The password was right: a session begins, and the attempt does not count.
    pub(super) fn log_in(
        &mut self,
        tick: Tick,
        email: &str,
        address: &str,
        hash: &str,
        step: &mut Step,
    ) -> Outcome {
        let known = self.accounts.of_email(email);
        // The account may have gone, or have another password, since the hash was told.
        let Some(account) = known.filter(|account| same_secret(&account.hash, hash)).cloned()
        else {
            return Outcome::refused(&bad_login());
        };
        for (tag, _) in tags(email, address) {
            if let Some(window) = self.logins.0.get_mut(&tag) {
                window.pardon();
            }
            step.write(Write::Pardon(tag));
        }
        let id = hex(&tick.entropy.to_be_bytes());
        let session =
            Session { id: id.clone(), agent: account.id.clone(), since: tick.now.0, here_until: 0 };
        self.open_session(session, tick.now, step);
        Outcome::LoggedIn { account: Account { hash: String::new(), ..account }, session: id }
    }
}

/// What is told of every login that does not succeed.
pub fn bad_login() -> Refusal {
    Refusal::new(Code::BadLogin, "the site, the e-mail address or the password is wrong")
}

fn tags(email: &str, address: &str) -> [(String, u32); 3] {
    let email = normal_email(email);
    [
        (format!("p {email} {address}"), PER_PAIR),
        (format!("a {address}"), PER_ADDRESS),
        (format!("e {email}"), PER_EMAIL),
    ]
}
