//! A request, as every host brings it.

use crate::reply::Failed;
use kefu_durable::Fault;
use kefu_shared::gate;
use kefu_shared::wire::{BODY_MOST, too_large};

/// A request.
pub(crate) struct Request<B> {
    pub(crate) method: String,
    pub(crate) path: String,
    /// Without the question mark.
    pub(crate) query: String,
    /// Names in lower case.
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: B,
}

/// A body that comes piece by piece.
pub(crate) trait Body {
    /// The next piece; `None` at the end.
    async fn chunk(&mut self) -> Result<Option<Vec<u8>>, Fault>;
}

impl<B: Body> Request<B> {
    /// A header, the first of that name.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }

    /// The last header of that name: a host appends its own.
    #[cfg(target_os = "wasi")]
    pub(crate) fn last_header(&self, name: &str) -> Option<&str> {
        self.headers.iter().rfind(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }

    /// The token of the `Authorization` header.
    pub(crate) fn bearer(&self) -> Option<&str> {
        gate::bearer(self.header("authorization"))
    }

    pub(crate) fn origin(&self) -> Option<&str> {
        self.header("origin")
    }

    /// The length that the client declares, 0 for none.
    pub(crate) fn declared(&self) -> usize {
        self.header("content-length").and_then(|length| length.parse().ok()).unwrap_or(0)
    }

    /// The body, or a refusal as soon as it is known to be too long.
    pub(crate) async fn read(&mut self) -> Result<Vec<u8>, Failed> {
        let declared = self.declared();
        if declared <= BODY_MOST
            && let Some(body) = read_upto(&mut self.body, BODY_MOST, declared).await?
        {
            return Ok(body);
        }
        self.let_go().await;
        Err(too_large().into())
    }

    /// Reads on for a while without keeping anything: a client that still sends when its connection
    /// is closed may never see the refusal.
    async fn let_go(&mut self) {
        let mut left = BODY_MOST;
        while let Ok(Some(chunk)) = self.body.chunk().await {
            match left.checked_sub(chunk.len()) {
                Some(rest) => left = rest,
                None => return,
            }
        }
    }
}

/// All of a body, unless it is longer than `most`.
pub(crate) async fn read_upto<B: Body>(
    body: &mut B,
    most: usize,
    likely: usize,
) -> Result<Option<Vec<u8>>, Fault> {
    let mut bytes = Vec::with_capacity(likely.min(most));
    while let Some(chunk) = body.chunk().await? {
        bytes.extend_from_slice(&chunk);
        if bytes.len() > most {
            return Ok(None);
        }
    }
    Ok(Some(bytes))
}
