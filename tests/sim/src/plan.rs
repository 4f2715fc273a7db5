//! What is planned for a world: who is there, who does what, what breaks, and when. A plan is
//! data: an item can be left out, and the others stay what they were.

use crate::chance::Chance;
use kefu_shared::who::{Role, Who};

mod generate;

/// When a world calms down, unless it has more to do.
const CALM: u64 = 90_000;
/// In one of so many seeds the AI drafts.
const DRAFTS_EVERY: u64 = 5;

/// What is planned for a world.
#[derive(Clone, Debug)]
pub struct Plan {
    /// What everything else comes from.
    pub seed: u64,
    /// Who may be there.
    pub seats: Vec<Seat>,
    /// How many agents may have their list open.
    pub consoles: usize,
    /// Whether the AI drafts and agents approve.
    pub drafts: bool,
    /// What happens, in no order.
    pub items: Vec<Item>,
    /// Something that happens right before the nth happening, whenever that is.
    pub strike: Option<(u64, Deed)>,
    /// Whether an item was left out.
    pub shrunk: bool,
    /// The variables and the test that make this plan again.
    pub origin: (String, &'static str),
}

/// Somebody at a screen of one conversation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Seat {
    /// Whose conversation, from 0.
    pub room: usize,
    /// Who.
    pub who: Who,
}

/// One thing that somebody does or that breaks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Item {
    /// Its number in the plan of the seed.
    pub id: usize,
    /// When, in milliseconds.
    pub at: u64,
    /// What.
    pub deed: Deed,
}

/// What somebody does, or what breaks. `seat` and `room` are indexes.
#[derive(Clone, Debug, PartialEq, Eq)]
#[allow(missing_docs, reason = "the fields are indexes and milliseconds")]
pub enum Deed {
    /// Opens the page; who never does is not there.
    Arrive { seat: usize },
    /// Closes it, and opens it again later.
    Leave { seat: usize, away: u64 },
    /// Sends a message over the stream.
    Say { seat: usize, text: &'static str },
    /// Sends an acknowledged message again without a stream, as a webhook does days later.
    Repeat { seat: usize },
    /// Has seen everything on its screen, or only the first event.
    Read { seat: usize, all: bool },
    /// Writes something.
    Type { seat: usize },
    /// Wants no more of the answer.
    Stop { seat: usize },
    /// Asks for what it lacks over the stream that it has.
    Resume { seat: usize },
    /// Asks for something without a stream, again and again until there is an answer.
    Ask { seat: usize, wish: Wish },
    /// The stream breaks; both ends notice, each in its time.
    Cut { seat: usize },
    /// The stream looks alive and is dead.
    HalfOpen { seat: usize },
    /// The stream becomes slow.
    Lag { seat: usize, by: u64 },
    /// The process dies now.
    Crash,
    /// The process dies in a step: the one after `skip` others, at `point`.
    Doom { skip: usize, point: Point },
    /// The object leaves memory if nothing is under way.
    Hibernate { room: usize },
    /// From now on every object leaves memory whenever nothing is under way.
    Drowse,
    /// A second instance appears; the first lives on for a while and does not know.
    Split { room: usize },
    /// The storage refuses the write after `skip` others.
    Refuse { room: usize, skip: usize },
    /// A new version is deployed, and finds what the version before had stored.
    Deploy { room: usize },
    /// The storage is kept as it is now, for a restore.
    Backup { room: usize },
    /// The storage is as it was at the backup: a new life of the log.
    Restore { room: usize },
    /// The next alarm rings twice.
    RingTwice { room: usize },
    /// The alarms from now on ring that much later, or at once.
    RingLate { room: usize, by: u64 },
    /// An alarm rings that nobody set, or that was cleared while it was on its way.
    Ring { room: usize },
    /// The wall clock jumps by milliseconds.
    Jump { by: i64 },
    /// The next call of a provider goes so.
    Expect { room: usize, manner: Manner },
    /// The site cannot be read the next time, or only after long.
    LoseSite { room: usize, hangs: bool },
    /// An agent opens the list.
    OpenList { console: usize },
    /// The stream of a list breaks, and comes back after a while.
    CutList { console: usize, away: u64 },
    /// The next summary of a conversation goes that way.
    Tell { room: usize, fate: Fate },
    /// The desk dies alone.
    ResetDesk,
    /// The desk leaves memory if nothing is under way.
    SleepDesk,
    /// The desk's storage refuses the write after `skip` others.
    RefuseDesk { skip: usize },
    /// One of several instances dies, and comes back after a while.
    Kill { process: usize, away: u64 },
    /// One of several instances does nothing for a while, and then goes on.
    Stall { process: usize, by: u64 },
    /// The clock of one of several instances is off by milliseconds from now on.
    Skew { process: usize, by: i64 },
    /// Somebody asks one of several instances whether it is well, which rings what is due.
    Poll { process: usize },
    /// A transaction after `skip` others goes wrong, and nobody knows whether it is stored.
    Fault { skip: usize, stored: bool },
}

/// What is asked for without a stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs, reason = "whether the term on the screen is given")]
pub enum Wish {
    /// A person.
    Handoff,
    /// To rate.
    Rate,
    /// To own the conversation.
    Take { with_term: bool },
    /// To give it back.
    Release { with_term: bool },
    /// To end the session.
    Resolve,
    /// To go on with it.
    Reopen,
    /// To tell other agents something.
    Note,
    /// To send the newest draft on the screen.
    Approve,
}

/// Where in a step a process dies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Point {
    /// The step is decided, and lost.
    BeforeCommit,
    /// The step is stored, and so many of its acts were carried out.
    AfterActs(usize),
}

