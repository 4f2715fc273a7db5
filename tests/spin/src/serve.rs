//! Serving: each connection's requests go to wasmtime's dispatcher, instances are reused as by
//! Spin.

use crate::manifest::Manifest;
use crate::options::Up;
use crate::state::{Granted, Host_, State};
use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use std::convert::Infallible;
use std::future;
use std::net::SocketAddr;
use std::path::Path;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context as Task, Poll};
use std::time::Instant;
use tokio::net::TcpListener;
use wasmtime::Result;
use wasmtime::component::{Component, GuestTaskId, HasSelf, Linker};
use wasmtime::error::Context;
use wasmtime::{
    Config, Engine, InstanceAllocationStrategy, PoolingAllocationConfig, Store, StoreContextMut,
};
use wasmtime_wasi_http::handler::{
    ErrorCode, HandlerState, Instance, ProxyHandler, ProxyPre, ShouldAccept, ViewFn,
    WorkerExpiration, WorkerState, WorkerStatus,
};
use wasmtime_wasi_http::p3::WasiHttpView;
use wasmtime_wasi_http::p3::bindings::ServicePre;

type Response = http::Response<http_body_util::combinators::UnsyncBoxBody<Bytes, wasmtime::Error>>;

/// Serves until the process is ended.
pub(crate) async fn serve(up: &Up, manifest: Manifest) -> Result<()> {
    let pre = load(&manifest.source)?;
    let state = up.state.clone().unwrap_or_else(|| manifest.folder.join(".spin"));
    std::fs::create_dir_all(&state)?;
    let granted = Arc::new(Granted::of(manifest, state.join("sqlite_db.db")));
    let handler = ProxyHandler::new(Dispatcher {
        pre,
        granted,
        reuse: Reuse { most: up.reuse, at_once: up.at_once },
    });
    let listener = TcpListener::bind(up.listen).await?;
    // Whoever started this reads it.
    println!("Serving http://{}", listener.local_addr()?);
    loop {
        let (stream, peer) = listener.accept().await?;
        let handler = handler.clone();
        tokio::spawn(async move {
            let answer = |request| {
                let handler = handler.clone();
                async move { Ok::<_, Infallible>(answer(&handler, request, peer).await) }
            };
            // A client that went away is no news.
            let _ = hyper::server::conn::http1::Builder::new()
                .half_close(false)
                .serve_connection(TokioIo::new(stream), service_fn(answer))
                .await;
        });
    }
}

async fn answer(
    handler: &ProxyHandler<Dispatcher>,
    mut request: hyper::Request<Incoming>,
    peer: SocketAddr,
) -> Response {
    let headers = request.headers_mut();
    // As Spin does, after what a client says under that name.
    if let Ok(peer) = peer.to_string().parse() {
        headers.append("spin-client-addr", peer);
    }
    let authority = headers.get("host").and_then(|host| host.to_str().ok());
    let authority = authority.unwrap_or("localhost").to_owned();
    let uri = format!("http://{authority}{}", request.uri());
    if let Ok(uri) = uri.parse() {
        *request.uri_mut() = uri;
    }
    let request = request.map(|body| {
        let cut = |error: hyper::Error| {
            let what = Some(error.to_string());
            ErrorCode::P3(wasmtime_wasi_http::p3::bindings::http::types::ErrorCode::InternalError(
                what,
            ))
        };
        body.map_err(cut).boxed_unsync()
    });
    match handler.handle((), request).await {
        Ok(response) => response,
        Err(error) => {
            eprintln!("kefu-spin-host: {error:?}");
            let body = Full::new(Bytes::new()).map_err(|never| match never {}).boxed_unsync();
            let mut response = http::Response::new(body);
            *response.status_mut() = http::StatusCode::INTERNAL_SERVER_ERROR;
            response
        }
    }
}

fn load(source: &Path) -> Result<ServicePre<State>> {
    let mut config = Config::new();
    config.wasm_component_model_async(true);
    let mut pool = PoolingAllocationConfig::default();
    pool.total_component_instances(2_000).total_core_instances(8_000).total_memories(4_000);
    pool.total_tables(8_000).max_memory_size(256 << 20).total_stacks(4_000);
    config.allocation_strategy(InstanceAllocationStrategy::Pooling(pool));
    if let Ok(cache) = wasmtime::Cache::from_file(None) {
        config.cache(Some(cache));
    }
    let engine = Engine::new(&config)?;
    let component = Component::from_file(&engine, source)
        .with_context(|| format!("{}: run `spin build`", source.display()))?;
    let mut linker = Linker::new(&engine);
    wasmtime_wasi::p2::add_to_linker_async(&mut linker)?;
    wasmtime_wasi::p3::add_to_linker(&mut linker)?;
    wasmtime_wasi_http::p3::add_to_linker(&mut linker)?;
    Host_::add_to_linker::<_, HasSelf<State>>(&mut linker, |state| state)?;
    Ok(ServicePre::new(linker.instantiate_pre(&component)?)?)
}

struct Dispatcher {
    pre: ServicePre<State>,
    granted: Arc<Granted>,
    reuse: Reuse,
}

impl HandlerState for Dispatcher {
    type StoreData = State;
    type WorkerExpiration = Never;
    type WorkerState = Reuse;

    async fn instantiate(&self) -> wasmtime::Result<Instance<State, Never, Reuse>> {
        let state = State::new(self.granted.clone())?;
        let mut store = Store::new(self.pre.engine(), state);
        let proxy = ProxyPre::P3(self.pre.clone()).instantiate_async(&mut store).await?;
        Ok(Instance {
            store,
            proxy,
            view: ViewFn::P3(State::http),
            expiration: Never,
            state: self.reuse,
        })
    }
}

/// An idle instance stays for a while; one that works is never ended.
struct Never;

impl WorkerExpiration for Never {
    fn poll(
        self: Pin<&mut Self>,
        _task: &mut Task<'_>,
        _status: WorkerStatus,
        _since: Instant,
    ) -> Poll<()> {
        Poll::Pending
    }
}

/// As Spin: requests that an instance serves in its life, and at once before their heads are out.
#[derive(Clone, Copy)]
struct Reuse {
    most: usize,
    at_once: usize,
}

impl WorkerState for Reuse {
    type StoreData = State;
    type RequestId = ();

    fn should_accept_request(&self, at_once: usize, total: usize) -> ShouldAccept {
        if total >= self.most {
            ShouldAccept::Never
        } else if at_once >= self.at_once {
            ShouldAccept::No
        } else {
            ShouldAccept::Yes
        }
    }

    fn on_request_start(
        &self,
        _store: StoreContextMut<'_, State>,
        (): (),
        _task: GuestTaskId,
    ) -> Pin<Box<dyn Future<Output = ()> + 'static + Send + Sync>> {
        Box::pin(future::pending())
    }

    fn drop(&self, _store: Store<State>, result: Result<(), wasmtime::Error>) {
        if let Err(error) = result {
            eprintln!("kefu-spin-host: an instance ended: {error:?}");
        }
    }
}
