//! What it costs; `cargo test --release -p kefu-shared privacy::tests::speed -- --ignored --nocapture`.

#![allow(clippy::disallowed_methods, clippy::print_stdout, reason = "it measures")]

use super::*;
use std::time::Instant;

fn many_words() -> Vec<String> {
    let han =
        |index: usize| char::from_u32(0x4e00 + u32::try_from(index % 3_000).unwrap()).unwrap();
    let word = |n: usize| (0..2 + n % 5).map(|k| han(n * 7 + k * k * 131 + n / 3_000)).collect();
    (0..10_000).map(word).collect()
}

#[test]
#[ignore = "measures"]
fn a_delta_costs_microseconds() {
    let names: Vec<_> =
        (0..20).map(|n| (format!("p{n}"), format!(r"(?:x{n}|y{n})-\d{{6,12}}"))).collect();
    let patterns: Vec<_> =
        names.iter().map(|(name, regex)| (name.as_str(), regex.as_str())).collect();
    let list = many_words();
    let list: Vec<_> = list.iter().map(String::as_str).collect();
    let begun = Instant::now();
    let privacy = Privacy::compile(&site(&patterns, vec![words(&list, WordAction::Replace)]));
    println!("compile: {:?}", begun.elapsed());

    let question = "我的电话是13800138000，订单x7-12345678，请问运费多少？".repeat(8);
    let begun = Instant::now();
    let outgoing = privacy.outgoing(&[], &question).unwrap();
    println!("a question of {} bytes: {:?}", question.len(), begun.elapsed());
    let round = Round { question: question.clone(), answer: question, seq: 0 };
    let rounds = vec![round; 20];
    let begun = Instant::now();
    privacy.outgoing(&rounds, "好").unwrap();
    println!("20 rounds of {} bytes: {:?}", rounds[0].question.len() * 2, begun.elapsed());

    let han = |n: usize| char::from_u32(0x4e00 + u32::try_from(n * 37 % 3_000).unwrap()).unwrap();
    for length in [4, 20, 200] {
        let mut restorer = outgoing_restorer(&privacy);
        let deltas: Vec<String> =
            (0..2_000).map(|d| (0..length).map(|k| han(d * length + k)).collect()).collect();
        let begun = Instant::now();
        let shown: usize = deltas.iter().map(|delta| restorer.feed(delta).len()).sum();
        println!(
            "a delta of {length} characters: {:?} ({shown} bytes shown)",
            begun.elapsed() / 2_000
        );
    }
    drop(outgoing);
}

fn outgoing_restorer(privacy: &Privacy) -> Restorer {
    privacy.outgoing(&[], "13800138000").unwrap().restorer()
}
