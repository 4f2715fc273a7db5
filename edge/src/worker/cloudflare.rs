//! What Cloudflare does for the handlers.

use crate::host::{Content, Host, Page, Place, Upload};
use crate::reply::{Failed, Response};
use crate::request::{Body, Request};
use crate::worker::objects::{ask, passed_on};
use crate::worker::{addresses, counts, gateway, stream};
use futures::StreamExt;
use kefu_durable::Fault;
use kefu_durable::worker::{self as durable, LOG_END};
use kefu_proto::v1::Problem;
use kefu_shared::asset::Asset;
use kefu_shared::config::Rate;
use kefu_shared::counted::Counted;
use kefu_shared::deployment::Deployed;
use kefu_shared::desk::{self, Account};
use kefu_shared::guard::{self, Key};
use kefu_shared::page::PageQuery;
use kefu_shared::problem::{Code, Refusal};
use kefu_shared::provider::{Listener, RequestParts};
use kefu_shared::site::{self, Live};
use kefu_shared::time::{Millis, Tick};
use kefu_shared::trace::TurnsQuery;
use kefu_shared::wire::{ActRoute, Caller};
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;
use worker::js_sys::Uint8Array;
use worker::wasm_bindgen::JsValue;
use worker::{ByteStream, Env, Headers, Method, Url, console_error};

/// A response of the Worker's own.
pub(crate) type Native = worker::Response;

/// One request's view of the Worker.
pub(crate) struct Cloudflare {
    pub(crate) env: Env,
    pub(crate) deployed: Rc<Deployed>,
}

/// The body of a request, read only when somebody asks for it.
pub(crate) struct WorkerBody {
    request: worker::Request,
    chunks: Option<ByteStream>,
}

impl WorkerBody {
    pub(crate) fn new(request: worker::Request) -> Self {
        Self { request, chunks: None }
    }
}

impl Body for WorkerBody {
    async fn chunk(&mut self) -> Result<Option<Vec<u8>>, Fault> {
        if self.chunks.is_none() {
            let Ok(chunks) = self.request.stream() else { return Ok(None) };
            self.chunks = Some(chunks);
        }
        let Some(chunks) = &mut self.chunks else { return Ok(None) };
        Ok(chunks.next().await.transpose()?)
    }
}

impl Cloudflare {
    pub(crate) async fn asset(
        env: &Env,
        asset: &Asset,
    ) -> Result<Option<Response<Native>>, Failed> {
        let files = env.assets("ASSETS")?;
        let url = format!("https://assets/{}", asset.file);
        let found: worker::Response = files.fetch(url, None).await?;
        if found.status_code() != 200 {
            return Ok(None);
        }
        Ok(Some(Response::native(200, worker::Response::from_body(found.body().clone())?)))
    }
}

impl Host for Cloudflare {
    type Body = WorkerBody;
    type Native = Native;

    fn tick(&self) -> Tick {
        durable::tick()
    }

    fn deployed(&self) -> &Deployed {
        &self.deployed
    }

    fn address(&self, request: &Request<WorkerBody>) -> String {
        addresses::of(&request.body.request, self.deployed.address_header.as_deref())
    }

    async fn count(&self, what: Counted<'_>, rate: Rate) -> Result<Result<(), Millis>, Fault> {
        Ok(counts::take(what, rate, durable::now()))
    }

    async fn site(&self, site: &str) -> Result<Option<Arc<Live>>, Fault> {
        durable::site_as_it_stands(&self.env, site).await
    }

    async fn site_anew(&self, site: &str) -> Result<Option<Arc<Live>>, Fault> {
        durable::reopen_site(&self.env, site).await
    }

    async fn site_order(&self, site: &str, order: site::Order) -> Result<site::Outcome, Fault> {
        durable::order(&self.env, site, &order).await
    }

    async fn desk_order(&self, site: &str, order: desk::Order) -> Result<desk::Outcome, Fault> {
        durable::desk_order(&self.env, site, &order).await
    }

    async fn guard_order(&self, key: &Key, order: guard::Order) -> Result<guard::Outcome, Fault> {
        durable::guard_order(&self.env, key, &order).await
    }

    async fn send(&self, request: RequestParts, listener: &mut dyn Listener) {
        durable::send(&self.env, request, listener).await;
    }

    async fn agent_in_force(
        &self,
        site: &str,
        session: &str,
    ) -> Result<Result<Account, Refusal>, Fault> {
        durable::agent_in_force(&self.env, site, session).await
    }

