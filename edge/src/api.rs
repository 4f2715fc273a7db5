//! Where every request arrives, on every host.

use crate::host::Host;
use crate::reply::{Failed, Response};
use crate::request::Request;
use crate::{admin, agent, assets, conversation, cors, gateway, providers, session, uploads};
use kefu_durable::Fault;
use kefu_shared::problem::Code;
use kefu_shared::route::{Api, Route, route};
use kefu_shared::wire::Answer;

/// Answers a request, whatever it is.
pub(crate) async fn answer<H: Host>(host: &H, request: Request<H::Body>) -> Response<H::Native> {
    let origin = request.origin().map(ToOwned::to_owned);
    let served = serve(host, request).await;
    let shared = !matches!(&served, Err(failed) if failed.is(Code::OriginNotAllowed));
    let response = served.unwrap_or_else(|failed| refused(host, failed));
    // A handed-on WebSocket has headers of its own.
    match origin {
        Some(origin) if shared && response.status != 101 => cors::open(response, &origin),
        _ => response,
    }
}

fn refused<H: Host>(host: &H, failed: Failed) -> Response<H::Native> {
    match &failed {
        // Who went away is no news, and what is wrong with a database is told where it shows.
        Failed::Refused(_) | Failed::Fault(Fault::CutOff | Fault::Storage(_)) => {}
        Failed::Fault(fault) => host.log(&format!("edge: {fault}")),
    }
    Response::of(&Answer::refused(&failed.refusal()))
}

async fn serve<H: Host>(
    host: &H,
    request: Request<H::Body>,
) -> Result<Response<H::Native>, Failed> {
    match route(&request.method, &request.path)? {
        Route::Preflight => cors::preflight(host, &request).await,
        Route::Asset { path } => assets::serve(host, &path).await,
        Route::Api(route) => api(host, route, request).await,
    }
}

async fn api<H: Host>(
    host: &H,
    route: Api,
    request: Request<H::Body>,
) -> Result<Response<H::Native>, Failed> {
    match route {
        Api::Health => health(host).await,
        Api::Session { site } => session::open(host, request, &site).await,
        Api::Widget { site } => session::widget(host, &request, &site).await,
        Api::Act { conversation, act } => conversation::act(host, request, conversation, act).await,
        Api::Events { conversation } => conversation::events(host, &request, conversation).await,
        Api::Turns { conversation } => agent::turns(host, &request, conversation).await,
        Api::Socket { conversation } => conversation::socket(host, &request, conversation).await,
        Api::Upload { conversation } => uploads::put(host, request, conversation).await,
        Api::Uploaded { site, conversation, upload } => {
            uploads::get(host, site, conversation, &upload).await
        }
        Api::ReadConfig { site } => admin::read_config(host, &request, &site).await,
        Api::PutConfig { site } => admin::put_config(host, request, &site).await,
        Api::Rollback { site } => admin::rollback(host, request, &site).await,
        Api::PutSecret { site, name } => admin::put_secret(host, request, &site, &name).await,
        Api::ForgetSecret { site, name } => admin::forget_secret(host, &request, &site, name).await,
        Api::AddAgent { site } => admin::add_agent(host, request, &site).await,
        Api::Agents { site } => admin::agents(host, &request, &site).await,
        Api::RemoveAgent { site, id } => admin::remove_agent(host, &request, &site, id).await,
        Api::Providers { site } => providers::states(host, &request, &site).await,
        Api::CheckProvider { site, provider } => {
            providers::check(host, &request, &site, &provider).await
        }
        Api::Inbox { site } => agent::inbox(host, &request, &site).await,
        Api::Login => agent::log_in(host, request).await,
        Api::Renew => agent::renew(host, &request).await,
        Api::Logout => agent::log_out(host, &request).await,
        Api::GatewaySocket => gateway::socket(host, &request).await,
        Api::GatewayEvents => gateway::events(host, &request).await,
        Api::Metrics => admin::metrics(host, &request),
    }
}

async fn health<H: Host>(host: &H) -> Result<Response<H::Native>, Failed> {
    host.recover().await?;
    Ok(Response::ok(&serde_json::json!({ "status": "ok" })))
}
