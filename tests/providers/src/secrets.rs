//! Taking out of a recorded body what nobody else may have.
//!
//! Secrets that are declared, and what looks like one, become a word; ids become invented ones of
//! the same shape, the same wherever they stand. What people said stays: whoever commits a recording
//! reads it first.

/// What stands for a secret.
const REMOVED: &[u8] = b"removed";
/// How keys of services begin.
const KEYS: [&[u8]; 8] =
    [b"sk-", b"pat_", b"sat_", b"app-", b"fastgpt-", b"dataset-", b"eyJ", b"czt"];
/// A key has at least this many characters, the word after `Bearer` as well.
const KEY_LEAST: usize = 16;
/// An id has at least this many; shorter ones tell nothing.
const ID_LEAST: usize = 6;

/// Names whose values are ids, at every service.
pub(crate) const IDS: &[&str] = &[
    "id",
    "app_id",
    "appId",
    "bot_id",
    "chat_id",
    "chatId",
    "connector_id",
    "conversation_id",
    "created_by",
    "creator_id",
    "dataset_id",
    "document_id",
    "execute_id",
    "execution_id",
    "log_id",
    "logid",
    "message_id",
    "node_id",
    "parent_message_id",
    "request_id",
    "responseChatItemId",
    "section_id",
    "segment_id",
    "system_fingerprint",
    "task_id",
    "teamId",
    "tmbId",
    "uid",
    "upload_file_id",
    "user_id",
    "workflow_id",
    "workflow_run_id",
];

/// A body without the secrets, what looks like keys, queries of addresses, and the ids that stand
/// under these names.
pub(crate) fn veiled(body: &[u8], secrets: &[String], ids: &[&str]) -> Vec<u8> {
    let mut body = body.to_vec();
    for secret in secrets.iter().filter(|secret| !secret.is_empty()) {
        body = replaced(&body, secret.as_bytes(), REMOVED);
        let escaped = serde_json::json!(secret).to_string();
        body = replaced(&body, escaped.trim_matches('"').as_bytes(), REMOVED);
    }
    without_ids(without_keys(&without_queries(&body)), ids)
}

fn replaced(body: &[u8], what: &[u8], with: &[u8]) -> Vec<u8> {
    let (mut out, mut rest) = (Vec::with_capacity(body.len()), body);
    while let Some(at) = find(rest, what) {
        out.extend_from_slice(&rest[..at]);
        out.extend_from_slice(with);
        rest = &rest[at + what.len()..];
    }
    out.extend_from_slice(rest);
    out
}

fn find(body: &[u8], what: &[u8]) -> Option<usize> {
    if what.is_empty() { None } else { body.windows(what.len()).position(|it| it == what) }
}

/// Addresses of files are signed in their query.
fn without_queries(body: &[u8]) -> Vec<u8> {
    let (mut out, mut rest) = (Vec::new(), body);
    while let Some(at) = find(rest, b"://") {
        let (before, url) = rest.split_at(at);
        let (url, after) = url.split_at(url_length(url));
        out.extend_from_slice(before);
        match url.iter().position(|byte| *byte == b'?') {
            Some(query) => {
                out.extend_from_slice(&url[..=query]);
                out.extend_from_slice(REMOVED);
            }
            None => out.extend_from_slice(url),
        }
        rest = after;
    }
    out.extend_from_slice(rest);
    out
}

/// Where an address inside JSON ends: `&` and `/` may be escaped in it.
fn url_length(url: &[u8]) -> usize {
    let mut at = 3;
    while let Some(byte) = url.get(at) {
        let escaped = url[at..].starts_with(b"\\u0026") || url[at..].starts_with(b"\\/");
        if !escaped && (byte.is_ascii_whitespace() || b"\"\\<>)".contains(byte)) {
            return at;
        }
        at += 1 + usize::from(escaped);
    }
    url.len()
}

/// Words that begin as keys do, and what follows `Bearer`.
fn without_keys(body: &[u8]) -> Vec<u8> {
    let (mut out, mut at) = (Vec::new(), 0);
    while at < body.len() {
        let length = body[at..].iter().take_while(|byte| is_word(**byte)).count();
        let word = &body[at..at + length];
        let after_bearer = out.to_ascii_lowercase().ends_with(b"bearer ");
        if length >= KEY_LEAST && (after_bearer || looks_like_a_key(word)) {
            out.extend_from_slice(REMOVED);
        } else {
            out.extend_from_slice(&body[at..(at + length.max(1))]);
        }
        at += length.max(1);
    }
    out
}

fn is_word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"-_.".contains(&byte)
}

fn looks_like_a_key(word: &[u8]) -> bool {
    KEYS.iter().any(|begin| word.starts_with(begin)) && word.iter().any(u8::is_ascii_digit)
}

fn without_ids(mut body: Vec<u8>, names: &[&str]) -> Vec<u8> {
    let mut ids: Vec<Vec<u8>> = Vec::new();
    for name in names {
        for id in values(&body, name) {
            if !ids.contains(&id) {
                ids.push(id);
            }
        }
    }
    // One may be a part of another.
    ids.sort_by_key(|id| std::cmp::Reverse(id.len()));
    for (number, id) in ids.iter().enumerate() {
        body = replaced(&body, id, &invented(id, number + 1));
    }
    body
}

