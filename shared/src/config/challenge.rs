//! The shape of `[challenge]`: what newcomers prove, and when.

use super::{Rate, Template};
use std::time::Duration;

/// What a visitor whom nobody knows proves before there is a session.
#[derive(Clone, Debug, PartialEq)]
pub struct Challenge {
    /// How.
    pub kind: ChallengeKind,
    /// Newcomers of the site who are let in without; beyond that it is under attack. None: nobody.
    pub attack: Option<Rate>,
}

impl Challenge {
    /// What counts as an attack where the site does not say.
    pub const ATTACK: Rate = Rate { count: 120, window: Duration::from_secs(60) };
}

/// How a newcomer proves to be no machine.
#[derive(Clone, Debug, PartialEq)]
pub enum ChallengeKind {
    /// By work of its browser: an answer whose hash begins with so many zero bits.
    ProofOfWork(u32),
    /// By Cloudflare's Turnstile.
    Turnstile(Turnstile),
}

impl ChallengeKind {
    /// Zero bits where the site does not say: a tenth of a second, half of one on a phone.
    pub const DIFFICULTY: u32 = 16;
}

/// An account of Turnstile.
#[derive(Clone, Debug, PartialEq)]
pub struct Turnstile {
    /// Public.
    pub site_key: String,
    /// Usually a reference, `"${NAME}"`.
    pub secret: Template,
    /// Where tokens are verified, unless at [`Turnstile::ENDPOINT`].
    pub endpoint: Option<String>,
    /// Whether newcomers are let in while the verifier does not say whether they may.
    pub fail_open: bool,
}

impl Turnstile {
    /// Cloudflare's own verifier.
    pub const ENDPOINT: &str = "https://challenges.cloudflare.com/turnstile/v0/siteverify";

    /// Where tokens are verified.
    pub fn address(&self) -> &str {
        self.endpoint.as_deref().unwrap_or(Self::ENDPOINT)
    }
}
