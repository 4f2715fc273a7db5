//! What the operator declared for the deployment.

use crate::glue;
use kefu_shared::keys::{Keys, SECRET_LEAST};
use kefu_shared::secrets::Grants;
use kefu_shared::site::Deployment;
use std::cell::RefCell;
use std::rc::Rc;
use wasm_bindgen::JsValue;
use worker::Env;

/// The shortest `KEFU_ADMIN_TOKEN` that is taken outside development, in bytes.
const ADMIN_TOKEN_LEAST: usize = 16;

/// A deployment whose variables were found good.
#[derive(Debug)]
pub struct Deployed {
    /// What its sites share.
    pub deployment: Deployment,
    /// The operator's token.
    pub admin_token: String,
    /// The header in which a proxy that the operator trusts tells the client's address.
    pub address_header: Option<String>,
}

thread_local! {
    static DEPLOYED: RefCell<Option<Rc<Deployed>>> = const { RefCell::new(None) };
}

impl Deployed {
    /// Reads the operator's variables; once an isolate, since they don't change within one.
    pub fn of(env: &Env) -> Result<Rc<Self>, &'static str> {
        if let Some(known) = DEPLOYED.with_borrow(Clone::clone) {
            return Ok(known);
        }
        let deployed = Rc::new(Self::read(env)?);
        DEPLOYED.set(Some(deployed.clone()));
        Ok(deployed)
    }

    fn read(env: &Env) -> Result<Self, &'static str> {
        let development = variable(env, "KEFU_DEV").is_some_and(|value| value == "1");
        let secret = variable(env, "KEFU_SECRET").unwrap_or_default();
        let admin_token = variable(env, "KEFU_ADMIN_TOKEN").unwrap_or_default();
        if secret.len() < SECRET_LEAST {
            return Err("KEFU_SECRET must be set to at least 32 random characters");
        }
        if admin_token.is_empty() || (!development && admin_token.len() < ADMIN_TOKEN_LEAST) {
            return Err("KEFU_ADMIN_TOKEN must be set to at least 16 random characters");
        }
        if !development && admin_token == "dev-admin-token" {
            return Err("KEFU_ADMIN_TOKEN must not be the one of development");
        }
        Ok(Self {
            deployment: Deployment {
                keys: Keys::derive(&secret),
                grants: Grants::parse(&variable(env, "KEFU_GRANTS").unwrap_or_default()),
                allow_private: variable(env, "KEFU_ALLOW_PRIVATE").is_some_and(|v| v == "1"),
            },
            admin_token,
            address_header: variable(env, "KEFU_ADDRESS_HEADER").filter(|name| !name.is_empty()),
        })
    }
}

/// A text variable of the deployment; `None` when it is unset.
pub fn variable(env: &Env, name: &str) -> Option<String> {
    let env: &JsValue = env.as_ref();
    glue::variable(env, name)
}
