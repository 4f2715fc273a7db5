//! An AI provider on loopback that plays scripts and remembers what it was asked.

use crate::script::{Line, Script};
use crate::soon;
use serde_json::Value;
use std::collections::VecDeque;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;
use std::{fmt, io};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::sync::watch;

/// A service that speaks chat completions, on a port of its own.
#[derive(Clone, Debug)]
pub struct Provider {
    address: SocketAddr,
    desk: Arc<Desk>,
}

struct Desk {
    choose: Mutex<Choose>,
    asked: watch::Sender<Vec<Asked>>,
}

/// Chooses the script that is played to a request, by its head.
type Choose = Box<dyn FnMut(&str) -> Script + Send>;

impl fmt::Debug for Desk {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Desk").field("asked", &self.asked).finish_non_exhaustive()
    }
}

/// A request that came.
#[derive(Clone, Debug)]
pub struct Asked {
    /// When it was whole.
    pub at: Instant,
    /// The request line and the headers, in lower case.
    pub head: String,
    /// The JSON body; null when it is something else.
    pub body: Value,
    /// The body as it came.
    pub bytes: Vec<u8>,
    /// The key that came with it.
    pub key: String,
    left: watch::Receiver<Option<Instant>>,
}

impl Asked {
    /// When the other side closed the connection before the script was over.
    ///
    /// # Panics
    /// When it does not.
    pub async fn left(&self) -> Instant {
        let mut left = self.left.clone();
        let when = soon("the request is given up", left.wait_for(Option::is_some)).await;
        when.expect("the script ended, and nobody gave the request up").expect("there is a moment")
    }

    /// Whether the other side has closed the connection before the script was over.
    pub fn is_given_up(&self) -> bool {
        self.left.borrow().is_some()
    }

    /// What was said, each as `role: content`.
    pub fn messages(&self) -> Vec<String> {
        let messages = self.body["messages"].as_array().expect("messages");
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        messages
            .iter()
            .map(|it| format!("{}: {}", text(&it["role"]), text(&it["content"])))
            .collect()
    }
}

impl Provider {
    /// Starts one that plays these scripts, one a request, and the last for all further ones.
    ///
    /// # Panics
    /// When there is no free port.
    pub async fn playing(scripts: impl IntoIterator<Item = Script>) -> Self {
        let mut scripts: VecDeque<_> = scripts.into_iter().collect();
        let next = move |_: &str| match scripts.len() {
            0 | 1 => scripts.front().cloned().unwrap_or_default(),
            _ => scripts.pop_front().unwrap_or_default(),
        };
        Self::choosing(next).await
    }

    /// Starts one that plays what is chosen for a request, whose head is given in lower case.
    ///
    /// # Panics
    /// When there is no free port.
    pub async fn choosing(choose: impl FnMut(&str) -> Script + Send + 'static) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.expect("a free port");
        let address = listener.local_addr().expect("an address");
        let desk = Arc::new(Desk {
            choose: Mutex::new(Box::new(choose)),
            asked: watch::Sender::new(Vec::new()),
        });
        tokio::spawn(answer_all(listener, Arc::clone(&desk)));
        Self { address, desk }
    }

    /// Its entry in a site's configuration; `more` are further keys, a line each.
    pub fn entry(&self, name: &str, more: &str) -> String {
        entry(self.address, name, more)
    }

    /// Where it listens: `127.0.0.1:PORT`.
    pub fn address(&self) -> String {
        self.address.to_string()
    }

    /// Where it listens.
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// The requests so far.
    pub fn asked(&self) -> Vec<Asked> {
        self.desk.asked.borrow().clone()
    }

    /// The request of that number, from 1, as soon as it comes.
    ///
    /// # Panics
    /// When it does not come.
    pub async fn request(&self, number: usize) -> Asked {
        let mut asked = self.desk.asked.subscribe();
        let what = format!("request {number} of a provider");
        let all = soon(&what, asked.wait_for(|asked| asked.len() >= number)).await;
        all.expect("the desk is open")[number - 1].clone()
    }
}

/// The entry of a provider at an address where nobody listens, until the process ends: the port is
/// bound, so that no other test's server is given it.
///
/// # Panics
/// When there is no free port.
pub fn refusing(name: &str) -> String {
    let socket = TcpSocket::new_v4().expect("a socket");
    socket.bind(([127, 0, 0, 1], 0).into()).expect("a free port");
    let address = socket.local_addr().expect("an address");
    std::mem::forget(socket);
    entry(address, name, "")
}

fn entry(address: SocketAddr, name: &str, more: &str) -> String {
    format!(
        "[[ai_providers]]\nname = \"{name}\"\ntype = \"openai\"\nmodel = \"scripted\"\nendpoint = \"http://{address}/v1\"\n{more}\n"
    )
}

async fn answer_all(listener: TcpListener, desk: Arc<Desk>) {
    while let Ok((stream, _)) = listener.accept().await {
        let desk = Arc::clone(&desk);
        // A connection that breaks off is part of the play.
        tokio::spawn(async move { _ = answer(stream, &desk).await });
    }
}

async fn answer(mut stream: TcpStream, desk: &Desk) -> io::Result<()> {
    stream.set_nodelay(true)?;
    let (raw, bytes) = read_request(&mut stream).await?;
    let body = serde_json::from_slice(&bytes).unwrap_or_default();
    let bearer = raw.lines().find_map(|line| line.split_once(": Bearer "));
    let key = bearer.map(|(_, key)| key.trim().to_owned()).unwrap_or_default();
    let head = raw.to_lowercase();
    let (leave, left) = watch::channel(None);
    let script = desk.choose.lock().unwrap_or_else(PoisonError::into_inner)(&head);
    desk.asked.send_modify(|asked| {
        asked.push(Asked { at: Instant::now(), head, body, bytes, key, left });
    });
    let (mut from, mut to) = stream.split();
    let finished = tokio::select! {
        played = play(&script, &mut to) => played.is_ok(),
        () = gone(&mut from) => false,
    };
    if !finished {
        leave.send_replace(Some(Instant::now()));
    } else if matches!(script.lines.last(), Some(Line::Reset)) {
        stream.set_zero_linger()?;
    }
    Ok(())
}

async fn play(script: &Script, to: &mut (impl AsyncWriteExt + Unpin)) -> io::Result<()> {
    for line in &script.lines {
        match line {
            Line::Bytes(bytes) => to.write_all(bytes).await?,
            Line::Pause(time) => tokio::time::sleep(*time).await,
            Line::Hold(gate) => gate.opened().await,
            Line::Hang => std::future::pending().await,
            Line::Reset => return Ok(()),
        }
    }
    to.shutdown().await
}

/// Ends when the other side has closed.
async fn gone(from: &mut (impl AsyncReadExt + Unpin)) {
    let mut rest = [0; 256];
    while matches!(from.read(&mut rest).await, Ok(1..)) {}
}

async fn read_request(stream: &mut TcpStream) -> io::Result<(String, Vec<u8>)> {
    let mut bytes = Vec::new();
    loop {
        if stream.read_buf(&mut bytes).await? == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        let Some(end) = bytes.windows(4).position(|four| four == b"\r\n\r\n") else { continue };
        let head = String::from_utf8_lossy(&bytes[..end]).into_owned();
        let lower = head.to_lowercase();
        let length = lower.lines().find_map(|line| line.strip_prefix("content-length: "));
        let length: usize = length.and_then(|text| text.trim().parse().ok()).unwrap_or(0);
        let body = &bytes[end + 4..];
        if body.len() >= length {
            return Ok((head, body.to_vec()));
        }
    }
}
