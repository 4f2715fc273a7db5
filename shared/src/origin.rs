//! Which pages may talk to a site.

/// Whether a page of `origin` (as browsers send it) may. No list, or `*` in it, allows every
/// page; `https://*.shop.example` allows the subdomains. No origin is no browser page: tokens
/// decide there.
pub fn is_allowed(origin: Option<&str>, allowed: &[String]) -> bool {
    let Some(origin) = origin else { return true };
    allowed.is_empty() || allowed.iter().any(|pattern| matches(origin, pattern))
}

fn matches(origin: &str, pattern: &str) -> bool {
    if pattern == "*" || origin.eq_ignore_ascii_case(pattern) {
        return true;
    }
    let Some((scheme, domain)) = pattern.split_once("://*.") else { return false };
    let Some((its_scheme, host)) = origin.split_once("://") else { return false };
    let suffix = format!(".{}", domain.to_ascii_lowercase());
    its_scheme.eq_ignore_ascii_case(scheme) && host.to_ascii_lowercase().ends_with(&suffix)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_site_names_the_pages_that_may_talk_to_it() {
        let list = |patterns: &[&str]| patterns.iter().map(|p| (*p).to_owned()).collect::<Vec<_>>();
        for (origin, allowed, expected) in [
            (Some("https://shop.example"), list(&[]), true),
            (Some("https://shop.example"), list(&["*"]), true),
            (Some("https://shop.example"), list(&["https://shop.example"]), true),
            (Some("https://SHOP.example"), list(&["https://shop.example"]), true),
            (Some("http://shop.example"), list(&["https://shop.example"]), false),
            (Some("https://shop.example:8443"), list(&["https://shop.example"]), false),
            (Some("https://evilshop.example"), list(&["https://*.shop.example"]), false),
            (Some("https://a.shop.example"), list(&["https://*.shop.example"]), true),
            (Some("https://shop.example"), list(&["https://*.shop.example"]), false),
            (Some("null"), list(&["https://shop.example"]), false),
            (None, list(&["https://shop.example"]), true),
        ] {
            assert_eq!(is_allowed(origin, &allowed), expected, "{origin:?} {allowed:?}");
        }
    }
}
