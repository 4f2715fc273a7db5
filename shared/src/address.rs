//! Which addresses a site may make the deployment call: never the deployment's own neighbours,
//! unless its operator allows private addresses.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use url::{Host, Url};

/// Why an address is not called.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AddressFault {
    /// It is not an absolute http or https URL.
    NotHttp,
    /// It carries a user name or password.
    Credentials,
    /// It is on loopback, a private network, or a name that only such networks know.
    Private,
    /// It is plain http to a public host.
    PlainHttp,
    /// There is none, and the deployment has no Workers AI of its own.
    NoBinding,
}

impl AddressFault {
    /// What is wrong and how to mend it.
    pub fn message(self) -> &'static str {
        match self {
            Self::NotHttp => "must be an absolute http or https URL",
            Self::Credentials => "must not carry a user name or password",
            Self::Private => {
                "is a private address: the operator allows those with KEFU_ALLOW_PRIVATE=1"
            }
            Self::PlainHttp => "must use https",
            Self::NoBinding => {
                "needs an `endpoint` here: only a Worker with the binding `AI` (wrangler.toml) goes without"
            }
        }
    }
}

/// The host of `address`, if it may be called.
pub fn check(address: &str, allow_private: bool) -> Result<String, AddressFault> {
    let url = Url::parse(address).map_err(|_| AddressFault::NotHttp)?;
    if !matches!(url.scheme(), "http" | "https") {
        return Err(AddressFault::NotHttp);
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err(AddressFault::Credentials);
    }
    let host = url.host().ok_or(AddressFault::NotHttp)?;
    if is_private(&host) {
        return if allow_private { Ok(host.to_string()) } else { Err(AddressFault::Private) };
    }
    if url.scheme() == "http" && !allow_private {
        return Err(AddressFault::PlainHttp);
    }
    Ok(host.to_string())
}

/// The host of an address, in the spelling in which hosts are compared.
pub fn host_of(address: &str) -> Option<String> {
    Some(Url::parse(address).ok()?.host()?.to_string())
}

fn is_private(host: &Host<&str>) -> bool {
    match host {
        Host::Ipv4(ip) => is_private_ip(IpAddr::V4(*ip)),
        Host::Ipv6(ip) => is_private_ip(IpAddr::V6(*ip)),
        Host::Domain(name) => {
            let name = name.trim_end_matches('.').to_ascii_lowercase();
            !name.contains('.')
                || ["localhost", "local", "internal", "lan", "home.arpa", "intranet", "corp"]
                    .iter()
                    .any(|suffix| name.strip_suffix(suffix).is_some_and(|rest| rest.ends_with('.')))
        }
    }
}

fn is_private_ip(ip: IpAddr) -> bool {
    match ip {
        IpAddr::V4(ip) => is_private_v4(ip),
        IpAddr::V6(ip) => is_private_v6(ip),
    }
}

fn is_private_v4(ip: Ipv4Addr) -> bool {
    let [a, b, ..] = ip.octets();
    ip.is_private()
        || ip.is_loopback()
        || ip.is_link_local()
        || ip.is_broadcast()
        || ip.is_documentation()
        || ip.is_multicast()
        || a == 0
        || a >= 240
        || (a == 100 && (64..128).contains(&b))
        || (a == 192 && b == 0)
        || (a == 198 && (18..20).contains(&b))
}

fn is_private_v6(ip: Ipv6Addr) -> bool {
    let [first, second, ..] = ip.segments();
    let embedded = ip.to_ipv4().or(match (first, second) {
        // NAT64 and 6to4 reach IPv4 hosts.
        (0x0064, 0xff9b) => Some(tail_v4(ip)),
        (0x2002, _) => Some(Ipv4Addr::from(u32::from(second) << 16 | u32::from(ip.segments()[2]))),
        _ => None,
    });
    ip.is_loopback()
        || ip.is_unspecified()
        || ip.is_multicast()
        || (first & 0xfe00) == 0xfc00
        || (first & 0xffc0) == 0xfe80
        || (first == 0x2001 && second == 0x0db8)
        || embedded.is_some_and(is_private_v4)
}

fn tail_v4(ip: Ipv6Addr) -> Ipv4Addr {
    let [.., high, low] = ip.segments();
    Ipv4Addr::from(u32::from(high) << 16 | u32::from(low))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn public_https_is_called() {
        for address in [
            "https://api.coze.cn",
            "https://1.1.1.1/v1",
            "https://[2606:4700::1]/",
            "https://a.b:8443/x",
        ] {
            assert!(check(address, false).is_ok(), "{address}");
        }
    }

    #[test]
    fn neighbours_are_not_called_however_they_are_spelled() {
        for address in [
            "http://127.0.0.1:1234",
            "https://127.1",
            "https://2130706433",
            "https://0x7f000001",
            "https://0177.0.0.1",
            "https://localhost",
            "https://LOCALHOST.",
            "https://a.localhost",
            "https://db.internal",
            "https://printer",
            "https://10.0.0.1",
            "https://172.16.3.4",
            "https://192.168.1.1",
            "https://169.254.169.254/latest/meta-data",
            "https://100.64.0.1",
            "https://0.0.0.0",
            "https://[::1]",
            "https://[::]",
            "https://[fd00::1]",
            "https://[fe80::1]",
            "https://[::ffff:127.0.0.1]",
            "https://[64:ff9b::7f00:1]",
            "https://[2002:7f00:1::]",
        ] {
            assert_eq!(check(address, false), Err(AddressFault::Private), "{address}");
            assert!(check(address, true).is_ok(), "{address}");
        }
    }

    #[test]
    fn other_things_are_no_addresses() {
        for (address, fault) in [
            ("ftp://a.b", AddressFault::NotHttp),
            ("api.coze.cn", AddressFault::NotHttp),
            ("https://", AddressFault::NotHttp),
            ("https://user:pw@a.b", AddressFault::Credentials),
            ("http://api.coze.cn", AddressFault::PlainHttp),
        ] {
            assert_eq!(check(address, false), Err(fault), "{address}");
        }
    }
}
