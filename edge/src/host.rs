//! What a host does for the handlers: everything that is I/O, and nothing that is a decision.

use crate::reply::{Failed, Response};
use crate::request::{Body, Request};
use kefu_durable::Fault;
use kefu_shared::asset::Asset;
use kefu_shared::config::Rate;
use kefu_shared::counted::Counted;
use kefu_shared::deployment::Deployed;
use kefu_shared::desk::{self, Account};
use kefu_shared::guard::{self, Key};
use kefu_shared::page::PageQuery;
use kefu_shared::problem::Refusal;
use kefu_shared::provider::{Listener, RequestParts};
use kefu_shared::site::{self, Live};
use kefu_shared::time::{Millis, Tick};
use kefu_shared::trace::TurnsQuery;
use kefu_shared::wire::{ActRoute, Caller};
use std::sync::Arc;
use std::time::Duration;

/// A conversation and who comes to it.
#[derive(Clone, Debug)]
pub(crate) struct Place {
    pub(crate) site: String,
    pub(crate) conversation: String,
    pub(crate) caller: Caller,
}

/// A page of events, as the client gets it.
pub(crate) struct Page<N> {
    pub(crate) response: Response<N>,
    /// The end of the log, when the reader is there: where the next event may be waited for.
    pub(crate) end: Option<PageQuery>,
}

/// A file on its way in.
pub(crate) struct Upload<B> {
    pub(crate) id: String,
    pub(crate) path: String,
    pub(crate) name: String,
    pub(crate) content: Content<B>,
}

/// A file's bytes: still to be read, or here.
pub(crate) enum Content<B> {
    Coming(B),
    Here(Vec<u8>),
}

/// Where the handlers run.
pub(crate) trait Host: Sized {
    /// The body of a request.
    type Body: Body;
    /// A response of the host's own making: a stream, a socket, what an object answered.
    type Native;

    fn tick(&self) -> Tick;

    /// The operator's variables, or what is wrong with them.
    fn deployed(&self) -> &Deployed;

    /// The client's address, as the host vouches for it.
    fn address(&self, request: &Request<Self::Body>) -> String;

    /// Counts one of these, or says when the next one is allowed.
    async fn count(&self, what: Counted<'_>, rate: Rate) -> Result<Result<(), Millis>, Fault>;

    /// The site as it stands: a copy that is at most a second old.
    async fn site(&self, site: &str) -> Result<Option<Arc<Live>>, Fault>;

    /// The site of a conversation that is about to be asked for something.
    async fn site_of(&self, site: &str, _conversation: &str) -> Result<Option<Arc<Live>>, Fault> {
        self.site(site).await
    }

    /// The site as it stands right now.
    async fn site_anew(&self, site: &str) -> Result<Option<Arc<Live>>, Fault>;

    async fn site_order(&self, site: &str, order: site::Order) -> Result<site::Outcome, Fault>;

    async fn desk_order(&self, site: &str, order: desk::Order) -> Result<desk::Outcome, Fault>;

    /// Gives an order to the guard of a site's provider.
    async fn guard_order(&self, key: &Key, order: guard::Order) -> Result<guard::Outcome, Fault>;

    /// Sends a request and tells `listener` what comes, until it has heard enough.
    async fn send(&self, request: RequestParts, listener: &mut dyn Listener);

    /// The agent of a session, if it is in force; a copy that is at most a second old.
    async fn agent_in_force(
        &self,
        site: &str,
        session: &str,
    ) -> Result<Result<Account, Refusal>, Fault>;

    /// A session was ended here: no copy of it counts any more.
    fn forget_session(&self, session: &str);

    /// Gives a request to a conversation. The body was found good.
    async fn act(
        &self,
        place: &Place,
        act: ActRoute,
        body: Vec<u8>,
    ) -> Result<Response<Self::Native>, Failed>;

    /// A page of events.
    async fn page(&self, place: &Place, query: &PageQuery) -> Result<Page<Self::Native>, Failed>;

    /// How questions of a conversation were answered.
    async fn turns(
        &self,
        place: &Place,
        query: &TurnsQuery,
    ) -> Result<Response<Self::Native>, Failed>;

    /// Returns when the conversation has an event after the query's cursor, or the time is over.
    async fn wait_for_event(
        &self,
        place: &Place,
        query: &PageQuery,
        most: Duration,
    ) -> Result<(), Failed>;

    /// Server-sent events of a conversation.
    async fn event_stream(
        &self,
        place: &Place,
        query: &PageQuery,
    ) -> Result<Response<Self::Native>, Failed>;

    /// A WebSocket of a conversation, where the host has them.
    async fn web_socket(
        &self,
        place: &Place,
        query: &PageQuery,
        protocol: Option<&'static str>,
    ) -> Result<Response<Self::Native>, Failed>;

    /// A gateway of an agent: its desk's stream and those of conversations, in one.
    async fn gateway(
        &self,
        site: &str,
        caller: Caller,
        query: &str,
        protocol: Option<&'static str>,
    ) -> Result<Response<Self::Native>, Failed>;

    /// Stores a file, unless it is too much or of no kind that is taken.
    async fn put_upload(
        &self,
        place: &Place,
        upload: Upload<Self::Body>,
    ) -> Result<Response<Self::Native>, Failed>;

    /// A stored file.
    async fn upload(&self, place: &Place, id: &str) -> Result<Response<Self::Native>, Failed>;

    /// A file of the web client.
    async fn file(&self, asset: &Asset) -> Result<Option<Response<Self::Native>>, Failed>;

    /// Brings back what a process that died had under way. A host that is woken by alarms has
    /// nothing to do.
    async fn recover(&self) -> Result<(), Fault>;

    /// What was counted, as Prometheus reads it.
    fn metrics(&self) -> String;

    /// Tells the operator.
    fn log(&self, line: &str);

    /// Which transports a client may use instead of a WebSocket; none where it has those.
    fn instead_of_sockets(&self) -> Option<&'static str>;

    /// Hosts that a site's configuration names and the host does not let out to.
    fn closed_to(&self, live: &Live) -> Vec<String>;
}
