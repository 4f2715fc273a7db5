//! A stream, cut anywhere, says what its whole text says, and never more.

use super::*;

/// Numbers that are the same in each run (xorshift).
struct Dice(u64);

impl Dice {
    fn below(&mut self, most: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 % most as u64).unwrap()
    }

    fn text(&mut self, pieces: &[&str], most: usize) -> String {
        (0..self.below(most)).map(|_| pieces[self.below(pieces.len())]).collect()
    }

    /// The text in pieces, some of them empty.
    fn cut<'a>(&mut self, text: &'a str) -> Vec<&'a str> {
        let mut pieces = Vec::new();
        let mut at = 0;
        while at < text.len() {
            let end = text.ceil_char_boundary((at + self.below(12)).min(text.len()));
            pieces.push(&text[at..end]);
            at = end;
        }
        pieces
    }
}

const PIECES: [&str; 36] = [
    "[PHONE_1]",
    "[",
    "PHONE",
    "_",
    "1",
    "]",
    "\\",
    "phone_2",
    "[EMAIL 1]",
    "【",
    "】",
    "敏",
    "感",
    "词",
    "汇",
    "赌",
    "博",
    " ",
    "  ",
    "*",
    "，",
    "。",
    "\u{200b}",
    "\n",
    "a",
    "ass",
    "A",
    "s",
    "credit",
    "card",
    "-",
    "c++",
    "好",
    "😀",
    "，，，，，，，，，",
    "é",
];

fn lists(stopping: bool) -> Vec<Words> {
    let replaced = ["敏感词", "敏感", "感词汇", "ass", "credit card", "c++", "词a", "好"];
    let mut lists = vec![words(&replaced, WordAction::Replace)];
    if stopping {
        lists.push(words(&["赌博", "博敏感"], WordAction::Refuse));
    }
    lists
}

#[test]
fn random_texts_in_random_pieces_say_what_the_whole_says() {
    let mut dice = Dice(0x9e37_79b9_7f4a_7c15);
    for stopping in [false, true] {
        let privacy = privacy(lists(stopping));
        let outgoing =
            || privacy.outgoing(Names::default(), &[], "13800138000 19912345678 a@b.cn").unwrap();
        for round in 0..20_000 {
            let text = dice.text(&PIECES, 24);
            let mut whole = outgoing().restorer();
            let expected = whole.feed(&text) + &whole.finish();
            let mut restorer = outgoing().restorer();
            let pieces = dice.cut(&text);
            let mut shown = String::new();
            for piece in &pieces {
                shown += &restorer.feed(piece);
                assert!(expected.starts_with(&shown), "{round}: {pieces:?} showed {shown:?}");
            }
            shown += &restorer.finish();
            assert_eq!(shown, expected, "{round}: {pieces:?}");
            assert_eq!(restorer.refusal(), whole.refusal(), "{round}: {pieces:?}");
        }
    }
}

#[test]
fn no_word_is_ever_left() {
    let mut dice = Dice(7);
    let privacy = privacy(lists(false));
    for _ in 0..5_000 {
        let text = dice.text(&PIECES, 24);
        let shown = answered(&privacy, "", &dice.cut(&text));
        for word in ["敏感", "感词汇", "好"] {
            assert!(!shown.contains(word), "{word} of {text:?} in {shown:?}");
        }
    }
}

#[test]
fn any_question_comes_back_from_its_placeholders() {
    let pieces = [
        "13800138000",
        "138 0013 8000",
        "6222021234567890128",
        "a@b.cn",
        "[PHONE_1]",
        "phone_2",
        "440301199003074511",
        "，",
        " ",
        "号",
        "1",
        "-",
        "x",
        "１３８００１３８０００",
    ];
    let mut dice = Dice(11);
    let mut hidden = 0;
    for _ in 0..5_000 {
        let question = dice.text(&pieces, 10);
        let privacy = privacy(Vec::new());
        let outgoing = privacy.outgoing(Names::default(), &[], &question).unwrap();
        let sent = outgoing.question.clone();
        hidden += usize::from(sent != question);
        let mut restorer = outgoing.restorer();
        let shown: String = dice.cut(&sent).iter().map(|piece| restorer.feed(piece)).collect();
        let plain = |text: &str| {
            text.replace([' ', '-'], "").replace("１３８００１３８０００", "13800138000")
        };
        assert_eq!(plain(&(shown + &restorer.finish())), plain(&question), "{sent}");
    }
    assert!(hidden > 1_000, "{hidden}");
}

#[test]
fn what_is_held_back_is_bounded() {
    let longest = "词".repeat(64);
    let privacy = privacy(vec![words(&[&longest], WordAction::Replace)]);
    let mut restorer = privacy.outgoing(Names::default(), &[], "13800138000").unwrap().restorer();
    let (mut came, mut shown) = (0, 0);
    for piece in ["词", " ", "\u{200b}", "[PHONE_", "词，", "*"].iter().cycle().take(6_000) {
        came += piece.len();
        shown += restorer.feed(piece).len();
        assert!(came < shown + 64 * 9 * 4, "{came} bytes came, {shown} were shown");
    }
}
