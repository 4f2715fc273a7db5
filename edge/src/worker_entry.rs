//! Where every request of the Worker arrives.

use crate::reply::{Failed, respond};
use crate::{admin, assets, conversation, cors, session, uploads};
use kefu_durable::Deployed;
use kefu_shared::problem::{Code, Refusal};
use kefu_shared::route::{Route, route};
use worker::{Context, Env, Request, Response, event};

#[event(start)]
fn start() {
    console_error_panic_hook::set_once();
}

#[event(fetch)]
async fn fetch(request: Request, env: Env, _context: Context) -> worker::Result<Response> {
    let origin = request.headers().get("origin")?;
    let mut response = match serve(request, &env).await {
        Ok(response) => response,
        Err(failed) => respond(&failed.answer())?,
    };
    // A handed-on WebSocket has headers of its own.
    if response.status_code() != 101 {
        cors::open(&mut response, origin.as_deref())?;
    }
    Ok(response)
}

async fn serve(request: Request, env: &Env) -> Result<Response, Failed> {
    let method = request.method().to_string();
    let route = route(&method, &request.path())?;
    match &route {
        Route::Preflight => return Ok(cors::preflight()?),
        Route::Asset { path } => return assets::serve(env, path).await,
        _ => {}
    }
    let deployed = Deployed::of(env).map_err(|why| Refusal::new(Code::Misconfigured, why))?;
    let answer = match &route {
        Route::Health => return Ok(Response::from_json(&serde_json::json!({ "status": "ok" }))?),
        Route::Session { site } => session::open(request, env, &deployed, site).await?,
        Route::Act { conversation, act } => {
            return conversation::act(request, env, &deployed, conversation, *act).await;
        }
        Route::Events { conversation } => {
            return conversation::events(&request, env, &deployed, conversation).await;
        }
        Route::Socket { conversation } => {
            return conversation::socket(&request, env, &deployed, conversation).await;
        }
        Route::Upload { conversation } => {
            return uploads::put(request, env, &deployed, conversation).await;
        }
        Route::Uploaded { site, conversation, upload } => {
            return uploads::get(env, &deployed, site, conversation, upload).await;
        }
        Route::ReadConfig { site } => {
            return admin::read_config(&request, env, &deployed, site).await;
        }
        Route::PutConfig { site } => admin::put_config(request, env, &deployed, site).await?,
        Route::Rollback { site } => admin::rollback(request, env, &deployed, site).await?,
        Route::PutSecret { site, name } => {
            admin::put_secret(request, env, &deployed, site, name).await?
        }
        Route::ForgetSecret { site, name } => {
            admin::forget_secret(&request, env, &deployed, site, name).await?
        }
        Route::Preflight | Route::Asset { .. } => return Ok(Response::empty()?),
    };
    Ok(respond(&answer)?)
}
