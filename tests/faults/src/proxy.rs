//! A line that can be spoiled: a TCP proxy on a port of its own, in front of a server.

use std::collections::VecDeque;
use std::io;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio::time::sleep;

/// The largest piece that passes at once.
const PIECE: usize = 16 * 1_024;

/// What the line does to what passes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Weather {
    /// Everything passes.
    Clear,
    /// Every piece is late by this much.
    Slow(Duration),
    /// So many bytes pass in a second, in small pieces.
    Narrow(u32),
    /// Nothing passes and nothing is closed: both ends believe in a connection that is not there.
    Hole,
    /// Connections are reset, new ones too.
    Cut,
}

/// One direction of a line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    /// What the client sends.
    Up,
    /// What the server sends.
    Down,
}

/// A line in front of a server. Its connections are reset when it is dropped.
#[derive(Debug)]
pub struct Proxy {
    port: u16,
    desk: Arc<Desk>,
    task: JoinHandle<()>,
}

#[derive(Debug)]
struct Desk {
    target: u16,
    /// That of the whole line.
    weather: watch::Sender<Weather>,
    /// Rises with every reset of the connections that are there.
    resets: watch::Sender<u64>,
    /// What is to end the next connections, one each.
    ends: Mutex<VecDeque<End>>,
    accepted: AtomicU64,
}

/// A connection is reset when so many bytes have passed on one side.
#[derive(Clone, Copy, Debug)]
struct End {
    side: Side,
    after: u64,
}

impl Proxy {
    /// Puts a line in front of a port of this machine.
    ///
    /// # Panics
    /// When there is no free port.
    pub async fn before(target: u16) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.expect("a free port");
        let port = listener.local_addr().expect("an address").port();
        let desk = Arc::new(Desk {
            target,
            weather: watch::Sender::new(Weather::Clear),
            resets: watch::Sender::new(0),
            ends: Mutex::default(),
            accepted: AtomicU64::new(0),
        });
        let task = tokio::spawn(accept_all(listener, Arc::clone(&desk)));
        Self { port, desk, task }
    }

    /// Where it listens.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// How many connections there have been.
    pub fn accepted(&self) -> u64 {
        self.desk.accepted.load(Ordering::Relaxed)
    }

    /// Changes the weather, for connections that are there and those to come.
    pub fn set(&self, weather: Weather) {
        self.desk.weather.send_replace(weather);
    }

    /// Resets the connections that are there; new ones are let through.
    pub fn cut(&self) {
        self.desk.resets.send_modify(|resets| *resets += 1);
    }

    /// Resets the next connection once so many bytes have passed on one side. Called several
    /// times, it speaks of as many connections.
    pub fn cut_next(&self, side: Side, after: u64) {
        self.desk.ends().push_back(End { side, after });
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.task.abort();
        self.set(Weather::Cut);
    }
}

