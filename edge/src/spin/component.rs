//! Where every request of the component arrives.

use crate::api;
use crate::reply::Response;
use crate::request::Request;
use crate::spin::platform::{Spin, SpinBody};
use crate::spin::response::native;
use kefu_durable::spin::{Frames, begun, deployed, on_shift, tell_operator};
use kefu_shared::asset;
use kefu_shared::problem::{Code, Refusal};
use kefu_shared::route::{Route, route};
use kefu_shared::wire::Answer;
use spin_sdk::http_service;
use spin_sdk::wasip3::http::types::{self, ErrorCode};

#[http_service]
async fn handle(request: spin_sdk::http::Request) -> Result<types::Response, ErrorCode> {
    begun(on_shift(async { native(answer(neutral(request)).await).await })).await
}

async fn answer(request: Request<SpinBody>) -> Response<Frames> {
    match deployed().await {
        Ok(deployed) => api::answer(&Spin::new(deployed), request).await,
        Err(why) => {
            tell_operator(&format!("misconfigured: {why}"));
            misconfigured(&request, why)
        }
    }
}

/// Files are served all the same: they need nothing that the operator declares.
fn misconfigured(request: &Request<SpinBody>, why: &str) -> Response<Frames> {
    if let Ok(Route::Asset { path }) = route(&request.method, &request.path)
        && let Some(asset) = asset::find(&path)
        && let Some(file) = super::files::find(&asset.file)
    {
        return file.header("content-type", asset.content_type);
    }
    Response::of(&Answer::refused(&Refusal::new(Code::Misconfigured, why)))
}

fn neutral(request: spin_sdk::http::Request) -> Request<SpinBody> {
    let (head, body) = request.into_parts();
    let header = |(name, value): (&spin_sdk::http::HeaderName, &spin_sdk::http::HeaderValue)| {
        (name.as_str().to_owned(), String::from_utf8_lossy(value.as_bytes()).into_owned())
    };
    Request {
        method: head.method.as_str().to_owned(),
        path: head.uri.path().to_owned(),
        query: head.uri.query().unwrap_or_default().to_owned(),
        headers: head.headers.iter().map(header).collect(),
        body: SpinBody::new(body),
    }
}
