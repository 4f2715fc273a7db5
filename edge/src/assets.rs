//! Files of the web client, from wherever the host keeps them.

use crate::reply::Failed;
use kefu_shared::asset;
use kefu_shared::problem::{Code, Refusal};
use worker::{Env, Response};

pub(crate) async fn serve(env: &Env, path: &str) -> Result<Response, Failed> {
    let not_found = || Refusal::new(Code::NotFound, "there is no such file");
    let asset = asset::find(path).ok_or_else(not_found)?;
    let files = env.assets("ASSETS")?;
    let url = format!("https://assets/{}", asset.file);
    let found: Response = files.fetch(url, None).await?;
    if found.status_code() != 200 {
        return Err(not_found().into());
    }
    let mut response = Response::from_body(found.body().clone())?;
    let headers = response.headers_mut();
    headers.set("content-type", asset.content_type)?;
    headers.set("cache-control", asset.cache_control)?;
    headers.set("x-content-type-options", "nosniff")?;
    Ok(response)
}
