//! Files in and out: `POST /v1/conversations/{id}/uploads`, the file itself as the body (with
//! `?name=`) or as a part of a form, and the address that comes back.

use crate::conversation::Admitted;
use crate::reply::Failed;
use kefu_durable::{CALLER, Deployed, object_name, tick};
use kefu_shared::problem::{Code, Refusal};
use kefu_shared::upload::{self, UPLOAD_MOST, too_large};
use kefu_shared::wire::{Caller, Framing};
use worker::js_sys::Uint8Array;
use worker::wasm_bindgen::JsValue;
use worker::{Env, FormEntry, Headers, Method, Request, RequestInit, Response, Url};

pub(crate) async fn put(
    mut request: Request,
    env: &Env,
    deployed: &Deployed,
    conversation: &str,
) -> Result<Response, Failed> {
    let admitted = Admitted::of(&request, env, deployed, conversation, Framing::Json, None).await?;
    let declared = request.headers().get("content-length")?;
    let declared: usize = declared.and_then(|length| length.parse().ok()).unwrap_or(0);
    // A form has a little around its file.
    if declared > UPLOAD_MOST + 4_096 {
        return Err(too_large().into());
    }
    let (name, body) = file(&mut request).await?;
    let id = upload::new_id(&deployed.deployment.keys, conversation, tick().entropy);
    let path = upload::path(&admitted.site, conversation, &id);
    let mut url = Url::parse("https://conversation/upload").map_err(worker::Error::from)?;
    url.query_pairs_mut()
        .append_pair("id", &id)
        .append_pair("path", &path)
        .append_pair("name", &name);
    let target = format!("upload?{}", url.query().unwrap_or_default());
    crate::reply::passed_on(&admitted.ask(Method::Post, &target, Headers::new(), body).await?)
}

pub(crate) async fn get(
    env: &Env,
    deployed: &Deployed,
    site: &str,
    conversation: &str,
    id: &str,
) -> Result<Response, Failed> {
    if !upload::is_id(&deployed.deployment.keys, conversation, id) {
        return Err(Refusal::new(Code::NotFound, "there is no such file").into());
    }
    let stub = env.durable_object("CONVERSATION")?.get_by_name(&object_name(site, conversation))?;
    let headers = Headers::new();
    headers.set(CALLER, &Caller::nobody().write())?;
    let mut init = RequestInit::new();
    init.with_method(Method::Get).with_headers(headers);
    let request = Request::new_with_init(&format!("https://conversation/uploaded?{id}"), &init)?;
    crate::reply::passed_on(&stub.fetch_with_request(request).await?)
}

/// The file's name and its bytes, which are not read here when they are the body.
async fn file(request: &mut Request) -> Result<(String, Option<JsValue>), Failed> {
    let content_type = request.headers().get("content-type")?.unwrap_or_default();
    if !content_type.starts_with("multipart/form-data") {
        let url = request.url()?;
        let name =
            url.query_pairs().find(|(key, _)| key == "name").map(|(_, name)| name.into_owned());
        return Ok((name.unwrap_or_default(), request.inner().body().map(JsValue::from)));
    }
    let form = request.form_data().await.map_err(|_| no_file())?;
    match form.get("file") {
        Some(FormEntry::File(file)) => {
            let bytes = file.bytes().await?;
            Ok((file.name(), Some(Uint8Array::from(bytes.as_slice()).into())))
        }
        Some(FormEntry::Field(_)) | None => Err(no_file().into()),
    }
}

fn no_file() -> Refusal {
    Refusal::new(Code::BadRequest, "send the file as the body, or as the part `file` of a form")
}
