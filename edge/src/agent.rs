//! Agents: logging in, staying logged in, and the inbox.

use crate::reply::{Failed, respond};
use crate::{addresses, body, cors};
use kefu_durable::{Deployed, Fault, agent_in_force, desk_order, forget_session, now, site_in_use};
use kefu_proto::v1::{Empty, LoginReply, LoginRequest};
use kefu_shared::desk::{Account, Order, Outcome, bad_login};
use kefu_shared::time::Millis;
use kefu_shared::token::Claims;
use kefu_shared::wire::{Answer, message};
use kefu_shared::{gate, password, site};
use worker::{Env, Request, Response};

/// An agent whose session is in force.
pub(crate) struct Agent {
    pub(crate) claims: Claims,
    pub(crate) account: Account,
}

impl Agent {
    /// Admits an agent by its token, from a header or from wherever else it came.
    pub(crate) async fn of(
        request: &Request,
        env: &Env,
        deployed: &Deployed,
        token: Option<&str>,
    ) -> Result<Self, Failed> {
        let authorization = request.headers().get("authorization")?;
        let token = token.or_else(|| gate::bearer(authorization.as_deref()));
        let claims = gate::agent(&deployed.deployment.keys, token, now())?;
        let live = site_in_use(env, &claims.site).await??;
        cors::check(&live, request.headers().get("origin")?.as_deref())?;
        let session = claims.session.as_deref().unwrap_or_default();
        let account = agent_in_force(env, &claims.site, session).await??;
        Ok(Self { claims, account })
    }
}

pub(crate) async fn log_in(
    mut request: Request,
    env: &Env,
    deployed: &Deployed,
) -> Result<Response, Failed> {
    let LoginRequest { site, email, password, .. } = message(&body::read(&mut request).await?)?;
    if !site::is_id(&site) {
        return Err(bad_login().into());
    }
    // A site that is not there is told from a wrong password by nothing.
    let live = site_in_use(env, &site).await?.map_err(|_| bad_login())?;
    cors::check(&live, request.headers().get("origin")?.as_deref())?;
    let address = addresses::of(&request, deployed.address_header.as_deref());
    let admit = Order::AdmitLogin { email: email.clone(), address: address.clone() };
    let Outcome::HoldAgainst { hash } = desk_order(env, &site, &admit).await?.granted()? else {
        return Err(Fault::Corrupt("outcome").into());
    };
    if !password::verify(&password, &hash) {
        return Err(bad_login().into());
    }
    let order = Order::LogIn { email, address, hash };
    let (account, session) = desk_order(env, &site, &order).await?.logged_in()?;
    let now = now();
    answer_login(deployed, &site, &account, &session, now, now)
}

/// A fresh token for one whose session is in force.
pub(crate) async fn renew(
    request: &Request,
    env: &Env,
    deployed: &Deployed,
) -> Result<Response, Failed> {
    let authorization = request.headers().get("authorization")?;
    let token = gate::bearer(authorization.as_deref());
    let now = now();
    let claims = gate::renewing(&deployed.deployment.keys, token, now)?;
    let session = claims.session.as_deref().unwrap_or_default();
    let account = agent_in_force(env, &claims.site, session).await??;
    answer_login(deployed, &claims.site, &account, session, Millis(claims.first), now)
}

pub(crate) async fn log_out(
    request: &Request,
    env: &Env,
    deployed: &Deployed,
) -> Result<Response, Failed> {
    let Agent { claims, .. } = Agent::of(request, env, deployed, None).await?;
    let session = claims.session.unwrap_or_default();
    let order = Order::EndSession { session: session.clone() };
    desk_order(env, &claims.site, &order).await?.granted()?;
    forget_session(&session);
    Ok(respond(&Answer::ok(&Empty {}))?)
}

pub(crate) async fn inbox(
    request: &Request,
    env: &Env,
    deployed: &Deployed,
    site: &str,
) -> Result<Response, Failed> {
    let Agent { claims, account } = Agent::of(request, env, deployed, None).await?;
    gate::own_site(&claims, site)?;
    let query = request.url()?.query().unwrap_or_default().to_owned();
    let look = Order::Look { agent: Some(account.id), query };
    let Outcome::Inbox(page) = desk_order(env, site, &look).await?.granted()? else {
        return Err(Fault::Corrupt("outcome").into());
    };
    Ok(respond(&Answer::ok(&page))?)
}

fn answer_login(
    deployed: &Deployed,
    site: &str,
    account: &Account,
    session: &str,
    first: Millis,
    now: Millis,
) -> Result<Response, Failed> {
    let keys = &deployed.deployment.keys;
    let (token, expires) = gate::agent_token(keys, site, account, session, first, now);
    Ok(respond(&Answer::ok(&LoginReply {
        token,
        expires_at: i64::try_from(expires.0).unwrap_or(i64::MAX),
        agent: Some(account.wire(true)),
    }))?)
}
