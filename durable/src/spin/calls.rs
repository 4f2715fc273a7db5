//! Calls to providers: sent, read chunk by chunk, dropped when the core wants no more.

use crate::listening::{in_time, listen};
use crate::spin::entropy;
use crate::spin::errands::{self, head};
use crate::spin::room::Room;
use crate::spin::tasks::spawn;
use futures::StreamExt;
use futures::future::{AbortHandle, Abortable, select};
use kefu_shared::conversation::{AttemptId, CANCEL_MOST, Input};
use kefu_shared::provider::{BodyEnd, Heard, Listener, RequestParts};
use spin_sdk::http::Response;
use spin_sdk::http::body::IncomingBodyExt;
use std::cell::RefCell;
use std::pin::pin;
use std::rc::Rc;

/// The call under way; a conversation has at most one.
#[derive(Default)]
pub(crate) struct Calls {
    under_way: RefCell<Option<(AttemptId, AbortHandle)>>,
}

impl Calls {
    /// Sends a request and reports to `room` whatever comes of it.
    pub(crate) fn start(&self, room: &Rc<Room>, attempt: AttemptId, parts: RequestParts) {
        let (handle, registration) = AbortHandle::new_pair();
        self.abort_all();
        self.under_way.replace(Some((attempt, handle)));
        let call = call(room.clone(), attempt, parts);
        spawn(async move {
            // Aborted is as good as done.
            let _ = Abortable::new(call, registration).await;
        });
    }

    /// Tells a provider to stop; nobody waits for what comes of it.
    pub(crate) fn cancel(parts: RequestParts) {
        spawn(async move {
            let _ended =
                select(pin!(errands::send(parts, None)), pin!(entropy::sleep(CANCEL_MOST))).await;
        });
    }

    /// Drops the call, if it is still that one.
    pub(crate) fn abort(&self, attempt: AttemptId) {
        let taken = self.under_way.borrow_mut().take_if(|(id, _)| *id == attempt);
        if let Some((_, handle)) = taken {
            handle.abort();
        }
    }

    pub(crate) fn abort_all(&self) {
        if let Some((_, handle)) = self.under_way.take() {
            handle.abort();
        }
    }

    pub(crate) fn is_under_way(&self, attempt: AttemptId) -> bool {
        self.under_way.borrow().as_ref().is_some_and(|(id, _)| *id == attempt)
    }

    pub(crate) fn is_any_under_way(&self) -> bool {
        self.under_way.borrow().is_some()
    }
}

async fn call(room: Rc<Room>, attempt: AttemptId, parts: RequestParts) {
    match errands::send(parts, Some(room.place())).await {
        Ok(response) => read(&room, attempt, response).await,
        Err(failure) => {
            room.is_calling(attempt, Input::Failed { attempt, failure }).await;
        }
    }
}

/// Reads a response until it ends or nobody wants more of it.
async fn read(room: &Rc<Room>, attempt: AttemptId, response: Response) {
    let head = head(&response);
    if !room.is_calling(attempt, Input::Responded { attempt, head }).await {
        return;
    }
    let mut how = BodyEnd::Clean;
    let mut chunks = response.into_body().stream();
    while let Some(chunk) = chunks.next().await {
        let Ok(bytes) = chunk else {
            how = BodyEnd::Reset;
            break;
        };
        let bytes = bytes.to_vec();
        if !room.is_calling(attempt, Input::Received { attempt, bytes }).await {
            return;
        }
    }
    room.is_calling(attempt, Input::Ended { attempt, how }).await;
}

/// Sends a request and tells `listener` what comes, until it has heard enough.
pub async fn send(parts: RequestParts, listener: &mut dyn Listener) {
    match in_time(listener, pin!(errands::send(parts, None))).await {
        Some(Ok(response)) => {
            listener.hear(entropy::now(), Heard::Head(head(&response)));
            listen(response.into_body().stream(), listener).await;
        }
        Some(Err(failure)) => listener.hear(entropy::now(), Heard::Failed(failure)),
        None => {}
    }
}
