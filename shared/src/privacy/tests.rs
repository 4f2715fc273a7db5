use super::*;
use crate::config::{Direction, MaskKind, MaskPattern, Words};

mod masking;
mod streaming;
mod wording;

/// A site with everything masked, its own patterns and words.
fn site(patterns: &[(&str, &str)], words: Vec<Words>) -> Site {
    let mut site = Site { words, ..Site::default() };
    site.masking.kinds = MaskKind::ALL.to_vec();
    let pattern = |(name, regex): &(&str, &str)| MaskPattern {
        name: (*name).to_owned(),
        regex: (*regex).to_owned(),
    };
    site.masking.patterns = patterns.iter().map(pattern).collect();
    site
}

fn words(list: &[&str], action: WordAction) -> Words {
    let list = list.iter().map(|word| (*word).to_owned()).collect();
    Words { list, direction: Direction::Both, action, text: None }
}

fn privacy(words: Vec<Words>) -> Privacy {
    Privacy::compile(&site(&[], words))
}

/// All of an answer to `question`, fed piece by piece.
fn answered(privacy: &Privacy, question: &str, pieces: &[&str]) -> String {
    let mut restorer = privacy.outgoing(Names::default(), &[], question).unwrap().restorer();
    let mut shown: String = pieces.iter().map(|piece| restorer.feed(piece)).collect();
    shown += &restorer.finish();
    shown
}