impl Desk {
    fn ends(&self) -> MutexGuard<'_, VecDeque<End>> {
        self.ends.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

async fn accept_all(listener: TcpListener, desk: Arc<Desk>) {
    while let Ok((client, _)) = listener.accept().await {
        desk.accepted.fetch_add(1, Ordering::Relaxed);
        let end = desk.ends().pop_front();
        let desk = Arc::clone(&desk);
        // A connection that breaks is what a proxy of faults is for.
        tokio::spawn(async move { _ = carry(client, end, &desk).await });
    }
}

/// Carries a connection until it ends.
async fn carry(mut client: TcpStream, end: Option<End>, desk: &Desk) -> io::Result<()> {
    let mut weather = desk.weather.subscribe();
    let mut resets = desk.resets.subscribe();
    // Bytes that wait for a full packet would hide the order in which pieces come.
    client.set_nodelay(true)?;
    let Ok(mut server) = TcpStream::connect(("127.0.0.1", desk.target)).await else {
        return client.set_zero_linger();
    };
    server.set_nodelay(true)?;
    let is_reset = {
        let (from_client, to_client) = client.split();
        let (from_server, to_server) = server.split();
        let budget = |side| end.filter(|end| end.side == side).map(|end| end.after);
        let up = pump(from_client, to_server, desk.weather.subscribe(), budget(Side::Up));
        let down = pump(from_server, to_client, desk.weather.subscribe(), budget(Side::Down));
        tokio::select! {
            _ = weather.wait_for(|weather| *weather == Weather::Cut) => true,
            _ = resets.changed() => true,
            ended = both(up, down) => ended.is_err(),
        }
    };
    if is_reset {
        client.set_zero_linger()?;
        server.set_zero_linger()?;
    }
    Ok(())
}

/// Ends when both directions have, or one of them breaks.
async fn both(
    up: impl Future<Output = io::Result<()>>,
    down: impl Future<Output = io::Result<()>>,
) -> io::Result<()> {
    tokio::try_join!(up, down).map(|_| ())
}

/// Carries one direction until its end; an error when its budget of bytes is used up.
async fn pump(
    mut from: impl AsyncReadExt + Unpin,
    mut to: impl AsyncWriteExt + Unpin,
    mut weather: watch::Receiver<Weather>,
    mut budget: Option<u64>,
) -> io::Result<()> {
    let mut buffer = vec![0; PIECE];
    while budget != Some(0) {
        let most = budget.map_or(PIECE, |left| usize::try_from(left).unwrap_or(PIECE).min(PIECE));
        let read = from.read(&mut buffer[..most]).await?;
        if read == 0 {
            // An end is no faster than what comes before it.
            passable(&mut weather).await;
            return to.shutdown().await;
        }
        pass_on(&buffer[..read], &mut to, &mut weather).await?;
        budget = budget.map(|left| left.saturating_sub(read as u64));
    }
    Err(io::ErrorKind::ConnectionReset.into())
}

async fn pass_on(
    mut bytes: &[u8],
    to: &mut (impl AsyncWriteExt + Unpin),
    weather: &mut watch::Receiver<Weather>,
) -> io::Result<()> {
    while !bytes.is_empty() {
        let most = passable(weather).await;
        let (piece, rest) = bytes.split_at(most.min(bytes.len()));
        to.write_all(piece).await?;
        bytes = rest;
    }
    Ok(())
}

/// Waits until something may pass; tells how much.
async fn passable(weather: &mut watch::Receiver<Weather>) -> usize {
    loop {
        let present = *weather.borrow_and_update();
        match present {
            Weather::Clear | Weather::Cut => return PIECE,
            Weather::Slow(late) => {
                sleep(late).await;
                return PIECE;
            }
            Weather::Narrow(rate) => {
                // Twenty pieces a second.
                sleep(Duration::from_millis(50)).await;
                return usize::try_from(rate / 20).unwrap_or(PIECE).clamp(1, PIECE);
            }
            // The sender lives as long as connections do.
            Weather::Hole => _ = weather.changed().await,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Instant;
    use tokio::time::timeout;

    /// A server that sends back what it gets, and a connection to it over a line.
    async fn echo() -> (Proxy, TcpStream) {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let proxy = Proxy::before(listener.local_addr().unwrap().port()).await;
        tokio::spawn(async move {
            while let Ok((mut stream, _)) = listener.accept().await {
                tokio::spawn(async move {
                    let (mut from, mut to) = stream.split();
                    tokio::io::copy(&mut from, &mut to).await
                });
            }
        });
        let client = TcpStream::connect(("127.0.0.1", proxy.port())).await.unwrap();
        (proxy, client)
    }

    async fn said_back(client: &mut TcpStream, word: &[u8]) -> io::Result<Vec<u8>> {
        client.write_all(word).await?;
        let mut heard = vec![0; word.len()];
        client.read_exact(&mut heard).await?;
        Ok(heard)
    }

    #[tokio::test]
    async fn in_clear_weather_everything_passes() {
        let (_proxy, mut client) = echo().await;
        assert_eq!(said_back(&mut client, b"hello").await.unwrap(), b"hello");
    }

    #[tokio::test]
    async fn a_hole_holds_everything_back_and_closes_nothing() {
        let (proxy, mut client) = echo().await;
        said_back(&mut client, b"hello").await.unwrap();
        proxy.set(Weather::Hole);
        let waits = timeout(Duration::from_millis(100), said_back(&mut client, b"lost?"));
        assert!(waits.await.is_err());
        proxy.set(Weather::Clear);
        let mut late = [0; 5];
        client.read_exact(&mut late).await.unwrap();
        assert_eq!(&late, b"lost?");
    }

    #[tokio::test]
    async fn a_cut_line_is_reset_and_a_new_connection_passes() {
        let (proxy, mut client) = echo().await;
        said_back(&mut client, b"hello").await.unwrap();
        proxy.cut();
        let error = said_back(&mut client, b"hello").await.unwrap_err();
        assert!(matches!(error.kind(), io::ErrorKind::ConnectionReset | io::ErrorKind::BrokenPipe));
        let mut client = TcpStream::connect(("127.0.0.1", proxy.port())).await.unwrap();
        assert_eq!(said_back(&mut client, b"again").await.unwrap(), b"again");
    }

    #[tokio::test]
    async fn a_connection_is_cut_after_as_many_bytes_as_it_was_told() {
        let (proxy, _first) = echo().await;
        tokio::time::timeout(Duration::from_secs(5), async {
            while proxy.accepted() < 1 {
                tokio::task::yield_now().await;
            }
        })
        .await
        .unwrap();
        proxy.cut_next(Side::Down, 3);
        let mut client = TcpStream::connect(("127.0.0.1", proxy.port())).await.unwrap();
        client.write_all(b"hello").await.unwrap();
        let mut heard = Vec::new();
        let ended = client.read_to_end(&mut heard).await;
        // A reset may overtake what came before it.
        assert!(ended.is_err() && heard.len() <= 3, "{ended:?} {heard:?}");
    }

    #[tokio::test]
    async fn a_slow_line_is_late_and_a_narrow_one_lets_little_pass() {
        let (proxy, mut client) = echo().await;
        let begun = Instant::now();
        proxy.set(Weather::Slow(Duration::from_millis(50)));
        said_back(&mut client, b"hello").await.unwrap();
        assert!(begun.elapsed() >= Duration::from_millis(100));
        let begun = Instant::now();
        proxy.set(Weather::Narrow(200));
        said_back(&mut client, &[b'x'; 50]).await.unwrap();
        assert!(begun.elapsed() >= Duration::from_millis(200));
    }
}
