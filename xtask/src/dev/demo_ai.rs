//! A loopback provider that speaks OpenAI's chat completions, so that streaming can be seen
//! without a key. It is a script and says so in every answer.

mod answer;
mod request;

use anyhow::Result;
use request::Request;
use serde_json::json;
use std::io::{self, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::thread;
use std::time::Duration;

/// Some thirty pieces a second, the pace of a hosted model.
const PAUSE: Duration = Duration::from_millis(if cfg!(test) { 0 } else { 33 });
/// Before the first piece.
const THINKING: Duration = Duration::from_millis(if cfg!(test) { 0 } else { 350 });

/// The provider, for as long as this process runs.
pub(super) struct DemoAi {
    address: SocketAddr,
}

impl DemoAi {
    /// Starts it on a free port of 127.0.0.1.
    ///
    /// # Errors
    /// When there is none.
    pub(super) fn start() -> Result<Self> {
        let listener = TcpListener::bind(("127.0.0.1", 0))?;
        let address = listener.local_addr()?;
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                // One that breaks off concerns nobody but its own conversation.
                thread::spawn(move || _ = serve(stream));
            }
        });
        Ok(Self { address })
    }

    /// What a configuration names as its endpoint.
    pub(super) fn endpoint(&self) -> String {
        format!("http://{}/v1", self.address)
    }
}

fn serve(stream: TcpStream) -> io::Result<()> {
    stream.set_nodelay(true)?;
    let request = Request::read(&stream)?;
    match (request.method.as_str(), request.path.as_str()) {
        ("POST", "/v1/chat/completions") => complete(stream, &request),
        _ => whole(stream, "404 Not Found", &json!({ "error": { "message": "no such route" } })),
    }
}

fn complete(stream: TcpStream, request: &Request) -> io::Result<()> {
    let text = answer::to(&request.question());
    if request.streams() {
        return streamed(stream, &text);
    }
    let message = json!({ "role": "assistant", "content": text });
    let choice = json!({ "index": 0, "message": message, "finish_reason": "stop" });
    whole(stream, "200 OK", &completion("chat.completion", &choice))
}

/// Server-sent events, a piece each, and the `[DONE]` that ends them.
fn streamed(mut stream: TcpStream, text: &str) -> io::Result<()> {
    let head = "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nConnection: close\r\n\r\n";
    stream.write_all(head.as_bytes())?;
    thread::sleep(THINKING);
    for piece in answer::pieces(text) {
        event(&mut stream, &json!({ "content": piece }), None)?;
        thread::sleep(PAUSE);
    }
    event(&mut stream, &json!({}), Some("stop"))?;
    stream.write_all(b"data: [DONE]\n\n")
}

fn event(
    stream: &mut TcpStream,
    delta: &serde_json::Value,
    finish: Option<&str>,
) -> io::Result<()> {
    let choice = json!({ "index": 0, "delta": delta, "finish_reason": finish });
    let data = completion("chat.completion.chunk", &choice);
    stream.write_all(format!("data: {data}\n\n").as_bytes())
}

fn completion(object: &str, choice: &serde_json::Value) -> serde_json::Value {
    json!({ "id": "demo", "object": object, "created": 0, "model": "demo-ai", "choices": [choice] })
}

fn whole(mut stream: TcpStream, status: &str, body: &serde_json::Value) -> io::Result<()> {
    let body = body.to_string();
    let length = body.len();
    let head = format!(
        "HTTP/1.1 {status}\r\nContent-Type: application/json\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n"
    );
    stream.write_all(head.as_bytes())?;
    stream.write_all(body.as_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Read;

    fn ask(body: &str) -> String {
        let demo = DemoAi::start().unwrap();
        let mut stream = TcpStream::connect(demo.address).unwrap();
        let length = body.len();
        let head =
            format!("POST /v1/chat/completions HTTP/1.1\r\nContent-Length: {length}\r\n\r\n");
        stream.write_all(head.as_bytes()).unwrap();
        stream.write_all(body.as_bytes()).unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        answer
    }

    #[test]
    fn a_question_is_echoed_in_a_labelled_answer() {
        let answer = ask(r#"{"messages":[{"role":"user","content":"Where is it?"}]}"#);
        assert!(answer.contains("Demo AI") && answer.contains("Where is it?"), "{answer}");
    }

    #[test]
    fn a_stream_has_pieces_a_reason_and_an_end() {
        let answer = ask(r#"{"stream":true,"messages":[{"role":"user","content":"你好"}]}"#);
        assert!(answer.contains("text/event-stream"));
        assert!(answer.matches("\"content\"").count() > 10, "{answer}");
        assert!(answer.contains("\"finish_reason\":\"stop\""));
        assert!(answer.ends_with("data: [DONE]\n\n"));
    }
}
