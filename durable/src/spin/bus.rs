//! What wakes streams whose conversation another instance changed.
//!
//! Events are in the database, which tells their order; a bus only says that there is something
//! new, and carries what is not stored. Without NATS the database itself is polled; with it one
//! subscription an instance brings the news, and the database is looked at now and then all the
//! same, because a bus may lose something.

use crate::Fault;
use crate::spin::entropy;
use crate::spin::tasks::spawn;
use crate::spin::{desks, rooms};
use kefu_proto::v1::server_frame::Frame;
use kefu_shared::conversation::{Audience, Input};
use kefu_shared::news::{News, Way, What};
use std::cell::Cell;

mod nats;
mod polling;

thread_local! {
    static LISTENING: Cell<bool> = const { Cell::new(false) };
}

/// A conversation has something new, events up to `seq` included.
pub(crate) fn changed(log: &str, seq: u32) {
    if nats::is_declared() {
        nats::publish(&told(What::Conversation { log: log.to_owned(), seq }));
    }
    // Without a bus its rows tell it.
}

/// A site's desk has something new.
pub(crate) fn desk_changed(site: &str) {
    if nats::is_declared() {
        nats::publish(&told(What::Desk { site: site.to_owned() }));
    }
}

/// Readers elsewhere get a frame too, if it is one that nothing else tells them.
pub(crate) fn tell(log: &str, to: Audience, frame: &Frame) {
    let Some((what, way)) = What::of_frame(log, to, frame) else { return };
    if nats::is_declared() {
        nats::publish(&told(what));
    } else if way == Way::Always {
        polling::tell(log, &told(what));
    }
}

/// From here on this instance hears of what others do, while anybody waits for it.
pub(crate) fn listen() {
    if !LISTENING.replace(true) {
        spawn(async {
            while rooms::is_attended() {
                if nats::is_declared() {
                    nats::listen().await;
                } else {
                    polling::listen().await;
                }
            }
            LISTENING.set(false);
        });
    }
}

fn told(what: What) -> News {
    News { from: entropy::holder(), what }
}

/// Takes in what another instance tells.
async fn hear(news: News) -> Result<(), Fault> {
    if news.from == entropy::holder() {
        return Ok(());
    }
    match news.what {
        What::Conversation { log, seq } => look(&log, seq).await,
        What::Desk { site } if desks::is_known(&site) => desks::look(&site).await,
        What::Desk { .. } => Ok(()),
        What::Frame { log, to, frame } => {
            let (Some(room), Some(frame)) = (rooms::known(&log), frame.frame) else {
                return Ok(());
            };
            if matches!(frame, Frame::Delta(_) | Frame::Replace(_)) {
                return room.apply(Input::Relayed { frame }).await.map(|_| ());
            }
            room.relay(to.audience(), &frame);
            Ok(())
        }
    }
}

/// Looks at a conversation that others changed: not at what was written here.
async fn look(log: &str, seq: u32) -> Result<(), Fault> {
    match rooms::known(log) {
        Some(room) if seq == 0 || room.seq() < seq => room.look().await,
        Some(_) | None => Ok(()),
    }
}
