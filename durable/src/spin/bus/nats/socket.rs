//! A TCP connection by wasi's sockets.

use kefu_shared::nats::Server;
use spin_sdk::wasip3::sockets::types::{
    ErrorCode, IpAddressFamily, IpSocketAddress, Ipv4SocketAddress, Ipv6SocketAddress, TcpSocket,
};
use spin_sdk::wasip3::wit_stream;
use std::net::IpAddr;
use wit_bindgen::{FutureReader, StreamReader, StreamResult, StreamWriter};

/// How much is read at once, in bytes.
const CHUNK: usize = 16 * 1024;

type Done = FutureReader<Result<(), ErrorCode>>;

/// Keeps a connection open.
pub(super) struct Socket {
    _socket: TcpSocket,
    _sent: Done,
    _received: Done,
}

/// What comes over a connection.
pub(super) struct Incoming(StreamReader<u8>);

/// What goes over a connection.
pub(super) struct Outgoing(StreamWriter<u8>);

impl Socket {
    /// Connects.
    pub(super) async fn open(server: &Server) -> Result<(Incoming, Outgoing, Self), String> {
        let (family, address) = native(server);
        let socket = TcpSocket::create(family).map_err(told)?;
        socket.connect(address).await.map_err(told)?;
        let (incoming, received) = socket.receive();
        let (outgoing, rest) = wit_stream::new();
        let sent = socket.send(rest);
        let kept = Self { _socket: socket, _sent: sent, _received: received };
        Ok((Incoming(incoming), Outgoing(outgoing), kept))
    }
}

impl Incoming {
    /// The next bytes; none when there are no more.
    pub(super) async fn read(&mut self) -> Option<Vec<u8>> {
        let (result, bytes) = self.0.read(Vec::with_capacity(CHUNK)).await;
        match result {
            StreamResult::Complete(_) => Some(bytes),
            StreamResult::Dropped | StreamResult::Cancelled => None,
        }
    }
}

impl Outgoing {
    /// Sends bytes; none when the other side takes no more.
    pub(super) async fn write(&mut self, bytes: Vec<u8>) -> Option<()> {
        self.0.write_all(bytes).await.is_empty().then_some(())
    }
}

fn native(server: &Server) -> (IpAddressFamily, IpSocketAddress) {
    match server.host {
        IpAddr::V4(host) => {
            let [a, b, c, d] = host.octets();
            let address = Ipv4SocketAddress { port: server.port, address: (a, b, c, d) };
            (IpAddressFamily::Ipv4, IpSocketAddress::Ipv4(address))
        }
        IpAddr::V6(host) => {
            let [a, b, c, d, e, f, g, h] = host.segments();
            let address = Ipv6SocketAddress {
                port: server.port,
                flow_info: 0,
                address: (a, b, c, d, e, f, g, h),
                scope_id: 0,
            };
            (IpAddressFamily::Ipv6, IpSocketAddress::Ipv6(address))
        }
    }
}

#[allow(clippy::needless_pass_by_value, reason = "it is what map_err gives")]
fn told(code: ErrorCode) -> String {
    format!("{code:?}")
}
