//! The rounds: all contenders serve at once, each from fresh storage, and are loaded in turn.
//!
//! Rounds are short, because what else the machine does changes from second to second, and an
//! object that is not spoken to for ten seconds sleeps.

use crate::contender::{Contender, Running};
use crate::load::{self, Outcome, Shape};
use crate::machine::Cores;
use crate::options::Options;
use crate::room::Room;
use crate::storage::{self, Folder, Storage};
use anyhow::{Context, Result};
use std::rc::Rc;
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

/// A contender with its conversations open. Fields are dropped in order: the server goes before
/// its folder.
struct Entrant<'a> {
    contender: &'a Contender,
    rooms: Vec<Rc<Room>>,
    running: Running,
    folder: Folder,
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
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let mut measured = Vec::new();
    for &storage in &options.storages {
        let on = on(options, storage, cores);
        measured.extend(LocalSet::new().block_on(&runtime, on)?);
    }
    Ok(measured)
}

async fn on(options: &Options, storage: Storage, cores: Option<Cores>) -> Result<Vec<Measured>> {
    let mut entrants = Vec::new();
    for contender in &options.contenders {
        let name = contender.name();
        eprintln!("· {}: {name} opens its conversations", storage.name());
        let entrant = Entrant::start(contender, options.conversations, storage, cores).await;
        entrants.push(entrant.with_context(|| format!("{name} on {}", storage.name()))?);
    }
    let mut measured = Vec::new();
    for shape in options.shapes(storage) {
        eprintln!("· {}: {shape:?}", storage.name());
        for entrant in &entrants {
            // Code that was not yet compiled, objects that slept: nobody's figures.
            let pid = entrant.running.workerd.pid();
            load::measure(&entrant.rooms, shape, options.length, pid).await?;
        }
        for round in 1..=options.rounds {
            for entrant in in_turn(&entrants, round) {
                let pid = entrant.running.workerd.pid();
                measured.push(Measured {
                    storage,
                    kind: storage::kind(entrant.folder.path()),
                    round,
                    contender: entrant.contender.name(),
                    shape,
                    outcome: load::measure(&entrant.rooms, shape, options.length, pid).await?,
                });
            }
        }
    }
    Ok(measured)
}

/// Every other round backwards: whoever is first has no lasting advantage.
fn in_turn<'a, 'b>(entrants: &'a [Entrant<'b>], round: usize) -> Vec<&'a Entrant<'b>> {
    let mut order: Vec<_> = entrants.iter().collect();
    if round.is_multiple_of(2) {
        order.reverse();
    }
    order
}

impl<'a> Entrant<'a> {
    async fn start(
        contender: &'a Contender,
        conversations: usize,
        storage: Storage,
        cores: Option<Cores>,
    ) -> Result<Self> {
        let folder = storage.folder(contender.name())?;
        let running = contender.start(folder.path(), conversations, cores)?;
        let rooms = load::enter(&running, contender.shows()).await?;
        Ok(Self { contender, rooms, running, folder })
    }
}
