//! Files of visitors on their way to a provider.
//!
//! It cannot be counted on to reach ours, so the bytes go along: in the request itself, or
//! uploaded before it. What is not taken stays what the question says of it: `[image]`, `[file] a`.

use super::{Ask, Failure, Remedy, RequestParts, ResponseHead, adapter, json};
use crate::config::ProviderKind;
use crate::upload::UploadHead;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;
use url::Url;

/// Files of one question that go along, the newest ones.
pub const FILES_MOST: usize = 4;
/// Bytes of pictures in one request, together: it is in memory several times.
pub const INLINE_MOST: usize = 4 * 1024 * 1024;

type Address = fn(&Ask<'_>) -> Result<Url, Failure>;

/// How a provider takes files.
pub(crate) struct Takes {
    /// Where they are uploaded; without, pictures stand in the request, and nothing else does.
    pub(super) upload: Option<Address>,
    /// Puts them into the body of a request.
    pub(super) put: fn(&mut Value, &[Taken]),
}

/// A file that a provider takes.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Taken {
    /// `image`, `audio`, `video` or `file`.
    pub(super) kind: &'static str,
    /// A `data:` URL, or the provider's own id.
    pub(super) reference: String,
}

/// A stored file, as a host brings it.
pub type Loaded = Option<(UploadHead, Vec<u8>)>;

/// The files of a question on their way into its request.
#[derive(Clone, PartialEq, Eq)]
pub struct Files {
    kind: ProviderKind,
    visitor: String,
    /// Where they are uploaded.
    upload: Option<String>,
    /// Those to be loaded, the next one last.
    wanted: Vec<String>,
    /// What is uploaded now.
    kind_of_upload: &'static str,
    inline: usize,
    taken: Vec<Taken>,
}

impl Files {
    /// Those that go along; none where the question has none or the provider takes none.
    pub(super) fn of(ask: &Ask<'_>) -> Result<Option<Box<Self>>, Failure> {
        let takes = adapter(ask.provider.kind).takes.as_ref();
        let Some(takes) = takes.filter(|_| ask.remedy != Some(Remedy::WithoutFiles)) else {
            return Ok(None);
        };
        let wanted: Vec<_> = ask.files.iter().rev().take(FILES_MOST).cloned().collect();
        if wanted.is_empty() {
            return Ok(None);
        }
        let upload = takes.upload.map(|upload| upload(ask)).transpose()?;
        Ok(Some(Box::new(Self {
            kind: ask.provider.kind,
            visitor: ask.visitor.to_owned(),
            upload: upload.map(String::from),
            wanted,
            kind_of_upload: "",
            inline: 0,
            taken: Vec::new(),
        })))
    }

    /// Whether they are uploaded before the request, which takes time of its own.
    pub fn are_uploaded(&self) -> bool {
        self.upload.is_some()
    }

    /// The stored file that is needed next.
    pub(super) fn wanted(&self) -> Option<&String> {
        self.wanted.last()
    }

    /// It is here, or there is none. Gives the request that uploads it, if it is to be uploaded,
    /// which is authorized as the main one is.
    pub(super) fn loaded(&mut self, file: Loaded, main: &RequestParts) -> Option<RequestParts> {
        let id = self.wanted.pop()?;
        let (head, bytes) = file?;
        if let Some(url) = &self.upload {
            self.kind_of_upload = kind_of(&head.mime);
            let key = main.headers.iter().find(|(name, _)| *name == "authorization");
            let mut headers: Vec<_> = key.cloned().into_iter().collect();
            headers.push(("content-type", ["multipart/form-data; boundary=", &id].concat()));
            let body = form(&id, &self.visitor, &head, bytes);
            return Some(RequestParts {
                url: url.clone(),
                headers,
                body,
                ..RequestParts::default()
            });
        }
        if head.mime.starts_with("image/") && self.inline + bytes.len() <= INLINE_MOST {
            self.inline += bytes.len();
            let reference = ["data:", &head.mime, ";base64,", &STANDARD.encode(bytes)].concat();
            self.taken.push(Taken { kind: "image", reference });
        }
        None
    }

    /// The answer to an upload. A file that is refused does not go along.
    pub(super) fn uploaded(&mut self, head: &ResponseHead, body: &[u8]) {
        let value = json::in_body(body).unwrap_or_default();
        let data = value.get("data").filter(|data| data.is_object()).unwrap_or(&value);
        if let (true, Some(reference)) = (head.is_success(), json::word(data, "id")) {
            self.taken.push(Taken { kind: self.kind_of_upload, reference });
        }
    }

    /// Puts what was taken into the request's body.
    pub(super) fn put_into(&self, body: &mut Vec<u8>) {
        let takes = adapter(self.kind).takes.as_ref().filter(|_| !self.taken.is_empty());
        let value = json::in_body(body).map(|body| body.to_value());
        if let (Some(takes), Some(mut value)) = (takes, value) {
            (takes.put)(&mut value, &self.taken);
            *body = value.to_string().into_bytes();
        }
    }
}

fn kind_of(mime: &str) -> &'static str {
    let known = ["image", "audio", "video"].into_iter();
    let mut found = known.filter(|kind| mime.starts_with(kind));
    found.next().unwrap_or("file")
}

/// A form with the user, whom some want, and the file. Ids are drawn when the bytes are here
/// already, so no file has its own in it.
fn form(boundary: &str, user: &str, head: &UploadHead, bytes: Vec<u8>) -> Vec<u8> {
    let name = head.name.replace('"', "%22");
    let before = [
        "--",
        boundary,
        "\r\ncontent-disposition: form-data; name=\"user\"\r\n\r\n",
        user,
        "\r\n--",
        boundary,
        "\r\ncontent-disposition: form-data; name=\"file\"; filename=\"",
        &name,
        "\"\r\ncontent-type: ",
        &head.mime,
        "\r\n\r\n",
    ];
    let mut form = before.concat().into_bytes();
    form.extend(bytes);
    form.extend(["\r\n--", boundary, "--\r\n"].concat().into_bytes());
    form
}

#[cfg(test)]
mod tests;
