//! The routes of DESIGN section 6: a method and a path make a [`Route`], or a refusal.

use crate::problem::{Code, Refusal};
use crate::secrets;
use crate::site;
use crate::wire::ActRoute;

/// Where a request goes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Route {
    /// A route of the contract.
    Api(Api),
    /// `OPTIONS` of anything: a browser asks what a page may do.
    Preflight,
    /// `GET` of anything else: a file of the web client.
    Asset {
        /// Without the leading slash.
        path: String,
    },
}

/// A route of the contract.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Api {
    /// `GET /healthz`
    Health,
    /// `POST /v1/sites/{site}/session`
    Session {
        /// The site.
        site: String,
    },
    /// `GET /v1/sites/{site}/widget`
    Widget {
        /// The site.
        site: String,
    },
    /// `POST /v1/conversations/{id}/{messages,read,…}`
    Act {
        /// The conversation.
        conversation: String,
        /// What.
        act: ActRoute,
    },
    /// `GET /v1/conversations/{id}/events`
    Events {
        /// The conversation.
        conversation: String,
    },
    /// `GET /v1/conversations/{id}/turns`
    Turns {
        /// The conversation.
        conversation: String,
    },
    /// `GET /v1/conversations/{id}/ws`
    Socket {
        /// The conversation.
        conversation: String,
    },
    /// `POST /v1/conversations/{id}/uploads`
    Upload {
        /// The conversation.
        conversation: String,
    },
    /// `GET /v1/uploads/{site}/{conversation}/{upload}`
    Uploaded {
        /// The site.
        site: String,
        /// The conversation.
        conversation: String,
        /// The upload's id.
        upload: String,
    },
    /// `GET /v1/sites/{site}/config`
    ReadConfig {
        /// The site.
        site: String,
    },
    /// `PUT /v1/sites/{site}/config`
    PutConfig {
        /// The site.
        site: String,
    },
    /// `POST /v1/sites/{site}/config/rollback`
    Rollback {
        /// The site.
        site: String,
    },
    /// `PUT /v1/sites/{site}/secrets/{NAME}`
    PutSecret {
        /// The site.
        site: String,
        /// The secret.
        name: String,
    },
    /// `DELETE /v1/sites/{site}/secrets/{NAME}`
    ForgetSecret {
        /// The site.
        site: String,
        /// The secret.
        name: String,
    },
    /// `POST /v1/sites/{site}/agents`
    AddAgent {
        /// The site.
        site: String,
    },
    /// `GET /v1/sites/{site}/agents`
    Agents {
        /// The site.
        site: String,
    },
    /// `DELETE /v1/sites/{site}/agents/{id}`
    RemoveAgent {
        /// The site.
        site: String,
        /// The agent.
        id: String,
    },
    /// `GET /v1/sites/{site}/providers`
    Providers {
        /// The site.
        site: String,
    },
    /// `POST /v1/sites/{site}/providers/{name}/check`
    CheckProvider {
        /// The site.
        site: String,
        /// The provider's name, percent-decoded.
        provider: String,
    },
    /// `GET /v1/sites/{site}/inbox`
    Inbox {
        /// The site.
        site: String,
    },
    /// `POST /v1/agent/login`
    Login,
    /// `POST /v1/agent/renew`
    Renew,
    /// `POST /v1/agent/logout`
    Logout,
    /// `GET /v1/agent/ws`
    GatewaySocket,
    /// `GET /v1/agent/events`
    GatewayEvents,
    /// `GET /metrics`
    Metrics,
}

/// Finds the route.
pub fn route(method: &str, path: &str) -> Result<Route, Refusal> {
    if method == "OPTIONS" {
        return Ok(Route::Preflight);
    }
    let parts: Vec<&str> = path.trim_start_matches('/').split('/').collect();
    match parts.as_slice() {
        ["healthz" | "metrics"] | ["v1", ..] => api(method, &parts).map(Route::Api),
        _ => only(method, &["GET", "HEAD"], Route::Asset { path: parts.join("/") }),
    }
}

fn api(method: &str, parts: &[&str]) -> Result<Api, Refusal> {
    match parts {
        ["healthz"] => only(method, &["GET", "HEAD"], Api::Health),
        ["metrics"] => only(method, &["GET"], Api::Metrics),
        ["v1", "agent", rest] => of_agent(method, rest),
        ["v1", "sites", site, rest @ ..] => of_site(method, site, rest),
        ["v1", "uploads", site, conversation, upload]
            if site::is_id(site) && is_conversation(conversation) =>
        {
            let (site, conversation) = ((*site).to_owned(), (*conversation).to_owned());
            let upload = (*upload).to_owned();
            only(method, &["GET", "HEAD"], Api::Uploaded { site, conversation, upload })
        }
        ["v1", "conversations", id, rest] => of_conversation(method, id, rest),
        _ => Err(not_found()),
    }
}

