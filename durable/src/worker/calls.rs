//! Calls to providers: sent, read chunk by chunk, dropped when the core wants no more.

use crate::listening::{in_time, listen};
use crate::worker::entropy;
use crate::worker::errands::{self, head};
use crate::worker::glue;
use crate::worker::host::Host;
use futures::future::select;
use kefu_shared::conversation::{AttemptId, CANCEL_MOST, Input};
use kefu_shared::provider::{BodyEnd, Heard, Listener, RequestParts};
use std::cell::RefCell;
use std::pin::pin;
use std::rc::{Rc, Weak};
use wasm_bindgen::closure::Closure;
use worker::js_sys::Uint8Array;
use worker::wasm_bindgen_futures::JsFuture;
use worker::{AbortController, Delay, Env, Response};

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
            let call = Call { host: weak.clone(), attempt };
            match errands::send(&env, parts, &signal, &load).await {
                Ok(response) => call.read(response).await,
                Err(failure) => _ = call.report(Input::Failed { attempt, failure }),
            }
        });
    }

    /// Tells a provider to stop; nobody waits for what comes of it.
    pub(crate) fn cancel(host: &Rc<Host>, parts: RequestParts) {
        let env = host.env.clone();
        host.keep_alive(async move {
            let controller = AbortController::default();
            let signal = controller.signal();
            let sent = pin!(errands::send(&env, parts, &signal, &|_| None));
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

/// A call whose response comes.
#[derive(Clone)]
struct Call {
    host: Weak<Host>,
    attempt: AttemptId,
}

impl Call {
    /// Whether more is wanted of it.
    fn report(&self, input: Input) -> bool {
        self.host.upgrade().is_some_and(|host| host.is_calling(self.attempt, input))
    }

    /// Reads a response until it ends or nobody wants more of it. The loop is JavaScript's: of a
    /// stream in Rust each piece costs two functions and a task.
    async fn read(self, response: Response) {
        let attempt = self.attempt;
        if !self.report(Input::Responded { attempt, head: head(&response) }) {
            return;
        }
        let call = self.clone();
        let take = Closure::new(move |bytes: Uint8Array| {
            call.report(Input::Received { attempt, bytes: bytes.to_vec() })
        });
        let ended = JsFuture::from(glue::read_body(&response.into(), &take)).await;
        if let Some(is_whole) = ended.ok().and_then(|ended| ended.as_bool()) {
            let how = if is_whole { BodyEnd::Clean } else { BodyEnd::Reset };
            self.report(Input::Ended { attempt, how });
        }
    }
}

/// Sends a request and tells `listener` what comes, until it has heard enough.
pub async fn send(env: &Env, parts: RequestParts, listener: &mut dyn Listener) {
    let controller = AbortController::default();
    let signal = controller.signal();
    match in_time(listener, pin!(errands::send(env, parts, &signal, &|_| None))).await {
        Some(Ok(mut response)) => {
            listener.hear(entropy::now(), Heard::Head(head(&response)));
            match response.stream() {
                Ok(chunks) => listen(chunks, listener).await,
                Err(_) => listener.hear(entropy::now(), Heard::End(BodyEnd::Clean)),
            }
        }
        Some(Err(failure)) => listener.hear(entropy::now(), Heard::Failed(failure)),
        None => {}
    }
    controller.abort();
}
