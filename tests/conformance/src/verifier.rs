//! A verifier of Turnstile's tokens on loopback that plays its part, and remembers what it was asked.

use serde_json::Value;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

/// How a verifier answers.
#[derive(Clone, Copy, Debug)]
pub enum Part {
    /// With that status and body.
    Says(u16, &'static str),
    /// Never.
    Hangs,
    /// By closing the connection.
    HangsUp,
}

/// A verifier on a port of its own, for as long as the test's runtime runs.
#[derive(Clone, Debug)]
pub struct Verifier {
    address: SocketAddr,
    asked: Arc<Mutex<Vec<Value>>>,
}

impl Verifier {
    /// Starts one that answers every request so.
    pub async fn playing(part: Part) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let address = listener.local_addr().unwrap();
        let verifier = Self { address, asked: Arc::default() };
        let asked = verifier.asked.clone();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(answer(stream, part, asked.clone()));
            }
        });
        verifier
    }

    /// Where it is.
    pub fn endpoint(&self) -> String {
        format!("http://{}/siteverify", self.address)
    }

    /// The bodies of the requests.
    pub fn asked(&self) -> Vec<Value> {
        self.asked.lock().unwrap().clone()
    }
}

async fn answer(mut stream: TcpStream, part: Part, asked: Arc<Mutex<Vec<Value>>>) {
    let Some(body) = request(&mut stream).await else { return };
    asked.lock().unwrap().push(body);
    match part {
        Part::Says(status, body) => {
            let length = body.len();
            let head = format!(
                "HTTP/1.1 {status} X\r\ncontent-type: application/json\r\nconnection: close\r\ncontent-length: {length}\r\n\r\n"
            );
            // Who asked may have gone away.
            let _ = stream.write_all(format!("{head}{body}").as_bytes()).await;
        }
        // Until the other side gives up.
        Part::Hangs => _ = stream.read(&mut [0; 1]).await,
        Part::HangsUp => {}
    }
}

/// The JSON of a request that comes whole.
async fn request(stream: &mut TcpStream) -> Option<Value> {
    let mut bytes = Vec::new();
    loop {
        let mut piece = [0; 4_096];
        let read = stream.read(&mut piece).await.ok().filter(|read| *read > 0)?;
        bytes.extend_from_slice(&piece[..read]);
        let text = String::from_utf8_lossy(&bytes);
        if let Some((_, body)) = text.split_once("\r\n\r\n")
            && let Ok(body) = serde_json::from_str(body)
        {
            return Some(body);
        }
    }
}
