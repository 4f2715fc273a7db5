//! A site while it is in use: its configuration with everything compiled that turns need.

use crate::address;
use crate::config::{self, Format, Invalid, Provider, Site, Template};
use crate::keys::Keys;
use crate::problem::{Code, Refusal};
use crate::provider::RequestParts;
use crate::rules::RuleBook;
use crate::secrets::{self, Grants, SECRETS_MOST, Sealed, SecretFault, Secrets};
use crate::time::Millis;
use kefu_proto::v1::problem::Fault;
use serde::{Deserialize, Serialize};

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
    secrets: Secrets,
    allow_private: bool,
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
            config,
            secrets,
            allow_private: deployment.allow_private,
        }
    }

    /// A provider's key, or `None` when it needs none.
    pub fn api_key(&self, provider: &Provider) -> Result<Option<String>, SecretFault> {
        let host = provider.address().and_then(address::host_of).unwrap_or_default();
        provider.api_key.as_ref().map(|key| self.secrets.fill(key, &host)).transpose()
    }

    /// The secret that the host site signs its visitors' identity with. It stays here, so it may
    /// be stored for any host.
    pub fn identity_secret(&self) -> Option<String> {
        self.secrets.keep(self.config.identity_secret.as_ref()?).ok()
    }

    /// Whether this deployment calls the address.
    pub fn may_call(&self, request: &RequestParts) -> bool {
        address::check(&request.url, self.allow_private).is_ok()
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
    fn bad_addresses(config: &Site, allow_private: bool) -> Vec<BadAddress> {
        let named = config.providers.iter().enumerate().filter_map(|(index, provider)| {
            let address = provider.endpoint.clone()?;
            let why = address::check(&address, allow_private).err()?.message();
            Some(BadAddress { key: format!("ai_providers[{index}].endpoint"), address, why })
        });
        let channels = config.channels.iter().enumerate().flat_map(|(index, channel)| {
            ["api_base", "callback_url"].into_iter().filter_map(move |name| {
                let address = channel.settings.get(name)?.0.clone();
                let why = address::check(&address, allow_private).err()?.message();
                Some(BadAddress { key: format!("channels[{index}].{name}"), address, why })
            })
        });
        named.chain(channels).collect()
    }
}

/// What a site object can be told to do.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub enum Order {
    /// Tell the newest state, unless it is the one that the asker has.
    Read {
        /// The asker's revision, 0 for none.
        have: u32,
    },
    /// Keep a document that was found good.
    Put {
        /// How it is written.
        format: Format,
        /// As it came.
        document: String,
    },
    /// Make an earlier version the newest again.
    Rollback {
        /// Which; the one before the newest when absent.
        version: Option<u32>,
    },
    /// Keep a secret.
    Keep(Sealed),
    /// Forget a secret.
    Forget {
        /// Its name.
        name: String,
    },
}

/// What a site object answers.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Outcome {
    /// The newest state.
    Page(Page),
    /// The asker has it.
    Unchanged,
    /// There is no configuration.
    Absent,
    /// Done; what is asked next sees it.
    Done {
        /// The configuration's version, 0 for none.
        version: u32,
        /// Which state of the site this is.
        revision: u32,
    },
    /// Not done.
    Refused {
        /// Why: a [`Code`]'s text.
        code: String,
        /// For people.
        detail: String,
    },
}

/// Everything that a site object keeps.
#[derive(Clone, Debug, Default)]
pub struct Shelf {
    /// Rises with every change.
    pub revision: u32,
    /// Newest first.
    pub versions: Vec<Stored>,
    /// By name.
    pub secrets: Vec<Sealed>,
}

/// A version of a configuration.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stored {
    /// Dense from 1.
    pub version: u32,
    /// How the document is written.
    pub format: Format,
    /// As it came.
    pub document: String,
}

/// What is to be stored, in one transaction that also raises the revision.
#[derive(Clone, Debug, PartialEq)]
pub enum Change {
    /// A new version; those up to `drop_upto` are dropped.
    Version {
        /// The version.
        stored: Stored,
        /// The newest version that is not kept any more.
        drop_upto: u32,
        /// When.
        at: Millis,
    },
    /// A secret, new or changed.
    Secret(Sealed),
    /// A secret's name.
    Forgotten(String),
}

impl Shelf {
    /// Carries out an order: the outcome, and what to store before it is told.
    pub fn take(&self, order: Order, now: Millis) -> (Outcome, Option<Change>) {
        match order {
            Order::Read { have } => (self.read(have), None),
            Order::Put { format, document } => self.put(format, document, now),
            Order::Rollback { version } => self.rollback(version, now),
            Order::Keep(secret) => self.keep(secret),
            Order::Forget { name } => (self.done(self.version()), Some(Change::Forgotten(name))),
        }
    }

