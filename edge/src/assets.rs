//! Files of the web client, from wherever the host keeps them.

use crate::host::Host;
use crate::reply::{Failed, Response};
use kefu_shared::asset;
use kefu_shared::problem::{Code, Refusal};

pub(crate) async fn serve<H: Host>(host: &H, path: &str) -> Result<Response<H::Native>, Failed> {
    let not_found = || Refusal::new(Code::NotFound, "there is no such file");
    let asset = asset::find(path).ok_or_else(not_found)?;
    let found = host.file(&asset).await?.ok_or_else(not_found)?;
    Ok(found
        .header("content-type", asset.content_type)
        .header("cache-control", asset.cache_control)
        .header("x-content-type-options", "nosniff"))
}
