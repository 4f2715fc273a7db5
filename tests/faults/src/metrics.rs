//! What a host tells its operator of itself (`GET /metrics`, Prometheus text).

use kefu_test_host::http;
use kefu_turns::Host;
use tokio::task::spawn_blocking;

/// A figure by its name, summed over its labels; none where the host does not tell.
///
/// # Panics
/// When the host does not answer.
pub async fn figure(host: &Host, name: &str) -> Option<f64> {
    let port = host.port();
    let asked = spawn_blocking(move || {
        http::send(port, "GET", "/metrics", &[("Authorization", "Bearer dev-admin-token")], &[])
    });
    let answer = asked.await.expect("a request ends").expect("an answer");
    (answer.status == 200).then(|| summed(&answer.body, name)).flatten()
}

/// MB of the wasm's memory; none where the host does not tell.
pub async fn wasm_memory(host: &Host) -> Option<f64> {
    figure(host, "kefu_wasm_memory_bytes").await.map(|bytes| bytes / 1_048_576.0)
}

fn summed(text: &str, name: &str) -> Option<f64> {
    let of = |line: &str| {
        let rest = line.strip_prefix(name)?;
        let value = if rest.starts_with('{') { rest.rsplit_once('}')?.1 } else { rest };
        value.strip_prefix(' ')?.split(' ').next()?.parse::<f64>().ok()
    };
    text.lines().filter_map(of).fold(None, |sum, value| Some(sum.unwrap_or(0.0) + value))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_figure_is_the_sum_over_its_labels_and_not_that_of_a_longer_name() {
        let text =
            "# HELP a what\n# TYPE a counter\na{x=\"1\"} 2\na{x=\"} 7\"} 3\na_total 9\nb 4\n";
        assert_eq!(summed(text, "a"), Some(5.0));
        assert_eq!(summed(text, "b"), Some(4.0));
        assert_eq!(summed(text, "c"), None);
    }
}
