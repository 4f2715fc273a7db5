//! Providers: they answer, stall, fail and lie, each in its manner.

use crate::chance::Chance;
use crate::plan::Manner;
use kefu_shared::provider::{BodyEnd, Failure, ResponseHead};
use kefu_shared::time::Millis;
use std::fmt;

/// What a provider does next about a call.
#[derive(Clone)]
pub(crate) enum Said {
    Head(ResponseHead),
    Bytes(Vec<u8>),
    End(BodyEnd),
    Unreachable(Failure),
}

/// As people read it.
impl fmt::Debug for Said {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Head(head) => write!(f, "head {}", head.status),
            Self::Bytes(bytes) => {
                write!(f, "{}", String::from_utf8_lossy(bytes).replace('\n', "⏎"))
            }
            Self::End(how) => write!(f, "end {how:?}"),
            Self::Unreachable(failure) => write!(f, "failure {failure}"),
        }
    }
}

/// How a call goes.
#[derive(Debug, Default)]
pub(crate) struct Script {
    /// (milliseconds from the call, what).
    pub(crate) said: Vec<(u64, Said)>,
    /// All the text in it.
    pub(crate) text: String,
}

/// How a call goes in that manner. `tag` is in every piece: an answer made of two shows it.
pub(crate) fn script(chance: &mut Chance, manner: Manner, wall: Millis, tag: &str) -> Script {
    let at = chance.between(5, 400);
    let head = |status| {
        let headers = vec![("content-type".into(), "text/event-stream".into())];
        Said::Head(ResponseHead { status, headers, at: Millis(wall.0 + at) })
    };
    let said = match manner {
        Manner::Hangs => Vec::new(),
        Manner::Unreachable => vec![(at, Said::Unreachable(Failure::unreachable()))],
        Manner::Refuses(status) => vec![(at, head(status)), (at + 5, Said::End(BodyEnd::Clean))],
        Manner::OnlyHead => vec![(at, head(200))],
        Manner::Answers
        | Manner::Briefly
        | Manner::Empty
        | Manner::Resets
        | Manner::Errs
        | Manner::Garbles
        | Manner::Stalls
        | Manner::Pauses => return body(chance, manner, (at, head(200)), tag),
    };
    Script { said, text: String::new() }
}

/// A body: pieces of text, and an end.
fn body(chance: &mut Chance, manner: Manner, head: (u64, Said), tag: &str) -> Script {
    let mut at = head.0;
    let mut script = Script { said: vec![head], text: String::new() };
    let pieces = match manner {
        Manner::Empty => 0,
        Manner::Briefly => 3,
        _ => chance.between(1, 30),
    };
    for number in 0..pieces {
        at += if manner == Manner::Briefly { 250 } else { chance.between(1, 80) };
        if manner == Manner::Pauses && chance.once_in(6) {
            at += chance.between(500, 9_000);
        }
        let text = piece(number, tag);
        script.said.extend(cut(chance, at, &chunk(&text)));
        script.text.push_str(&text);
    }
    at += chance.between(1, 50);
    script.said.extend(end(manner, at));
    script
}

fn end(manner: Manner, at: u64) -> Vec<(u64, Said)> {
    let bytes = |text: &str| Said::Bytes(text.as_bytes().to_vec());
    match manner {
        // In the middle of an event, and of a character.
        Manner::Resets => {
            let torn = [b"data: {\"choices\":[{\"delta\":{\"content\":\"".as_slice(), &[0xe5]];
            vec![(at, Said::Bytes(torn.concat())), (at, Said::End(BodyEnd::Reset))]
        }
        Manner::Errs => vec![(at, bytes("data: {\"error\":{\"message\":\"x\"}}\n\n"))],
        Manner::Garbles => vec![(at, bytes("data: {not json\n\n"))],
        Manner::Stalls => Vec::new(),
        _ => vec![(at, bytes("data: [DONE]\n\n")), (at + 1, Said::End(BodyEnd::Clean))],
    }
}

fn piece(number: u64, tag: &str) -> String {
    let words = ["好", "😀", "word ", "长一点的一段话。", "a"];
    let word = words[usize::try_from(number).unwrap_or(0) % words.len()];
    format!("{word}#{tag};")
}

fn chunk(text: &str) -> Vec<u8> {
    let chunk = serde_json::json!({ "choices": [{ "index": 0, "delta": { "content": text } }] });
    format!("data: {chunk}\n\n").into_bytes()
}

/// A piece comes whole, or cut anywhere, also within a character.
fn cut(chance: &mut Chance, at: u64, bytes: &[u8]) -> Vec<(u64, Said)> {
    if chance.once_in(3) {
        let (first, second) = bytes.split_at(chance.index(bytes.len()));
        return vec![(at, Said::Bytes(first.to_vec())), (at, Said::Bytes(second.to_vec()))];
    }
    vec![(at, Said::Bytes(bytes.to_vec()))]
}
