//! From a provider's address, as people write it, to a request's.

use super::Failure;
use crate::config::Provider;
use url::Url;

/// The address of `resource` at the provider's endpoint, or at its kind's own.
///
/// The version segment goes before the resource unless the endpoint has one anywhere (`/v1`,
/// `/api/paas/v4`, `/v1beta/openai`), and nothing is added to an endpoint that already ends with
/// the resource. A query stays where it is. Fails on what is no `http` address.
pub(super) fn join(provider: &Provider, version: &str, resource: &str) -> Result<Url, Failure> {
    let mut url = base(provider)?;
    let path = url.path().trim_end_matches('/');
    let path = if path.ends_with(&format!("/{resource}")) {
        path.to_owned()
    } else if path.split('/').any(is_version) {
        format!("{path}/{resource}")
    } else {
        format!("{path}/{version}/{resource}")
    };
    url.set_path(&path);
    Ok(url)
}

/// The address of `resource`, which begins with its own version, at the provider's endpoint: a
/// version that the endpoint names, and what follows it, is left out.
pub(super) fn at(provider: &Provider, resource: &str) -> Result<Url, Failure> {
    let mut url = base(provider)?;
    let before = url.path().split('/').filter(|part| !part.is_empty());
    let before: Vec<_> = before.take_while(|part| !is_version(part)).collect();
    let path = [before.as_slice(), &[resource]].concat().join("/");
    url.set_path(&path);
    Ok(url)
}

/// The provider's endpoint as it is, or its kind's own.
pub(super) fn base(provider: &Provider) -> Result<Url, Failure> {
    let endpoint = provider
        .address()
        .ok_or_else(|| Failure::config("missing_endpoint", "the provider needs an `endpoint`"))?;
    parse(endpoint)
}

fn parse(endpoint: &str) -> Result<Url, Failure> {
    let bad = |why: &str| {
        Failure::config("bad_endpoint", &format!("`endpoint` is no http address: {why}"))
    };
    let url = Url::parse(endpoint).map_err(|error| bad(&error.to_string()))?;
    let user = !url.username().is_empty() || url.password().is_some();
    match url.scheme() {
        "http" | "https" if !user && url.fragment().is_none() => Ok(url),
        "http" | "https" => Err(bad("it has a user or a fragment")),
        other => Err(bad(other)),
    }
}

/// `v1`, `v4`, `v1beta`.
fn is_version(segment: &str) -> bool {
    let Some(rest) = segment.strip_prefix('v') else {
        return false;
    };
    rest.starts_with(|c: char| c.is_ascii_digit())
        && rest.chars().all(|c| c.is_ascii_alphanumeric())
}

#[cfg(test)]
mod tests {
    use super::super::tests::provider;
    use super::*;
    use crate::config::ProviderKind;

    fn provider_at(endpoint: &str) -> Provider {
        Provider { endpoint: Some(endpoint.to_owned()), ..provider(ProviderKind::OpenAi) }
    }

    fn joined(endpoint: &str) -> Result<String, Failure> {
        join(&provider_at(endpoint), "v1", "chat/completions").map(Into::into)
    }

    #[test]
    fn a_resource_with_its_own_version_replaces_the_endpoints() {
        for endpoint in [
            "https://h/p",
            "https://h/p/",
            "https://h/p/v1",
            "https://h/p/v3/chat",
            "https://h/p/v3/",
        ] {
            let url = at(&provider_at(endpoint), "v3/chat").map(String::from);
            assert_eq!(url.as_deref(), Ok("https://h/p/v3/chat"), "{endpoint}");
        }
    }

    #[test]
    fn an_address_works_with_or_without_its_version() {
        for (endpoint, expected) in [
            ("https://h", "https://h/v1/chat/completions"),
            ("https://h/", "https://h/v1/chat/completions"),
            (" https://h:8443/v1 ", "https://h:8443/v1/chat/completions"),
            ("https://h/v1/", "https://h/v1/chat/completions"),
            ("https://h/v1/chat/completions", "https://h/v1/chat/completions"),
            ("https://h/chat/completions/", "https://h/chat/completions"),
            ("HTTP://127.0.0.1:4000", "http://127.0.0.1:4000/v1/chat/completions"),
            ("https://router.example/api", "https://router.example/api/v1/chat/completions"),
            ("https://h/api/v3", "https://h/api/v3/chat/completions"),
            ("https://h/api/paas/v4", "https://h/api/paas/v4/chat/completions"),
            ("https://h/compatible-mode/v1", "https://h/compatible-mode/v1/chat/completions"),
            ("https://h/v1beta/openai/", "https://h/v1beta/openai/chat/completions"),
            (
                "https://h/v1/account/gateway/openai",
                "https://h/v1/account/gateway/openai/chat/completions",
            ),
            ("https://v2.example", "https://v2.example/v1/chat/completions"),
            ("https://h/vllm", "https://h/vllm/v1/chat/completions"),
            (
                "https://h/deployments/d/chat/completions?api-version=1",
                "https://h/deployments/d/chat/completions?api-version=1",
            ),
            ("https://h/v1?k=v", "https://h/v1/chat/completions?k=v"),
        ] {
            assert_eq!(joined(endpoint).as_deref(), Ok(expected), "{endpoint}");
        }
    }

    #[test]
    fn what_is_no_address_is_a_failure_of_the_configuration() {
        for endpoint in ["", "h", "h/v1", "ftp://h", "https://", "https://u:p@h", "https://h/#x"] {
            let failure = joined(endpoint).unwrap_err();
            assert_eq!(failure.to_string(), "config (bad_endpoint)", "{endpoint}");
        }
    }

    #[test]
    fn a_kind_without_its_own_address_needs_one() {
        let provider = Provider { endpoint: None, ..provider(ProviderKind::WorkersAi) };
        assert_eq!(
            join(&provider, "v1", "x").unwrap_err().to_string(),
            "config (missing_endpoint)"
        );
    }
}
