//! Files that visitors and agents send: what they may be, where they are found, and how they are
//! served so that a hostile one can do nothing.

use crate::keys::{Keys, hex};
use crate::problem::{Code, Refusal};
use kefu_proto::v1::{Body, body};
use serde::{Deserialize, Serialize};

/// The largest file, in bytes.
pub const UPLOAD_MOST: usize = 10 * 1024 * 1024;
/// The most that the files of one conversation may be together, in bytes.
pub const CONVERSATION_MOST: u64 = 200 * 1024 * 1024;
/// A file is stored in pieces of this many bytes: a row of a Durable Object has at most 2 MB.
pub const PIECE: usize = 1024 * 1024;

const ID_BYTES: usize = 32;

/// What is known of a stored file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct UploadHead {
    /// By its content, whatever its sender says.
    pub mime: String,
    /// As its sender calls it, without any path.
    pub name: String,
    /// In bytes.
    pub size: u32,
}

/// A new upload's id: nobody can guess one, and only ids made here are looked for.
pub fn new_id(keys: &Keys, conversation: &str, entropy: u128) -> String {
    let random = hex(&entropy.to_be_bytes());
    format!("{random}{}", mark(keys, conversation, &random))
}

/// Whether an id was made here for this conversation.
pub fn is_id(keys: &Keys, conversation: &str, id: &str) -> bool {
    match id.split_at_checked(ID_BYTES) {
        Some((random, given)) => crate::keys::same_secret(given, &mark(keys, conversation, random)),
        None => false,
    }
}

fn mark(keys: &Keys, conversation: &str, random: &str) -> String {
    let signed = keys.sign(&format!("upload {conversation} {random}"));
    // Letters and digits only: it stands in a path.
    signed.chars().filter(char::is_ascii_alphanumeric).take(16).collect()
}

/// Where a stored file is found. Whoever has the address has the file.
pub fn path(site: &str, conversation: &str, id: &str) -> String {
    format!("/v1/uploads/{site}/{conversation}/{id}")
}

/// The id of the stored file that a message is.
pub fn id_in(body: &Body) -> Option<&str> {
    let url = match &body.kind {
        Some(body::Kind::Image(image)) => &image.url,
        Some(body::Kind::File(file)) => &file.url,
        _ => return None,
    };
    url.rsplit_once("/v1/uploads/")?.1.rsplit('/').next()
}

/// A file over [`UPLOAD_MOST`].
pub fn too_large() -> Refusal {
    Refusal::new(Code::TooLarge, format!("a file has at most {UPLOAD_MOST} bytes"))
}

/// The head of a file, judged by its first bytes; refused when it is of no kind that is taken.
pub fn head(name: &str, start: &[u8], size: usize) -> Result<UploadHead, Refusal> {
    let mime = sniff(start).ok_or_else(|| {
        let detail = "images, audio, video, PDF, ZIP-based documents and plain text are taken";
        Refusal::new(Code::UnsupportedType, detail)
    })?;
    let name = name.rsplit(['/', '\\']).next().unwrap_or_default();
    let name: String = name.chars().filter(|c| !c.is_control()).take(120).collect();
    let name = if name.trim().is_empty() { "file".into() } else { name };
    Ok(UploadHead { mime: mime.into(), name, size: u32::try_from(size).unwrap_or(u32::MAX) })
}

/// The headers under which a file is served: in a sandbox, of the type that was found, and shown
/// only when it is a picture or a sound.
pub fn headers(head: &UploadHead) -> Vec<(&'static str, String)> {
    let shown = ["image/", "audio/", "video/"].iter().any(|kind| head.mime.starts_with(kind));
    let how = if shown { "inline" } else { "attachment" };
    let name: String = url::form_urlencoded::byte_serialize(head.name.as_bytes()).collect();
    vec![
        ("content-type", head.mime.clone()),
        ("content-disposition", format!("{how}; filename*=UTF-8''{}", name.replace('+', "%20"))),
        ("content-security-policy", "default-src 'none'; sandbox".into()),
        ("cross-origin-resource-policy", "cross-origin".into()),
        ("x-content-type-options", "nosniff".into()),
        ("cache-control", "private, max-age=31536000, immutable".into()),
    ]
}