    fn read(&self, have: u32) -> Outcome {
        match self.versions.first() {
            None => Outcome::Absent,
            Some(_) if have == self.revision => Outcome::Unchanged,
            Some(newest) => Outcome::Page(Page {
                revision: self.revision,
                version: newest.version,
                format: newest.format,
                document: newest.document.clone(),
                secrets: self.secrets.clone(),
            }),
        }
    }

    fn put(&self, format: Format, document: String, now: Millis) -> (Outcome, Option<Change>) {
        let version = self.version() + 1;
        let change = Change::Version {
            stored: Stored { version, format, document },
            drop_upto: version.saturating_sub(VERSIONS_MOST),
            at: now,
        };
        (self.done(version), Some(change))
    }

    fn rollback(&self, version: Option<u32>, now: Millis) -> (Outcome, Option<Change>) {
        let wanted = match version {
            Some(version) => self.versions.iter().find(|stored| stored.version == version),
            None => self.versions.get(1),
        };
        match wanted {
            Some(stored) => self.put(stored.format, stored.document.clone(), now),
            None => (refused(Code::NoSuchVersion, "no such version is stored for this site"), None),
        }
    }

    fn keep(&self, secret: Sealed) -> (Outcome, Option<Change>) {
        let known = self.secrets.iter().any(|stored| stored.name == secret.name);
        if !known && self.secrets.len() >= SECRETS_MOST {
            let detail = format!("a site has at most {SECRETS_MOST} secrets: delete one first");
            return (refused(Code::BadSecret, &detail), None);
        }
        (self.done(self.version()), Some(Change::Secret(secret)))
    }

    fn version(&self) -> u32 {
        self.versions.first().map_or(0, |newest| newest.version)
    }

    fn done(&self, version: u32) -> Outcome {
        Outcome::Done { version, revision: self.revision + 1 }
    }
}

fn refused(code: Code, detail: &str) -> Outcome {
    Outcome::Refused { code: code.as_str().into(), detail: detail.into() }
}

impl Outcome {
    /// The version and revision of what was done, or the refusal.
    pub fn done(self) -> Result<(u32, u32), Refusal> {
        match self {
            Self::Done { version, revision } => Ok((version, revision)),
            Self::Refused { code, detail } => {
                let known = Code::ALL.iter().find(|known| known.as_str() == code);
                Err(Refusal::new(known.copied().unwrap_or(Code::Internal), detail))
            }
            Self::Page(_) | Self::Unchanged | Self::Absent => {
                Err(Refusal::new(Code::Internal, "the site answered something else"))
            }
        }
    }
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
    allow_private: bool,
) -> Result<String, Refusal> {
    let config = config::read(&body, format).map_err(|invalid| faulty(invalid.faults))?;
    let document = String::from_utf8(body)
        .map_err(|_| Refusal::new(Code::BadUtf8, "the document is not UTF-8"))?;
    let bad = Live::bad_addresses(&config, allow_private);
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

    fn stored(version: u32) -> Stored {
        Stored { version, format: Format::Toml, document: format!("# {version}") }
    }

    fn shelf(versions: &[u32]) -> Shelf {
        let versions = versions.iter().rev().map(|version| stored(*version)).collect();
        Shelf { revision: 7, versions, secrets: Vec::new() }
    }

    #[test]
    fn every_put_is_a_new_version_and_the_oldest_leave() {
        let put = |shelf: &Shelf| {
            let order = Order::Put { format: Format::Toml, document: "# new".into() };
            match shelf.take(order, Millis(5)) {
                (Outcome::Done { version, revision }, Some(Change::Version { drop_upto, .. })) => {
                    (version, revision, drop_upto)
                }
                other => panic!("{other:?}"),
            }
        };
        assert_eq!(put(&Shelf::default()), (1, 1, 0));
        assert_eq!(put(&shelf(&[1, 2])), (3, 8, 0));
        assert_eq!(put(&shelf(&[100])), (101, 8, 1));
    }

    #[test]
    fn a_rollback_makes_an_earlier_version_the_newest_again() {
        let rollback =
            |version| match shelf(&[1, 2, 3]).take(Order::Rollback { version }, Millis(5)) {
                (Outcome::Done { version, .. }, Some(Change::Version { stored, .. })) => {
                    Ok((version, stored.document))
                }
                (Outcome::Refused { code, .. }, None) => Err(code),
                other => panic!("{other:?}"),
            };
        assert_eq!(rollback(None), Ok((4, "# 2".into())));
        assert_eq!(rollback(Some(1)), Ok((4, "# 1".into())));
        assert_eq!(rollback(Some(9)), Err("no_such_version".into()));
    }

    #[test]
    fn whoever_has_the_newest_state_is_told_so() {
        let read = |shelf: &Shelf, have| shelf.take(Order::Read { have }, Millis(5)).0;
        assert_eq!(read(&Shelf::default(), 0), Outcome::Absent);
        assert_eq!(read(&shelf(&[1]), 7), Outcome::Unchanged);
        assert!(matches!(read(&shelf(&[1, 2]), 6), Outcome::Page(Page { version: 2, .. })));
    }

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
