//! What wakes streams whose conversation another instance changed.
//!
//! Events are in the database, which tells their order; a bus only says that there is something
//! new, and carries what is not stored. Without NATS the database itself is polled; with it one
//! subscription an instance brings the news, and the database is looked at now and then all the
//! same: a bus may lose something, and whoever wrote something may have died before it could say
//! so.

use crate::spin::entropy;
use crate::spin::{desks, rooms};
use kefu_proto::v1::ProviderChange;
use kefu_proto::v1::server_frame::Frame;
use kefu_shared::conversation::Audience;
use kefu_shared::news::{News, Way, What};

mod nats;
mod polling;

pub(crate) use polling::row;

/// A conversation has something new, events up to `seq` included; 0 when there is no event of it.
pub(crate) fn changed(log: &str, seq: u32) {
    // Where nobody is told, the rows tell it.
    let _ = nats::publish(&told(What::Conversation { log: log.to_owned(), seq }));
}

/// A site's desk has something new.
pub(crate) fn desk_changed(site: &str) {
    let _ = nats::publish(&told(What::Desk { site: site.to_owned() }));
}

/// A provider's breaker changed: agents here and elsewhere are shown it. Nothing is stored of it.
pub(crate) fn provider_changed(site: &str, change: ProviderChange) {
    let news = told(What::Provider { site: site.to_owned(), change: change.clone() });
    if !nats::publish(&news) {
        polling::tell(&format!("{site}/"), &news);
    }
    desks::show(site, change);
}

/// Readers elsewhere get a frame too, if it is one that nothing else tells them.
pub(crate) fn tell(log: &str, to: Audience, frame: &Frame) {
    let Some((what, way)) = What::of_frame(log, to, frame) else { return };
    let news = told(what);
    if !nats::publish(&news) && way == Way::Always {
        polling::tell(log, &news);
    }
}

/// From here on this instance hears of what others do, while anybody waits for it.
pub(crate) fn listen() {
    polling::start();
    nats::start();
}

fn told(what: What) -> News {
    News { from: entropy::holder(), what }
}

/// Something that another instance tells. Rooms take it in by themselves: none waits for another.
fn hear(news: News) {
    if news.from == entropy::holder() {
        return;
    }
    match news.what {
        What::Desk { site } => desks::hear(&site),
        What::Provider { site, change } => desks::show(&site, change),
        What::Conversation { ref log, .. } | What::Frame { ref log, .. } => {
            if let Some(room) = rooms::known(log).filter(|room| room.waits()) {
                room.hear(news.what);
            }
        }
    }
}
