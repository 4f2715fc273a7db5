//! Who may come in: the operator by the deployment's token, a visitor by a token of its own
//! conversation. What a caller may not know of is told from what is not there by nothing.

use crate::keys::{Keys, same_secret};
use crate::problem::{Code, Refusal};
use crate::time::Millis;
use crate::token::{self, Claims, Holder};
use crate::wire::{Caller, Framing};
use kefu_proto::v1::channel;
use kefu_proto::{SUBPROTOCOL_JSON, SUBPROTOCOL_PROTO};

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

/// Lets the holder of a token into its conversation.
pub fn participant(
    keys: &Keys,
    token: Option<&str>,
    conversation: &str,
    now: Millis,
) -> Result<Claims, Refusal> {
    let token = token.ok_or_else(|| {
        Refusal::new(Code::Unauthorized, "send the session's token as a bearer token")
    })?;
    let claims = token::check(keys, token, now)?;
    let its_own =
        claims.role == Holder::Visitor && claims.conversation.as_deref() == Some(conversation);
    if its_own {
        Ok(claims)
    } else {
        Err(Refusal::new(Code::NotFound, "there is no such conversation for this token"))
    }
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