/// The site in the path, where there is one.
pub fn site_of(path: &str) -> Option<&str> {
    let site = path.strip_prefix("/v1/sites/")?.split('/').next()?;
    site::is_id(site).then_some(site)
}

fn of_site(method: &str, site: &str, rest: &[&str]) -> Result<Api, Refusal> {
    if !site::is_id(site) {
        let detail = "a site's id has 1 to 64 lower-case letters, digits and hyphens";
        return Err(Refusal::new(Code::BadSite, detail));
    }
    let site = site.to_owned();
    match rest {
        ["session"] => only(method, &["POST"], Api::Session { site }),
        ["widget"] => only(method, &["GET"], Api::Widget { site }),
        ["config"] if method == "GET" => Ok(Api::ReadConfig { site }),
        ["config"] => only(method, &["PUT", "GET"], Api::PutConfig { site }),
        ["config", "rollback"] => only(method, &["POST"], Api::Rollback { site }),
        ["secrets", name] if !secrets::is_name(name) => Err(Refusal::new(
            Code::BadSecret,
            "a secret's name has 1 to 64 of A-Z, 0-9 and _, begins with no digit and not with KEFU_",
        )),
        ["secrets", name] if method == "DELETE" => {
            Ok(Api::ForgetSecret { site, name: (*name).to_owned() })
        }
        ["secrets", name] => {
            only(method, &["PUT", "DELETE"], Api::PutSecret { site, name: (*name).to_owned() })
        }
        ["agents"] if method == "GET" => Ok(Api::Agents { site }),
        ["agents"] => only(method, &["POST", "GET"], Api::AddAgent { site }),
        ["agents", id] => {
            only(method, &["DELETE"], Api::RemoveAgent { site, id: (*id).to_owned() })
        }
        ["providers"] => only(method, &["GET"], Api::Providers { site }),
        ["providers", name, "check"] => {
            let provider = decoded(name);
            only(method, &["POST"], Api::CheckProvider { site, provider })
        }
        ["inbox"] => only(method, &["GET"], Api::Inbox { site }),
        _ => Err(not_found()),
    }
}

fn of_agent(method: &str, rest: &str) -> Result<Api, Refusal> {
    match rest {
        "login" => only(method, &["POST"], Api::Login),
        "renew" => only(method, &["POST"], Api::Renew),
        "logout" => only(method, &["POST"], Api::Logout),
        "ws" => only(method, &["GET"], Api::GatewaySocket),
        "events" => only(method, &["GET"], Api::GatewayEvents),
        _ => Err(not_found()),
    }
}

fn of_conversation(method: &str, id: &str, rest: &str) -> Result<Api, Refusal> {
    if !is_conversation(id) {
        return Err(not_found());
    }
    let conversation = id.to_owned();
    match rest {
        "events" => only(method, &["GET"], Api::Events { conversation }),
        "turns" => only(method, &["GET"], Api::Turns { conversation }),
        "uploads" => only(method, &["POST"], Api::Upload { conversation }),
        "ws" => only(method, &["GET"], Api::Socket { conversation }),
        act => match ActRoute::of(act) {
            Some(act) => only(method, &["POST"], Api::Act { conversation, act }),
            None => Err(not_found()),
        },
    }
}

/// Whether a conversation may be called so.
pub fn is_conversation(id: &str) -> bool {
    id.len() == 32 && id.bytes().all(|byte| byte.is_ascii_hexdigit())
}

fn only<T>(method: &str, allowed: &[&str], route: T) -> Result<T, Refusal> {
    if allowed.contains(&method) {
        return Ok(route);
    }
    let detail = format!("this path takes {}", allowed.join(" and "));
    Err(Refusal::new(Code::MethodNotAllowed, detail))
}

/// A name in a path, as it is written elsewhere.
fn decoded(name: &str) -> String {
    percent_encoding::percent_decode_str(name).decode_utf8_lossy().into_owned()
}

fn not_found() -> Refusal {
    Refusal::new(Code::NotFound, "look at the path: nothing is there, or nothing for this token")
}

#[cfg(test)]
mod tests {
    use super::*;

    const ID: &str = "0123456789abcdef0123456789abcdef";

