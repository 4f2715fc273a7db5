//! What conversations tell their desks, many in one request: those of one isolate that tell the
//! same desk within a moment travel together.
//!
//! Only memory is shared. The conversation that opens a batch carries it; each of the others looks
//! by a timer of its own how it went, because an object may not do I/O on behalf of another.

use crate::error::Fault;
use crate::worker::desks;
use crate::worker::entropy;
use kefu_proto::v1::InboxEntry;
use kefu_shared::desk::{Order, Outcome};
use kefu_shared::time::Millis;
use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::Rc;
use std::time::Duration;
use worker::{Delay, Env};

/// How long a batch waits for others.
const GATHER: Duration = Duration::from_millis(100);
/// Between two looks at how a batch went.
const LOOK: Duration = Duration::from_millis(250);
/// How often somebody looks before it gives up.
const LOOKS_MOST: u32 = 40;
/// A batch that is still open after this lost its carrier.
const STALE: Duration = Duration::from_secs(2);
/// Summaries in a batch: about 80 KB.
const ENTRIES_MOST: usize = 200;

thread_local! {
    /// The open batch of each site.
    static OPEN: RefCell<BTreeMap<String, Rc<Batch>>> = const { RefCell::new(BTreeMap::new()) };
}

struct Batch {
    opened: Millis,
    entries: RefCell<Vec<InboxEntry>>,
    /// What came of it, once that is known.
    told: RefCell<Told>,
}

/// What came of a batch.
enum Told {
    /// It is under way.
    Unknown,
    /// The desk could not be told.
    No,
    /// The desk has it; the places of those in it that wait for a person.
    Yes(BTreeMap<String, u32>),
}

impl Batch {
    /// The place of a conversation, if it waits, once the desk has the batch; `None` if it could
    /// not be told.
    fn place_of(&self, conversation: &str) -> Option<Option<u32>> {
        match &*self.told.borrow() {
            Told::Unknown | Told::No => None,
            Told::Yes(places) => Some(places.get(conversation).copied()),
        }
    }

    fn is_over(&self) -> bool {
        !matches!(*self.told.borrow(), Told::Unknown)
    }
}

/// Tells a site's desk how a conversation stands. `None`: it could not be told; else the place of
/// its visitor, if the visitor waits for a person.
pub(crate) async fn tell(env: &Env, site: &str, entry: InboxEntry) -> Option<Option<u32>> {
    let conversation = entry.conversation.clone();
    let (batch, carries) = put(site, entry);
    if carries {
        Delay::from(GATHER).await;
        close(site, &batch);
        let told = carry(env, site, &batch).await.map_or(Told::No, Told::Yes);
        batch.told.replace(told);
        return batch.place_of(&conversation);
    }
    for _ in 0..LOOKS_MOST {
        Delay::from(LOOK).await;
        if batch.is_over() {
            break;
        }
    }
    batch.place_of(&conversation)
}

/// Adds to the site's open batch, or opens one, which is then the caller's to carry.
fn put(site: &str, entry: InboxEntry) -> (Rc<Batch>, bool) {
    let now = entropy::now();
    OPEN.with_borrow_mut(|open| {
        if let Some(batch) = open.get(site)
            && now.since(batch.opened) < STALE
            && batch.entries.borrow().len() < ENTRIES_MOST
        {
            batch.entries.borrow_mut().push(entry);
            return (batch.clone(), false);
        }
        let entries = RefCell::new(vec![entry]);
        let batch = Rc::new(Batch { opened: now, entries, told: RefCell::new(Told::Unknown) });
        open.insert(site.to_owned(), batch.clone());
        (batch, true)
    })
}

/// Nothing is added to the batch any more.
fn close(site: &str, batch: &Rc<Batch>) {
    OPEN.with_borrow_mut(|open| {
        if open.get(site).is_some_and(|newest| Rc::ptr_eq(newest, batch)) {
            open.remove(site);
        }
    });
}

async fn carry(env: &Env, site: &str, batch: &Batch) -> Result<BTreeMap<String, u32>, Fault> {
    let order = Order::Tell(batch.entries.take());
    let Outcome::Told { places } = desks::desk_order(env, site, &order).await? else {
        return Err(Fault::Corrupt("outcome"));
    };
    Ok(places)
}
