//! The operator's routes, which are also those of a site's admins: configuration, secrets and
//! agents of a site.

use crate::host::Host;
use crate::reply::{Failed, Payload, Response};
use crate::request::Request;
use crate::session::site_in_use;
use kefu_durable::Fault;
use kefu_proto::v1::{AgentRequest, Agents, ConfigReply, Empty};
use kefu_shared::config::Format;
use kefu_shared::desk::{self, Account};
use kefu_shared::gate;
use kefu_shared::problem::{Code, Refusal};
use kefu_shared::secrets::{Sealed, sealed_name};
use kefu_shared::site::{Order, Outcome, Page, SecretRequest, checked_document, no_such_site};
use kefu_shared::wire::{message, or_default};
use serde::Deserialize;

/// Refuses everybody but the operator.
fn admit_operator<H: Host>(host: &H, request: &Request<H::Body>) -> Result<(), Failed> {
    Ok(gate::operator(request.bearer(), &host.deployed().admin_token)?)
}

/// Refuses everybody but the operator and the site's admins.
pub(crate) async fn admit<H: Host>(
    host: &H,
    request: &Request<H::Body>,
    site: &str,
) -> Result<(), Failed> {
    let keys = &host.deployed().deployment.keys;
    let Ok(claims) = gate::agent(keys, request.bearer(), host.tick().now) else {
        return admit_operator(host, request);
    };
    let session = claims.session.as_deref().unwrap_or_default();
    let account = host.agent_in_force(&claims.site, session).await??;
    Ok(gate::admin(&account, &claims.site, site)?)
}

pub(crate) fn metrics<H: Host>(
    host: &H,
    request: &Request<H::Body>,
) -> Result<Response<H::Native>, Failed> {
    admit_operator(host, request)?;
    Ok(Response::text("text/plain; version=0.0.4; charset=utf-8", host.metrics()))
}

pub(crate) async fn add_agent<H: Host>(
    host: &H,
    mut request: Request<H::Body>,
    site: &str,
) -> Result<Response<H::Native>, Failed> {
    admit(host, &request, site).await?;
    site_in_use(host, site).await?;
    let asked: AgentRequest = message(&request.read().await?)?;
    let account = Account::checked(&asked, host.tick().entropy)?;
    let outcome = host.desk_order(site, desk::Order::AddAgent(account)).await?.granted()?;
    let desk::Outcome::Account(account) = outcome else {
        return Err(Fault::Corrupt("outcome").into());
    };
    Ok(Response::ok(&account.wire(true)))
}

pub(crate) async fn agents<H: Host>(
    host: &H,
    request: &Request<H::Body>,
    site: &str,
) -> Result<Response<H::Native>, Failed> {
    admit(host, request, site).await?;
    site_in_use(host, site).await?;
    let outcome = host.desk_order(site, desk::Order::Agents).await?.granted()?;
    let desk::Outcome::Accounts(accounts) = outcome else {
        return Err(Fault::Corrupt("outcome").into());
    };
    let agents = accounts.iter().map(|account| account.wire(true)).collect();
    Ok(Response::ok(&Agents { agents }))
}

pub(crate) async fn remove_agent<H: Host>(
    host: &H,
    request: &Request<H::Body>,
    site: &str,
    id: String,
) -> Result<Response<H::Native>, Failed> {
    admit(host, request, site).await?;
    host.desk_order(site, desk::Order::RemoveAgent { id }).await?.granted()?;
    Ok(Response::ok(&Empty {}))
}

pub(crate) async fn put_config<H: Host>(
    host: &H,
    mut request: Request<H::Body>,
    site: &str,
) -> Result<Response<H::Native>, Failed> {
    admit(host, &request, site).await?;
    let content_type = request.header("content-type").unwrap_or_default();
    let format = Format::of_content_type(content_type).ok_or_else(|| {
        let detail = "send application/toml, application/yaml or application/json";
        Refusal::new(Code::UnsupportedType, detail)
    })?;
    let body = request.read().await?;
    let document = checked_document(body, format, &host.deployed().deployment)?;
    let outcome = host.site_order(site, Order::Put { format, document }).await?;
    answer_version(host, site, outcome).await
}

pub(crate) async fn read_config<H: Host>(
    host: &H,
    request: &Request<H::Body>,
    site: &str,
) -> Result<Response<H::Native>, Failed> {
    admit(host, request, site).await?;
    let Outcome::Page(page) = host.site_order(site, Order::Read { have: 0 }).await? else {
        return Err(no_such_site(site).into());
    };
    let Page { version, format, document, .. } = page;
    let payload = Payload::Bytes(document.into_bytes());
    Ok(Response { status: 200, headers: Vec::new(), payload }
        .header("content-type", format.content_type())
        .header("etag", format!("\"{version}\""))
        .header("x-kefu-version", version.to_string())
        .header("cache-control", "no-store"))
}

#[derive(Default, Deserialize)]
struct RollbackRequest {
    version: Option<u32>,
}

pub(crate) async fn rollback<H: Host>(
    host: &H,
    mut request: Request<H::Body>,
    site: &str,
) -> Result<Response<H::Native>, Failed> {
    admit(host, &request, site).await?;
    let asked: RollbackRequest = or_default(&request.read().await?)?;
    let outcome = host.site_order(site, Order::Rollback { version: asked.version }).await?;
    answer_version(host, site, outcome).await
}

pub(crate) async fn put_secret<H: Host>(
    host: &H,
    mut request: Request<H::Body>,
    site: &str,
    name: &str,
) -> Result<Response<H::Native>, Failed> {
    admit(host, &request, site).await?;
    let body = request.read().await?;
    let SecretRequest { value, hosts } = message::<SecretRequest>(&body)?.checked()?;
    let keys = &host.deployed().deployment.keys;
    let sealed = keys.seal(&sealed_name(site, name), &value, host.tick().entropy);
    let secret = Sealed { name: name.to_owned(), sealed, hosts };
    let outcome = host.site_order(site, Order::Keep(secret)).await?;
    done(host, site, outcome).await
}

pub(crate) async fn forget_secret<H: Host>(
    host: &H,
    request: &Request<H::Body>,
    site: &str,
    name: String,
) -> Result<Response<H::Native>, Failed> {
    admit(host, request, site).await?;
    let outcome = host.site_order(site, Order::Forget { name }).await?;
    done(host, site, outcome).await
}

async fn answer_version<H: Host>(
    host: &H,
    site: &str,
    outcome: Outcome,
) -> Result<Response<H::Native>, Failed> {
    let (version, _) = outcome.done()?;
    // Here the new state is used at once, elsewhere within a second.
    let Some(live) = host.site_anew(site).await? else {
        return Ok(Response::ok(&ConfigReply { version, warnings: Vec::new() }));
    };
    let mut warnings = live.warnings();
    warnings.extend(host.closed_to(&live));
    Ok(Response::ok(&ConfigReply { version, warnings }))
}

async fn done<H: Host>(
    host: &H,
    site: &str,
    outcome: Outcome,
) -> Result<Response<H::Native>, Failed> {
    outcome.done()?;
    host.site_anew(site).await?;
    Ok(Response::ok(&Empty {}))
}
