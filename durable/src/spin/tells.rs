//! What conversations tell their desks, many in one order: those of one instance that tell the same
//! desk within a moment go together. A desk's rows change in one place, and each change is looked
//! at by everybody who has it in memory.

use crate::Fault;
use crate::spin::desks;
use crate::spin::entropy::sleep;
use futures::channel::oneshot;
use kefu_proto::v1::InboxEntry;
use kefu_shared::desk::{Order, Outcome};
use std::cell::RefCell;
use std::collections::BTreeMap;
use std::time::Duration;

/// How long a batch waits for others.
const GATHER: Duration = Duration::from_millis(100);
/// Summaries in a batch.
const ENTRIES_MOST: usize = 200;

/// A summary, and whoever waits for its visitor's place.
type Told = (InboxEntry, oneshot::Sender<Option<u32>>);

thread_local! {
    /// The open batch of each site.
    static OPEN: RefCell<BTreeMap<String, Vec<Told>>> = const { RefCell::new(BTreeMap::new()) };
}

/// Tells a site's desk how a conversation stands; the place of its visitor, if the visitor waits
/// for a person.
pub(crate) async fn tell(site: &str, entry: InboxEntry) -> Result<Option<u32>, Fault> {
    let (answer, answered) = oneshot::channel();
    let carried = OPEN.with_borrow_mut(|open| {
        let batch = open.entry(site.to_owned()).or_default();
        batch.push((entry, answer));
        match batch.len() {
            1 => None,
            // It is full: whoever fills it carries it.
            ENTRIES_MOST => Some(std::mem::take(batch)),
            _ => Some(Vec::new()),
        }
    });
    match carried {
        // Whoever opens a batch carries it.
        None => {
            sleep(GATHER).await;
            let batch = OPEN.with_borrow_mut(|open| open.remove(site)).unwrap_or_default();
            carry(site, batch).await?;
        }
        Some(batch) => carry(site, batch).await?,
    }
    answered.await.map_err(|_| Fault::Platform("the desk was not told".into()))
}

async fn carry(site: &str, batch: Vec<Told>) -> Result<(), Fault> {
    if batch.is_empty() {
        return Ok(());
    }
    let (entries, waiting): (Vec<_>, Vec<_>) = batch
        .into_iter()
        .map(|(entry, answer)| (entry.clone(), (entry.conversation, answer)))
        .unzip();
    let Outcome::Told { places } = desks::order(site, Order::Tell(entries)).await? else {
        return Err(Fault::Corrupt("outcome"));
    };
    for (conversation, answer) in waiting {
        // Who asked may be gone.
        let _ = answer.send(places.get(&conversation).copied());
    }
    Ok(())
}