/// The ids under a name, also where the JSON is a text inside JSON.
fn values(body: &[u8], name: &str) -> Vec<Vec<u8>> {
    let mut found = Vec::new();
    for quote in ["\"", "\\\""] {
        let key = format!("{quote}{name}{quote}");
        let mut rest = body;
        while let Some(at) = find(rest, key.as_bytes()) {
            rest = &rest[at + key.len()..];
            let value = rest.trim_ascii_start();
            let Some(value) = value.strip_prefix(b":") else { continue };
            let value = value.trim_ascii_start();
            let value = value.strip_prefix(quote.as_bytes()).unwrap_or(value);
            let length = value.iter().take_while(|byte| is_word(**byte)).count();
            let id = &value[..length];
            let parts = id.iter().filter(|byte| byte.is_ascii_alphanumeric()).count();
            if parts >= ID_LEAST && id.iter().any(u8::is_ascii_digit) {
                found.push(id.to_vec());
            }
        }
    }
    found
}

/// An id of the same shape that means nothing: what comes before the first separator stays where it
/// is letters alone, such as `chatcmpl-`.
fn invented(id: &[u8], number: usize) -> Vec<u8> {
    let prefix = id.iter().position(|byte| b"-_".contains(byte)).unwrap_or(0);
    let prefix = if id[..prefix].iter().all(u8::is_ascii_alphabetic) { prefix } else { 0 };
    let digits_only = id.iter().all(u8::is_ascii_digit);
    let mut out: Vec<u8> = id.to_vec();
    let mut left = number;
    for (at, byte) in out.iter_mut().enumerate().skip(prefix).rev() {
        if byte.is_ascii_alphanumeric() {
            // No number begins with a zero.
            let lead = digits_only && at == 0;
            *byte = if lead { b'7' } else { b'0' + u8::try_from(left % 10).unwrap_or(0) };
            left /= 10;
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(body: &str, secrets: &[&str]) -> String {
        let secrets: Vec<_> = secrets.iter().map(|it| (*it).to_owned()).collect();
        String::from_utf8(veiled(body.as_bytes(), &secrets, IDS)).unwrap()
    }

    #[test]
    fn declared_secrets_go_as_they_are_and_as_json_writes_them() {
        let body = r#"{"a":"my\"key","b":"my\"key and more"}"#;
        assert_eq!(text(body, &["my\"key"]), r#"{"a":"removed","b":"removed and more"}"#);
    }

    #[test]
    fn what_looks_like_a_key_goes_and_words_stay() {
        for (body, expected) in [
            (r#"{"m":"bad key sk-proj-0123456789abcdef"}"#, r#"{"m":"bad key removed"}"#),
            ("authorization: Bearer abcdefghijklmnopqrst", "authorization: Bearer removed"),
            ("token eyJhbGciOi.J9.e30-x5", "token removed"),
            ("app-store-links-are-long", "app-store-links-are-long"),
            ("sk-short1", "sk-short1"),
        ] {
            assert_eq!(text(body, &[]), expected);
        }
    }

    #[test]
    fn an_id_is_another_of_its_shape_and_the_same_everywhere() {
        let body = r#"data: {"id":"7581200000000000101","x":"{\"chat_id\":\"7581200000000000202\"}"}
data: {"conversation_id": "7581200000000000101", "message_id":"45701982-8118-4bc5-8e9b-64562b4555f2", "log":"chat 7581200000000000202"}"#;
        let expected = r#"data: {"id":"7000000000000000002","x":"{\"chat_id\":\"7000000000000000003\"}"}
data: {"conversation_id": "7000000000000000002", "message_id":"00000000-0000-0000-0000-000000000001", "log":"chat 7000000000000000003"}"#;
        assert_eq!(text(body, &[]), expected);
    }

    #[test]
    fn the_kind_of_an_id_and_what_is_no_id_stay() {
        let body = r#"{"id":"chatcmpl-AbC123xyz9","task_id":"","node_id":"start","uid":12}"#;
        let expected = r#"{"id":"chatcmpl-0000000001","task_id":"","node_id":"start","uid":12}"#;
        assert_eq!(text(body, &[]), expected);
    }

    #[test]
    fn signed_addresses_lose_their_signature() {
        for (body, expected) in [
            (
                r#"{"url":"https://h/f.png?sign=abc\u0026e=1"}"#,
                r#"{"url":"https://h/f.png?removed"}"#,
            ),
            (r#"{"url":"https:\/\/h\/f.png"}"#, r#"{"url":"https:\/\/h\/f.png"}"#),
            ("see http://h/a?b and more", "see http://h/a?removed and more"),
            ("ends with ://", "ends with ://"),
        ] {
            assert_eq!(text(body, &[]), expected);
        }
    }

    #[test]
    fn bytes_that_are_no_text_stay() {
        assert_eq!(veiled(b"\xFF\xFE://?", &[], IDS), b"\xFF\xFE://?removed");
    }
}
