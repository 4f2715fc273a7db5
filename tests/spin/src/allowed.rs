//! `allowed_outbound_hosts`: `SCHEME://HOST:PORT`, where each part may be `*` and a host may begin
//! with `*.`; without a port it is the scheme's own.

use std::net::SocketAddr;
use wasmtime::Result;
use wasmtime::error::Context;

/// One entry.
#[derive(Clone, Debug)]
pub(crate) struct Pattern {
    scheme: String,
    host: String,
    /// None is any.
    port: Option<u16>,
}

impl Pattern {
    pub(crate) fn parse(text: &str) -> Result<Self> {
        let (scheme, rest) =
            text.split_once("://").with_context(|| format!("{text}: SCHEME://HOST"))?;
        let (host, port) = match rest.trim_end_matches('/').rsplit_once(':') {
            Some((host, port)) => (host, Some(port)),
            None => (rest.trim_end_matches('/'), None),
        };
        let port = match port {
            Some("*") => None,
            Some(port) => Some(port.parse::<u16>().with_context(|| format!("{text}: its port"))?),
            None => own_port(scheme),
        };
        Ok(Self { scheme: scheme.to_owned(), host: host.to_owned(), port })
    }

    /// Whether a request may go there.
    pub(crate) fn lets_out(&self, scheme: &str, host: &str, port: Option<u16>) -> bool {
        let named = match self.host.strip_prefix("*.") {
            Some(ending) => host.strip_suffix(ending).is_some_and(|rest| rest.ends_with('.')),
            None => self.host == "*" || self.host == host,
        };
        let port = port.or_else(|| own_port(scheme));
        let spoken = self.scheme == "*" || self.scheme == scheme;
        spoken && named && (self.port.is_none() || self.port == port)
    }

    /// Whether a plain connection may be made.
    pub(crate) fn connects(&self, address: SocketAddr) -> bool {
        self.lets_out("tcp", &address.ip().to_string(), Some(address.port()))
    }
}

fn own_port(scheme: &str) -> Option<u16> {
    match scheme {
        "http" => Some(80),
        "https" => Some(443),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scheme_host_and_port_count() {
        for (pattern, target, good) in [
            ("https://api.coze.cn", ("https", "api.coze.cn", None), true),
            ("https://api.coze.cn", ("https", "api.coze.cn", Some(8443)), false),
            ("https://api.coze.cn", ("http", "api.coze.cn", None), false),
            ("https://*.example.com", ("https", "a.example.com", None), true),
            ("https://*.example.com", ("https", "example.com", None), false),
            ("*://*:*", ("http", "127.0.0.1", Some(9)), true),
            ("http://127.0.0.1:*", ("http", "127.0.0.1", Some(9)), true),
        ] {
            let (scheme, host, port) = target;
            let let_out = Pattern::parse(pattern).unwrap().lets_out(scheme, host, port);
            assert_eq!(let_out, good, "{pattern} {target:?}");
        }
    }
}
