//! The operator's routes, which are also those of a site's admins: configuration, secrets and
//! agents of a site.

use crate::body;
use crate::reply::{Failed, respond};
use kefu_durable::{
    Deployed, Fault, agent_in_force, desk_order, now, order, reopen_site, site_in_use, tick,
};
use kefu_proto::v1::{AgentRequest, Agents, ConfigReply, Empty};
use kefu_shared::config::Format;
use kefu_shared::desk::{self, Account};
use kefu_shared::gate;
use kefu_shared::problem::{Code, Refusal};
use kefu_shared::secrets::{Sealed, sealed_name};
use kefu_shared::site::{Order, Outcome, Page, SecretRequest, checked_document};
use kefu_shared::wire::{Answer, message};
use serde::Deserialize;
use worker::{Env, Request, Response};

/// Refuses everybody but the operator.
fn admit_operator(request: &Request, deployed: &Deployed) -> Result<(), Failed> {
    let authorization = request.headers().get("authorization")?;
    Ok(gate::operator(gate::bearer(authorization.as_deref()), &deployed.admin_token)?)
}

/// Refuses everybody but the operator and the site's admins.
async fn admit(
    request: &Request,
    env: &Env,
    deployed: &Deployed,
    site: &str,
) -> Result<(), Failed> {
    let authorization = request.headers().get("authorization")?;
    let token = gate::bearer(authorization.as_deref());
    let keys = &deployed.deployment.keys;
    let Ok(claims) = gate::agent(keys, token, now()) else {
        return admit_operator(request, deployed);
    };
    let session = claims.session.as_deref().unwrap_or_default();
    let account = agent_in_force(env, &claims.site, session).await??;
    Ok(gate::admin(&account, &claims.site, site)?)
}

pub(crate) fn metrics(request: &Request, deployed: &Deployed) -> Result<Response, Failed> {
    admit_operator(request, deployed)?;
    let mut response = Response::ok(kefu_durable::metrics())?;
    let headers = response.headers_mut();
    headers.set("content-type", "text/plain; version=0.0.4; charset=utf-8")?;
    headers.set("cache-control", "no-store")?;
    Ok(response)
}

pub(crate) async fn add_agent(
    mut request: Request,
    env: &Env,
    deployed: &Deployed,
    site: &str,
) -> Result<Response, Failed> {
    admit(&request, env, deployed, site).await?;
    site_in_use(env, site).await??;
    let asked: AgentRequest = message(&body::read(&mut request).await?)?;
    let account = Account::checked(&asked, tick().entropy)?;
    let outcome = desk_order(env, site, &desk::Order::AddAgent(account)).await?.granted()?;
    let desk::Outcome::Account(account) = outcome else {
        return Err(Fault::Corrupt("outcome").into());
    };
    Ok(respond(&Answer::ok(&account.wire(true)))?)
}

pub(crate) async fn agents(
    request: &Request,
    env: &Env,
    deployed: &Deployed,
    site: &str,
) -> Result<Response, Failed> {
    admit(request, env, deployed, site).await?;
    site_in_use(env, site).await??;
    let outcome = desk_order(env, site, &desk::Order::Agents).await?.granted()?;
    let desk::Outcome::Accounts(accounts) = outcome else {
        return Err(Fault::Corrupt("outcome").into());
    };
    let agents = accounts.iter().map(|account| account.wire(true)).collect();
    Ok(respond(&Answer::ok(&Agents { agents }))?)
}

pub(crate) async fn remove_agent(
    request: &Request,
    env: &Env,
    deployed: &Deployed,
    site: &str,
    id: &str,
) -> Result<Response, Failed> {
    admit(request, env, deployed, site).await?;
    let order = desk::Order::RemoveAgent { id: id.to_owned() };
    desk_order(env, site, &order).await?.granted()?;
    Ok(respond(&Answer::ok(&Empty {}))?)
}

pub(crate) async fn put_config(
    mut request: Request,
    env: &Env,
    deployed: &Deployed,
    site: &str,
) -> Result<Response, Failed> {
    admit(&request, env, deployed, site).await?;
    let content_type = request.headers().get("content-type")?.unwrap_or_default();
    let format = Format::of_content_type(&content_type).ok_or_else(|| {
        let detail = "send application/toml, application/yaml or application/json";
        Refusal::new(Code::UnsupportedType, detail)
    })?;
    let body = body::read(&mut request).await?;
    let document = checked_document(body, format, deployed.deployment.allow_private)?;
    let outcome = order(env, site, &Order::Put { format, document }).await?;
    answer_version(env, site, outcome).await
}

pub(crate) async fn read_config(
    request: &Request,
    env: &Env,
    deployed: &Deployed,
    site: &str,
) -> Result<Response, Failed> {
    admit(request, env, deployed, site).await?;
    let Outcome::Page(page) = order(env, site, &Order::Read { have: 0 }).await? else {
        return Err(kefu_durable::no_such_site(site).into());
    };
    let Page { version, format, document, .. } = page;
    let mut response = Response::ok(document)?;
    let headers = response.headers_mut();
    headers.set("content-type", format.content_type())?;
    headers.set("etag", &format!("\"{version}\""))?;
    headers.set("x-kefu-version", &version.to_string())?;
    headers.set("cache-control", "no-store")?;
    Ok(response)
}

#[derive(Default, Deserialize)]
struct RollbackRequest {
    version: Option<u32>,
}

pub(crate) async fn rollback(
    mut request: Request,
    env: &Env,
    deployed: &Deployed,
    site: &str,
) -> Result<Response, Failed> {
    admit(&request, env, deployed, site).await?;
    let body = body::read(&mut request).await?;
    let asked = if body.is_empty() { RollbackRequest::default() } else { message(&body)? };
    let outcome = order(env, site, &Order::Rollback { version: asked.version }).await?;
    answer_version(env, site, outcome).await
}

pub(crate) async fn put_secret(
    mut request: Request,
    env: &Env,
    deployed: &Deployed,
    site: &str,
    name: &str,
) -> Result<Response, Failed> {
    admit(&request, env, deployed, site).await?;
    let body = body::read(&mut request).await?;
    let SecretRequest { value, hosts } = message::<SecretRequest>(&body)?.checked()?;
    let keys = &deployed.deployment.keys;
    let sealed = keys.seal(&sealed_name(site, name), &value, tick().entropy);
    let secret = Sealed { name: name.to_owned(), sealed, hosts };
    let outcome = order(env, site, &Order::Keep(secret)).await?;
    done(env, site, outcome).await
}

pub(crate) async fn forget_secret(
    request: &Request,
    env: &Env,
    deployed: &Deployed,
    site: &str,
    name: &str,
) -> Result<Response, Failed> {
    admit(request, env, deployed, site).await?;
    let outcome = order(env, site, &Order::Forget { name: name.to_owned() }).await?;
    done(env, site, outcome).await
}

async fn answer_version(env: &Env, site: &str, outcome: Outcome) -> Result<Response, Failed> {
    let (version, _) = outcome.done()?;
    // This isolate uses the new state at once, others within a second.
    let live = reopen_site(env, site).await?;
    let warnings = live.map(|live| live.warnings()).unwrap_or_default();
    Ok(respond(&Answer::ok(&ConfigReply { version, warnings }))?)
}

async fn done(env: &Env, site: &str, outcome: Outcome) -> Result<Response, Failed> {
    outcome.done()?;
    reopen_site(env, site).await?;
    Ok(respond(&Answer::ok(&Empty {}))?)
}
