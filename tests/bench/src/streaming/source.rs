//! The provider: it writes a token to everybody who asked, at the pace, and when it did so.

use super::PACE;
use anyhow::Result;
use std::cell::{Cell, Ref, RefCell};
use std::collections::BTreeMap;
use std::io;
use std::net::SocketAddr;
use std::rc::Rc;
use std::time::{Duration, Instant};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::sleep_until;

/// Bytes of a token: the µs on the clock when it was written, in so many digits, and a space.
pub(crate) const TOKEN: usize = 10;

const HEAD: &[u8] =
    b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\nconnection: close\r\n\r\n";
/// As servers of chat completions end their streams.
const END: &str = concat!(
    r#"data: {"id":"chatcmpl-Xyz1","object":"chat.completion.chunk","created":1764000000,"#,
    r#""model":"streaming","choices":[{"index":0,"delta":{},"finish_reason":"stop"}],"#,
    r#""usage":{"prompt_tokens":7,"completion_tokens":5,"total_tokens":12}}"#,
    "\n\ndata: [DONE]\n\n"
);

/// A service that speaks chat completions, on a port of its own.
pub(crate) struct Source {
    address: SocketAddr,
    /// What moments are counted from.
    pub(crate) clock: Instant,
    answers: Rc<Answers>,
}

#[derive(Default)]
struct Answers {
    tokens: Cell<u32>,
    sent: Cell<u64>,
    /// What was written to the question of that text, which is a number.
    written: RefCell<BTreeMap<u32, String>>,
}

impl Source {
    pub(crate) async fn open() -> Result<Self> {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
        let (address, clock) = (listener.local_addr()?, Instant::now());
        let answers = Rc::<Answers>::default();
        tokio::task::spawn_local(answer_all(listener, clock, answers.clone()));
        Ok(Self { address, clock, answers })
    }

    /// Its entry in a site's configuration. A question is whole at once.
    pub(crate) fn entry(&self) -> String {
        format!(
            "[ai]\nquiet_window = \"0s\"\n[context]\nrounds = 1\n[[ai_providers]]\nname = \"streaming\"\n\
             type = \"openai\"\nmodel = \"streaming\"\nendpoint = \"http://{}/v1\"\n",
            self.address
        )
    }

    /// From now on answers have so many tokens, and nothing was written.
    pub(crate) fn begin(&self, tokens: u32) {
        self.answers.tokens.set(tokens);
        self.answers.sent.set(0);
        self.answers.written.borrow_mut().clear();
    }

    /// Tokens that were written.
    pub(crate) fn sent(&self) -> u64 {
        self.answers.sent.get()
    }

    /// The answers, by their question.
    pub(crate) fn written(&self) -> Ref<'_, BTreeMap<u32, String>> {
        self.answers.written.borrow()
    }
}

async fn answer_all(listener: TcpListener, clock: Instant, answers: Rc<Answers>) {
    while let Ok((stream, _)) = listener.accept().await {
        let answers = answers.clone();
        tokio::task::spawn_local(async move {
            if let Err(error) = answer(stream, clock, &answers).await {
                eprintln!("an answer broke off: {error}");
            }
        });
    }
}

async fn answer(mut stream: TcpStream, clock: Instant, answers: &Answers) -> io::Result<()> {
    stream.set_nodelay(true)?;
    let question = read_question(&mut stream).await?;
    stream.write_all(HEAD).await?;
    let begun = Instant::now();
    for number in 0..answers.tokens.get() {
        sleep_until((begun + Duration::from_secs(1) * number / PACE).into()).await;
        let token = format!("{:09} ", clock.elapsed().as_micros());
        let frame = format!(
            r#"data: {{"id":"chatcmpl-Xyz1","object":"chat.completion.chunk","created":1764000000,"model":"streaming","choices":[{{"index":0,"delta":{{"content":"{token}"}},"finish_reason":null}}]}}{}"#,
            "\n\n"
        );
        stream.write_all(frame.as_bytes()).await?;
        answers.sent.set(answers.sent.get() + 1);
        answers.written.borrow_mut().entry(question).or_default().push_str(&token);
    }
    stream.write_all(END.as_bytes()).await?;
    stream.shutdown().await
}

/// The number that the last message of the request is.
async fn read_question(stream: &mut TcpStream) -> io::Result<u32> {
    let mut bytes = Vec::new();
    loop {
        if stream.read_buf(&mut bytes).await? == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        if let Some(question) = question(&bytes) {
            return Ok(question);
        }
    }
}

/// Of a request that is whole.
fn question(bytes: &[u8]) -> Option<u32> {
    let text = std::str::from_utf8(bytes).ok()?;
    let (_, body) = text.split_once("\r\n\r\n")?;
    let body: serde_json::Value = serde_json::from_str(body).ok()?;
    body.get("messages")?.as_array()?.last()?.get("content")?.as_str()?.parse().ok()
}