    fn forget_session(&self, session: &str) {
        durable::forget_session(session);
    }

    async fn act(
        &self,
        place: &Place,
        act: ActRoute,
        body: Vec<u8>,
    ) -> Result<Response<Native>, Failed> {
        let bytes = Uint8Array::from(body.as_slice());
        let headers = Headers::new();
        let answered =
            ask(&self.env, place, Method::Post, act.name(), headers, Some(bytes.into())).await?;
        passed_on(&answered)
    }

    async fn page(&self, place: &Place, query: &PageQuery) -> Result<Page<Native>, Failed> {
        let path = format!("events?{}", query.write());
        let mut answered = ask(&self.env, place, Method::Get, &path, Headers::new(), None).await?;
        let end = answered.headers().get(LOG_END)?;
        let end = end.and_then(|end| PageQuery::of_last_event_id(&end));
        if end.is_some() {
            // Nobody may want it for a while, and what is not read keeps the object awake.
            let body = worker::ResponseBody::Body(answered.bytes().await?);
            let headers = answered.headers().clone();
            answered = worker::Response::from_body(body)?.with_headers(headers);
        }
        let response = passed_on(&answered)?;
        Ok(Page { response, end })
    }

    async fn turns(&self, place: &Place, query: &TurnsQuery) -> Result<Response<Native>, Failed> {
        let path = format!("turns?{}", query.write());
        passed_on(&ask(&self.env, place, Method::Get, &path, Headers::new(), None).await?)
    }

    async fn wait_for_event(
        &self,
        place: &Place,
        query: &PageQuery,
        most: Duration,
    ) -> Result<(), Failed> {
        stream::wait_for_event(&self.env, place, query, most).await
    }

    async fn event_stream(
        &self,
        place: &Place,
        query: &PageQuery,
    ) -> Result<Response<Native>, Failed> {
        stream::server_sent_events(&self.env, place, query).await
    }

    async fn web_socket(
        &self,
        place: &Place,
        query: &PageQuery,
        protocol: Option<&'static str>,
    ) -> Result<Response<Native>, Failed> {
        stream::web_socket(&self.env, place, query, protocol).await
    }

    async fn gateway(
        &self,
        site: &str,
        caller: Caller,
        query: &str,
        protocol: Option<&'static str>,
    ) -> Result<Response<Native>, Failed> {
        gateway::open(&self.env, site, caller, query, protocol).await
    }

    async fn put_upload(
        &self,
        place: &Place,
        upload: Upload<WorkerBody>,
    ) -> Result<Response<Native>, Failed> {
        let mut url = Url::parse("https://conversation/upload").map_err(worker::Error::from)?;
        url.query_pairs_mut()
            .append_pair("id", &upload.id)
            .append_pair("path", &upload.path)
            .append_pair("name", &upload.name);
        let target = format!("upload?{}", url.query().unwrap_or_default());
        let body = match upload.content {
            // The object reads it.
            Content::Coming(body) => body.request.inner().body().map(JsValue::from),
            Content::Here(bytes) => Some(Uint8Array::from(bytes.as_slice()).into()),
        };
        passed_on(&ask(&self.env, place, Method::Post, &target, Headers::new(), body).await?)
    }

    async fn upload(&self, place: &Place, id: &str) -> Result<Response<Native>, Failed> {
        let path = format!("uploaded?{id}");
        passed_on(&ask(&self.env, place, Method::Get, &path, Headers::new(), None).await?)
    }

    async fn file(&self, asset: &Asset) -> Result<Option<Response<Native>>, Failed> {
        Self::asset(&self.env, asset).await
    }

    async fn recover(&self) -> Result<(), Fault> {
        Ok(())
    }

    fn metrics(&self) -> String {
        durable::metrics()
    }

    fn log(&self, line: &str) {
        console_error!("{line}");
    }

    fn instead_of_sockets(&self) -> Option<&'static str> {
        None
    }

    fn closed_to(&self, _live: &Live) -> Vec<String> {
        Vec::new()
    }
}

/// The refusal that a problem tells.
pub(crate) fn refusal(problem: Problem) -> Refusal {
    let code = Code::of(&problem.code).unwrap_or(Code::Internal);
    let refusal = Refusal::new(code, problem.detail);
    match problem.retry_after_ms {
        Some(wait) => refusal.retry_after(Duration::from_millis(wait.into())),
        None => refusal,
    }
}
