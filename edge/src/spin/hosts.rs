//! What Spin does not do, told to whoever asks for it.

use kefu_shared::site::Live;

/// Spin takes no WebSockets.
pub(crate) const INSTEAD: &str = "this host has no WebSockets: read the events route, as \
    server-sent events (Accept: text/event-stream) or with `wait`, and send by POST";

/// Warnings for hosts that a site's configuration names and spin.toml does not let out to.
pub(crate) fn closed_to(live: &Live, opened: &[String]) -> Vec<String> {
    let closed = |host: &String| !opened.iter().any(|pattern| lets_out(pattern, host));
    let hosts = live.config.hosts().into_iter().filter(closed);
    let warning = |host| {
        format!(
            "{host}: spin.toml does not let out to it: add it to allowed_outbound_hosts, and to kefu_outbound"
        )
    };
    hosts.map(warning).collect()
}

/// `*`, a host, or `*.` and what its name ends with; a scheme and a port may stand around it.
fn lets_out(pattern: &str, host: &str) -> bool {
    let pattern = pattern.split_once("://").map_or(pattern, |(_, rest)| rest);
    let pattern = pattern.rsplit_once(':').map_or(pattern, |(name, _)| name);
    match pattern.strip_prefix("*.") {
        Some(ending) => host.strip_suffix(ending).is_some_and(|rest| rest.ends_with('.')),
        None => pattern == "*" || pattern == host,
    }
}
