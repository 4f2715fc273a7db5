//! Telling people what a long step does.

use anyhow::{Context, Result};
use std::sync::mpsc::{RecvTimeoutError, channel};
use std::thread;
use std::time::{Duration, Instant};

const TICK: Duration = Duration::from_secs(10);
/// Steps that are shorter than this are not worth a second line.
const SHORT: Duration = Duration::from_secs(2);

/// Does a step of the build: says what it is and how long it usually takes, ticks while it
/// takes long, and says what failed.
pub(crate) fn step<T>(what: &str, usually: &str, work: impl FnOnce() -> Result<T>) -> Result<T> {
    eprintln!("· {what} (usually {usually})");
    let begun = Instant::now();
    let (done, waiting) = channel::<()>();
    let result = thread::scope(|scope| {
        scope.spawn(move || {
            while waiting.recv_timeout(TICK) == Err(RecvTimeoutError::Timeout) {
                eprintln!("  … {what}: {}", seconds(begun.elapsed()));
            }
        });
        let result = work();
        drop(done);
        result
    });
    if result.is_ok() && begun.elapsed() > SHORT {
        eprintln!("  {what}: done in {}", seconds(begun.elapsed()));
    }
    result.with_context(|| format!("{what} failed"))
}

/// `8.4 s` or `2 min 05 s`.
pub(crate) fn seconds(time: Duration) -> String {
    match time.as_secs() {
        0..60 => format!("{:.1} s", time.as_secs_f32()),
        whole => format!("{} min {:02} s", whole / 60, whole % 60),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_written_for_people() {
        assert_eq!(seconds(Duration::from_millis(8_440)), "8.4 s");
        assert_eq!(seconds(Duration::from_secs(125)), "2 min 05 s");
    }
}
