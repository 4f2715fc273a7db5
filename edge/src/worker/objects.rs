//! Requests to conversations' objects.

use crate::host::Place;
use crate::reply::{Failed, Response};
use crate::worker::cloudflare::Native;
use kefu_durable::worker::{CALLER, LOG_END, object_name};
use worker::wasm_bindgen::JsValue;
use worker::{Env, Headers, Method, Request, RequestInit};

/// Sends a request to a conversation's object.
pub(crate) async fn ask(
    env: &Env,
    place: &Place,
    method: Method,
    path: &str,
    headers: Headers,
    body: Option<JsValue>,
) -> Result<worker::Response, Failed> {
    headers.set(CALLER, &place.caller.write())?;
    let mut init = RequestInit::new();
    init.with_method(method).with_headers(headers).with_body(body);
    let request = Request::new_with_init(&format!("https://conversation/{path}"), &init)?;
    let name = object_name(&place.site, &place.conversation);
    let stub = env.durable_object("CONVERSATION")?.get_by_name(&name)?;
    Ok(stub.fetch_with_request(request).await?)
}

/// What an object answered, for a client.
pub(crate) fn passed_on(answered: &worker::Response) -> Result<Response<Native>, Failed> {
    let headers = answered.headers().clone();
    // What is to be kept says so itself.
    if headers.get("cache-control")?.is_none() {
        headers.set("cache-control", "no-store")?;
    }
    headers.delete(LOG_END)?;
    headers.set("x-content-type-options", "nosniff")?;
    let native = worker::Response::from_body(answered.body().clone())?.with_headers(headers);
    Ok(Response::native(answered.status_code(), native))
}
