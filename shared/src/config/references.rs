//! Which secrets a configuration refers to, and where they would go: for warnings.

use super::read::{Use, VENDORS, Vendor};
use super::{Challenge, ChallengeKind, Channel, Provider, Site, Template};
use crate::address::host_of;

/// A reference to a secret.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reference {
    /// The secret's name.
    pub name: String,
    /// The hosts that it would be sent to, without ports; none when it stays here, to check or to
    /// sign, or when a binding is called.
    pub hosts: Vec<String>,
    /// Where it stands, such as `ai_providers[0].api_key`.
    pub key: String,
}

impl Site {
    /// The hosts that are called for the site, each once: its providers' and its verifier's.
    pub fn hosts(&self) -> std::collections::BTreeSet<String> {
        let mut hosts: std::collections::BTreeSet<_> =
            self.providers.iter().filter_map(|it| it.address().and_then(host_of)).collect();
        if let Some(verifier) = self.challenge.as_ref().and_then(of_challenge) {
            hosts.extend(verifier.hosts);
        }
        hosts
    }

    /// All references to secrets, in the order site, challenge, providers, channels.
    pub fn references(&self) -> Vec<Reference> {
        let places = self.places();
        let references = places.into_iter().flat_map(|place| {
            let Place { key, template, hosts, .. } = place;
            template.references().map(move |name| Reference {
                name: name.to_owned(),
                hosts: hosts.clone(),
                key: key.clone(),
            })
        });
        references.collect()
    }

    /// The keys whose secret is written out and so is shown to whoever reads the configuration.
    pub fn literal_secrets(&self) -> Vec<String> {
        let literal =
            self.places().into_iter().filter(|place| place.secret && place.template.is_literal());
        literal.map(|place| place.key).collect()
    }

    fn places(&self) -> Vec<Place<'_>> {
        let mut places = Vec::new();
        places.extend(self.identity_secret.as_ref().map(of_identity));
        places.extend(self.challenge.as_ref().and_then(of_challenge));
        for (index, provider) in self.providers.iter().enumerate() {
            places.extend(of_provider(index, provider));
        }
        for (index, channel) in self.channels.iter().enumerate() {
            places.extend(of_channel(index, channel));
        }
        places
    }
}

/// A text that may have references.
struct Place<'a> {
    key: String,
    template: &'a Template,
    hosts: Vec<String>,
    secret: bool,
}

fn of_identity(template: &Template) -> Place<'_> {
    let key = "site.identity_secret".to_owned();
    Place { key, template, hosts: Vec::new(), secret: true }
}

fn of_challenge(challenge: &Challenge) -> Option<Place<'_>> {
    let ChallengeKind::Turnstile(turnstile) = &challenge.kind else { return None };
    Some(Place {
        key: "challenge.secret".to_owned(),
        template: &turnstile.secret,
        hosts: host_of(turnstile.address()).into_iter().collect(),
        secret: true,
    })
}

fn of_provider(index: usize, provider: &Provider) -> Option<Place<'_>> {
    Some(Place {
        key: format!("ai_providers[{index}].api_key"),
        template: provider.api_key.as_ref()?,
        hosts: provider.address().and_then(host_of).into_iter().collect(),
        secret: true,
    })
}

fn of_channel(index: usize, channel: &Channel) -> impl Iterator<Item = Place<'_>> {
    let vendor = VENDORS.iter().find(|vendor| vendor.kind == channel.kind);
    let base = channel.settings.get("api_base").map(|template| template.0.as_str());
    let base = base.or_else(|| vendor.and_then(|vendor| vendor.api_base)).and_then(host_of);
    channel.settings.iter().map(move |(key, template)| {
        let purpose = vendor.and_then(|vendor| purpose(vendor, key)).unwrap_or(Use::Public);
        Place {
            key: format!("channels[{index}].{key}"),
            template,
            hosts: base.clone().filter(|_| purpose != Use::Kept).into_iter().collect(),
            secret: matches!(purpose, Use::Sent | Use::Kept),
        }
    })
}

fn purpose(vendor: &Vendor, key: &str) -> Option<Use> {
    vendor.keys.iter().find(|(known, _)| *known == key).map(|&(_, purpose)| purpose)
}

#[cfg(test)]
mod tests {
    use super::super::{Format, read};

    const DOCUMENT: &str = r#"
        [site]
        identity_secret = "${ZERO}"
        [challenge]
        kind = "turnstile"
        site_key = "0x4A"
        secret = "${SEVEN}"
        [[ai_providers]]
        name = "a"
        type = "openai"
        endpoint = "https://LLM.example:8443/v1"
        model = "m"
        api_key = "${ONE}"
        [[ai_providers]]
        name = "b"
        type = "coze"
        bot_id = "1"
        api_key = "pat_123"
        [[channels]]
        type = "wechat"
        account = "shop"
        app_id = "wx1"
        app_secret = "${TWO}"
        token = "${THREE}"
        [[channels]]
        type = "telegram"
        account = "bot"
        api_base = "http://127.0.0.1:9000"
        bot_token = "${FOUR}"
    "#;

    #[test]
    fn each_reference_has_the_host_that_it_would_go_to() {
        let site = read(DOCUMENT.as_bytes(), Format::Toml).unwrap();
        let told: Vec<_> =
            site.references().into_iter().map(|r| (r.key, r.name, r.hosts)).collect();
        let expected = [
            ("site.identity_secret", "ZERO", None),
            ("challenge.secret", "SEVEN", Some("challenges.cloudflare.com")),
            ("ai_providers[0].api_key", "ONE", Some("llm.example")),
            ("channels[0].app_secret", "TWO", Some("api.weixin.qq.com")),
            ("channels[0].token", "THREE", None),
            ("channels[1].bot_token", "FOUR", Some("127.0.0.1")),
        ]
        .map(|(key, name, host)| {
            (key.to_owned(), name.to_owned(), host.map(str::to_owned).into_iter().collect())
        });
        assert_eq!(told, expected);
    }

    #[test]
    fn secrets_written_out_are_named() {
        let site = read(DOCUMENT.as_bytes(), Format::Toml).unwrap();
        assert_eq!(site.literal_secrets(), ["ai_providers[1].api_key"]);
    }
}
