//! Requests to providers, with what has to come before them.

use crate::spin::{entropy, operator, uploads};
use bytes::Bytes;
use futures::StreamExt;
use http::header::CONTENT_LENGTH;
use kefu_shared::provider::errand::{ANSWER_MOST, Errand, Next};
use kefu_shared::provider::tokens::Tokens;
use kefu_shared::provider::{Failure, Loaded, RequestParts, ResponseHead};
use rsa::PrivateKey;
use rsa::pkcs1v15::SigningKey;
use rsa::pkcs8::DecodePrivateKey;
use rsa::signature::{SignatureEncoding, Signer};
use sha2::Sha256;
use spin_sdk::http::body::IncomingBodyExt;
use spin_sdk::http::{FullBody, Response};
use spin_sdk::wasip3::http::types::ErrorCode;
use std::cell::RefCell;

thread_local! {
    static TOKENS: RefCell<Tokens> = const { RefCell::new(Tokens::new()) };
}

/// Sends a request once everything before it is done.
/// Files are those of the conversation `of` that site.
pub(crate) async fn send(
    parts: RequestParts,
    of: Option<(&str, &str)>,
) -> Result<Response, Failure> {
    let mut errand = Errand::new(parts);
    loop {
        match TOKENS.with_borrow_mut(|tokens| errand.next(tokens, entropy::tick())) {
            Next::Send(parts) => return fetch(parts).await,
            Next::Ask(parts) => {
                let answer = ask(parts).await;
                TOKENS.with_borrow_mut(|it| errand.answered(it, entropy::now(), answer))?;
            }
            Next::Load(id) => errand.loaded(load(of, &id).await),
            Next::Sign { key, text } => {
                let signature = sign(&key, &text);
                TOKENS.with_borrow_mut(|it| errand.signed(it, entropy::now(), signature))?;
            }
            Next::Wait(time) => entropy::sleep(time).await,
            Next::Fail(failure) => return Err(failure),
        }
    }
}

async fn load(of: Option<(&str, &str)>, id: &str) -> Loaded {
    let (site, conversation) = of?;
    uploads::find(site, conversation, id).await.ok()?
}

/// The head of a response that comes now.
pub(crate) fn head(response: &Response) -> ResponseHead {
    let header = |(name, value): (&spin_sdk::http::HeaderName, &spin_sdk::http::HeaderValue)| {
        (name.as_str().to_owned(), String::from_utf8_lossy(value.as_bytes()).into_owned())
    };
    ResponseHead {
        status: response.status().as_u16(),
        headers: response.headers().iter().map(header).collect(),
        at: entropy::now(),
    }
}

/// The whole of a short answer.
async fn ask(parts: RequestParts) -> Result<(ResponseHead, Vec<u8>), Failure> {
    let response = fetch(parts).await?;
    Ok((head(&response), whole(response).await?))
}

async fn fetch(parts: RequestParts) -> Result<Response, Failure> {
    let url = parts.url.clone();
    exchange(parts).await.map_err(|code| {
        tell_operator(&url, &code);
        Failure::unreachable()
    })
}

async fn exchange(parts: RequestParts) -> Result<Response, ErrorCode> {
    let mut request = http::Request::builder().method(parts.method.as_str()).uri(&parts.url);
    for (name, value) in &parts.headers {
        request = request.header(*name, value);
    }
    // Without it the host sends chunks, which not every service takes.
    request = request.header(CONTENT_LENGTH, parts.body.len());
    let body = FullBody::new(Bytes::from(parts.body));
    let request = request.body(body).map_err(|_| ErrorCode::HttpRequestUriInvalid)?;
    spin_sdk::http::send(request).await
}

async fn whole(response: Response) -> Result<Vec<u8>, Failure> {
    let mut body = Vec::new();
    let mut chunks = response.into_body().stream();
    while let (true, Some(chunk)) = (body.len() < ANSWER_MOST, chunks.next().await) {
        body.extend_from_slice(&chunk.map_err(|_| Failure::unreachable())?);
    }
    Ok(body)
}

/// By RS256; none when the key is no RSA key.
fn sign(key: &[u8], text: &str) -> Option<Vec<u8>> {
    let key = SigningKey::<Sha256>::new(PrivateKey::from_pkcs8_der(key).ok()?);
    Some(key.try_sign(text.as_bytes()).ok()?.to_vec())
}

/// What only the operator can mend is said plainly; secrets are in headers, which are not shown.
fn tell_operator(url: &str, code: &ErrorCode) {
    let host = url.split('/').nth(2).unwrap_or(url);
    if matches!(code, ErrorCode::HttpRequestDenied) {
        operator::tell(&format!("provider {host}: add it to allowed_outbound_hosts of spin.toml"));
    } else {
        operator::tell(&format!("provider {host}: {code}"));
    }
}