/// The type that the first bytes show.
fn sniff(start: &[u8]) -> Option<&'static str> {
    const MARKS: [(usize, &[u8], &str); 12] = [
        (0, b"\x89PNG\r\n\x1a\n", "image/png"),
        (0, b"\xff\xd8\xff", "image/jpeg"),
        (0, b"GIF87a", "image/gif"),
        (0, b"GIF89a", "image/gif"),
        (8, b"WEBP", "image/webp"),
        (8, b"WAVE", "audio/wav"),
        (0, b"%PDF-", "application/pdf"),
        (0, b"ID3", "audio/mpeg"),
        (0, b"OggS", "audio/ogg"),
        (0, b"\x1a\x45\xdf\xa3", "video/webm"),
        (4, b"ftyp", "video/mp4"),
        (0, b"PK\x03\x04", "application/zip"),
    ];
    let shows = |at: usize, mark: &[u8]| start.get(at..).is_some_and(|rest| rest.starts_with(mark));
    let found = MARKS.iter().find(|(at, mark, _)| shows(*at, mark)).map(|(_, _, mime)| *mime);
    let mpeg = matches!(start, [0xff, second, ..] if second & 0xe0 == 0xe0);
    found
        .or(mpeg.then_some("audio/mpeg"))
        .or_else(|| is_text(start).then_some("text/plain; charset=utf-8"))
}

fn is_text(start: &[u8]) -> bool {
    let text = match std::str::from_utf8(start) {
        Ok(text) => text,
        // A character may be cut off at the end of what is looked at.
        Err(error) if error.error_len().is_none() => {
            std::str::from_utf8(start.get(..error.valid_up_to()).unwrap_or_default())
                .unwrap_or_default()
        }
        Err(_) => return false,
    };
    !text.is_empty() && text.chars().all(|c| !c.is_control() || matches!(c, '\n' | '\r' | '\t'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_what_its_bytes_show_whatever_it_is_called() {
        for (start, mime) in [
            (&b"\x89PNG\r\n\x1a\n...."[..], Some("image/png")),
            (b"\xff\xd8\xff\xe0", Some("image/jpeg")),
            (b"RIFF\0\0\0\0WEBPVP8 ", Some("image/webp")),
            (b"%PDF-1.7", Some("application/pdf")),
            (b"\xff\xfb\x90", Some("audio/mpeg")),
            (b"<html><script>", Some("text/plain; charset=utf-8")),
            (b"<svg xmlns=", Some("text/plain; charset=utf-8")),
            ("你好".as_bytes(), Some("text/plain; charset=utf-8")),
            (&"你好".as_bytes()[..4], Some("text/plain; charset=utf-8")),
            (b"MZ\x90\0\x03", None),
            (b"\x7fELF\x02", None),
            (b"", None),
        ] {
            assert_eq!(head("photo.png", start, 10).ok().map(|head| head.mime).as_deref(), mime);
        }
    }

    #[test]
    fn a_name_is_a_name_and_no_path_or_header() {
        let named = |name: &str| head(name, b"text", 4).unwrap();
        assert_eq!(named("../../etc/passwd").name, "passwd");
        assert_eq!(named("C:\\a\\发票.pdf").name, "发票.pdf");
        assert_eq!(named("a\r\nset-cookie: x").name, "aset-cookie: x");
        assert_eq!(named("").name, "file");
        let served = headers(&named("发票 1.txt"));
        assert!(served.contains(&(
            "content-disposition",
            "attachment; filename*=UTF-8''%E5%8F%91%E7%A5%A8%201.txt".into()
        )));
        assert!(
            served.iter().any(
                |(name, value)| *name == "content-security-policy" && value.contains("sandbox")
            )
        );
    }

    #[test]
    fn only_ids_that_were_made_for_the_conversation_are_looked_for() {
        let keys = Keys::derive("s");
        let id = new_id(&keys, "c1", 7);
        assert!(is_id(&keys, "c1", &id));
        assert!(!is_id(&keys, "c2", &id));
        assert!(!is_id(&keys, "c1", &id[1..]));
        assert!(!is_id(&keys, "c1", "x"));
        assert!(id.bytes().all(|byte| byte.is_ascii_alphanumeric()));
    }
}
