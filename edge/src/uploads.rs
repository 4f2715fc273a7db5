//! Files in and out: `POST /v1/conversations/{id}/uploads`, the file itself as the body (with
//! `?name=`) or as a part of a form, and the address that comes back.

use crate::conversation;
use crate::host::{Content, Host, Place, Upload};
use crate::reply::{Failed, Response};
use crate::request::{Request, read_upto};
use kefu_shared::form;
use kefu_shared::problem::{Code, Refusal};
use kefu_shared::upload::{self, UPLOAD_MOST, too_large};
use kefu_shared::wire::{Caller, Framing};

/// What a form has around its file.
const FORM_MOST: usize = UPLOAD_MOST + 4_096;

pub(crate) async fn put<H: Host>(
    host: &H,
    request: Request<H::Body>,
    conversation: String,
) -> Result<Response<H::Native>, Failed> {
    let place = conversation::admit(host, &request, conversation, Framing::Json, None).await?;
    if request.declared() > FORM_MOST {
        return Err(too_large().into());
    }
    let (name, content) = file(request).await?;
    let keys = &host.deployed().deployment.keys;
    let id = upload::new_id(keys, &place.conversation, host.tick().entropy);
    let path = upload::path(&place.site, &place.conversation, &id);
    host.put_upload(&place, Upload { id, path, name, content }).await
}

pub(crate) async fn get<H: Host>(
    host: &H,
    site: String,
    conversation: String,
    id: &str,
) -> Result<Response<H::Native>, Failed> {
    if !upload::is_id(&host.deployed().deployment.keys, &conversation, id) {
        return Err(Refusal::new(Code::NotFound, "there is no such file").into());
    }
    let place = Place { site, conversation, caller: Caller::nobody() };
    host.upload(&place, id).await
}

/// The file's name and its bytes, which are not read here when they are the body.
async fn file<B: crate::request::Body>(
    mut request: Request<B>,
) -> Result<(String, Content<B>), Failed> {
    let content_type = request.header("content-type").unwrap_or_default().to_owned();
    let Some(boundary) = form::boundary(&content_type) else {
        let name = form::field(&request.query, "name").unwrap_or_default();
        return Ok((name, Content::Coming(request.body)));
    };
    let body = read_upto(&mut request.body, FORM_MOST, 0).await?.ok_or_else(too_large)?;
    let part = form::file(&body, &boundary).ok_or_else(no_file)?;
    Ok((part.name, Content::Here(part.bytes.to_vec())))
}

fn no_file() -> Refusal {
    Refusal::new(Code::BadRequest, "send the file as the body, or as the part `file` of a form")
}
