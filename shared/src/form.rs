//! A file in a form (`multipart/form-data`, RFC 7578), and fields of a query.

/// A file that a form carries.
#[derive(Debug, PartialEq, Eq)]
pub struct Part<'a> {
    /// As its sender calls it.
    pub name: String,
    /// The file.
    pub bytes: &'a [u8],
}

/// The boundary of a form's content type; none when it is no form.
pub fn boundary(content_type: &str) -> Option<String> {
    let mut pieces = content_type.split(';').map(str::trim);
    if !pieces.next()?.eq_ignore_ascii_case("multipart/form-data") {
        return None;
    }
    let named = pieces.find_map(|piece| {
        let (name, value) = piece.split_once('=')?;
        name.eq_ignore_ascii_case("boundary").then(|| value.trim_matches('"').to_owned())
    });
    // A form without one has no parts.
    Some(named.unwrap_or_default())
}

/// The part `file` of a form.
pub fn file<'a>(body: &'a [u8], boundary: &str) -> Option<Part<'a>> {
    if boundary.is_empty() {
        return None;
    }
    let delimiter = format!("--{boundary}");
    let mut rest = body.get(find(body, delimiter.as_bytes())? + delimiter.len()..)?;
    let delimiter = format!("\r\n--{boundary}");
    loop {
        rest = rest.strip_prefix(b"\r\n")?;
        let end = find(rest, delimiter.as_bytes())?;
        let (part, after) = rest.split_at_checked(end)?;
        if let Some(file) = read_part(part) {
            return Some(file);
        }
        rest = after.get(delimiter.len()..)?;
    }
}

/// A field of a query string.
pub fn field(query: &str, name: &str) -> Option<String> {
    let mut fields = url::form_urlencoded::parse(query.as_bytes());
    fields.find(|(key, _)| key == name).map(|(_, value)| value.into_owned())
}

fn read_part(part: &[u8]) -> Option<Part<'_>> {
    let end = find(part, b"\r\n\r\n")?;
    let (head, bytes) = (part.get(..end)?, part.get(end + 4..)?);
    let head = String::from_utf8_lossy(head);
    let disposition = head.lines().find_map(|line| {
        let (name, value) = line.split_once(':')?;
        name.eq_ignore_ascii_case("content-disposition").then_some(value)
    })?;
    let name = parameter(disposition, "filename")?;
    (parameter(disposition, "name")? == "file").then_some(Part { name, bytes })
}

/// A parameter of a header, `name="value"`.
fn parameter(header: &str, name: &str) -> Option<String> {
    header.split(';').skip(1).find_map(|piece| {
        let (key, value) = piece.trim().split_once('=')?;
        (key == name).then(|| value.trim_matches('"').replace("%22", "\""))
    })
}

fn find(bytes: &[u8], wanted: &[u8]) -> Option<usize> {
    bytes.windows(wanted.len()).position(|window| window == wanted)
}

#[cfg(test)]
mod tests {
    use super::*;

    const FORM: &[u8] = b"--xx\r\nContent-Disposition: form-data; name=\"note\"\r\n\r\nhello\r\n--xx\r\n\
        Content-Disposition: form-data; name=\"file\"; filename=\"a b.txt\"\r\nContent-Type: text/plain\r\n\r\n\
        one\r\ntwo\r\n--xx--\r\n";

    #[test]
    fn a_forms_file_is_found_among_its_parts() {
        let part = file(FORM, "xx").map(|part| (part.name, part.bytes.to_vec()));
        assert_eq!(part, Some(("a b.txt".into(), b"one\r\ntwo".to_vec())));
        assert_eq!(file(FORM, "yy"), None);
        assert_eq!(file(b"--xx\r\n", "xx"), None);
        assert_eq!(file(FORM.split_at(90).0, "xx"), None);
    }

    #[test]
    fn only_a_form_has_a_boundary() {
        assert_eq!(boundary("multipart/form-data; boundary=\"xx\"").as_deref(), Some("xx"));
        assert_eq!(boundary("Multipart/Form-Data").as_deref(), Some(""));
        assert_eq!(boundary("text/plain; boundary=xx"), None);
        assert_eq!(field("a=1&name=b%20c", "name").as_deref(), Some("b c"));
    }
}
