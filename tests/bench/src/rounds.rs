//! The rounds: contenders in turn, each on a fresh workerd with fresh storage.

use crate::contender::Contender;
use crate::load::{self, Outcome, Shape};
use crate::machine::Cores;
use crate::options::Options;
use crate::storage::{self, Storage};
use anyhow::{Context, Result};
use tokio::task::LocalSet;

/// What one contender did in one round.
#[derive(Debug)]
pub(crate) struct Measured {
    pub(crate) storage: Storage,
    /// The kind of its file system.
    pub(crate) kind: String,
    pub(crate) round: usize,
    pub(crate) contender: &'static str,
    pub(crate) shape: Shape,
    pub(crate) outcome: Outcome,
}

/// Measures everything that the options ask for.
///
/// # Errors
/// When a contender cannot be started or used.
pub(crate) fn measure(options: &Options) -> Result<Vec<Measured>> {
    let cores = Cores::of_machine();
    if let Some(cores) = cores {
        cores.pin_load()?;
    }
    let mut measured = Vec::new();
    for &storage in &options.storages {
        for round in 1..=options.rounds {
            for contender in in_turn(&options.contenders, round) {
                let name = contender.name();
                eprintln!("· {} · round {round} · {name}", storage.name());
                let found = one(options, storage, round, contender, cores);
                measured.extend(found.with_context(|| format!("{name} on {}", storage.name()))?);
            }
        }
    }
    Ok(measured)
}

/// Every other round backwards: whoever is first has no lasting advantage.
fn in_turn(contenders: &[Contender], round: usize) -> Vec<&Contender> {
    let mut order: Vec<_> = contenders.iter().collect();
    if round.is_multiple_of(2) {
        order.reverse();
    }
    order
}

fn one(
    options: &Options,
    storage: Storage,
    round: usize,
    contender: &Contender,
    cores: Option<Cores>,
) -> Result<Vec<Measured>> {
    let folder = storage.folder()?;
    let running = contender.start(folder.path(), options.conversations, cores)?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let kind = storage::kind(folder.path());
    let window = options.window;
    let paced = options.rates(storage).into_iter();
    let shapes =
        std::iter::once(Shape::Saturated { window }).chain(paced.map(|rate| Shape::Paced { rate }));
    let load = async {
        let rooms = load::enter(&running, contender.shows()).await?;
        let mut measured = Vec::new();
        for shape in shapes {
            let outcome =
                load::measure(&rooms, shape, options.length, running.workerd.pid()).await?;
            measured.push(Measured {
                storage,
                kind: kind.clone(),
                round,
                contender: contender.name(),
                shape,
                outcome,
            });
        }
        Ok(measured)
    };
    LocalSet::new().block_on(&runtime, load)
}