    #[test]
    fn every_route_of_the_contract_is_found() {
        let (site, conversation) = ("demo".to_owned(), ID.to_owned());
        for (method, path, expected) in [
            ("GET", "/healthz".into(), Route::Api(Api::Health)),
            (
                "POST",
                "/v1/sites/demo/session".into(),
                Route::Api(Api::Session { site: site.clone() }),
            ),
            ("GET", "/v1/sites/demo/widget".into(), Route::Api(Api::Widget { site: site.clone() })),
            (
                "GET",
                "/v1/sites/demo/config".into(),
                Route::Api(Api::ReadConfig { site: site.clone() }),
            ),
            (
                "PUT",
                "/v1/sites/demo/config".into(),
                Route::Api(Api::PutConfig { site: site.clone() }),
            ),
            (
                "POST",
                "/v1/sites/demo/config/rollback".into(),
                Route::Api(Api::Rollback { site: site.clone() }),
            ),
            (
                "PUT",
                "/v1/sites/demo/secrets/COZE_TOKEN".into(),
                Route::Api(Api::PutSecret { site, name: "COZE_TOKEN".into() }),
            ),
            (
                "GET",
                format!("/v1/conversations/{ID}/ws"),
                Route::Api(Api::Socket { conversation: conversation.clone() }),
            ),
            (
                "GET",
                format!("/v1/conversations/{ID}/events"),
                Route::Api(Api::Events { conversation: conversation.clone() }),
            ),
            (
                "GET",
                format!("/v1/conversations/{ID}/turns"),
                Route::Api(Api::Turns { conversation: conversation.clone() }),
            ),
            (
                "POST",
                format!("/v1/conversations/{ID}/messages"),
                Route::Api(Api::Act { conversation, act: ActRoute::Messages }),
            ),
            (
                "POST",
                format!("/v1/conversations/{ID}/uploads"),
                Route::Api(Api::Upload { conversation: ID.to_owned() }),
            ),
            (
                "GET",
                format!("/v1/uploads/demo/{ID}/abc"),
                Route::Api(Api::Uploaded {
                    site: "demo".to_owned(),
                    conversation: ID.to_owned(),
                    upload: "abc".into(),
                }),
            ),
            (
                "POST",
                format!("/v1/conversations/{ID}/take"),
                Route::Api(Api::Act { conversation: ID.to_owned(), act: ActRoute::Take }),
            ),
            (
                "POST",
                "/v1/sites/demo/agents".into(),
                Route::Api(Api::AddAgent { site: "demo".into() }),
            ),
            (
                "DELETE",
                "/v1/sites/demo/agents/a1".into(),
                Route::Api(Api::RemoveAgent { site: "demo".into(), id: "a1".into() }),
            ),
            (
                "GET",
                "/v1/sites/demo/providers".into(),
                Route::Api(Api::Providers { site: "demo".into() }),
            ),
            (
                "POST",
                "/v1/sites/demo/providers/%E6%89%A3%E5%AD%90API/check".into(),
                Route::Api(Api::CheckProvider {
                    site: "demo".into(), provider: "扣子API".into()
                }),
            ),
            ("GET", "/v1/sites/demo/inbox".into(), Route::Api(Api::Inbox { site: "demo".into() })),
            ("POST", "/v1/agent/login".into(), Route::Api(Api::Login)),
            ("GET", "/v1/agent/ws".into(), Route::Api(Api::GatewaySocket)),
            ("GET", "/metrics".into(), Route::Api(Api::Metrics)),
            ("GET", "/".into(), Route::Asset { path: String::new() }),
            ("GET", "/widget.js".into(), Route::Asset { path: "widget.js".into() }),
            ("OPTIONS", "/v1/anything".into(), Route::Preflight),
        ] {
            assert_eq!(route(method, &path), Ok(expected), "{method} {path}");
        }
    }

    #[test]
    fn what_is_no_route_says_why() {
        for (method, path, code) in [
            ("DELETE", "/healthz".to_owned(), Code::MethodNotAllowed),
            ("GET", "/v1/sites/demo/session".to_owned(), Code::MethodNotAllowed),
            ("POST", "/v1/sites/Demo/session".to_owned(), Code::BadSite),
            ("PUT", "/v1/sites/demo/secrets/KEFU_SECRET".to_owned(), Code::BadSecret),
            ("GET", "/v1/sites/demo".to_owned(), Code::NotFound),
            ("GET", "/v1/nothing".to_owned(), Code::NotFound),
            ("GET", "/v1/conversations/short/events".to_owned(), Code::NotFound),
            ("GET", format!("/v1/conversations/{ID}/dance"), Code::NotFound),
            ("POST", "/index.html".to_owned(), Code::MethodNotAllowed),
        ] {
            let refused = route(method, &path).map_err(|refusal| refusal.code);
            assert_eq!(refused, Err(code), "{method} {path}");
        }
    }
}
