//! Bodies of requests, read no further than they may be long.

use crate::reply::Failed;
use futures::StreamExt;
use kefu_shared::wire::{BODY_MOST, too_large};
use worker::Request;

/// The body, or a refusal as soon as it is known to be too long.
pub(crate) async fn read(request: &mut Request) -> Result<Vec<u8>, Failed> {
    let declared = request.headers().get("content-length")?;
    let declared: usize = declared.and_then(|length| length.parse().ok()).unwrap_or(0);
    if declared > BODY_MOST {
        return Err(too_large().into());
    }
    let mut body = Vec::with_capacity(declared);
    let Ok(mut chunks) = request.stream() else { return Ok(body) };
    while let Some(chunk) = chunks.next().await {
        body.extend_from_slice(&chunk?);
        if body.len() > BODY_MOST {
            return Err(too_large().into());
        }
    }
    Ok(body)
}
