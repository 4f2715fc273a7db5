//! What the operator declares for a deployment, and what of it is too weak to be taken.

use crate::keys::{Keys, SECRET_LEAST};
use crate::secrets::Grants;
use crate::site::Deployment;

/// The shortest `KEFU_ADMIN_TOKEN` that is taken outside development, in bytes.
const ADMIN_TOKEN_LEAST: usize = 16;
/// What development uses; everybody knows it.
const ADMIN_TOKEN_OF_DEVELOPMENT: &str = "dev-admin-token";

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

impl Deployed {
    /// Reads the operator's variables, `KEFU_…`; the error says which one is wrong.
    pub fn read(variable: impl Fn(&str) -> Option<String>) -> Result<Self, &'static str> {
        let is_set = |name| variable(name).is_some_and(|value| value == "1");
        let secret = variable("KEFU_SECRET").unwrap_or_default();
        let admin_token = variable("KEFU_ADMIN_TOKEN").unwrap_or_default();
        if secret.len() < SECRET_LEAST {
            return Err("KEFU_SECRET must be set to at least 32 random characters");
        }
        check_token(&admin_token, is_set("KEFU_DEV"))?;
        Ok(Self {
            deployment: Deployment {
                keys: Keys::derive(&secret),
                grants: Grants::parse(&variable("KEFU_GRANTS").unwrap_or_default()),
                allow_private: is_set("KEFU_ALLOW_PRIVATE"),
                runs_models: false,
            },
            admin_token,
            address_header: variable("KEFU_ADDRESS_HEADER").filter(|name| !name.is_empty()),
        })
    }
}

fn check_token(token: &str, development: bool) -> Result<(), &'static str> {
    if token.is_empty() || (!development && token.len() < ADMIN_TOKEN_LEAST) {
        return Err("KEFU_ADMIN_TOKEN must be set to at least 16 random characters");
    }
    if !development && token == ADMIN_TOKEN_OF_DEVELOPMENT {
        return Err("KEFU_ADMIN_TOKEN must not be the one of development");
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(variables: &[(&str, &str)]) -> Result<(), &'static str> {
        let secret = ("KEFU_SECRET", "0123456789abcdef0123456789abcdef");
        let all: Vec<_> = std::iter::once(secret).chain(variables.iter().copied()).collect();
        let variable = |name: &str| {
            all.iter().rev().find(|(key, _)| *key == name).map(|(_, value)| (*value).to_owned())
        };
        Deployed::read(variable).map(|_| ())
    }

    #[test]
    fn weak_values_are_taken_in_development_only() {
        assert!(told(&[("KEFU_ADMIN_TOKEN", "a-good-and-long-token")]).is_ok());
        assert!(told(&[]).is_err());
        assert!(told(&[("KEFU_ADMIN_TOKEN", "short")]).is_err());
        assert!(told(&[("KEFU_ADMIN_TOKEN", "short"), ("KEFU_DEV", "1")]).is_ok());
        assert!(
            told(&[("KEFU_ADMIN_TOKEN", "a-good-and-long-token"), ("KEFU_SECRET", "x")]).is_err()
        );
    }
}
