//! Streams of a conversation. Whatever the client speaks, what reaches the object is a hibernating
//! WebSocket: an idle client keeps no object awake.

use crate::host::Place;
use crate::reply::{Failed, Response};
use crate::worker::cloudflare::{Native, refusal};
use crate::worker::glue;
use crate::worker::objects::{ask, passed_on};
use futures::future::{Either, select};
use futures::{StreamExt, pin_mut};
use kefu_durable::Fault;
use kefu_shared::page::PageQuery;
use serde::Deserialize;
use serde::de::IgnoredAny;
use std::time::Duration;
use worker::{Delay, Env, Headers, Method, WebSocket, WebsocketEvent};

/// Between comments on an idle event stream: proxies and clients give up after 30 s or more.
const BEAT: Duration = Duration::from_secs(15);

/// The client's own WebSocket, handed on. A refusal is passed on too.
pub(crate) async fn web_socket(
    env: &Env,
    place: &Place,
    query: &PageQuery,
    protocol: Option<&str>,
) -> Result<Response<Native>, Failed> {
    let headers = Headers::new();
    if let Some(protocol) = protocol {
        headers.set("sec-websocket-protocol", protocol)?;
    }
    let opened = open(env, place, query, headers).await?;
    if opened.status_code() == 101 { Ok(Response::native(101, opened)) } else { passed_on(&opened) }
}

/// Server-sent events over a socket of this handler's.
pub(crate) async fn server_sent_events(
    env: &Env,
    place: &Place,
    query: &PageQuery,
) -> Result<Response<Native>, Failed> {
    let socket = joined(env, place, query).await?;
    Ok(Response::event_stream(body(socket.as_ref())))
}

/// A body of everything that comes over a socket.
pub(crate) fn body(socket: &worker::web_sys::WebSocket) -> Native {
    let beat = u32::try_from(BEAT.as_millis()).unwrap_or(u32::MAX);
    worker::Response::builder().stream(glue::event_stream(socket, beat))
}

/// Returns when the conversation has an event after the query's cursor, or the time is over.
pub(crate) async fn wait_for_event(
    env: &Env,
    place: &Place,
    query: &PageQuery,
    most: Duration,
) -> Result<(), Failed> {
    let socket = joined(env, place, query).await?;
    {
        let came = first_event(&socket);
        let over = Delay::from(most);
        pin_mut!(came, over);
        match select(came, over).await {
            Either::Left((came, _)) => came?,
            Either::Right(((), _)) => {}
        }
    }
    // Closed already is as good.
    socket.close(Some(1000), Some("")).unwrap_or_default();
    Ok(())
}

/// All that has to be known of a frame here: reading whole ones would weigh more than this file.
#[derive(Deserialize)]
struct Brings {
    event: Option<IgnoredAny>,
}

async fn first_event(socket: &WebSocket) -> Result<(), Failed> {
    let mut events = socket.events()?;
    socket.accept()?;
    while let Some(event) = events.next().await {
        let WebsocketEvent::Message(message) = event? else { return Ok(()) };
        let frame = message.text().and_then(|text| serde_json::from_str::<Brings>(&text).ok());
        if frame.is_some_and(|frame| frame.event.is_some()) {
            return Ok(());
        }
    }
    Ok(())
}

async fn open(
    env: &Env,
    place: &Place,
    query: &PageQuery,
    headers: Headers,
) -> Result<worker::Response, Failed> {
    headers.set("upgrade", "websocket")?;
    let path = format!("stream?{}", query.write());
    ask(env, place, Method::Get, &path, headers, None).await
}

/// The conversation's end of a stream, or its refusal.
pub(crate) async fn joined(
    env: &Env,
    place: &Place,
    query: &PageQuery,
) -> Result<WebSocket, Failed> {
    let mut opened = open(env, place, query, Headers::new()).await?;
    if opened.status_code() == 101 {
        let none = Fault::Misconfigured("the object did not open a socket");
        return opened.websocket().ok_or(Failed::Fault(none));
    }
    Err(refusal(opened.json().await?).into())
}
