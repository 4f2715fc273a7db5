//! `[[channels]]`: which keys each type has, what becomes of them and where they go.

use super::provider::template;
use crate::config::Channel;
use crate::config::Template;
use crate::config::address::check_url;
use crate::config::document::quoted;
use crate::config::fault::nearest;
use crate::config::fields::{Bounds, Fields};
use std::collections::{BTreeMap, BTreeSet};

const MOST: usize = 100;
const HOSTS: Bounds = Bounds { entries: 20, bytes: 253 };

/// A channel's vendor, as `type` names it.
#[derive(Debug)]
pub(in crate::config) struct Vendor {
    pub(in crate::config) kind: &'static str,
    /// Where its requests go unless `api_base` says otherwise.
    pub(in crate::config) api_base: Option<&'static str>,
    pub(in crate::config) keys: &'static [(&'static str, Use)],
}

/// What becomes of a key's value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::config) enum Use {
    /// No secret; goes to the vendor.
    Public,
    /// A secret that goes to the vendor.
    Sent,
    /// A secret that stays here, to check or to sign.
    Kept,
    /// An address.
    Url,
    /// Host names, as a list; kept with commas between.
    Hosts,
}

use Use::{Hosts, Kept, Public, Sent, Url};

const WECHAT: &[(&str, Use)] =
    &[("app_id", Public), ("app_secret", Sent), ("token", Kept), ("encoding_aes_key", Kept)];
const WECOM_KF: &[(&str, Use)] =
    &[("corp_id", Public), ("secret", Sent), ("token", Kept), ("encoding_aes_key", Kept)];
const META: Option<&str> = Some("https://graph.facebook.com");
const TENCENT: Option<&str> = Some("https://api.weixin.qq.com");
const WORK: Option<&str> = Some("https://qyapi.weixin.qq.com");

/// All types, as DESIGN section 7 lists them.
pub(in crate::config) const VENDORS: &[Vendor] = &[
    Vendor { kind: "wechat", api_base: TENCENT, keys: WECHAT },
    Vendor { kind: "wechat_mini", api_base: TENCENT, keys: WECHAT },
    Vendor {
        kind: "wecom",
        api_base: WORK,
        keys: &[
            ("corp_id", Public),
            ("agent_id", Public),
            ("secret", Sent),
            ("token", Kept),
            ("encoding_aes_key", Kept),
        ],
    },
    Vendor { kind: "wecom_kf", api_base: WORK, keys: WECOM_KF },
    Vendor {
        kind: "wecom_bot",
        api_base: WORK,
        keys: &[("token", Kept), ("encoding_aes_key", Kept)],
    },
    Vendor {
        kind: "dingtalk",
        api_base: Some("https://api.dingtalk.com"),
        keys: &[
            ("app_key", Public),
            ("app_secret", Sent),
            ("robot_code", Public),
            ("webhook_hosts", Hosts),
        ],
    },
    Vendor {
        kind: "feishu",
        api_base: Some("https://open.feishu.cn"),
        keys: &[
            ("app_id", Public),
            ("app_secret", Sent),
            ("encrypt_key", Kept),
            ("verification_token", Kept),
        ],
    },
    Vendor {
        kind: "telegram",
        api_base: Some("https://api.telegram.org"),
        keys: &[("bot_token", Sent), ("secret_token", Sent)],
    },
    Vendor {
        kind: "whatsapp",
        api_base: META,
        keys: &[
            ("phone_number_id", Public),
            ("access_token", Sent),
            ("app_secret", Kept),
            ("verify_token", Kept),
        ],
    },
    Vendor {
        kind: "messenger",
        api_base: META,
        keys: &[
            ("page_id", Public),
            ("page_access_token", Sent),
            ("app_secret", Kept),
            ("verify_token", Kept),
        ],
    },
    Vendor {
        kind: "line",
        api_base: Some("https://api.line.me"),
        keys: &[("channel_secret", Kept), ("channel_access_token", Sent)],
    },
    Vendor { kind: "email", api_base: None, keys: &[("address", Public)] },
    Vendor { kind: "api", api_base: None, keys: &[("secret", Kept), ("callback_url", Url)] },
];

pub(super) fn channels(fields: &mut Fields<'_>) -> Vec<Channel> {
    let mut seen = BTreeSet::new();
    fields.tables("channels", MOST, |fields| {
        let channel = channel(fields)?;
        if !seen.insert((channel.kind.clone(), channel.account.clone())) {
            fields.fault(
                "account",
                "another channel of this type has this account; give each its own",
            );
        }
        Some(channel)
    })
}

fn channel(fields: &mut Fields<'_>) -> Option<Channel> {
    fields.require("type", format_args!("type = \"…\", one of {}", kinds().join(", ")));
    fields.require("account", "account = \"…\", the last part of its webhook path");
    let vendor = fields.parsed("type", vendor);
    let account = fields.parsed("account", account);
    // Without its type nothing tells which keys it may have.
    let Some(vendor) = vendor else {
        fields.skip_rest();
        return None;
    };
    let mut settings = BTreeMap::new();
    for &(key, use_) in vendor.keys.iter().chain(&[("api_base", Url)]) {
        settings.extend(setting(fields, key, use_).map(|value| (key.to_owned(), value)));
    }
    Some(Channel { kind: vendor.kind.to_owned(), account: account?, settings })
}

fn setting(fields: &mut Fields<'_>, key: &'static str, use_: Use) -> Option<Template> {
    match use_ {
        Public | Sent | Kept => fields.parsed(key, template),
        Url => fields.parsed(key, |text| check_url(text).map(|()| Template(text.to_owned()))),
        Hosts => {
            let hosts = fields.list(key, HOSTS, host);
            (!hosts.is_empty()).then(|| Template(hosts.join(",")))
        }
    }
}

fn vendor(text: &str) -> Result<&'static Vendor, String> {
    VENDORS.iter().find(|vendor| vendor.kind == text).ok_or_else(|| {
        let kinds = kinds();
        let nearest = nearest(text, &kinds).unwrap_or_default();
        format!(
            "found {}; the nearest known type is \"{nearest}\" (known: {})",
            quoted(text),
            kinds.join(", ")
        )
    })
}

fn kinds() -> Vec<&'static str> {
    VENDORS.iter().map(|vendor| vendor.kind).collect()
}

fn account(text: &str) -> Result<String, String> {
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.');
    if (1..=64).contains(&text.len()) && text.bytes().all(allowed) && !text.starts_with('.') {
        return Ok(text.to_owned());
    }
    Err(format!(
        "found {}; expected 1 to 64 of a-z, A-Z, 0-9, -, _ and ., such as \"shop-oa\"",
        quoted(text)
    ))
}

/// A host's name or address, perhaps with a port.
fn host(text: &str) -> Result<String, String> {
    if check_url(&format!("https://{text}")).is_ok() && !text.contains('/') {
        return Ok(text.to_ascii_lowercase());
    }
    Err(format!("found {}; expected a host's name, such as \"oapi.dingtalk.com\"", quoted(text)))
}
