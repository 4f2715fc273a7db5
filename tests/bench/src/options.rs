//! What the command line asks for.

use crate::contender::Contender;
use crate::load::Shape;
use crate::storage::Storage;
use anyhow::{Result, anyhow};
use lexopt::{Arg, Parser, ValueExt};
use std::time::Duration;

pub(crate) const HELP: &str = "\
cargo xtask bench [OPTION]...

  --quick             few rounds and rates: under a minute, and only a hint
  --rounds N          of each measurement, the contenders in turn (8)
  --messages N        of each conversation in a round that saturates (10)
  --seconds N         of a paced round (1)
  --conversations N   each with a sender and a second reader (500)
  --window N          messages under way in each conversation when saturated (1)
  --rates A,B,…       messages a second of the paced measurements (1000,4000,8432 on tmpfs,
                      500,1000 on disk; 250,500,1000 on the Spin host)
  --storage WHICH     tmpfs or disk (both)
  --only A,B,…        of kefu, twin, bare (all)
  --against DIR       another checkout whose build takes part as `other`
  --streaming N       instead: N answers that stream at once, 50 tokens a second each, for
                      --seconds (5 at least), in so many --rounds; with --host spin there
  --host spin         the Spin host instead: messages stored, streams over NATS, memory
  --streams N         of the Spin host (9000)
";

/// What is measured, and for how long.
#[derive(Debug)]
pub(crate) struct Options {
    pub(crate) rounds: usize,
    pub(crate) length: Duration,
    pub(crate) conversations: usize,
    window: u64,
    each: u64,
    pub(crate) storages: Vec<Storage>,
    pub(crate) contenders: Vec<Contender>,
    rates: Option<Vec<u32>>,
    quick: bool,
    /// Whether the Spin host is measured, and with how many streams.
    pub(crate) spin: bool,
    pub(crate) streams: usize,
    /// How many answers stream at once, if that is what is measured.
    pub(crate) streaming: Option<usize>,
}

impl Options {
    /// Reads the arguments; none when they ask for help.
    ///
    /// # Errors
    /// When one is not known or its value is not understood.
    pub(crate) fn read(mut arguments: Parser) -> Result<Option<Self>> {
        let mut options = Self::default();
        let mut other = None;
        while let Some(argument) = arguments.next()? {
            match argument {
                Arg::Long("quick") => options.hurry(),
                Arg::Long("rounds") => options.rounds = arguments.value()?.parse()?,
                Arg::Long("seconds") => {
                    options.length = Duration::from_secs(arguments.value()?.parse()?);
                }
                Arg::Long("conversations") => options.conversations = arguments.value()?.parse()?,
                Arg::Long("messages") => options.each = arguments.value()?.parse()?,
                Arg::Long("window") => options.window = arguments.value()?.parse()?,
                Arg::Long("rates") => {
                    options.rates =
                        Some(listed(&arguments.value()?.string()?, |text| text.parse().ok())?);
                }
                Arg::Long("storage") => {
                    options.storages = listed(&arguments.value()?.string()?, Storage::named)?;
                }
                Arg::Long("only") => {
                    options.contenders = listed(&arguments.value()?.string()?, Contender::named)?;
                }
                Arg::Long("host") => options.spin = arguments.value()? == "spin",
                Arg::Long("streams") => options.streams = arguments.value()?.parse()?,
                Arg::Long("streaming") => {
                    options.streaming = Some(arguments.value()?.parse()?);
                }
                Arg::Long("against") => other = Some(Contender::Other(arguments.value()?.into())),
                Arg::Long("help") | Arg::Short('h') => return Ok(None),
                Arg::Short(_) | Arg::Long(_) | Arg::Value(_) => {
                    return Err(argument.unexpected().into());
                }
            }
        }
        options.contenders.extend(other);
        Ok(Some(options))
    }

    /// The measurements on a storage.
    pub(crate) fn shapes(&self, storage: Storage) -> Vec<Shape> {
        let saturated = Shape::Saturated { window: self.window, each: self.each };
        let paced = self.rates(storage).into_iter();
        let paced = paced.map(|rate| Shape::Paced { rate });
        std::iter::once(saturated).chain(paced).collect()
    }

    /// Messages a second of the paced measurements.
    fn rates(&self, storage: Storage) -> Vec<u32> {
        match (&self.rates, self.quick, storage) {
            (Some(rates), _, _) => rates.clone(),
            (None, true, Storage::Tmpfs) => vec![1_000],
            (None, true, Storage::Disk) => vec![],
            (None, false, Storage::Tmpfs) => vec![1_000, 4_000, 8_432],
            (None, false, Storage::Disk) => vec![500, 1_000],
        }
    }

    /// The same of the Spin host.
    pub(crate) fn spin_rates(&self) -> Vec<u32> {
        self.rates.clone().unwrap_or_else(|| vec![250, 500, 1_000])
    }

    fn hurry(&mut self) {
        self.quick = true;
        self.rounds = 2;
    }
}

impl Default for Options {
    fn default() -> Self {
        Self {
            rounds: 8,
            length: Duration::from_secs(1),
            conversations: 500,
            window: 1,
            each: 10,
            storages: vec![Storage::Tmpfs, Storage::Disk],
            contenders: vec![Contender::Kefu, Contender::Twin, Contender::Bare],
            rates: None,
            quick: false,
            spin: false,
            streams: 9_000,
            streaming: None,
        }
    }
}

fn listed<T>(text: &str, read: impl Fn(&str) -> Option<T>) -> Result<Vec<T>> {
    let known = |item: &str| read(item).ok_or_else(|| anyhow!("`{item}` is not known"));
    text.split(',').map(known).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(line: &str) -> Result<Option<Options>> {
        Options::read(Parser::from_args(line.split_whitespace()))
    }

    #[test]
    fn lists_are_taken_apart_and_what_is_not_known_is_named() {
        let options = read("--only kefu,twin --storage disk --rates 10,20").unwrap().unwrap();
        assert_eq!(options.contenders, [Contender::Kefu, Contender::Twin]);
        assert_eq!(options.rates(Storage::Disk), [10, 20]);
        let error = read("--only kefu,twins").unwrap_err().to_string();
        assert!(error.contains("twins"), "{error}");
        assert!(read("--sloppy").is_err());
        assert!(read("--help").unwrap().is_none());
    }

    #[test]
    fn a_quick_run_only_saturates_the_disk() {
        let options = read("--quick").unwrap().unwrap();
        assert_eq!(options.rounds, 2);
        assert!(options.rates(Storage::Disk).is_empty());
    }
}
