//! A site while it is in use: its configuration with everything compiled that turns need.

use crate::address::{self, AddressFault};
use crate::config::{
    self, Challenge, ChallengeKind, Format, Invalid, Provider, Site, Template, Turnstile,
};
use crate::keys::Keys;
use crate::privacy::Privacy;
use crate::problem::{Code, Refusal};
use crate::provider::RequestParts;
use crate::rules::{Phrases, RuleBook};
use crate::secrets::{self, Grants, Sealed, SecretFault, Secrets};
use kefu_proto::v1::problem::Fault;
use serde::{Deserialize, Serialize};

mod shelf;

pub use shelf::{Change, Order, Outcome, Shelf, Stored};

/// How long a copy of a site's configuration is used without asking the site again.
pub const FRESH_FOR: std::time::Duration = std::time::Duration::from_secs(1);
/// How many versions of a configuration are kept.
pub const VERSIONS_MOST: u32 = 100;
/// Hosts that one secret may go to.
const HOSTS_MOST: usize = 16;
/// The longest site id, in bytes.
pub const ID_MOST: usize = 64;

/// What a site object tells whoever works for the site.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Page {
    /// Rises with every change of configuration or secrets; 0 is no configuration.
    pub revision: u32,
    /// The configuration's version.
    pub version: u32,
    /// How the document is written.
    pub format: Format,
    /// The configuration as it was put.
    pub document: String,
    /// The site's secrets, sealed.
    pub secrets: Vec<Sealed>,
}

/// What a deployment brings to all its sites.
#[derive(Clone, Debug)]
pub struct Deployment {
    /// Its keys.
    pub keys: Keys,
    /// Which variables its sites may use.
    pub grants: Grants,
    /// Whether sites may call private addresses.
    pub allow_private: bool,
    /// Whether the host runs models of Workers AI itself.
    pub runs_models: bool,
}

/// What is said of a site without configuration.
pub fn no_such_site(site: &str) -> Refusal {
    let detail = format!("no site `{site}` is configured: its operator puts a configuration first");
    Refusal::new(Code::SiteNotFound, detail)
}

/// A site in use.
#[derive(Debug)]
pub struct Live {
    /// Which state of the site this is.
    pub revision: u32,
    /// The configuration.
    pub config: Site,
    /// Its rules, compiled.
    pub rules: RuleBook,
    /// By which words a person is called: see [`crate::conversation`]'s signs.
    pub(crate) handoff: Phrases,
    /// Its protection, compiled.
    pub privacy: Privacy,
    secrets: Secrets,
    allow_private: bool,
    runs_models: bool,
}

impl Live {
    /// Compiles what the site object tells. `variable` looks up the deployment's variables.
    pub fn open(
        id: &str,
        page: &Page,
        deployment: &Deployment,
        variable: impl Fn(&str) -> Option<String>,
    ) -> Result<Self, Invalid> {
        let config = config::read(page.document.as_bytes(), page.format)?;
        Ok(Self::new(id, page, config, deployment, variable))
    }

    /// The same for a configuration that was read already.
    pub fn new(
        id: &str,
        page: &Page,
        config: Site,
        deployment: &Deployment,
        variable: impl Fn(&str) -> Option<String>,
    ) -> Self {
        let wanted = config.references().into_iter().map(|reference| reference.name);
        let secrets = Secrets::of_site(
            &deployment.keys,
            id,
            &page.secrets,
            &deployment.grants,
            wanted,
            variable,
        );
        Self {
            revision: page.revision,
            // Reading checked every rule: what does not compile is not there.
            rules: RuleBook::compile(&config.rules).unwrap_or_default(),
            handoff: crate::conversation::phrases(&config.ai.handoff),
            privacy: Privacy::compile(&config),
            config,
            secrets,
            allow_private: deployment.allow_private,
            runs_models: deployment.runs_models,
        }
    }

    /// A provider's key, or `None` when it needs none.
    pub fn api_key(&self, provider: &Provider) -> Result<Option<String>, SecretFault> {
        let host = provider.address().and_then(address::host_of).unwrap_or_default();
        provider.api_key.as_ref().map(|key| self.secrets.fill(key, &host)).transpose()
    }

    /// What Turnstile's verifier knows the site by.
    pub fn turnstile_secret(&self, turnstile: &Turnstile) -> Result<String, SecretFault> {
        let host = address::host_of(turnstile.address()).unwrap_or_default();
        self.secrets.fill(&turnstile.secret, &host)
    }

    /// The secret that the host site signs its visitors' identity with. It stays here, so it may
    /// be stored for any host.
    pub fn identity_secret(&self) -> Option<String> {
        self.secrets.keep(self.config.identity_secret.as_ref()?).ok()
    }

    /// Whether this deployment calls the address.
    pub fn may_call(&self, request: &RequestParts) -> Result<(), AddressFault> {
        match request.model {
            Some(_) if self.runs_models => Ok(()),
            Some(_) => Err(AddressFault::NoBinding),
            None => address::check(&request.url, self.allow_private).map(|_| ()),
        }
    }

