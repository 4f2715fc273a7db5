//! Requests to providers, with what has to come before them.

use crate::worker::{entropy, glue};
use futures::StreamExt;
use js_sys::Uint8Array;
use kefu_shared::provider::errand::{ANSWER_MOST, Errand, Next};
use kefu_shared::provider::tokens::Tokens;
use kefu_shared::provider::{Failure, Loaded, RequestParts, ResponseHead};
use std::cell::RefCell;
use worker::wasm_bindgen_futures::JsFuture;
use worker::{
    AbortSignal, Delay, Env, Fetch, Headers, Method, Request, RequestInit, RequestRedirect,
    Response, web_sys,
};

thread_local! {
    static TOKENS: RefCell<Tokens> = const { RefCell::new(Tokens::new()) };
}

/// Sends a request once everything before it is done.
pub(crate) async fn send(
    env: &Env,
    parts: RequestParts,
    signal: &AbortSignal,
    load: &dyn Fn(&str) -> Loaded,
) -> Result<Response, Failure> {
    let mut errand = Errand::new(parts);
    loop {
        match TOKENS.with_borrow_mut(|tokens| errand.next(tokens, entropy::tick())) {
            Next::Send(RequestParts { model: Some(model), body, .. }) => {
                return run(env, &model, &body, signal).await;
            }
            Next::Send(parts) => return fetch(&parts, signal).await,
            Next::Ask(parts) => {
                let answer = ask(&parts, signal).await;
                TOKENS.with_borrow_mut(|it| errand.answered(it, entropy::now(), answer))?;
            }
            Next::Load(id) => errand.loaded(load(&id)),
            Next::Sign { key, text } => {
                let signature = JsFuture::from(glue::sign(&key, &text)).await.ok();
                let signature = signature.map(|bytes| Uint8Array::new(&bytes).to_vec());
                TOKENS.with_borrow_mut(|it| errand.signed(it, entropy::now(), signature))?;
            }
            // Objects of one isolate cannot wake each other: each looks for itself.
            Next::Wait(time) => Delay::from(time).await,
            Next::Fail(failure) => return Err(failure),
        }
    }
}

/// The head of a response that comes now.
pub(crate) fn head(response: &Response) -> ResponseHead {
    ResponseHead {
        status: response.status_code(),
        headers: response.headers().entries().collect(),
        at: entropy::now(),
    }
}

/// The whole of a short answer.
async fn ask(
    parts: &RequestParts,
    signal: &AbortSignal,
) -> Result<(ResponseHead, Vec<u8>), Failure> {
    let asked = async {
        let mut response = fetch(parts, signal).await?;
        Ok((head(&response), whole(&mut response).await?))
    };
    asked.await.map_err(|it| if signal.aborted() { Failure::cancelled() } else { it })
}

async fn fetch(parts: &RequestParts, signal: &AbortSignal) -> Result<Response, Failure> {
    let request = request(parts).map_err(|_| Failure::unreachable())?;
    let sent = Fetch::Request(request).send_with_signal(signal).await;
    sent.map_err(|_| Failure::unreachable())
}

async fn run(
    env: &Env,
    model: &str,
    inputs: &[u8],
    signal: &AbortSignal,
) -> Result<Response, Failure> {
    let inputs = String::from_utf8_lossy(inputs);
    let answer = glue::run_model(env.as_ref(), model, &inputs, signal);
    let answer = JsFuture::from(answer).await.map_err(|_| Failure::unreachable())?;
    Ok(Response::from(web_sys::Response::from(answer)))
}

async fn whole(response: &mut Response) -> Result<Vec<u8>, Failure> {
    let mut body = Vec::new();
    let Ok(mut chunks) = response.stream() else { return Ok(body) };
    while let (true, Some(chunk)) = (body.len() < ANSWER_MOST, chunks.next().await) {
        body.extend(chunk.map_err(|_| Failure::unreachable())?);
    }
    Ok(body)
}

fn request(parts: &RequestParts) -> worker::Result<Request> {
    let headers = Headers::new();
    for (name, value) in &parts.headers {
        headers.set(name, value)?;
    }
    let mut init = RequestInit::new();
    // A redirect could lead to an address that the site may not use.
    init.with_method(Method::from(parts.method.as_str().to_owned()))
        .with_headers(headers)
        .with_redirect(RequestRedirect::Manual);
    if !parts.body.is_empty() {
        init.with_body(Some(Uint8Array::from(parts.body.as_slice()).into()));
    }
    Request::new_with_init(&parts.url, &init)
}
