//! Files of the web client: which names there are, and how each is served.

use crate::site;

/// How a file is served.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Asset {
    /// Its name below the web client's folder.
    pub file: String,
    /// Its content type.
    pub content_type: &'static str,
    /// How long it may be kept.
    pub cache_control: &'static str,
}

/// The file behind a path; none where the path names none, or a folder.
pub fn find(path: &str) -> Option<Asset> {
    let file = match path.split_once('/') {
        None if path.is_empty() => "index.html",
        // One page for every site: it reads the site from its own address.
        Some(("chat", site)) if site::is_id(site) => "chat.html",
        _ => path,
    };
    let plain = file.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_./".contains(&byte));
    let inside = file.split('/').all(|part| !part.is_empty() && !part.starts_with('.'));
    if !plain || !inside {
        return None;
    }
    let (_, extension) = file.rsplit_once('.')?;
    let content_type = match extension {
        "html" => "text/html; charset=utf-8",
        "js" | "mjs" => "text/javascript; charset=utf-8",
        "css" => "text/css; charset=utf-8",
        "json" | "map" => "application/json",
        "svg" => "image/svg+xml",
        "png" => "image/png",
        "ico" => "image/x-icon",
        "woff2" => "font/woff2",
        "txt" => "text/plain; charset=utf-8",
        _ => return None,
    };
    // Names carry no version: a deploy must be seen soon.
    let cache_control = if extension == "html" { "no-cache" } else { "public, max-age=300" };
    Some(Asset { file: file.to_owned(), content_type, cache_control })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_are_served_and_folders_and_other_places_are_not() {
        assert_eq!(find("").map(|asset| asset.file), Some("index.html".into()));
        assert_eq!(
            find("widget.js").map(|asset| asset.content_type),
            Some("text/javascript; charset=utf-8")
        );
        assert!(find("img/logo.svg").is_some());
        assert_eq!(find("chat/demo").map(|asset| asset.file), Some("chat.html".into()));
        for none in [
            "img",
            "img/",
            "chat/Demo",
            "chat/",
            "../secret.json",
            "a/../b.js",
            ".env",
            "a//b.js",
            "x.exe",
            "a%2fb.js",
        ] {
            assert_eq!(find(none), None, "{none}");
        }
    }
}
