//! Calls to providers: sent, read chunk by chunk, dropped when the core wants no more.

use crate::worker::entropy;
use crate::worker::errands::{head, send};
use crate::worker::host::Host;
use futures::StreamExt;
use futures::future::{Either, select};
use kefu_shared::conversation::{AttemptId, CANCEL_MOST, Input};
use kefu_shared::provider::check::{Check, Heard};
use kefu_shared::provider::{BodyEnd, RequestParts};
use std::cell::RefCell;
use std::pin::pin;
use std::rc::Rc;
use worker::{AbortController, ByteStream, Delay, Env, Response};

/// The call under way; a conversation has at most one.
#[derive(Default)]
pub(crate) struct Calls {
    under_way: RefCell<Option<(AttemptId, AbortController)>>,
}

impl Calls {
    /// Sends a request and reports to `host` whatever comes of it.
    pub(crate) fn start(&self, host: &Rc<Host>, attempt: AttemptId, parts: RequestParts) {
        let controller = AbortController::default();
        let signal = controller.signal();
        self.under_way.replace(Some((attempt, controller)));
        let (weak, env) = (Rc::downgrade(host), host.env.clone());
        host.keep_alive(async move {
            let load = |id: &str| weak.upgrade()?.store.upload(id);
            let report = |input| weak.upgrade().is_some_and(|host| host.is_calling(attempt, input));
            match send(&env, parts, &signal, &load).await {
                Ok(response) => read(attempt, response, report).await,
                Err(failure) => {
                    report(Input::Failed { attempt, failure });
                }
            }
        });
    }

    /// Tells a provider to stop; nobody waits for what comes of it.
    pub(crate) fn cancel(host: &Rc<Host>, parts: RequestParts) {
        let env = host.env.clone();
        host.keep_alive(async move {
            let controller = AbortController::default();
            let signal = controller.signal();
            let sent = pin!(send(&env, parts, &signal, &|_| None));
            let _ended = select(sent, Delay::from(CANCEL_MOST)).await;
            controller.abort();
        });
    }

    /// Drops the call, if it is still that one.
    pub(crate) fn abort(&self, attempt: AttemptId) {
        let taken = self.under_way.borrow_mut().take_if(|(id, _)| *id == attempt);
        if let Some((_, controller)) = taken {
            controller.abort();
        }
    }

    pub(crate) fn abort_all(&self) {
        if let Some((_, controller)) = self.under_way.take() {
            controller.abort();
        }
    }

    pub(crate) fn is_under_way(&self, attempt: AttemptId) -> bool {
        self.under_way.borrow().as_ref().is_some_and(|(id, _)| *id == attempt)
    }
}

/// Reads a response until it ends or nobody wants more of it.
async fn read(attempt: AttemptId, mut response: Response, report: impl Fn(Input) -> bool) {
    if !report(Input::Responded { attempt, head: head(&response) }) {
        return;
    }
    let mut how = BodyEnd::Clean;
    if let Ok(mut chunks) = response.stream() {
        while let Some(chunk) = chunks.next().await {
            let wanted = match chunk {
                Ok(bytes) => report(Input::Received { attempt, bytes }),
                Err(_) => {
                    how = BodyEnd::Reset;
                    break;
                }
            };
            if !wanted {
                return;
            }
        }
    }
    report(Input::Ended { attempt, how });
}

/// Sends a request and tells `check` what comes, until it has heard enough.
pub async fn try_provider(env: &Env, parts: RequestParts, check: &mut Check) {
    let controller = AbortController::default();
    let signal = controller.signal();
    match in_time(check, pin!(send(env, parts, &signal, &|_| None))).await {
        Some(Ok(mut response)) => {
            check.hear(entropy::now(), Heard::Head(head(&response)));
            match response.stream() {
                Ok(chunks) => listen(chunks, check).await,
                Err(_) => check.hear(entropy::now(), Heard::End(BodyEnd::Clean)),
            }
        }
        Some(Err(failure)) => check.hear(entropy::now(), Heard::Failed(failure)),
        None => {}
    }
    controller.abort();
}

async fn listen(mut chunks: ByteStream, check: &mut Check) {
    while let Some(next) = in_time(check, chunks.next()).await {
        let heard = match next {
            Some(Ok(bytes)) => Heard::Bytes(bytes),
            Some(Err(_)) => Heard::End(BodyEnd::Reset),
            None => Heard::End(BodyEnd::Clean),
        };
        check.hear(entropy::now(), heard);
    }
}

/// What comes in the time that `check` has; none when it has heard enough or waits no longer.
async fn in_time<T>(check: &mut Check, work: impl Future<Output = T> + Unpin) -> Option<T> {
    let patience = check.patience(entropy::now())?;
    match select(work, Delay::from(patience)).await {
        Either::Left((done, _)) => Some(done),
        Either::Right(_) => {
            check.waited(entropy::now());
            None
        }
    }
}
