//! The conversations that this instance has in memory: those with streams, a turn, or something
//! that the desk does not know yet.

use crate::spin::bus;
use crate::spin::entropy::sleep;
use crate::spin::room::Room;
use crate::spin::tasks::spawn;
use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::rc::Rc;
use std::time::Duration;

/// Between comments on idle streams: only a write shows that a client has gone.
const BEAT: Duration = Duration::from_secs(15);

thread_local! {
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
        rooms.entry(log.to_owned()).or_insert_with(|| Rc::new(Room::new(log))).clone()
    })
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
    loop {
        sleep(BEAT).await;
        for room in all() {
            room.streams.beat();
            room.sweep().await;
        }
        crate::spin::desks::beat().await;
        if !is_attended() {
            BEATING.set(false);
            return;
        }
    }
}

/// Whether anybody here waits for what others do.
pub(crate) fn is_attended() -> bool {
    ROOMS.with_borrow(|rooms| rooms.values().any(|room| room.waits()))
        || crate::spin::desks::is_attended()
}
