//! An agent's gateway: admitted here, joined together by the host.

use crate::agent::Agent;
use crate::conversation::expect_upgrade;
use crate::host::Host;
use crate::reply::{Failed, Response};
use crate::request::Request;
use kefu_shared::gate::{self, Handshake};
use kefu_shared::problem::{Code, Refusal};
use kefu_shared::wire::Framing;

pub(crate) async fn socket<H: Host>(
    host: &H,
    request: &Request<H::Body>,
) -> Result<Response<H::Native>, Failed> {
    expect_upgrade(host, request)?;
    let handshake = Handshake::read(request.header("sec-websocket-protocol"))?;
    let agent = Agent::of(host, request, handshake.token).await?;
    if let Some(instead) = host.instead_of_sockets() {
        return Err(Refusal::new(Code::UpgradeRequired, instead).into());
    }
    let caller = gate::caller(&agent.claims, handshake.framing);
    host.gateway(&agent.claims.site, caller, &request.query, handshake.protocol).await
}

pub(crate) async fn events<H: Host>(
    host: &H,
    request: &Request<H::Body>,
) -> Result<Response<H::Native>, Failed> {
    let agent = Agent::of(host, request, None).await?;
    let caller = gate::caller(&agent.claims, Framing::Sse);
    host.gateway(&agent.claims.site, caller, &request.query, None).await
}
