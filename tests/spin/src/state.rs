//! What belongs to one instance of the component.

use crate::allowed::Pattern;
use crate::manifest::Manifest;
use bytes::Bytes;
use http_body_util::BodyExt;
use http_body_util::combinators::UnsyncBoxBody;
use std::collections::BTreeMap;
use std::path::PathBuf;
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
    imports: {
        "spin:sqlite/sqlite@3.1.0": async | trappable,
        default: trappable,
    },
    with: { "spin:sqlite/sqlite.connection": crate::sqlite::Connection },
});

/// What every instance is granted.
pub(crate) struct Granted {
    pub(crate) variables: BTreeMap<String, String>,
    /// Databases by name, all of them in one file as with Spin's default.
    databases: Vec<String>,
    database: PathBuf,
    files: Vec<(PathBuf, String)>,
    allowed: Vec<Pattern>,
}

impl Granted {
    pub(crate) fn of(manifest: Manifest, database: PathBuf) -> Self {
        let Manifest { variables, databases, files, allowed, .. } = manifest;
        Self { variables, databases, database, files, allowed }
    }

    /// Where the rows of a database are, if the component may open it.
    pub(crate) fn file(&self, database: &String) -> Option<PathBuf> {
        self.databases.contains(database).then(|| self.database.clone())
    }
}

/// What belongs to one instance of the component.
pub(crate) struct State {
    pub(crate) granted: Arc<Granted>,
    pub(crate) table: ResourceTable,
    wasi: WasiCtx,
    http: WasiHttpCtx,
    hooks: Hooks,
}

impl State {
    pub(crate) fn new(granted: Arc<Granted>) -> Result<Self> {
        let mut wasi = WasiCtx::builder();
        wasi.inherit_stderr().inherit_stdout().inherit_network().allow_ip_name_lookup(false);
        let patterns = granted.clone();
        wasi.socket_addr_check(move |address, _| {
            let granted = patterns.allowed.iter().any(|pattern| pattern.connects(address));
            Box::pin(async move { granted })
        });
        for (folder, name) in &granted.files {
            wasi.preopened_dir(folder, name, DirPerms::READ, FilePerms::READ)?;
        }
        Ok(Self {
            table: ResourceTable::new(),
            wasi: wasi.build(),
            http: WasiHttpCtx::new(),
            hooks: Hooks { granted: granted.clone() },
            granted,
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
    granted: Arc<Granted>,
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
        let uri = request.uri();
        let (scheme, host) = (uri.scheme_str().unwrap_or("https"), uri.host().unwrap_or_default());
        let open = |it: &Pattern| it.lets_out(scheme, host, uri.port_u16());
        let allowed = self.granted.allowed.iter().any(open);
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