/// What becomes of a summary on its way to the desk.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fate {
    /// It arrives, and the answer too.
    Arrives,
    /// It does not arrive.
    Lost,
    /// It arrives, and the answer does not.
    AnswerLost,
    /// It arrives, and once more later.
    Twice,
    /// It arrives so many milliseconds later, when nobody believes in it any more.
    Late(u64),
}

/// How a provider treats a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Manner {
    /// Well.
    Answers,
    /// Well, in three pieces.
    Briefly,
    /// Well, with long pauses.
    Pauses,
    /// With nothing.
    Empty,
    /// Not at all.
    Hangs,
    /// There is no connection.
    Unreachable,
    /// With a status.
    Refuses(u16),
    /// With a head, and then nothing.
    OnlyHead,
    /// Begins, and the connection breaks within a character.
    Resets,
    /// Begins, and then says that it failed.
    Errs,
    /// Begins, and then talks nonsense.
    Garbles,
    /// Begins, and then says nothing more.
    Stalls,
}

impl Plan {
    /// The plan of a seed.
    pub fn of(seed: u64) -> Self {
        generate::plan(seed)
    }

    /// A plan without items.
    pub fn bare(seed: u64, seats: Vec<Seat>) -> Self {
        let origin = (format!("KEFU_SEED={seed}"), "one_seed");
        let items = Vec::new();
        let (strike, shrunk, drafts) = (None, false, false);
        Self { seed, seats, consoles: 2, drafts, items, strike, shrunk, origin }
    }

    /// The plan, at a site whose AI drafts for agents in some of the seeds.
    #[must_use]
    pub(crate) fn drafting_sometimes(mut self, chance: &mut Chance, span: u64) -> Self {
        self.drafts = self.seed.is_multiple_of(DRAFTS_EVERY);
        let agents = |(seat, it): (usize, &Seat)| (it.who.role == Role::Agent).then_some(seat);
        let agents: Vec<usize> = self.seats.iter().enumerate().filter_map(agents).collect();
        for seat in agents.into_iter().filter(|_| self.drafts) {
            for _ in 0..chance.between(2, 8) {
                let deed = Deed::Ask { seat, wish: Wish::Approve };
                let at = chance.below(span);
                self.items.push(Item { id: self.items.len(), at, deed });
            }
        }
        self
    }

    /// The plan, made again by a test and its variables.
    #[must_use]
    pub fn from_test(self, variables: String, test: &'static str) -> Self {
        Self { origin: (variables, test), ..self }
    }

    /// The plan with something that happens right before the nth happening.
    #[must_use]
    pub fn struck(&self, nth: u64, deed: Deed) -> Self {
        Self { strike: Some((nth, deed)), ..self.clone() }
    }

    /// The plan with one more item.
    #[must_use]
    pub fn at(mut self, at: u64, deed: Deed) -> Self {
        self.items.push(Item { id: self.items.len(), at, deed });
        self
    }

    /// Only the items of these numbers.
    #[must_use]
    pub fn keep(&self, ids: &[usize]) -> Self {
        let items = self.items.iter().filter(|item| ids.contains(&item.id)).cloned().collect();
        Self { items, shrunk: true, ..self.clone() }
    }

    /// When nothing breaks any more and everybody comes back.
    pub(crate) fn calm_at(&self) -> u64 {
        self.items.iter().map(|item| item.at).max().unwrap_or(0).max(CALM)
    }

    /// How many conversations there are.
    pub(crate) fn rooms(&self) -> usize {
        self.seats.iter().map(|seat| seat.room + 1).max().unwrap_or(1)
    }

    /// Whether bounds of time hold: where the clock jumps only safety is promised.
    pub(crate) fn keeps_time(&self) -> bool {
        !self.items.iter().any(|item| matches!(item.deed, Deed::Jump { .. }))
    }
}

impl Seat {
    /// A tab of the visitor of a conversation.
    pub fn visitor(room: usize) -> Self {
        Self { room, who: Who::visitor(format!("v{room}")) }
    }

    /// An agent who has opened a conversation.
    pub fn agent(room: usize, name: &str) -> Self {
        Self { room, who: Who::agent(name.to_lowercase(), name) }
    }
}
