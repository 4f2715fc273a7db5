//! What belongs to one instance of the component.

use crate::options::Options;
use bytes::Bytes;
use http_body_util::BodyExt;
use http_body_util::combinators::UnsyncBoxBody;
use std::sync::Arc;
use wasmtime::Result;
use wasmtime::component::ResourceTable;
use wasmtime_wasi::{DirPerms, FilePerms, WasiCtx, WasiCtxView, WasiView};
use wasmtime_wasi_http::WasiHttpCtx;
use wasmtime_wasi_http::p3::bindings::http::types::ErrorCode;
use wasmtime_wasi_http::p3::{
    RequestOptions, WasiHttpCtxView, WasiHttpHooks, WasiHttpView, default_send_request,
};

wasmtime::component::bindgen!({
    path: "wit",
    world: "kefu:host/host",
    imports: { default: trappable },
    with: { "spin:sqlite/sqlite.connection": crate::sqlite::Connection },
});

/// What belongs to one instance of the component.
pub(crate) struct State {
    pub(crate) options: Arc<Options>,
    pub(crate) table: ResourceTable,
    wasi: WasiCtx,
    http: WasiHttpCtx,
    hooks: Hooks,
}

impl State {
    pub(crate) fn new(options: Arc<Options>) -> Result<Self> {
        let mut wasi = WasiCtx::builder();
        wasi.inherit_stderr().inherit_stdout().inherit_network().allow_ip_name_lookup(false);
        if options.files.is_dir() {
            wasi.preopened_dir(&options.files, "/web", DirPerms::READ, FilePerms::READ)?;
        }
        Ok(Self {
            table: ResourceTable::new(),
            wasi: wasi.build(),
            http: WasiHttpCtx::new(),
            hooks: Hooks { options: options.clone() },
            options,
        })
    }
}

impl WasiView for State {
    fn ctx(&mut self) -> WasiCtxView<'_> {
        WasiCtxView { ctx: &mut self.wasi, table: &mut self.table }
    }
}

impl WasiHttpView for State {
    fn http(&mut self) -> WasiHttpCtxView<'_> {
        WasiHttpCtxView { hooks: &mut self.hooks, table: &mut self.table, ctx: &mut self.http }
    }
}

struct Hooks {
    options: Arc<Options>,
}

type Sent = Result<
    (
        http::Response<UnsyncBoxBody<Bytes, ErrorCode>>,
        Box<dyn Future<Output = Result<(), ErrorCode>> + Send>,
    ),
    wasmtime_wasi::TrappableError<ErrorCode>,
>;

impl WasiHttpHooks for Hooks {
    fn send_request(
        &mut self,
        request: http::Request<UnsyncBoxBody<Bytes, ErrorCode>>,
        options: Option<RequestOptions>,
        _done: Box<dyn Future<Output = Result<(), ErrorCode>> + Send>,
    ) -> Box<dyn Future<Output = Sent> + Send> {
        let host = request.uri().authority().map(ToString::to_string).unwrap_or_default();
        let name = host.split(':').next().unwrap_or_default().to_owned();
        let open = |allowed: &Vec<String>| allowed.iter().any(|it| *it == host || *it == name);
        let allowed = self.options.allowed.as_ref().is_none_or(open);
        Box::new(async move {
            if !allowed {
                return Err(ErrorCode::HttpRequestDenied.into());
            }
            let (response, io) = default_send_request(request, options).await?;
            let io: Box<dyn Future<Output = Result<(), ErrorCode>> + Send> = Box::new(io);
            Ok((response.map(BodyExt::boxed_unsync), io))
        })
    }
}
