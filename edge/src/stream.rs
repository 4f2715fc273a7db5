//! Streams of a conversation. Whatever the client speaks, what reaches the object is a hibernating
//! WebSocket: an idle client keeps no object awake.

use crate::conversation::Admitted;
use crate::glue;
use crate::reply::{Failed, passed_on};
use futures::future::{Either, select};
use futures::{StreamExt, pin_mut};
use kefu_durable::Fault;
use kefu_proto::v1::{EventsPage, Problem, ServerFrame, server_frame::Frame};
use kefu_shared::page::PageQuery;
use kefu_shared::problem::{Code, Refusal};
use std::time::Duration;
use worker::{Delay, Headers, Method, Response, WebSocket, WebsocketEvent};

/// Between comments on an idle event stream: proxies and clients give up after 30 s or more.
const BEAT: Duration = Duration::from_secs(15);

/// The client's own WebSocket, handed on.
pub(crate) async fn web_socket(
    admitted: &Admitted,
    query: &PageQuery,
    protocol: Option<&str>,
) -> Result<Response, Failed> {
    let headers = Headers::new();
    if let Some(protocol) = protocol {
        headers.set("sec-websocket-protocol", protocol)?;
    }
    open(admitted, query, headers).await
}

/// Server-sent events over a socket of this handler's.
pub(crate) async fn server_sent_events(
    admitted: &Admitted,
    query: &PageQuery,
) -> Result<Response, Failed> {
    let opened = open(admitted, query, Headers::new()).await?;
    let Some(socket) = opened.websocket() else { return Err(no_socket()) };
    let beat = u32::try_from(BEAT.as_millis()).unwrap_or(u32::MAX);
    let body = glue::event_stream(socket.as_ref(), beat);
    let headers = Headers::new();
    headers.set("content-type", "text/event-stream; charset=utf-8")?;
    headers.set("cache-control", "no-cache, no-transform")?;
    headers.set("x-accel-buffering", "no")?;
    Ok(Response::builder().with_headers(headers).stream(body))
}

/// A page of events; when it is empty and the client waits, the page as soon as there is one.
pub(crate) async fn page(admitted: &Admitted, query: &PageQuery) -> Result<Response, Failed> {
    let mut answered = read_page(admitted, query).await?;
    if query.wait().is_zero() || query.before.is_some() || answered.status_code() != 200 {
        return Ok(answered);
    }
    let page: EventsPage = answered.json().await?;
    if page.events.is_empty() && page.recovered {
        let seen = PageQuery { epoch: Some(page.epoch), after: Some(page.latest), ..*query };
        wait_for_event(admitted, &seen, query.wait()).await?;
        return read_page(admitted, query).await;
    }
    Ok(Response::from_json(&page)?)
}

async fn read_page(admitted: &Admitted, query: &PageQuery) -> Result<Response, Failed> {
    let path = format!("events?{}", query.write());
    let answered = admitted.ask(Method::Get, &path, Headers::new(), None).await?;
    passed_on(&answered)
}

/// Returns when the conversation has an event after the query's cursor, or the time is over.
async fn wait_for_event(
    admitted: &Admitted,
    query: &PageQuery,
    most: Duration,
) -> Result<(), Failed> {
    let opened = open(admitted, query, Headers::new()).await?;
    let Some(socket) = opened.websocket() else { return Err(no_socket()) };
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

async fn first_event(socket: &WebSocket) -> Result<(), Failed> {
    let mut events = socket.events()?;
    socket.accept()?;
    while let Some(event) = events.next().await {
        let WebsocketEvent::Message(message) = event? else { return Ok(()) };
        let frame = message.text().and_then(|text| serde_json::from_str::<ServerFrame>(&text).ok());
        if matches!(frame, Some(ServerFrame { frame: Some(Frame::Event(_)), .. })) {
            return Ok(());
        }
    }
    Ok(())
}

async fn open(
    admitted: &Admitted,
    query: &PageQuery,
    headers: Headers,
) -> Result<Response, Failed> {
    headers.set("upgrade", "websocket")?;
    let path = format!("stream?{}", query.write());
    admitted.ask(Method::Get, &path, headers, None).await
}

/// The conversation's end of a stream, to be joined with others, or its refusal.
pub(crate) async fn joined(admitted: &Admitted, query: &PageQuery) -> Result<WebSocket, Failed> {
    let mut opened = open(admitted, query, Headers::new()).await?;
    if opened.status_code() == 101 {
        return opened.websocket().ok_or_else(no_socket);
    }
    let problem: Problem = opened.json().await?;
    let code = Code::of(&problem.code).unwrap_or(Code::Internal);
    Err(Refusal::new(code, problem.detail).into())
}

fn no_socket() -> Failed {
    Failed::Fault(Fault::Misconfigured("the object did not open a socket"))
}
