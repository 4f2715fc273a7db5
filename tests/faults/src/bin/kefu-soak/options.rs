//! What the command line asks for.

use anyhow::{Result, anyhow, ensure};
use lexopt::{Arg, Parser, ValueExt};
use std::time::Duration;

pub(crate) const HELP: &str = "\
cargo xtask soak [OPTION]...

  --clients N       visitors who talk, each on a socket of its own (200)
  --agents N        who take conversations from the AI and give them back (5)
  --minutes M       for which they talk; 0.5 is half a minute (5)
  --kill-every T    between two SIGKILLs of the process, such as 15s (15s)
  --say-every T     between two messages of a visitor, on average (5s)
  --wakes N         instead of all that: N times an object wakes and falls asleep, with memory
                    and descriptors watched
";

/// What is asked for.
#[derive(Clone, Debug)]
pub(crate) struct Options {
    pub(crate) clients: usize,
    pub(crate) agents: usize,
    pub(crate) length: Duration,
    pub(crate) kill_every: Duration,
    pub(crate) say_every: Duration,
    pub(crate) wakes: Option<u32>,
}

impl Options {
    /// Reads the arguments; none when they ask for help.
    ///
    /// # Errors
    /// When one is not known or its value is not understood.
    pub(crate) fn read(mut arguments: Parser) -> Result<Option<Self>> {
        let mut options = Self::default();
        while let Some(argument) = arguments.next()? {
            match argument {
                Arg::Long("clients") => options.clients = arguments.value()?.parse()?,
                Arg::Long("agents") => options.agents = arguments.value()?.parse()?,
                Arg::Long("minutes") => options.length = minutes(arguments.value()?.parse()?)?,
                Arg::Long("kill-every") => {
                    options.kill_every = seconds(&arguments.value()?.string()?)?;
                }
                Arg::Long("say-every") => {
                    options.say_every = seconds(&arguments.value()?.string()?)?;
                }
                Arg::Long("wakes") => options.wakes = Some(arguments.value()?.parse()?),
                Arg::Long("help") | Arg::Short('h') => return Ok(None),
                Arg::Short(_) | Arg::Long(_) | Arg::Value(_) => {
                    return Err(argument.unexpected().into());
                }
            }
        }
        Ok(Some(options))
    }
}

impl Default for Options {
    fn default() -> Self {
        Self {
            clients: 200,
            agents: 5,
            length: Duration::from_secs(5 * 60),
            kill_every: Duration::from_secs(15),
            say_every: Duration::from_secs(5),
            wakes: None,
        }
    }
}

fn minutes(number: f64) -> Result<Duration> {
    ensure!((0.0..10_000.0).contains(&number), "`{number}` is no number of minutes");
    Ok(Duration::from_secs_f64(number * 60.0))
}

/// `15s` or `15`.
fn seconds(text: &str) -> Result<Duration> {
    let number = text.strip_suffix('s').unwrap_or(text).parse().ok();
    let number = number.filter(|number| (0.1..100_000.0).contains(number));
    number.map(Duration::from_secs_f64).ok_or_else(|| anyhow!("`{text}` is not like `15s`"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(line: &str) -> Result<Option<Options>> {
        Options::read(Parser::from_args(line.split_whitespace()))
    }

    #[test]
    fn times_are_in_minutes_and_seconds_and_what_is_not_known_is_refused() {
        let options = read("--minutes 0.5 --kill-every 2.5s --say-every 1").unwrap().unwrap();
        assert_eq!(options.length, Duration::from_secs(30));
        assert_eq!(options.kill_every, Duration::from_millis(2_500));
        assert_eq!(options.say_every, Duration::from_secs(1));
        assert!(read("--kill-every often").is_err());
        assert!(read("--sloppy").is_err());
        assert!(read("--help").unwrap().is_none());
    }
}
