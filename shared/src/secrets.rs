//! Secrets: what a site stored and what its operator granted it, and to which hosts each may go.

use crate::config::Template;
use crate::keys::Keys;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// The longest value, in bytes.
pub const VALUE_MOST: usize = 8 * 1024;
/// The most secrets of one site.
pub const SECRETS_MOST: usize = 200;

/// A secret as a site stores it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sealed {
    /// `[A-Z_][A-Z0-9_]*`, never `KEFU_…`.
    pub name: String,
    /// As [`Keys::seal`] made it.
    pub sealed: String,
    /// Where it may go.
    pub hosts: Vec<String>,
}

/// What a site may use, by name.
#[derive(Clone, Default)]
pub struct Secrets {
    known: BTreeMap<String, Secret>,
}

#[derive(Clone)]
struct Secret {
    value: String,
    hosts: Vec<String>,
}

/// Why a reference is not filled in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SecretFault {
    /// Neither stored nor granted.
    Missing(String),
    /// Stored or granted, but not for this host.
    HostNotAllowed {
        /// Whose.
        name: String,
        /// Where it would have gone.
        host: String,
    },
}

impl std::fmt::Display for SecretFault {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Missing(name) => write!(
                f,
                "the secret ${{{name}}} is neither stored for this site nor granted to it: what needs it is skipped"
            ),
            Self::HostNotAllowed { name, host } => {
                write!(f, "the secret ${{{name}}} may not go to {host}: what needs it is skipped")
            }
        }
    }
}

impl std::fmt::Debug for Secrets {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_set().entries(self.known.keys()).finish()
    }
}

impl Secrets {
    /// A site's: what it stored comes before what it was granted.
    pub fn of_site(
        keys: &Keys,
        site: &str,
        stored: &[Sealed],
        grants: &Grants,
        wanted: impl IntoIterator<Item = String>,
        variable: impl Fn(&str) -> Option<String>,
    ) -> Self {
        let mut known = BTreeMap::new();
        for name in wanted {
            if let Some(hosts) = grants.hosts(site, &name)
                && let Some(value) = variable(&name)
            {
                known.insert(name, Secret { value, hosts });
            }
        }
        for secret in stored {
            if let Ok(value) = keys.unseal(&sealed_name(site, &secret.name), &secret.sealed) {
                let hosts = secret.hosts.clone();
                known.insert(secret.name.clone(), Secret { value, hosts });
            }
        }
        Self { known }
    }

    /// `template` with its references filled in, to be sent to `host`.
    pub fn fill(&self, template: &Template, host: &str) -> Result<String, SecretFault> {
        for name in template.references() {
            let secret =
                self.known.get(name).ok_or_else(|| SecretFault::Missing(name.to_owned()))?;
            if !secret.hosts.iter().any(|allowed| host_matches(allowed, host)) {
                return Err(SecretFault::HostNotAllowed { name: name.into(), host: host.into() });
            }
        }
        self.keep(template)
    }

    /// `template` with its references filled in, to be used here and sent nowhere.
    pub fn keep(&self, template: &Template) -> Result<String, SecretFault> {
        template
            .resolve(|name| self.known.get(name).map(|secret| secret.value.clone()))
            .map_err(|missing| SecretFault::Missing(missing.name))
    }
}

/// Under which name a site's secret is sealed: it opens for no other site.
pub fn sealed_name(site: &str, name: &str) -> String {
    format!("{site}/{name}")
}

/// Whether a secret may be called so.
pub fn is_name(name: &str) -> bool {
    let mut bytes = name.bytes();
    name.len() <= 64
        && bytes.next().is_some_and(|first| first.is_ascii_uppercase() || first == b'_')
        && bytes.all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit() || byte == b'_')
        && !name.starts_with("KEFU_")
}

/// Whether `host` may stand in a secret's list: a host name, an address, or `*.` and a domain.
pub fn is_host(host: &str) -> bool {
    let name = host.strip_prefix("*.").unwrap_or(host);
    !name.is_empty()
        && name.len() <= 253
        && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b".-:[]".contains(&byte))
}

fn host_matches(allowed: &str, host: &str) -> bool {
    match allowed.strip_prefix("*.") {
        Some(domain) => host.strip_suffix(domain).is_some_and(|rest| rest.ends_with('.')),
        None => allowed == "*" || allowed.eq_ignore_ascii_case(host),
    }
}

