//! What Spin does for the handlers.

use crate::host::{Content, Host, Page, Place, Upload};
use crate::reply::{Failed, Payload, Response};
use crate::request::{Body, Request};
use crate::spin::{files, hosts};
use futures::StreamExt;
use http_body_util::BodyDataStream;
use kefu_durable::Fault;
use kefu_durable::spin::{self as durable, Frames, Glance, Incoming};
use kefu_proto::v1::UploadReply;
use kefu_shared::asset::Asset;
use kefu_shared::config::Rate;
use kefu_shared::counted::Counted;
use kefu_shared::deployment::Deployed;
use kefu_shared::desk::{self, Account};
use kefu_shared::guard::{self, Key};
use kefu_shared::page::{self, PageQuery};
use kefu_shared::problem::{Code, Refusal};
use kefu_shared::provider::{Listener, RequestParts};
use kefu_shared::site::{self, Live};
use kefu_shared::time::{Millis, Tick};
use kefu_shared::trace::TurnsQuery;
use kefu_shared::upload;
use kefu_shared::wire::{ActRoute, Answer, Caller};
use spin_sdk::http::body::IncomingBodyExt;
use spin_sdk::wasip3::http_compat::IncomingRequestBody;
use std::cell::RefCell;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

/// One request's view of Spin.
pub(crate) struct Spin {
    deployed: Rc<Deployed>,
    /// What was seen of the conversation on the way to it.
    glance: RefCell<Option<Glance>>,
}

impl Spin {
    pub(crate) fn new(deployed: Rc<Deployed>) -> Self {
        Self { deployed, glance: RefCell::default() }
    }
}

/// The body of a request.
pub(crate) struct SpinBody(BodyDataStream<IncomingRequestBody>);

impl SpinBody {
    pub(crate) fn new(body: IncomingRequestBody) -> Self {
        Self(body.stream())
    }
}

impl Body for SpinBody {
    async fn chunk(&mut self) -> Result<Option<Vec<u8>>, Fault> {
        match self.0.next().await {
            None => Ok(None),
            Some(Ok(bytes)) => Ok(Some(bytes.to_vec())),
            Some(Err(_)) => Err(Fault::CutOff),
        }
    }
}

impl Host for Spin {
    type Body = SpinBody;
    type Native = Frames;

    fn tick(&self) -> Tick {
        durable::tick()
    }

    fn deployed(&self) -> &Deployed {
        &self.deployed
    }

    /// Spin tells it in a header of its own making; behind a proxy that is the proxy's. It comes
    /// after what a client says under that name.
    fn address(&self, request: &Request<SpinBody>) -> String {
        let told = match &self.deployed.address_header {
            Some(name) => request.header(&name.to_lowercase()),
            None => request
                .last_header("spin-client-addr")
                .map(|peer| peer.rsplit_once(':').map_or(peer, |(address, _)| address)),
        };
        told.unwrap_or("unknown").to_owned()
    }

    async fn count(&self, what: Counted<'_>, rate: Rate) -> Result<Result<(), Millis>, Fault> {
        durable::count(what, rate).await
    }

    async fn site(&self, site: &str) -> Result<Option<Arc<Live>>, Fault> {
        durable::site_as_it_stands(site).await
    }

    async fn site_of(&self, site: &str, conversation: &str) -> Result<Option<Arc<Live>>, Fault> {
        let (live, glance) = durable::site_of(site, conversation).await?;
        self.glance.replace(glance);
        Ok(live)
    }

    async fn site_anew(&self, site: &str) -> Result<Option<Arc<Live>>, Fault> {
        durable::site_as_it_stands(site).await
    }

    async fn site_order(&self, site: &str, order: site::Order) -> Result<site::Outcome, Fault> {
        durable::site_order(site, order).await
    }

    async fn desk_order(&self, site: &str, order: desk::Order) -> Result<desk::Outcome, Fault> {
        durable::desk_order(site, order).await
    }

    async fn guard_order(&self, key: &Key, order: guard::Order) -> Result<guard::Outcome, Fault> {
        durable::guard_order(key, &order).await
    }

    async fn send(&self, request: RequestParts, listener: &mut dyn Listener) {
        durable::send(request, listener).await;
    }

    async fn agent_in_force(
        &self,
        site: &str,
        session: &str,
    ) -> Result<Result<Account, Refusal>, Fault> {
        durable::agent_in_force(site, session).await
    }

