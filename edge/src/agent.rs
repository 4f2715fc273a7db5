//! Agents: logging in, staying logged in, and the inbox.

use crate::cors;
use crate::host::{Host, Place};
use crate::reply::{Failed, Response};
use crate::request::Request;
use crate::session::site_in_use;
use kefu_durable::Fault;
use kefu_proto::v1::{Empty, LoginReply, LoginRequest};
use kefu_shared::desk::{Account, Order, Outcome, bad_login};
use kefu_shared::page::PageQuery;
use kefu_shared::time::Millis;
use kefu_shared::token::Claims;
use kefu_shared::trace::TurnsQuery;
use kefu_shared::wire::{Framing, message};
use kefu_shared::{gate, password, site};

/// An agent whose session is in force.
pub(crate) struct Agent {
    pub(crate) claims: Claims,
    pub(crate) account: Account,
}

impl Agent {
    /// Admits an agent by its token, from a header or from wherever else it came.
    pub(crate) async fn of<H: Host>(
        host: &H,
        request: &Request<H::Body>,
        token: Option<&str>,
    ) -> Result<Self, Failed> {
        let token = token.or_else(|| request.bearer());
        let claims = gate::agent(&host.deployed().deployment.keys, token, host.tick().now)?;
        let live = site_in_use(host, &claims.site).await?;
        cors::check(&live, request.origin())?;
        let session = claims.session.as_deref().unwrap_or_default();
        let account = host.agent_in_force(&claims.site, session).await??;
        Ok(Self { claims, account })
    }
}

pub(crate) async fn log_in<H: Host>(
    host: &H,
    mut request: Request<H::Body>,
) -> Result<Response<H::Native>, Failed> {
    let LoginRequest { site, email, password, .. } = message(&request.read().await?)?;
    if !site::is_id(&site) {
        return Err(bad_login().into());
    }
    // A site that is not there is told from a wrong password by nothing.
    let live = host.site(&site).await?.ok_or_else(bad_login)?;
    cors::check(&live, request.origin())?;
    let address = host.address(&request);
    let admit = Order::AdmitLogin { email: email.clone(), address: address.clone() };
    let Outcome::HoldAgainst { hash } = host.desk_order(&site, admit).await?.granted()? else {
        return Err(Fault::Corrupt("outcome").into());
    };
    if !password::verify(&password, &hash) {
        return Err(bad_login().into());
    }
    let order = Order::LogIn { email, address, hash };
    let (account, session) = host.desk_order(&site, order).await?.logged_in()?;
    let now = host.tick().now;
    Ok(answer_login(host, &site, &account, &session, now, now))
}

/// A fresh token for one whose session is in force.
pub(crate) async fn renew<H: Host>(
    host: &H,
    request: &Request<H::Body>,
) -> Result<Response<H::Native>, Failed> {
    let now = host.tick().now;
    let claims = gate::renewing(&host.deployed().deployment.keys, request.bearer(), now)?;
    let session = claims.session.as_deref().unwrap_or_default();
    let account = host.agent_in_force(&claims.site, session).await??;
    Ok(answer_login(host, &claims.site, &account, session, Millis(claims.first), now))
}

pub(crate) async fn log_out<H: Host>(
    host: &H,
    request: &Request<H::Body>,
) -> Result<Response<H::Native>, Failed> {
    let Agent { claims, .. } = Agent::of(host, request, None).await?;
    let session = claims.session.unwrap_or_default();
    let order = Order::EndSession { session: session.clone() };
    host.desk_order(&claims.site, order).await?.granted()?;
    host.forget_session(&session);
    Ok(Response::ok(&Empty {}))
}

pub(crate) async fn inbox<H: Host>(
    host: &H,
    request: &Request<H::Body>,
    site: &str,
) -> Result<Response<H::Native>, Failed> {
    let Agent { claims, account } = Agent::of(host, request, None).await?;
    gate::own_site(&claims, site)?;
    let look = Order::Look { agent: Some(account.id), query: request.query.clone() };
    let Outcome::Inbox(page) = host.desk_order(site, look).await?.granted()? else {
        return Err(Fault::Corrupt("outcome").into());
    };
    Ok(Response::ok(&page))
}

/// How questions of a conversation were answered, for the site's admins and supervisors.
pub(crate) async fn turns<H: Host>(
    host: &H,
    request: &Request<H::Body>,
    conversation: String,
) -> Result<Response<H::Native>, Failed> {
    let query = PageQuery::parse(&request.query)?;
    let Agent { claims, account } = Agent::of(host, request, None).await?;
    gate::supervisor(&account)?;
    let live = site_in_use(host, &claims.site).await?;
    let query = TurnsQuery::of(&query, host.tick().now, live.config.ai.keep_traces);
    let caller = gate::caller(&claims, Framing::Json);
    let place = Place { site: claims.site, conversation, caller };
    host.turns(&place, &query).await
}

fn answer_login<H: Host>(
    host: &H,
    site: &str,
    account: &Account,
    session: &str,
    first: Millis,
    now: Millis,
) -> Response<H::Native> {
    let keys = &host.deployed().deployment.keys;
    let (token, expires) = gate::agent_token(keys, site, account, session, first, now);
    Response::ok(&LoginReply {
        token,
        expires_at: i64::try_from(expires.0).unwrap_or(i64::MAX),
        agent: Some(account.wire(true)),
    })
}
