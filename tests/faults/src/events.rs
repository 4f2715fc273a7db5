//! The carrier of a host without WebSockets, as `sse.ts` and `posts.ts` of the client library are:
//! a stream to read, which is opened again from its cursor where a socket would be asked to resume,
//! and a POST for each frame, messages one after the other.

use crate::carrier::{Door, Heard, frame};
use crate::down::Down;
use reqwest::{Client, Response, Url};
use serde_json::{Value, json};
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio::task::JoinHandle;

pub(crate) struct Events {
    http: Client,
    door: Door,
    stream: Response,
    /// Bytes that are no whole line yet.
    rest: Vec<u8>,
    /// Messages on their way, in order.
    letters: UnboundedSender<Value>,
    /// What became of them.
    outcomes: UnboundedReceiver<Result<Value, Down>>,
    posting: JoinHandle<()>,
}

impl Events {
    pub(crate) async fn open(door: Door) -> Result<Self, Down> {
        // Each request has a connection of its own: those to a host that died are of no use.
        let http = Client::builder().no_proxy().pool_max_idle_per_host(0).tcp_nodelay(true).build();
        let http = http.map_err(|error| Down::cut(error.to_string()))?;
        let stream = listen(&http, &door).await?;
        let (letters, queue) = unbounded_channel();
        let (told, outcomes) = unbounded_channel();
        let desk = Desk { http: http.clone(), url: base(&door), token: door.token.clone() };
        let posting = tokio::spawn(desk.post_all(queue, told));
        Ok(Self { http, door, stream, rest: Vec::new(), letters, outcomes, posting })
    }

    pub(crate) async fn next(&mut self) -> Result<Heard, Down> {
        loop {
            if let Some(heard) = self.line() {
                return heard;
            }
            tokio::select! {
                Some(outcome) = self.outcomes.recv() => return outcome.map(Heard::Frame),
                chunk = self.stream.chunk() => match chunk {
                    Ok(Some(chunk)) => self.rest.extend_from_slice(&chunk),
                    Ok(None) => return Err(Down::cut("ended")),
                    Err(error) => return Err(Down::cut(error.to_string())),
                },
            }
        }
    }

    pub(crate) async fn send(
        &mut self,
        frames: Vec<Value>,
        path: impl FnOnce() -> String,
    ) -> Result<(), Down> {
        let (anew, letters): (Vec<_>, Vec<_>) = frames
            .into_iter()
            .partition(|frame| frame["resume"].is_object() || frame["leave"].is_object());
        for letter in letters {
            // It ends with this.
            let _ = self.letters.send(letter);
        }
        if !anew.is_empty() {
            self.door.path = path();
            self.stream = listen(&self.http, &self.door).await?;
            self.rest.clear();
        }
        Ok(())
    }

    /// The next whole line, if it says something.
    fn line(&mut self) -> Option<Result<Heard, Down>> {
        let end = self.rest.iter().position(|byte| *byte == b'\n')?;
        let line: Vec<u8> = self.rest.drain(..=end).collect();
        match String::from_utf8_lossy(&line).strip_prefix("data:") {
            Some(data) => Some(frame(data)),
            None => Some(Ok(Heard::Life)),
        }
    }
}

impl Drop for Events {
    fn drop(&mut self) {
        self.posting.abort();
    }
}

fn base(door: &Door) -> String {
    format!("http://127.0.0.1:{}", door.port)
}

async fn listen(http: &Client, door: &Door) -> Result<Response, Down> {
    let get = http.get(format!("{}{}", base(door), door.path)).bearer_auth(&door.token);
    let answered = get.header("accept", "text/event-stream").send().await;
    let answered = answered.map_err(|error| Down::cut(error.to_string()))?;
    if answered.status().is_success() {
        return Ok(answered);
    }
    let retry_after = answered.headers().get("retry-after").and_then(|it| it.to_str().ok());
    Err(Down::of_status(answered.status().as_u16(), retry_after))
}

/// Where frames go that are sent.
struct Desk {
    http: Client,
    url: String,
    token: String,
}

impl Desk {
    async fn post_all(
        self,
        mut queue: UnboundedReceiver<Value>,
        told: UnboundedSender<Result<Value, Down>>,
    ) {
        while let Some(frame) = queue.recv().await {
            let outcome = self.post(&frame).await;
            let over = outcome.is_err();
            let outcome = outcome.transpose();
            if outcome.is_some_and(|outcome| told.send(outcome).is_err()) || over {
                return;
            }
        }
    }

    /// Sends a frame; gives the frame that a socket would have brought for it.
    async fn post(&self, frame: &Value) -> Result<Option<Value>, Down> {
        let route =
            [("send", "messages"), ("read", "read"), ("typing", "typing"), ("stop", "stop")];
        let Some((kind, name)) = route.into_iter().find(|(kind, _)| frame[*kind].is_object())
        else {
            return Ok(None);
        };
        let id = frame["conversation"].as_str().unwrap_or_default();
        let url = format!("{}/v1/conversations/{id}/{name}", self.url);
        let url: Url = url.parse().map_err(|_| Down::cut("a conversation's id is wrong"))?;
        let post = self.http.post(url).bearer_auth(&self.token).json(&frame[kind]);
        let answered = post.send().await.map_err(|error| Down::cut(error.to_string()))?;
        let status = answered.status().as_u16();
        let mut told: Value =
            answered.json().await.map_err(|error| Down::cut(error.to_string()))?;
        if kind != "send" {
            return Ok(None);
        }
        told["key"] = frame["send"]["key"].clone();
        told["status"] = status.into();
        match status {
            200..300 => Ok(Some(json!({ "conversation": id, "ack": told }))),
            401 | 500.. => Err(Down::of_status(status, None)),
            _ => Ok(Some(json!({ "conversation": id, "error": told }))),
        }
    }
}