/// Which of the deployment's variables the operator granted to which site: `KEFU_GRANTS`, words
/// of the form `SITE:NAME@HOST`, where each part may be `*` and `@HOST` may be absent (any host);
/// a single `*` grants everything to every site, as a deployment of one site wants.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Grants {
    granted: Vec<(String, String, String)>,
}

impl Grants {
    /// Reads `KEFU_GRANTS`; words that are not grants grant nothing.
    pub fn parse(text: &str) -> Self {
        let grant = |word: &str| {
            if word == "*" {
                return Some(("*".into(), "*".into(), "*".into()));
            }
            let (site, rest) = word.split_once(':')?;
            let (name, host) = rest.split_once('@').unwrap_or((rest, "*"));
            Some((site.to_owned(), name.to_owned(), host.to_owned()))
        };
        let words = text.split(|c: char| c.is_whitespace() || c == ',');
        Self { granted: words.filter_map(grant).collect() }
    }

    /// Where the variable `name` may go on behalf of `site`; `None` when it is not granted.
    /// `KEFU_…` never is.
    pub fn hosts(&self, site: &str, name: &str) -> Option<Vec<String>> {
        let matches = |pattern: &str, text: &str| pattern == "*" || pattern == text;
        let hosts: Vec<String> = self
            .granted
            .iter()
            .filter(|(for_site, of_name, _)| matches(for_site, site) && matches(of_name, name))
            .map(|(_, _, host)| host.clone())
            .collect();
        (is_name(name) && !hosts.is_empty()).then_some(hosts)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn secrets(grants: &str) -> Secrets {
        let keys = Keys::derive("s");
        let sealed = keys.seal(&sealed_name("shop", "STORED"), "pat_1", 1);
        let stored = [Sealed { name: "STORED".into(), sealed, hosts: vec!["api.coze.cn".into()] }];
        let wanted = ["STORED", "GRANTED", "KEFU_SECRET"].map(ToOwned::to_owned);
        let variable = |name: &str| Some(format!("value of {name}"));
        Secrets::of_site(&keys, "shop", &stored, &Grants::parse(grants), wanted, variable)
    }

    fn fill(secrets: &Secrets, text: &str, host: &str) -> Result<String, SecretFault> {
        secrets.fill(&Template(text.into()), host)
    }

    #[test]
    fn a_secret_goes_only_to_the_hosts_that_it_was_stored_for() {
        let secrets = secrets("*");
        assert_eq!(
            fill(&secrets, "Bearer ${STORED}", "api.coze.cn").as_deref(),
            Ok("Bearer pat_1")
        );
        let elsewhere = fill(&secrets, "${STORED}", "evil.example");
        assert!(matches!(elsewhere, Err(SecretFault::HostNotAllowed { .. })));
        assert_eq!(fill(&secrets, "${GRANTED}", "any.example").as_deref(), Ok("value of GRANTED"));
    }

    #[test]
    fn what_was_not_granted_and_what_is_the_deployments_own_never_resolves() {
        for (grants, name) in [("", "GRANTED"), ("other:GRANTED", "GRANTED"), ("*", "KEFU_SECRET")]
        {
            let refused = fill(&secrets(grants), &format!("${{{name}}}"), "a.example");
            assert_eq!(refused, Err(SecretFault::Missing(name.into())), "{grants:?}");
        }
        let narrow = secrets("shop:GRANTED@*.example.com");
        assert!(fill(&narrow, "${GRANTED}", "api.example.com").is_ok());
        assert!(fill(&narrow, "${GRANTED}", "example.com.evil").is_err());
        assert!(!format!("{narrow:?}").contains("pat_1"));
    }

    #[test]
    fn names_and_hosts_have_one_spelling() {
        for good in ["TOKEN", "_A1", "A"] {
            assert!(is_name(good), "{good}");
        }
        for bad in ["", "token", "1A", "A-B", "KEFU_X", &"A".repeat(65)] {
            assert!(!is_name(bad), "{bad}");
        }
        assert!(is_host("api.coze.cn") && is_host("*.coze.cn") && is_host("127.0.0.1"));
        assert!(!is_host("") && !is_host("https://api.coze.cn") && !is_host("a b"));
    }
}
