//! What comes of a request, told to whoever listens, for as long as it does.

use crate::entropy::{now, sleep};
use futures::future::{Either, select};
use futures::{Stream, StreamExt};
use kefu_shared::provider::{BodyEnd, Heard, Listener};
use std::pin::pin;

/// Tells `listener` the pieces of a body, until it ends or enough was heard.
pub(crate) async fn listen<T: Into<Vec<u8>>, E>(
    mut chunks: impl Stream<Item = Result<T, E>> + Unpin,
    listener: &mut dyn Listener,
) {
    while let Some(next) = in_time(listener, chunks.next()).await {
        let heard = match next {
            Some(Ok(bytes)) => Heard::Bytes(bytes.into()),
            Some(Err(_)) => Heard::End(BodyEnd::Reset),
            None => Heard::End(BodyEnd::Clean),
        };
        listener.hear(now(), heard);
    }
}

/// What comes in the time that `listener` has; none when it has heard enough or waits no longer.
pub(crate) async fn in_time<T>(
    listener: &mut dyn Listener,
    work: impl Future<Output = T> + Unpin,
) -> Option<T> {
    let patience = listener.patience(now())?;
    match select(work, pin!(sleep(patience))).await {
        Either::Left((done, _)) => Some(done),
        Either::Right(_) => {
            listener.waited(now());
            None
        }
    }
}
