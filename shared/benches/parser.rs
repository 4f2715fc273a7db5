//! How fast streams of AI services are read: `cargo xtask bench --parser`.
#![allow(
    missing_docs,
    clippy::disallowed_methods,
    clippy::expect_used,
    reason = "a benchmark reads clocks"
)]

use kefu_shared::config::ProviderKind;
use kefu_shared::provider::sse::Sse;
use kefu_shared::provider::{Reading, ResponseHead, reader};
use kefu_shared::time::Millis;
use std::fs;
use std::hint::black_box;
use std::ops::ControlFlow;
use std::time::{Duration, Instant};

/// As a network brings them.
const PIECE: usize = 4096;
/// Frames of an answer: under the cap of its text.
const FRAMES: usize = 10_000;
/// Of a measurement; the best of five counts, as whatever else the machine does only slows down.
const LENGTH: Duration = Duration::from_millis(300);
const ROUNDS: usize = 5;
/// What the reader of streams has to reach, in millions of bytes a second.
const WANTED: f64 = 200.0;

/// A frame of each kind as it is in the fixtures, with a token of Chinese.
const KINDS: [(&str, ProviderKind, &str); 5] = [
    (
        "coze",
        ProviderKind::Coze,
        "event:conversation.message.delta\ndata:{\"id\":\"7581200000000000301\",\"conversation_id\":\"7581200000000000101\",\"bot_id\":\"7300000000000000000\",\"role\":\"assistant\",\"type\":\"answer\",\"content\":\"您好，\",\"content_type\":\"text\",\"chat_id\":\"7581200000000000202\"}\n\n",
    ),
    (
        "dify",
        ProviderKind::Dify,
        "data: {\"event\":\"message\",\"conversation_id\":\"45701982-8118-4bc5-8e9b-64562b4555f2\",\"message_id\":\"9da23599-e713-473b-982c-4328d4f5c78a\",\"created_at\":1764000000,\"task_id\":\"c3800678-a077-43df-a102-53f23ed20b88\",\"id\":\"9da23599-e713-473b-982c-4328d4f5c78a\",\"answer\":\"您好，\"}\n\n",
    ),
    (
        "fastgpt",
        ProviderKind::FastGpt,
        "event: answer\ndata: {\"id\":\"\",\"object\":\"\",\"created\":0,\"model\":\"\",\"choices\":[{\"delta\":{\"role\":\"assistant\",\"content\":\"您好，\"},\"index\":0,\"finish_reason\":null}]}\n\n",
    ),
    (
        "openai",
        ProviderKind::OpenAi,
        "data: {\"id\":\"chatcmpl-Xyz1\",\"object\":\"chat.completion.chunk\",\"created\":1764000000,\"model\":\"gpt-4o-mini\",\"choices\":[{\"index\":0,\"delta\":{\"content\":\"您好，\"},\"finish_reason\":null}]}\n\n",
    ),
    ("workers_ai", ProviderKind::WorkersAi, "data: {\"response\":\"您好，\"}\n\n"),
];

/// What this thread has had of a processor: what else the machine does is not in it (proc(5)).
/// Where the system does not tell, time itself.
fn spent(since: Instant) -> Duration {
    let stat = fs::read_to_string("/proc/thread-self/schedstat").unwrap_or_default();
    let nanos = stat.split(' ').next().and_then(|nanos| nanos.parse().ok());
    nanos.map_or_else(|| since.elapsed(), Duration::from_nanos)
}

/// Millions of bytes a second.
fn rate(body: &[u8], mut read: impl FnMut(&[u8])) -> f64 {
    let round = |_| {
        let begun = Instant::now();
        let (before, mut bytes) = (spent(begun), 0);
        while spent(begun) - before < LENGTH {
            read(body);
            bytes += body.len();
        }
        bytes as f64 / (spent(begun) - before).as_secs_f64() / 1e6
    };
    (0..ROUNDS).map(round).fold(0.0, f64::max)
}

fn frames(body: &[u8]) {
    let (mut sse, mut seen) = (Sse::default(), 0);
    for piece in body.chunks(PIECE) {
        let read = sse.push(piece, |frame| {
            seen += usize::from(!black_box(frame).data.is_empty());
            ControlFlow::Continue(())
        });
        read.expect("no frame is too long");
    }
    assert_eq!(seen, FRAMES);
}

fn answer(kind: ProviderKind, body: &[u8]) {
    let head = ResponseHead { status: 200, headers: Vec::new(), at: Millis::default() };
    let (mut reader, mut out, mut text) = (reader(kind, head), Vec::new(), 0);
    for piece in body.chunks(PIECE) {
        reader.push(piece, &mut out);
        for reading in out.drain(..) {
            if let Reading::Text(more) = black_box(reading) {
                text += more.len();
            }
        }
    }
    assert_eq!(text, FRAMES * "您好，".len());
}

fn main() {
    println!("| stream | frames, MB/s | with the adapter, MB/s | a delta |\n|---|---|---|---|");
    let mut slow = Vec::new();
    for (name, kind, frame) in KINDS {
        let body = frame.repeat(FRAMES).into_bytes();
        let (framed, read) = (rate(&body, frames), rate(&body, |body| answer(kind, body)));
        let delta = frame.len() as f64 / read;
        println!("| {name} | {framed:.0} | {read:.0} | {delta:.2} µs |");
        if framed < WANTED {
            slow.push(name);
        }
    }
    assert!(slow.is_empty(), "under {WANTED} MB/s: {slow:?}");
}
