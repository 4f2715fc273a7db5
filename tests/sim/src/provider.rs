//! Providers: they answer, stall, fail and lie, as the seed wants.

use crate::chance::Chance;
use kefu_shared::provider::{BodyEnd, Failure, ResponseHead};
use kefu_shared::time::Millis;

/// What a provider does next about a call.
#[derive(Clone, Debug)]
pub(crate) enum Said {
    Head(ResponseHead),
    Bytes(Vec<u8>),
    End(BodyEnd),
    Unreachable(Failure),
}

/// How a call goes: (milliseconds from the call, what).
pub(crate) fn script(chance: &mut Chance, now: Millis, attempt: u32) -> Vec<(u64, Said)> {
    let mut at = chance.between(5, 400);
    let head = |status, at: u64| {
        let headers = vec![("content-type".into(), "text/event-stream".into())];
        Said::Head(ResponseHead { status, headers, at: Millis(now.0 + at) })
    };
    match chance.below(12) {
        // Never answers.
        0 => Vec::new(),
        1 => vec![(at, Said::Unreachable(Failure::unreachable()))],
        2 => vec![
            (at, head(*chance.pick(&[401, 429, 500, 503]), at)),
            (at + 5, Said::End(BodyEnd::Clean)),
        ],
        // A head, and then nothing.
        3 => vec![(at, head(200, at))],
        kind => {
            let mut said = vec![(at, head(200, at))];
            let pieces = chance.between(0, 30);
            for number in 0..pieces {
                at += if chance.once_in(15) {
                    chance.between(500, 9_000)
                } else {
                    chance.between(1, 80)
                };
                said.extend(cut(chance, at, &piece(number, attempt)));
            }
            at += chance.between(1, 50);
            match kind {
                4 => said.push((at, Said::End(BodyEnd::Reset))),
                5 => said
                    .push((at, Said::Bytes(b"data: {\"error\":{\"message\":\"x\"}}\n\n".to_vec()))),
                // Stalls without an end.
                6 => {}
                7 => said.push((at, Said::Bytes(b"data: {not json\n\n".to_vec()))),
                _ => {
                    said.push((at, Said::Bytes(b"data: [DONE]\n\n".to_vec())));
                    said.push((at + 1, Said::End(BodyEnd::Clean)));
                }
            }
            said
        }
    }
}

/// Every piece names its attempt: an answer made of two of them shows.
fn piece(number: u64, attempt: u32) -> Vec<u8> {
    let words = ["好", "😀", "word ", "长一点的一段话。", "a"];
    let word = words[usize::try_from(number).unwrap_or(0) % words.len()];
    let chunk = serde_json::json!({ "choices": [{ "index": 0, "delta": { "content": format!("{word}#{attempt};") } }] });
    format!("data: {chunk}\n\n").into_bytes()
}

/// A piece comes whole or cut anywhere.
fn cut(chance: &mut Chance, at: u64, bytes: &[u8]) -> Vec<(u64, Said)> {
    if chance.once_in(3) {
        let middle = usize::try_from(chance.below(bytes.len() as u64)).unwrap_or(0);
        let (first, second) = bytes.split_at(middle);
        return vec![(at, Said::Bytes(first.to_vec())), (at, Said::Bytes(second.to_vec()))];
    }
    vec![(at, Said::Bytes(bytes.to_vec()))]
}
