//! The conversations that this instance has in memory: those with streams, a turn, or something
//! that the desk does not know yet; and for a while those that just were, since whoever comes back
//! to one reads only what is new.

use crate::spin::entropy::{self, sleep};
use crate::spin::room::Room;
use crate::spin::tasks::spawn;
use crate::spin::{bus, surplus};
use kefu_shared::time::Millis;
use lru::LruCache;
use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::num::NonZeroUsize;
use std::ops::Bound;
use std::rc::Rc;
use std::time::Duration;

/// Between comments on idle streams: only a write shows that a client has gone.
const BEAT: Duration = Duration::from_secs(15);
/// Many streams are not all written to at once: whoever sends something meanwhile would wait. So
/// many conversations at least make a part, and that is how many parts there are at most.
const PART: usize = 20;
const PARTS_MOST: usize = 60;

/// Conversations with which nothing is under way, at most, and for how long. An older one may lack
/// more than what loading it reads.
const IDLE_MOST: NonZeroUsize = NonZeroUsize::MIN.saturating_add(255);
const IDLE_FOR: Duration = Duration::from_secs(60);

thread_local! {
    static IDLE: RefCell<LruCache<String, (Rc<Room>, Millis)>> =
        RefCell::new(LruCache::new(IDLE_MOST));
    static ROOMS: RefCell<BTreeMap<String, Rc<Room>>> = const { RefCell::new(BTreeMap::new()) };
    static BEATING: Cell<bool> = const { Cell::new(false) };
}

/// Where in the tables a conversation's rows are.
pub(crate) fn log_of(site: &str, conversation: &str) -> String {
    format!("{site}/{conversation}")
}

/// The conversation, in memory or about to be.
pub(crate) fn room(log: &str) -> Rc<Room> {
    ROOMS.with_borrow_mut(|rooms| {
        let found = || idle(log).unwrap_or_else(|| Rc::new(Room::new(log)));
        rooms.entry(log.to_owned()).or_insert_with(found).clone()
    })
}

fn idle(log: &str) -> Option<Rc<Room>> {
    let found = IDLE.with_borrow_mut(|idle| idle.pop(log));
    found.filter(|(_, since)| entropy::now().since(*since) < IDLE_FOR).map(|(room, _)| room)
}

/// The conversation, if it is in memory or just was.
pub(crate) fn remembered(log: &str) -> Option<Rc<Room>> {
    known(log).or_else(|| IDLE.with_borrow(|idle| idle.peek(log).map(|(room, _)| room.clone())))
}

/// The conversation, if it is in memory.
pub(crate) fn known(log: &str) -> Option<Rc<Room>> {
    ROOMS.with_borrow(|rooms| rooms.get(log).cloned())
}

/// All of them.
pub(crate) fn all() -> Vec<Rc<Room>> {
    ROOMS.with_borrow(|rooms| rooms.values().cloned().collect())
}

/// Lets go of a conversation with which nothing is under way.
pub(crate) fn release(room: &Rc<Room>) {
    if room.is_idle() {
        ROOMS.with_borrow_mut(|rooms| {
            if rooms.get(room.log()).is_some_and(|known| Rc::ptr_eq(known, room)) {
                rooms.remove(room.log());
                let idle = (room.clone(), entropy::now());
                IDLE.with_borrow_mut(|rooms| rooms.put(room.log().to_owned(), idle));
            }
        });
    }
}

/// From here on streams are kept alive, and woken by what others do.
pub(crate) fn attend() {
    bus::listen();
    if !BEATING.replace(true) {
        spawn(beat());
    }
}

async fn beat() {
    let mut upto = String::new();
    loop {
        let count = ROOMS.with_borrow(BTreeMap::len);
        let parts = count.div_ceil(PART).clamp(1, PARTS_MOST);
        sleep(BEAT / u32::try_from(parts).unwrap_or(1)).await;
        let (part, is_last) = next(&upto, count.div_ceil(parts));
        for room in &part {
            room.streams.beat();
            room.sweep().await;
        }
        upto =
            part.last().filter(|_| !is_last).map(|room| room.log().to_owned()).unwrap_or_default();
        if is_last {
            crate::spin::desks::beat().await;
        }
        surplus::ask();
        if !is_attended() {
            BEATING.set(false);
            return;
        }
    }
}

/// At most so many conversations after one, and whether these are the last.
fn next(after: &str, most: usize) -> (Vec<Rc<Room>>, bool) {
    ROOMS.with_borrow(|rooms| {
        let mut left = rooms.range::<str, _>((Bound::Excluded(after), Bound::Unbounded));
        let part = left.by_ref().take(most).map(|(_, room)| room.clone()).collect();
        (part, left.next().is_none())
    })
}

/// Ends a stream that began before then, if there is one: its reader comes again.
pub(crate) async fn end_a_stream(begun_before: Millis) -> bool {
    let ends = |room: &Rc<Room>| !room.is_calling_anybody() && room.streams.end_one(begun_before);
    let Some(room) = all().into_iter().find(ends) else { return false };
    room.sweep().await;
    true
}

/// Whether anybody here waits for what others do.
pub(crate) fn is_attended() -> bool {
    ROOMS.with_borrow(|rooms| rooms.values().any(|room| room.waits()))
        || crate::spin::desks::is_attended()
}
