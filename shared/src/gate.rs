//! Who may come in: the operator by the deployment's token, a visitor by a token of its own
//! conversation. What a caller may not know of is told from what is not there by nothing.

use crate::desk::{self, Account};
use crate::keys::{Keys, same_secret};
use crate::problem::{Code, Refusal};
use crate::time::Millis;
use crate::token::{self, Claims, Holder};
use crate::wire::{Caller, Framing};
use kefu_proto::v1::channel;
use kefu_proto::{SUBPROTOCOL_JSON, SUBPROTOCOL_PROTO};
use std::time::Duration;

/// How long an agent's stream of one conversation may outlive its session.
const RECHECK: Duration = Duration::from_secs(300);

/// The token of an `Authorization: Bearer` header.
pub fn bearer(authorization: Option<&str>) -> Option<&str> {
    let (scheme, token) = authorization?.trim().split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
}

/// Lets the operator in.
pub fn operator(token: Option<&str>, admin_token: &str) -> Result<(), Refusal> {
    match token {
        Some(token) if same_secret(token, admin_token) => Ok(()),
        // A visitor's or an agent's token is a token, only not one for this.
        Some(token) if token.starts_with("k1.") => {
            Err(Refusal::new(Code::Forbidden, "this route is the operator's"))
        }
        _ => Err(Refusal::new(Code::Unauthorized, "send the operator's token as a bearer token")),
    }
}

/// Lets the holder of a token into a conversation: a visitor into its own, an agent into those of
/// its site, which the log itself tells apart from those that are not there.
pub fn participant(
    keys: &Keys,
    token: Option<&str>,
    conversation: &str,
    now: Millis,
) -> Result<Claims, Refusal> {
    let claims = holder(keys, token, now)?;
    match claims.role {
        Holder::Agent => Ok(claims),
        Holder::Visitor if claims.conversation.as_deref() == Some(conversation) => Ok(claims),
        Holder::Visitor => {
            Err(Refusal::new(Code::NotFound, "there is no such conversation for this token"))
        }
    }
}

/// Lets an agent in. Whether its session is in force only its desk knows.
pub fn agent(keys: &Keys, token: Option<&str>, now: Millis) -> Result<Claims, Refusal> {
    let claims = holder(keys, token, now)?;
    match claims.role {
        Holder::Agent => Ok(claims),
        Holder::Visitor => Err(Refusal::new(Code::Forbidden, "this route is the agents'")),
    }
}

/// Lets an admin configure its own site.
pub fn admin(account: &Account, own: &str, site: &str) -> Result<(), Refusal> {
    if own != site {
        return Err(Refusal::new(Code::NotFound, "there is no such site for this token"));
    }
    if account.role != desk::Role::Admin {
        return Err(Refusal::new(Code::Forbidden, "this route is the operator's and the admins'"));
    }
    Ok(())
}

/// Lets an admin or a supervisor see how questions of its site were answered.
pub fn supervisor(account: &Account) -> Result<(), Refusal> {
    match account.role {
        desk::Role::Admin | desk::Role::Supervisor => Ok(()),
        desk::Role::Agent => {
            Err(Refusal::new(Code::Forbidden, "this route is the admins' and the supervisors'"))
        }
    }
}

/// Lets an agent see its own site.
pub fn own_site(claims: &Claims, site: &str) -> Result<(), Refusal> {
    if claims.site == site {
        return Ok(());
    }
    Err(Refusal::new(Code::NotFound, "there is no such site for this token"))
}

/// Lets an agent's token in whose life is over, as long as it can be renewed.
pub fn renewing(keys: &Keys, token: Option<&str>, now: Millis) -> Result<Claims, Refusal> {
    let claims = token::read(keys, token.ok_or_else(no_token)?)?;
    if claims.role != Holder::Agent {
        return Err(Refusal::new(Code::Forbidden, "this route is the agents'"));
    }
    if !claims.is_renewable(now) {
        return Err(Refusal::new(Code::TokenExpired, "log in again"));
    }
    Ok(claims)
}

/// The token of an agent whose session began at `first`.
pub fn agent_token(
    keys: &Keys,
    site: &str,
    account: &Account,
    session: &str,
    first: Millis,
    now: Millis,
) -> (String, Millis) {
    let expires = now + token::LIFE;
    let claims = Claims {
        site: site.into(),
        role: Holder::Agent,
        id: account.id.clone(),
        conversation: None,
        name: Some(account.name.clone()),
        locale: None,
        linked: None,
        session: Some(session.into()),
        first: first.0,
        expires: expires.0,
    };
    (token::issue(keys, &claims), expires)
}