    fn forget_session(&self, session: &str) {
        durable::forget_session(session);
    }

    async fn act(
        &self,
        place: &Place,
        act: ActRoute,
        body: Vec<u8>,
    ) -> Result<Response<Frames>, Failed> {
        let Place { site, conversation, caller } = place;
        let reply =
            durable::act((site, conversation), self.glance.take(), caller, act, &body).await?;
        Ok(Response::of(&Answer::of(&reply)))
    }

    async fn page(&self, place: &Place, query: &PageQuery) -> Result<Page<Frames>, Failed> {
        let page = durable::page(&place.site, &place.conversation, &place.caller, query).await??;
        let end = page::end_of(&page).and_then(|end| PageQuery::of_last_event_id(&end));
        Ok(Page { response: Response::ok(&page), end })
    }

    async fn turns(&self, place: &Place, query: &TurnsQuery) -> Result<Response<Frames>, Failed> {
        let turns = durable::turns(&place.site, &place.conversation, query).await??;
        Ok(Response::of(&turns))
    }

    async fn wait_for_event(
        &self,
        place: &Place,
        query: &PageQuery,
        most: Duration,
    ) -> Result<(), Failed> {
        let Place { site, conversation, caller } = place.clone();
        Ok(durable::wait_for_event(&site, &conversation, caller, query, most).await??)
    }

    async fn event_stream(
        &self,
        place: &Place,
        query: &PageQuery,
    ) -> Result<Response<Frames>, Failed> {
        let Place { site, conversation, caller } = place.clone();
        let frames = durable::stream(&site, &conversation, caller, query).await??;
        Ok(Response::event_stream(frames))
    }

    async fn web_socket(
        &self,
        _place: &Place,
        _query: &PageQuery,
        _protocol: Option<&'static str>,
    ) -> Result<Response<Frames>, Failed> {
        Err(Refusal::new(Code::UpgradeRequired, hosts::INSTEAD).into())
    }

    async fn gateway(
        &self,
        site: &str,
        caller: Caller,
        query: &str,
        _protocol: Option<&'static str>,
    ) -> Result<Response<Frames>, Failed> {
        Ok(Response::event_stream(durable::gateway(site, caller, query).await??))
    }

    async fn put_upload(
        &self,
        place: &Place,
        upload: Upload<SpinBody>,
    ) -> Result<Response<Frames>, Failed> {
        let Place { site, conversation, caller } = place;
        let Upload { id, path, name, content } = upload;
        let mut incoming = Incoming::begin(site, conversation, caller, &id, &name).await??;
        if let Err(failed) = fill(&mut incoming, content).await {
            incoming.drop().await?;
            return Err(failed);
        }
        let upload::UploadHead { mime, name, size } = incoming.end().await??;
        Ok(Response::ok(&UploadReply { url: path, mime, name, size }))
    }

    async fn upload(&self, place: &Place, id: &str) -> Result<Response<Frames>, Failed> {
        let Some((head, bytes)) = durable::upload(&place.site, &place.conversation, id).await?
        else {
            return Err(Refusal::new(Code::NotFound, "there is no such file").into());
        };
        let found = Response { status: 200, headers: Vec::new(), payload: Payload::Bytes(bytes) };
        let headers = upload::headers(&head).into_iter();
        Ok(headers
            .fold(found, |found, (name, value)| found.header(name, value))
            .header("x-content-type-options", "nosniff"))
    }

    async fn file(&self, asset: &Asset) -> Result<Option<Response<Frames>>, Failed> {
        Ok(files::find(&asset.file))
    }

    async fn recover(&self) -> Result<(), Fault> {
        durable::recover().await
    }

    fn metrics(&self) -> String {
        durable::metrics()
    }

    fn log(&self, line: &str) {
        durable::tell_operator(line);
    }

    fn instead_of_sockets(&self) -> Option<&'static str> {
        Some(hosts::INSTEAD)
    }

    fn closed_to(&self, live: &Live) -> Vec<String> {
        hosts::closed_to(live, &durable::opened_hosts())
    }
}

async fn fill(incoming: &mut Incoming, content: Content<SpinBody>) -> Result<(), Failed> {
    match content {
        Content::Here(bytes) => incoming.push(&bytes).await??,
        Content::Coming(mut body) => {
            while let Some(chunk) = body.chunk().await? {
                incoming.push(&chunk).await??;
            }
        }
    }
    Ok(())
}
