//! What the edge asks of conversations.

use crate::Fault;
use crate::spin::desks;
use crate::spin::line::{Frames, Line};
use crate::spin::room::Glance;
use crate::spin::rooms::{self, log_of};
use crate::spin::sites;
use crate::spin::store;
use crate::spin::streams::Sink;
use crate::spin::surplus::off_shift;
use futures::channel::oneshot;
use futures::future::{Either, select};
use kefu_proto::v1::{EventsPage, ServerFrame};
use kefu_shared::conversation::{Cursor, Input, Reply};
use kefu_shared::gateway::{Act, Gateway};
use kefu_shared::page::{PageQuery, page as page_of};
use kefu_shared::problem::Refusal;
use kefu_shared::site::Live;
use kefu_shared::trace::TurnsQuery;
use kefu_shared::view;
use kefu_shared::who::Role;
use kefu_shared::wire::{ActRoute, Answer, Caller};
use std::pin::pin;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

/// The site of a conversation, and what others wrote to this one: one look at both.
pub async fn site_of(
    site: &str,
    conversation: &str,
) -> Result<(Option<Arc<Live>>, Option<Glance>), Fault> {
    if let Some(room) = rooms::remembered(&log_of(site, conversation))
        && let Some((glance, revision)) = room.glance().await?
    {
        return Ok((sites::at(site, revision).await?, Some(glance)));
    }
    Ok((sites::fetch(site).await?, None))
}

/// Gives a request to a conversation, by what was seen of it.
pub async fn act(
    (site, conversation): (&str, &str),
    glance: Option<Glance>,
    caller: &Caller,
    act: ActRoute,
    body: &[u8],
) -> Result<Reply, Fault> {
    let request = match act.parse(body) {
        Ok(request) => request,
        Err(refusal) => return Ok(Reply::Refused(refusal)),
    };
    let room = rooms::room(&log_of(site, conversation));
    let input = Input::Requested { who: caller.who(), channel: caller.channel(), request };
    room.apply_after(glance, input).await?.ok_or(Fault::Corrupt("a request without a reply"))
}

/// A page of events.
pub async fn page(
    site: &str,
    conversation: &str,
    caller: &Caller,
    query: &PageQuery,
) -> Result<Result<EventsPage, Refusal>, Fault> {
    let (log, role) = (log_of(site, conversation), caller.holder.role());
    let (epoch, latest) = match rooms::room(&log).head(role).await? {
        Ok(head) => head,
        Err(refusal) => return Ok(Err(refusal)),
    };
    let page = page_of(epoch, latest, query);
    let events = store::range(&log, page.after, page.upto).await?;
    let seen = events.iter().map(|event| view::of(event, role).into_owned());
    Ok(Ok(EventsPage { epoch, recovered: page.recovered, latest, events: seen.collect() }))
}

/// How questions were answered, for an admin.
pub async fn turns(
    site: &str,
    conversation: &str,
    query: &TurnsQuery,
) -> Result<Result<Answer, Refusal>, Fault> {
    let log = log_of(site, conversation);
    if let Err(refusal) = rooms::room(&log).head(Role::Agent).await? {
        return Ok(Err(refusal));
    }
    Ok(Ok(query.page(&store::traces(&log, query.before, query.limit).await?)))
}

/// Returns when there is an event after the query's cursor, or the time is over.
pub async fn wait_for_event(
    site: &str,
    conversation: &str,
    caller: Caller,
    query: &PageQuery,
    most: Duration,
) -> Result<Result<(), Refusal>, Fault> {
    let room = rooms::room(&log_of(site, conversation));
    let (came, event) = oneshot::channel();
    if let Err(refusal) = room.attach(caller, Sink::Event(Some(came)), query.cursor()).await? {
        return Ok(Err(refusal));
    }
    {
        let over = pin!(crate::spin::entropy::sleep(most));
        // An end of the stream is as good as an event.
        let _ended: Either<_, _> = off_shift(select(event, over)).await;
    }
    room.sweep().await;
    Ok(Ok(()))
}

/// The frames of a conversation's stream.
pub async fn stream(
    site: &str,
    conversation: &str,
    caller: Caller,
    query: &PageQuery,
) -> Result<Result<Frames, Refusal>, Fault> {
    let (line, frames) = Line::new(None);
    let attached = join(site, conversation, caller, &line, query.cursor()).await?;
    Ok(attached.map(|()| frames))
}

/// The frames of an agent's gateway: the desk's, and those of the conversations that the query
/// names.
pub async fn gateway(
    site: &str,
    caller: Caller,
    query: &str,
) -> Result<Result<Frames, Refusal>, Fault> {
    let mut gateway = Gateway::default();
    let opened = PageQuery::parse(query).and_then(|at| Ok((at.cursor(), gateway.open_all(query)?)));
    let (cursor, named) = match opened {
        Ok(opened) => opened,
        Err(refusal) => return Ok(Err(refusal)),
    };
    let caller = Caller { gateway: true, ..caller };
    let (line, frames) = Line::new(Some(gateway));
    desks::attach(site, &caller, &line, cursor).await?;
    for act in named {
        if let Act::Open(conversation, cursor) = act {
            open(site, conversation, caller.clone(), &line, cursor).await?;
        }
    }
    Ok(Ok(frames))
}

/// Opens a conversation in a gateway; a refusal is told in it.
async fn open(
    site: &str,
    conversation: String,
    caller: Caller,
    line: &Rc<Line>,
    cursor: Cursor,
) -> Result<(), Fault> {
    let joined = join(site, &conversation, caller, line, cursor).await?;
    if let Err(refusal) = joined {
        line.ended(&conversation, 4_200);
        let frame = Reply::Refused(refusal).frame(None);
        line.send(&ServerFrame { conversation, frame }, 1);
    }
    Ok(())
}

async fn join(
    site: &str,
    conversation: &str,
    caller: Caller,
    line: &Rc<Line>,
    cursor: Cursor,
) -> Result<Result<(), Refusal>, Fault> {
    let room = rooms::room(&log_of(site, conversation));
    room.attach(caller, Sink::Line(line.clone()), cursor).await
}
