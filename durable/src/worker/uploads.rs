//! Files of a conversation, stored in pieces in its object's SQLite.

use crate::error::Fault;
use crate::worker::host::Host;
use crate::worker::store::Store;
use futures::StreamExt;
use kefu_proto::v1::UploadReply;
use kefu_shared::problem::{Code, Refusal};
use kefu_shared::provider::Loaded;
use kefu_shared::upload::{self, CONVERSATION_MOST, PIECE, UPLOAD_MOST, UploadHead};
use kefu_shared::wire::Answer;
use worker::js_sys::{Array, Uint8Array};
use worker::{Request, ResponseBuilder, web_sys};

/// Stores the request's body under `id`, unless it is too much or of no kind that is taken.
pub(crate) async fn put(
    host: &Host,
    id: &str,
    path: String,
    name: &str,
    request: &mut Request,
) -> Result<Answer, Fault> {
    let stored = match receive(&host.store, id, name, request).await {
        Ok(stored) => stored,
        Err(fault) => {
            host.store.drop_upload(id)?;
            return Err(fault);
        }
    };
    Ok(match stored {
        Ok(UploadHead { mime, name, size }) => {
            Answer::ok(&UploadReply { url: path, mime, name, size })
        }
        Err(refusal) => {
            host.store.drop_upload(id)?;
            Answer::refused(&refusal)
        }
    })
}

/// The response with an upload's bytes; `None` when there is no such upload.
pub(crate) fn get(host: &Host, id: &str) -> Result<Option<web_sys::Response>, Fault> {
    let Some(head) = host.store.upload_head(id)? else { return Ok(None) };
    let pieces: Array = host.store.upload_bytes(id)?.iter().map(|row| row.get(0)).collect();
    let mut response = ResponseBuilder::new();
    for (name, value) in upload::headers(&head) {
        response = response.with_header(name, &value)?;
    }
    let body = crate::worker::glue::joined(&pieces);
    Ok(Some(response.stream(body.stream()).into()))
}

async fn receive(
    store: &Store,
    id: &str,
    name: &str,
    request: &mut Request,
) -> Result<Result<UploadHead, Refusal>, Fault> {
    if store.uploads_size()? + UPLOAD_MOST as f64 > CONVERSATION_MOST as f64 {
        let detail = "the files of this conversation are as many as they may be";
        return Ok(Err(Refusal::new(Code::TooLarge, detail)));
    }
    let mut first = Vec::new();
    let mut piece = Vec::new();
    let (mut size, mut number) = (0, 0);
    let mut chunks = request.stream()?;
    while let Some(chunk) = chunks.next().await {
        let chunk = chunk?;
        size += chunk.len();
        if size > UPLOAD_MOST {
            return Ok(Err(upload::too_large()));
        }
        piece.extend_from_slice(&chunk);
        while piece.len() >= PIECE {
            let rest = piece.split_off(PIECE);
            let full = std::mem::replace(&mut piece, rest);
            if number == 0 {
                first = full;
            } else {
                store.put_piece(id, number, None, &full)?;
            }
            number += 1;
        }
    }
    if number == 0 {
        first = std::mem::take(&mut piece);
    } else if !piece.is_empty() {
        store.put_piece(id, number, None, &piece)?;
    }
    let head = upload::head(name, first.get(..4_096).unwrap_or(&first), size);
    if let Ok(head) = &head {
        // Last, and only now is the upload there.
        store.put_piece(id, 0, Some(head), &first)?;
    }
    Ok(head)
}

impl Store {
    /// A whole upload; none when it is not there.
    pub(crate) fn upload(&self, id: &str) -> Loaded {
        let head = self.upload_head(id).ok()??;
        let mut bytes = Vec::new();
        for row in self.upload_bytes(id).ok()? {
            bytes.extend(Uint8Array::new(&row.get(0)).to_vec());
        }
        Some((head, bytes))
    }

    fn put_piece(
        &self,
        id: &str,
        number: u32,
        head: Option<&UploadHead>,
        bytes: &[u8],
    ) -> Result<(), Fault> {
        use wasm_bindgen::JsValue;
        let head = head.map_or(JsValue::NULL, |head| {
            JsValue::from(serde_json::to_string(head).unwrap_or_default())
        });
        let params = Array::of4(&id.into(), &number.into(), &head, &Uint8Array::from(bytes).into());
        self.run(kefu_shared::schema::sql::PUT_PIECE, &params)
    }
}
