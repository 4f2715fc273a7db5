//! Files of a conversation, stored in pieces. No piece waits in memory for the next ones.

use crate::Fault;
use crate::spin::database::{bytes, maybe_text, number, rows, string, whole};
use crate::spin::rooms::{self, log_of};
use crate::spin::store::from_json;
use crate::spin::writer::{Statement, commit};
use kefu_shared::problem::{Code, Refusal};
use kefu_shared::schema::shared_sql::log as sql;
use kefu_shared::upload::{self, CONVERSATION_MOST, PIECE, UPLOAD_MOST, UploadHead};
use kefu_shared::wire::Caller;
use spin_sdk::sqlite::Value;

/// A file on its way in.
pub struct Incoming {
    log: String,
    id: String,
    name: String,
    first: Vec<u8>,
    piece: Vec<u8>,
    pieces: u32,
    size: usize,
}

impl Incoming {
    /// Begins one, unless the conversation has no place for it.
    pub async fn begin(
        site: &str,
        conversation: &str,
        caller: &Caller,
        id: &str,
        name: &str,
    ) -> Result<Result<Self, Refusal>, Fault> {
        let log = log_of(site, conversation);
        if let Err(refusal) = rooms::room(&log).head(caller.holder.role()).await? {
            return Ok(Err(refusal));
        }
        let size = rows(sql::UPLOADS_SIZE, vec![string(&*log)]).await?;
        let size = u64::try_from(size.first().map_or(0, |row| whole(row, 0))).unwrap_or(0);
        if size + UPLOAD_MOST as u64 > CONVERSATION_MOST {
            let detail = "the files of this conversation are as many as they may be";
            return Ok(Err(Refusal::new(Code::TooLarge, detail)));
        }
        Ok(Ok(Self {
            log,
            id: id.to_owned(),
            name: name.to_owned(),
            first: Vec::new(),
            piece: Vec::new(),
            pieces: 0,
            size: 0,
        }))
    }

    /// Takes the next bytes in.
    pub async fn push(&mut self, bytes: &[u8]) -> Result<Result<(), Refusal>, Fault> {
        self.size += bytes.len();
        if self.size > UPLOAD_MOST {
            return Ok(Err(upload::too_large()));
        }
        self.piece.extend_from_slice(bytes);
        while self.piece.len() >= PIECE {
            let rest = self.piece.split_off(PIECE);
            let full = std::mem::replace(&mut self.piece, rest);
            self.keep(full).await?;
        }
        Ok(Ok(()))
    }

    /// The last piece, and the head: only now is the file there.
    pub async fn end(mut self) -> Result<Result<UploadHead, Refusal>, Fault> {
        let last = std::mem::take(&mut self.piece);
        if self.pieces == 0 || !last.is_empty() {
            self.keep(last).await?;
        }
        let start = self.first.get(..4_096).unwrap_or(&self.first);
        let head = match upload::head(&self.name, start, self.size) {
            Ok(head) => head,
            Err(refusal) => {
                self.drop().await?;
                return Ok(Err(refusal));
            }
        };
        let first = std::mem::take(&mut self.first);
        self.put(0, Some(&head), first).await?;
        Ok(Ok(head))
    }

    /// Forgets what came of it.
    pub async fn drop(&self) -> Result<(), Fault> {
        commit(vec![Statement::new(sql::DROP_UPLOAD, vec![string(&*self.log), string(&*self.id)])])
            .await
    }

    async fn keep(&mut self, bytes: Vec<u8>) -> Result<(), Fault> {
        let number = self.pieces;
        self.pieces += 1;
        if number == 0 {
            self.first = bytes;
            return Ok(());
        }
        self.put(number, None, bytes).await
    }

    async fn put(
        &self,
        piece: u32,
        head: Option<&UploadHead>,
        bytes: Vec<u8>,
    ) -> Result<(), Fault> {
        let head = head
            .map_or(Value::Null, |head| string(serde_json::to_string(head).unwrap_or_default()));
        let params =
            vec![string(&*self.log), string(&*self.id), number(piece), head, Value::Blob(bytes)];
        commit(vec![Statement::new(sql::PUT_PIECE, params)]).await
    }
}

/// A stored file; `None` when there is none of that id.
pub async fn find(
    site: &str,
    conversation: &str,
    id: &str,
) -> Result<Option<(UploadHead, Vec<u8>)>, Fault> {
    let params = || vec![string(log_of(site, conversation)), string(id)];
    let head = rows(sql::UPLOAD_HEAD, params()).await?;
    let Some(head) = head.first().and_then(|row| maybe_text(row, 0)) else { return Ok(None) };
    let head: UploadHead = from_json(head)?;
    let pieces = rows(sql::UPLOAD_BYTES, params()).await?;
    Ok(Some((head, pieces.iter().flat_map(|row| bytes(row, 0)).copied().collect())))
}
