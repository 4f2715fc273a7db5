//! Responses as Spin takes them.

use crate::reply::{Payload, Response};
use bytes::Bytes;
use futures::StreamExt;
use http_body_util::{Full, StreamBody};
use kefu_durable::spin::{Frames, go_on};
use spin_sdk::http::{HeaderMap, HeaderName};
use spin_sdk::wasip3::http::types::{self, ErrorCode, Fields};
use spin_sdk::wasip3::http_compat::BodyWriter;
use std::convert::Infallible;

/// A response whose body is on its way: what Spin sends at once goes in one piece with the head,
/// and so without the wait of 40 ms that TCP has between two small ones (Nagle's algorithm and the
/// reader's delayed acknowledgement; Spin does not turn the former off).
///
/// # Errors
/// When Spin refuses the head.
pub(crate) async fn native(response: Response<Frames>) -> Result<types::Response, ErrorCode> {
    let Response { status, headers, payload } = response;
    let head = fields(headers, length(status, &payload))?;
    let (writer, body, end) = BodyWriter::new();
    let (native, _sent) = types::Response::new(head, Some(body), end);
    // What is no status stays 200.
    let _ = native.set_status_code(status);
    go_on(write(writer, payload)).await;
    Ok(native)
}

async fn write(writer: BodyWriter, payload: Payload<Frames>) {
    // Whoever reads may be gone.
    let _ = match payload {
        Payload::Bytes(bytes) => writer.send_http_body(&mut Full::new(Bytes::from(bytes))).await,
        Payload::Native(frames) => {
            let data = |bytes| Ok::<_, Infallible>(http_body::Frame::data(bytes));
            writer.send_http_body(&mut StreamBody::new(frames.map(data))).await
        }
    };
}

/// How long the body is, where that is known and may be said.
fn length(status: u16, payload: &Payload<Frames>) -> Option<usize> {
    match payload {
        Payload::Bytes(bytes) if !bytes.is_empty() && status != 304 => Some(bytes.len()),
        Payload::Bytes(_) | Payload::Native(_) => None,
    }
}

fn fields(
    headers: Vec<(&'static str, String)>,
    length: Option<usize>,
) -> Result<Fields, ErrorCode> {
    let mut map = HeaderMap::new();
    for (name, value) in headers {
        if let Ok(value) = value.parse() {
            map.insert(HeaderName::from_static(name), value);
        }
    }
    if let Some(length) = length {
        map.insert("content-length", length.into());
    }
    map.try_into().map_err(|_| ErrorCode::InternalError(Some("a header".into())))
}
