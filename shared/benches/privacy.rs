//! What masks and words cost: `cargo bench -p kefu-shared --bench privacy`; in wasm too:
//! `cargo xtask bench --privacy`.
#![allow(
    missing_docs,
    clippy::disallowed_methods,
    clippy::indexing_slicing,
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "a benchmark reads clocks"
)]

use kefu_shared::config::{Direction, MaskKind, MaskPattern, Site, WordAction, Words};
use kefu_shared::privacy::{Names, Privacy, Restorer};
use kefu_shared::provider::Round;
use std::time::Instant;

fn site(patterns: &[(&str, &str)], list: &[&str]) -> Site {
    let list = list.iter().map(|word| (*word).to_owned()).collect();
    let (direction, action) = (Direction::Both, WordAction::Replace);
    let mut site =
        Site { words: vec![Words { list, direction, action, text: None }], ..Site::default() };
    site.masking.kinds = MaskKind::ALL.to_vec();
    let pattern = |(name, regex): &(&str, &str)| MaskPattern {
        name: (*name).to_owned(),
        regex: (*regex).to_owned(),
    };
    site.masking.patterns = patterns.iter().map(pattern).collect();
    site
}

fn many_words() -> Vec<String> {
    let han =
        |index: usize| char::from_u32(0x4e00 + u32::try_from(index % 3_000).unwrap()).unwrap();
    let word = |n: usize| (0..2 + n % 5).map(|k| han(n * 7 + k * k * 131 + n / 3_000)).collect();
    (0..10_000).map(word).collect()
}

fn main() {
    let names: Vec<_> =
        (0..20).map(|n| (format!("p{n}"), format!(r"(?:x{n}|y{n})-\d{{6,12}}"))).collect();
    let patterns: Vec<_> =
        names.iter().map(|(name, regex)| (name.as_str(), regex.as_str())).collect();
    let list = many_words();
    let list: Vec<_> = list.iter().map(String::as_str).collect();
    let begun = Instant::now();
    let privacy = Privacy::compile(&site(&patterns, &list));
    println!("compile: {:?}", begun.elapsed());

    let question = "我的电话是13800138000，订单x7-12345678，请问运费多少？".repeat(8);
    let begun = Instant::now();
    let outgoing = privacy.outgoing(Names::default(), &[], &question).unwrap();
    println!("a question of {} bytes: {:?}", question.len(), begun.elapsed());
    let round = Round { question: question.clone(), answer: question, seq: 0 };
    let rounds = vec![round; 20];
    let begun = Instant::now();
    privacy.outgoing(Names::default(), &rounds, "好").unwrap();
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
    privacy.outgoing(Names::default(), &[], "13800138000").unwrap().restorer()
}
