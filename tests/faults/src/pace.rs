//! How patient a client is.

use std::time::Duration;

/// How patient a client is.
#[derive(Clone, Copy, Debug)]
pub struct Pace {
    /// Between two pings.
    pub ping_every: Duration,
    /// Unanswered pings that make a connection dead.
    pub misses: u32,
    /// Silence that is normal on a connection that cannot be pinged.
    pub quiet: Duration,
    /// In which a connection has to say hello.
    pub hello: Duration,
    /// In which a live connection has to acknowledge, or to answer `resume`.
    pub patience: Duration,
    /// The first step of the wait before a new try, and the longest.
    pub backoff: (Duration, Duration),
    /// A connection that lived this long makes the next wait short again.
    pub stable: Duration,
}

impl Pace {
    /// That of the client library.
    pub const CLIENT: Self = Self {
        ping_every: Duration::from_secs(25),
        misses: 2,
        quiet: Duration::from_secs(75),
        hello: Duration::from_secs(10),
        patience: Duration::from_secs(10),
        backoff: (Duration::from_millis(500), Duration::from_secs(30)),
        stable: Duration::from_secs(10),
    };

    /// The same in a hurry, for tests of what a client does when its patience ends.
    pub const QUICK: Self = Self {
        ping_every: Duration::from_millis(400),
        misses: 2,
        // Hosts say something every fifteen seconds.
        quiet: Duration::from_secs(17),
        hello: Duration::from_secs(2),
        patience: Duration::from_secs(2),
        backoff: (Duration::from_millis(50), Duration::from_millis(500)),
        stable: Duration::from_secs(2),
    };
}