/// When a stream that an agent opens by itself is looked at again: its session may be ended, and
/// only the desk hears of that.
pub fn recheck(claims: &Claims, now: Millis) -> u64 {
    claims.expires.min((now + RECHECK).0)
}

fn holder(keys: &Keys, token: Option<&str>, now: Millis) -> Result<Claims, Refusal> {
    token::check(keys, token.ok_or_else(no_token)?, now)
}

fn no_token() -> Refusal {
    Refusal::new(Code::Unauthorized, "send the session's token as a bearer token")
}

/// What a conversation is told of a caller.
pub fn caller(claims: &Claims, framing: Framing) -> Caller {
    Caller {
        holder: claims.role,
        id: claims.id.clone(),
        name: claims.name.clone(),
        locale: claims.locale.clone(),
        channel: channel::Type::Web.into(),
        expires: claims.expires,
        framing,
        session: claims.session.clone(),
        gateway: false,
    }
}

/// What a WebSocket handshake asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Handshake<'a> {
    /// How frames are written.
    pub framing: Framing,
    /// The subprotocol to agree to; none when none was offered.
    pub protocol: Option<&'static str>,
    /// The token, when it came as a subprotocol.
    pub token: Option<&'a str>,
}

impl<'a> Handshake<'a> {
    /// Reads `Sec-WebSocket-Protocol`. Without one the frames are JSON.
    pub fn read(offered: Option<&'a str>) -> Result<Self, Refusal> {
        let offered: Vec<&str> = offered.unwrap_or_default().split(',').map(str::trim).collect();
        let token = offered.iter().find_map(|protocol| protocol.strip_prefix("token."));
        let framing = offered.iter().find_map(|protocol| match *protocol {
            SUBPROTOCOL_JSON => Some((Framing::Json, Some(SUBPROTOCOL_JSON))),
            SUBPROTOCOL_PROTO => Some((Framing::Proto, Some(SUBPROTOCOL_PROTO))),
            "" => Some((Framing::Json, None)),
            _ => None,
        });
        let (framing, protocol) = framing.ok_or_else(|| {
            let detail = format!("offer `{SUBPROTOCOL_JSON}` or `{SUBPROTOCOL_PROTO}`");
            Refusal::new(Code::BadSubprotocol, detail)
        })?;
        Ok(Self { framing, protocol, token })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_handshake_names_its_framing_and_may_carry_the_token() {
        let read = |offered| {
            let shake = Handshake::read(Some(offered)).map_err(|refusal| refusal.code)?;
            Ok((shake.framing, shake.protocol.is_some(), shake.token))
        };
        assert_eq!(read("kefu.v1.json"), Ok((Framing::Json, true, None)));
        assert_eq!(read("kefu.v1.proto, token.k1.a.b"), Ok((Framing::Proto, true, Some("k1.a.b"))));
        assert_eq!(read("token.T,kefu.v1.json"), Ok((Framing::Json, true, Some("T"))));
        assert_eq!(read(""), Ok((Framing::Json, false, None)));
        assert_eq!(read("token.T"), Err(Code::BadSubprotocol));
        assert_eq!(read("mqtt"), Err(Code::BadSubprotocol));
    }

    #[test]
    fn supervisors_see_how_questions_were_answered_and_configure_nothing() {
        let of = |role| Account {
            id: "a1".into(),
            email: "a@b.c".into(),
            name: "A".into(),
            role,
            hash: String::new(),
        };
        for (role, sees, configures) in [
            (desk::Role::Agent, false, false),
            (desk::Role::Supervisor, true, false),
            (desk::Role::Admin, true, true),
        ] {
            assert_eq!(supervisor(&of(role)).is_ok(), sees, "{role:?}");
            assert_eq!(admin(&of(role), "s", "s").is_ok(), configures, "{role:?}");
        }
    }

    #[test]
    fn the_operators_token_is_nobody_elses() {
        assert!(operator(Some("secret"), "secret").is_ok());
        for (token, code) in [
            (None, Code::Unauthorized),
            (Some(""), Code::Unauthorized),
            (Some("secre"), Code::Unauthorized),
            (Some("k1.a.b"), Code::Forbidden),
        ] {
            assert_eq!(operator(token, "secret").map_err(|refusal| refusal.code), Err(code));
        }
        assert_eq!(bearer(Some("Bearer abc ")), Some("abc"));
        assert_eq!(bearer(Some("bearer abc")), Some("abc"));
        assert_eq!(bearer(Some("Basic abc")), None);
        assert_eq!(bearer(None), None);
    }
}
