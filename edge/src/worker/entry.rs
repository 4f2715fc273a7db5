//! Where every request of the Worker arrives.

use crate::api;
use crate::reply::{Failed, Payload, Response};
use crate::request::Request;
use crate::worker::cloudflare::{Cloudflare, Native, WorkerBody};
use kefu_durable::worker::deployed;
use kefu_shared::asset;
use kefu_shared::problem::{Code, Refusal};
use kefu_shared::route::{Route, route};
use kefu_shared::wire::Answer;
use worker::{Context, Env, Headers, event};

#[event(start)]
fn start() {
    console_error_panic_hook::set_once();
}

#[event(fetch)]
async fn fetch(
    request: worker::Request,
    env: Env,
    _context: Context,
) -> worker::Result<worker::Response> {
    let request = neutral(request)?;
    let deployed = match deployed(&env) {
        Ok(deployed) => deployed,
        Err(why) => return native(misconfigured(&env, &request, why).await),
    };
    let host = Cloudflare { env, deployed };
    native(api::answer(&host, request).await)
}

/// Files are served all the same: they need nothing that the operator declares.
async fn misconfigured(env: &Env, request: &Request<WorkerBody>, why: &str) -> Response<Native> {
    if let Ok(Route::Asset { path }) = route(&request.method, &request.path)
        && let Some(asset) = asset::find(&path)
        && let Ok(Some(file)) = Cloudflare::asset(env, &asset).await
    {
        return file.header("content-type", asset.content_type);
    }
    let failed = Failed::from(Refusal::new(Code::Misconfigured, why));
    Response::of(&Answer::refused(&failed.refusal()))
}

fn neutral(request: worker::Request) -> worker::Result<Request<WorkerBody>> {
    let url = request.url()?;
    Ok(Request {
        method: request.method().to_string(),
        path: request.path(),
        query: url.query().unwrap_or_default().to_owned(),
        headers: request.headers().entries().collect(),
        body: WorkerBody::new(request),
    })
}

fn native(response: Response<Native>) -> worker::Result<worker::Response> {
    let Response { status, headers, payload } = response;
    let (native, own) = match payload {
        Payload::Native(native) if status == 101 => return Ok(native),
        Payload::Native(native) => {
            let own = native.headers().clone();
            (native, own)
        }
        Payload::Bytes(bytes) if bytes.is_empty() => (worker::Response::empty()?, Headers::new()),
        Payload::Bytes(bytes) => (worker::Response::from_bytes(bytes)?, Headers::new()),
    };
    for (name, value) in headers {
        own.set(name, &value)?;
    }
    Ok(native.with_status(status).with_headers(own))
}
