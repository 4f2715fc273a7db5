//! How a visitor comes in: an id and a token of its own, without any object being woken.

use crate::identity;
use crate::keys::hex;
use crate::problem::{Code, Refusal};
use crate::site::{Deployment, Live};
use crate::time::{Millis, Tick};
use crate::token::{self, Claims, Holder};
use crate::widget;
use kefu_proto::v1::{ConversationRef, SessionReply, SessionRequest, channel};

/// Opens or renews a visitor's session with a site. `bearer` is the visitor's earlier token: with
/// it, and only with it, the visitor keeps its id.
pub fn open(
    site: &str,
    live: &Live,
    deployment: &Deployment,
    request: &SessionRequest,
    bearer: Option<&str>,
    tick: Tick,
) -> Result<SessionReply, Refusal> {
    let known = known(deployment, bearer, site, request, tick.now);
    let claims = match &request.identity {
        Some(jwt) => identified(site, live, deployment, jwt, known, tick)?,
        None => known.unwrap_or_else(|| anonymous(site, tick)),
    };
    let conversation = deployment.keys.conversation(site, channel::Type::Web, &claims.id);
    let claims = Claims {
        conversation: Some(conversation.clone()),
        locale: request.locale.as_deref().map(locale).or(claims.locale),
        expires: (tick.now + token::LIFE).0,
        ..claims
    };
    Ok(SessionReply {
        visitor_id: claims.id.clone(),
        token: token::issue(&deployment.keys, &claims),
        expires_at: i64::try_from(claims.expires).unwrap_or(i64::MAX),
        // The life of the log is told by the log; a client that has nothing begins with the first.
        conversation: Some(ConversationRef { id: conversation, epoch: 1 }),
        widget: Some(widget::shown(&live.config, tick.now)),
    })
}

/// Whether a token says who asks, so that its visitor keeps its id.
pub fn is_known(
    deployment: &Deployment,
    bearer: Option<&str>,
    site: &str,
    request: &SessionRequest,
    now: Millis,
) -> bool {
    known(deployment, bearer, site, request, now).is_some()
}

/// The claims of a token that still counts: of this site, of the visitor that is named, and first
/// issued not too long ago. It may have ended: renewing is what it is for.
fn known(
    deployment: &Deployment,
    bearer: Option<&str>,
    site: &str,
    request: &SessionRequest,
    now: Millis,
) -> Option<Claims> {
    let claims = token::read(&deployment.keys, bearer?).ok()?;
    let same_visitor = request.visitor_id.as_ref().is_none_or(|id| *id == claims.id);
    let counts = claims.role == Holder::Visitor
        && claims.site == site
        && same_visitor
        && claims.is_renewable(now);
    counts.then_some(claims)
}

fn anonymous(site: &str, tick: Tick) -> Claims {
    Claims {
        site: site.into(),
        role: Holder::Visitor,
        id: format!("v{}", hex(&tick.entropy.to_be_bytes())),
        conversation: None,
        name: None,
        locale: None,
        linked: None,
        session: None,
        first: tick.now.0,
        expires: 0,
    }
}

/// Whoever the host site vouches for has the same id on every device; the id that this browser
/// had before is linked to it.
fn identified(
    site: &str,
    live: &Live,
    deployment: &Deployment,
    jwt: &str,
    known: Option<Claims>,
    tick: Tick,
) -> Result<Claims, Refusal> {
    let secret = live.identity_secret().ok_or_else(|| {
        Refusal::new(Code::BadIdentity, "this site has no working `identity_secret`")
    })?;
    let identity = identity::check(jwt, &secret, site, tick.now)?;
    let id = deployment.keys.identified_visitor(site, &identity.subject);
    let linked =
        known.and_then(|claims| if claims.id == id { claims.linked } else { Some(claims.id) });
    Ok(Claims { id, name: identity.name, linked, ..anonymous(site, tick) })
}

/// A language tag as far as it is one.
fn locale(tag: &str) -> String {
    tag.chars().filter(|c| c.is_ascii_alphanumeric() || *c == '-').take(35).collect()
}