    /// What will not work as configured, key by key.
    pub fn warnings(&self) -> Vec<String> {
        let mut warnings = Vec::new();
        for reference in self.config.references() {
            let template = Template(format!("${{{}}}", reference.name));
            let faults: Vec<_> = if reference.hosts.is_empty() {
                self.secrets.keep(&template).err().into_iter().collect()
            } else {
                reference
                    .hosts
                    .iter()
                    .filter_map(|host| self.secrets.fill(&template, host).err())
                    .collect()
            };
            warnings.extend(faults.iter().map(|fault| format!("{}: {fault}", reference.key)));
        }
        for key in self.config.literal_secrets() {
            warnings.push(format!(
                "{key}: the secret is written out: store it and refer to it as \"${{NAME}}\""
            ));
        }
        warnings
    }

    /// The addresses in the configuration that this deployment does not call.
    fn bad_addresses(config: &Site, deployment: &Deployment) -> Vec<BadAddress> {
        let allow_private = deployment.allow_private;
        let named = config.providers.iter().enumerate().filter_map(|(index, provider)| {
            let unbound = provider.address().is_none() && !deployment.runs_models;
            let (address, why) = match &provider.endpoint {
                Some(address) => (address.clone(), address::check(address, allow_private).err()?),
                None if unbound => (provider.kind.name().to_owned(), AddressFault::NoBinding),
                None => return None,
            };
            let why = why.message();
            Some(BadAddress { key: format!("ai_providers[{index}].endpoint"), address, why })
        });
        let channels = config.channels.iter().enumerate().flat_map(|(index, channel)| {
            ["api_base", "callback_url"].into_iter().filter_map(move |name| {
                let address = channel.settings.get(name)?.0.clone();
                let why = address::check(&address, allow_private).err()?.message();
                Some(BadAddress { key: format!("channels[{index}].{name}"), address, why })
            })
        });
        let verifier = config.challenge.iter().filter_map(|it| bad_verifier(it, allow_private));
        named.chain(channels).chain(verifier).collect()
    }
}

fn bad_verifier(challenge: &Challenge, allow_private: bool) -> Option<BadAddress> {
    let ChallengeKind::Turnstile(turnstile) = &challenge.kind else { return None };
    let address = turnstile.endpoint.clone()?;
    let why = address::check(&address, allow_private).err()?.message();
    Some(BadAddress { key: "challenge.endpoint".to_owned(), address, why })
}

/// `PUT …/secrets/{NAME}`
#[derive(Clone, Deserialize)]
pub struct SecretRequest {
    /// The secret.
    pub value: String,
    /// Where it may go.
    pub hosts: Vec<String>,
}

impl SecretRequest {
    /// The request, if its value and hosts can be.
    pub fn checked(self) -> Result<Self, Refusal> {
        let refuse = |detail: String| Err(Refusal::new(Code::BadSecret, detail));
        if self.value.is_empty() || self.value.len() > secrets::VALUE_MOST {
            return refuse(format!("`value` must have 1 to {} bytes", secrets::VALUE_MOST));
        }
        // None is for what stays here: what is only checked or signed with.
        if self.hosts.len() > HOSTS_MOST {
            return refuse(format!("`hosts` may name {HOSTS_MOST} hosts at most"));
        }
        if let Some(bad) = self.hosts.iter().find(|host| !secrets::is_host(host)) {
            return refuse(format!("`{bad}` is not a host: write it like api.example.com"));
        }
        Ok(self)
    }
}

/// A configuration document that can be put: read as a whole, with addresses that may be called.
pub fn checked_document(
    body: Vec<u8>,
    format: Format,
    deployment: &Deployment,
) -> Result<String, Refusal> {
    let config = config::read(&body, format).map_err(|invalid| faulty(invalid.faults))?;
    let document = String::from_utf8(body)
        .map_err(|_| Refusal::new(Code::BadUtf8, "the document is not UTF-8"))?;
    let bad = Live::bad_addresses(&config, deployment);
    if bad.is_empty() {
        return Ok(document);
    }
    Err(faulty(bad.into_iter().map(|bad| bad.fault(&document)).collect()))
}

fn faulty(faults: Vec<config::Fault>) -> Refusal {
    let first = faults.first().map(ToString::to_string).unwrap_or_default();
    let detail = match faults.len() {
        1 => first,
        more => format!("{first}; and {} more", more - 1),
    };
    let fault =
        |fault: config::Fault| Fault { key: fault.key, line: fault.line, message: fault.message };
    let mut refusal = Refusal::new(Code::ConfigInvalid, detail);
    refusal.faults = faults.into_iter().map(fault).collect();
    refusal
}

/// An address in a configuration that is not called.
struct BadAddress {
    key: String,
    address: String,
    why: &'static str,
}

impl BadAddress {
    /// With the line on which the address stands.
    fn fault(self, document: &str) -> config::Fault {
        let line = document.lines().position(|line| line.contains(&self.address));
        let line = line.and_then(|line| u32::try_from(line + 1).ok()).unwrap_or(1);
        config::Fault { key: self.key, line, message: format!("`{}` {}", self.address, self.why) }
    }
}

/// Whether a site may be called so: lower-case letters, digits and hyphens, 1 to 64 of them,
/// neither first nor last a hyphen.
pub fn is_id(id: &str) -> bool {
    let good = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    (1..=ID_MOST).contains(&id.len())
        && id.bytes().all(good)
        && !id.starts_with('-')
        && !id.ends_with('-')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn site_ids_have_one_spelling() {
        for good in ["demo", "shop-2", "a", &"a".repeat(64)] {
            assert!(is_id(good), "{good}");
        }
        for bad in ["", "Demo", "a_b", "-a", "a-", "a/b", "店", &"a".repeat(65)] {
            assert!(!is_id(bad), "{bad}");
        }
    }
}
