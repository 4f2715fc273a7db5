//! Addresses of services and origins of pages, without the parts that would have no use there.

use super::document::quoted;
use url::Url;

/// Checks an address that requests go to: `http://` or `https://`, a host, perhaps a port and a
/// path; no user, query or fragment.
pub(super) fn check_url(text: &str) -> Result<(), String> {
    let url = parse(text).filter(|url| url.query().is_none() && url.fragment().is_none());
    url.map(drop).ok_or_else(|| {
        // A user's part could hold a password, so it is not shown.
        let found =
            if text.contains('@') { "an address with a user".to_owned() } else { quoted(text) };
        format!("found {found}; expected an address, such as \"https://api.example.com/v1\"")
    })
}

/// Reads an origin as browsers send it, all its subdomains, or `*`: `https://shop.example`,
/// `https://*.shop.example`; with a port when it is not the scheme's own.
pub(super) fn origin(text: &str) -> Result<String, String> {
    if text == "*" {
        return Ok("*".to_owned());
    }
    let (plain, wildcard) = match text.split_once("://*.") {
        Some((scheme, domain)) => (format!("{scheme}://{domain}"), true),
        None => (text.to_owned(), false),
    };
    let wrong = |mend: &str| {
        let found = quoted(text);
        format!(
            "found {found}; expected an origin, such as \"https://shop.example\" or \"https://*.shop.example\", or \"*\"{mend}"
        )
    };
    let Some(url) = parse(&plain).filter(|_| !plain.contains('*')) else {
        let bare = !text.contains("://") && parse(&format!("https://{text}")).is_some();
        return Err(wrong(&if bare {
            format!("; perhaps \"https://{text}\"")
        } else {
            String::new()
        }));
    };
    let origin = url.origin().ascii_serialization();
    let origin = if wildcard { origin.replacen("://", "://*.", 1) } else { origin };
    if url.path() == "/"
        && !text.ends_with('/')
        && url.query().is_none()
        && url.fragment().is_none()
    {
        return Ok(origin);
    }
    Err(wrong(&format!("; without a path it is \"{origin}\"")))
}

/// An http or https address written out, without a user or spaces.
fn parse(text: &str) -> Option<Url> {
    let url = Url::parse(text).ok()?;
    let written_out =
        text.contains("://") && !text.contains(|c: char| c.is_whitespace() || c == '\\');
    let anonymous = url.username().is_empty() && url.password().is_none();
    (matches!(url.scheme(), "http" | "https") && url.has_host() && written_out && anonymous)
        .then_some(url)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_http_with_a_host() {
        for text in [
            "https://api.coze.cn",
            "https://api.kouzi.ai/v1",
            "http://127.0.0.1:8080/v1/",
            "http://[::1]:8080",
            "HTTPS://API.Example",
            "http://ollama",
        ] {
            assert_eq!(check_url(text), Ok(()), "{text}");
        }
        for text in [
            "",
            "api.coze.cn",
            "ftp://a.example",
            "https://",
            "https://a b",
            "https://u:p@a.example",
            "https://a.example/?key=1",
            "https://a.example/#x",
            "https://a.example:70000",
            "https://[::1",
            "https://a.example/a b",
            "https:a.example",
            "https://a.example\\b",
        ] {
            assert!(check_url(text).is_err(), "{text}");
        }
    }

    #[test]
    fn a_password_in_an_address_is_not_shown() {
        assert!(!check_url("https://u:hunter2@a.example").unwrap_err().contains("hunter2"));
    }

    #[test]
    fn origins_become_what_browsers_send() {
        for (text, expected) in [
            ("https://shop.example", "https://shop.example"),
            ("HTTPS://Shop.Example:443", "https://shop.example"),
            ("http://localhost:3000", "http://localhost:3000"),
            ("http://localhost:80", "http://localhost"),
            ("https://*.Shop.example", "https://*.shop.example"),
            ("*", "*"),
        ] {
            assert_eq!(origin(text).as_deref(), Ok(expected), "{text}");
        }
        for (text, mend) in [
            ("https://shop.example/", "without a path it is \"https://shop.example\""),
            ("shop.example", "perhaps \"https://shop.example\""),
            ("https://*shop.example", "expected an origin"),
            ("https://shop.*", "expected an origin"),
            ("https://*.shop.example/a", "without a path it is \"https://*.shop.example\""),
            ("null", "expected an origin"),
        ] {
            assert!(origin(text).unwrap_err().contains(mend), "{text}");
        }
    }
}
