//! One request to a service and all that comes back, until the answer is over.

use crate::case::End;
use anyhow::{Context, Result, bail};
use kefu_shared::config::ProviderKind;
use kefu_shared::provider::{BodyEnd, Method, Reader, Reading, RequestParts, ResponseHead, reader};
use kefu_shared::time::Millis;
use reqwest::redirect::Policy;
use reqwest::{Client, Response};
use std::time::Duration;
use tokio::time::timeout;

/// How long a server is waited for that says nothing.
const PATIENCE: Duration = Duration::from_secs(120);
/// How long it may take to close once the answer is over; one that does not is one that hangs.
const TO_CLOSE: Duration = Duration::from_secs(3);
/// Bytes of a body; more is no answer.
const BODY_CAP: usize = 16 * 1024 * 1024;

/// What a service answered.
#[derive(Clone, Debug)]
pub struct Exchange {
    /// Whose adapter reads it.
    pub kind: ProviderKind,
    /// Status and headers.
    pub head: ResponseHead,
    /// All of the body, also what came after the answer's end.
    pub body: Vec<u8>,
    /// How it ended.
    pub end: End,
}

/// Sends a request and takes in what comes.
///
/// # Errors
/// When there is no response, it goes silent before the answer is over, or the body is over 16 MiB.
pub async fn exchange(kind: ProviderKind, request: &RequestParts) -> Result<Exchange> {
    let response = send(request).await?;
    let head = head(&response);
    let mut reader = reader(kind, head.clone());
    let (body, end) = take_in(response, &mut reader).await?;
    Ok(Exchange { kind, head, body, end })
}

async fn send(request: &RequestParts) -> Result<Response> {
    // As the hosts do: a key goes where it was stored for and nowhere else.
    let client = Client::builder().redirect(Policy::none()).build()?;
    let begun = match request.method {
        Method::Get => client.get(&request.url),
        Method::Post => client.post(&request.url).body(request.body.clone()),
    };
    let named = request.headers.iter();
    let begun = named.fold(begun, |begun, (name, value)| begun.header(*name, value));
    // Its own words may have the address, and that a key in its query.
    begun.send().await.map_err(reqwest::Error::without_url).context("no response")
}

async fn take_in(mut response: Response, reader: &mut Reader) -> Result<(Vec<u8>, End)> {
    let (mut body, mut over) = (Vec::new(), false);
    loop {
        let known = over || reader.linger().is_some();
        let patience = if known { TO_CLOSE } else { PATIENCE };
        match timeout(patience, response.chunk()).await {
            Ok(Ok(Some(bytes))) => {
                over |= ends(reader, &bytes);
                body.extend_from_slice(&bytes);
            }
            Ok(Ok(None)) => return Ok((body, End::Clean)),
            Ok(Err(_)) => return Ok((body, End::Reset)),
            Err(_) if known => return Ok((body, End::Hang)),
            Err(_) => bail!("nothing came for {PATIENCE:?}, and the answer is not over"),
        }
        if body.len() > BODY_CAP {
            bail!("the body is over {BODY_CAP} bytes");
        }
    }
}

fn ends(reader: &mut Reader, bytes: &[u8]) -> bool {
    let mut readings = Vec::new();
    reader.push(bytes, &mut readings);
    matches!(readings.last(), Some(Reading::Ended(_)))
}

fn head(response: &Response) -> ResponseHead {
    let fields = response.headers().iter();
    let fields = fields
        .map(|(name, value)| (name.to_string(), String::from_utf8_lossy(value.as_bytes()).into()));
    let (status, headers) = (response.status().as_u16(), fields.collect());
    ResponseHead { status, headers, at: Millis::default() }
}

impl Exchange {
    /// All that is read of it, in pieces of that many bytes.
    pub fn readings(&self, size: usize) -> (Reader, Vec<Reading>) {
        let (mut reader, mut out) = (reader(self.kind, self.head.clone()), Vec::new());
        self.body.chunks(size.max(1)).for_each(|piece| reader.push(piece, &mut out));
        let how = if self.end == End::Reset { BodyEnd::Reset } else { BodyEnd::Clean };
        reader.finish(how, &mut out);
        (reader, out)
    }
}
