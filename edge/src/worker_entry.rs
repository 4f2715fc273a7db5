//! Where every request of the Worker arrives.

use crate::reply::{Failed, respond};
use crate::{admin, agent, assets, conversation, cors, gateway, session, uploads};
use kefu_durable::Deployed;
use kefu_shared::problem::{Code, Refusal};
use kefu_shared::route::{Api, Route, route};
use worker::{Context, Env, Request, Response, event};

#[event(start)]
fn start() {
    console_error_panic_hook::set_once();
}

#[event(fetch)]
async fn fetch(request: Request, env: Env, _context: Context) -> worker::Result<Response> {
    let origin = request.headers().get("origin")?;
    let served = serve(request, &env).await;
    let shared = !matches!(&served, Err(failed) if failed.is(Code::OriginNotAllowed));
    let mut response = match served {
        Ok(response) => response,
        Err(failed) => respond(&failed.answer())?,
    };
    // A handed-on WebSocket has headers of its own.
    if shared && response.status_code() != 101 {
        cors::open(&mut response, origin.as_deref())?;
    }
    Ok(response)
}

async fn serve(request: Request, env: &Env) -> Result<Response, Failed> {
    match route(request.method().as_ref(), &request.path())? {
        Route::Preflight => cors::preflight(env, &request).await,
        Route::Asset { path } => assets::serve(env, &path).await,
        Route::Api(route) => {
            let deployed =
                Deployed::of(env).map_err(|why| Refusal::new(Code::Misconfigured, why))?;
            api(route, request, env, &deployed).await
        }
    }
}

async fn api(
    route: Api,
    request: Request,
    env: &Env,
    deployed: &Deployed,
) -> Result<Response, Failed> {
    match route {
        Api::Health => Ok(Response::from_json(&serde_json::json!({ "status": "ok" }))?),
        Api::Session { site } => session::open(request, env, deployed, &site).await,
        Api::Widget { site } => session::widget(&request, env, &site).await,
        Api::Act { conversation, act } => {
            conversation::act(request, env, deployed, &conversation, act).await
        }
        Api::Events { conversation } => {
            conversation::events(&request, env, deployed, &conversation).await
        }
        Api::Socket { conversation } => {
            conversation::socket(&request, env, deployed, &conversation).await
        }
        Api::Upload { conversation } => uploads::put(request, env, deployed, &conversation).await,
        Api::Uploaded { site, conversation, upload } => {
            uploads::get(env, deployed, &site, &conversation, &upload).await
        }
        Api::ReadConfig { site } => admin::read_config(&request, env, deployed, &site).await,
        Api::PutConfig { site } => admin::put_config(request, env, deployed, &site).await,
        Api::Rollback { site } => admin::rollback(request, env, deployed, &site).await,
        Api::PutSecret { site, name } => {
            admin::put_secret(request, env, deployed, &site, &name).await
        }
        Api::AddAgent { site } => admin::add_agent(request, env, deployed, &site).await,
        Api::Agents { site } => admin::agents(&request, env, deployed, &site).await,
        Api::RemoveAgent { site, id } => {
            admin::remove_agent(&request, env, deployed, &site, &id).await
        }
        Api::Inbox { site } => agent::inbox(&request, env, deployed, &site).await,
        Api::Login => agent::log_in(request, env, deployed).await,
        Api::Renew => agent::renew(&request, env, deployed).await,
        Api::Logout => agent::log_out(&request, env, deployed).await,
        Api::GatewaySocket => gateway::socket(&request, env, deployed).await,
        Api::GatewayEvents => gateway::events(&request, env, deployed).await,
        Api::Metrics => admin::metrics(&request, deployed),
        Api::ForgetSecret { site, name } => {
            admin::forget_secret(&request, env, deployed, &site, &name).await
        }
    }
}
