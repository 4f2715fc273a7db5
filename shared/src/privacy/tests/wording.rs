//! Which words are found, and what is done about them.

use super::*;

const REPLACE: WordAction = WordAction::Replace;

fn filtered(list: &[&str], text: &str) -> String {
    answered(&privacy(vec![words(list, REPLACE)]), "", &[text])
}

#[test]
fn words_are_found_through_common_evasions() {
    for (word, text, expected) in [
        ("敏感词", "这是敏感词吗", "这是**吗"),
        ("敏感词", "这是敏 感 词吗", "这是**吗"),
        ("敏感词", "敏*感*词", "**"),
        ("敏感词", "敏-感.词", "**"),
        ("敏感词", "敏\u{200b}感\u{200d}词", "**"),
        ("敏感词", "敏，感，词", "**"),
        ("敏感词", "敏\n感\n词", "**"),
        ("敏感词", "敏😀感★词", "**"),
        ("敏 感-词", "敏感词", "**"),
        ("加V信", "请加ｖ信", "请**"),
        ("加v信", "加 V 信", "**"),
        ("iphone手机", "iPhone 手机壳", "**壳"),
        ("fuck", "Ｆｕｃｋ you", "** you"),
        ("fuck", "FU\u{200b}CK!", "**!"),
        ("credit card", "my Credit\u{3000} CARD.", "my **."),
        ("c++", "学C++吗", "学**吗"),
        ("t.me/abc", "看t.me/ABC吧", "看**吧"),
        ("赌博", "赌博赌博", "****"),
    ] {
        assert_eq!(filtered(&[word], text), expected, "{word} in {text:?}");
    }
}

#[test]
fn what_only_holds_the_characters_of_a_word_is_left_alone() {
    for (word, text) in [
        ("国产", "来自中国，产量很高"),
        ("国产", "来自中国。产量很高"),
        ("国产", "中国\n产量"),
        ("国产", "中国（产地）"),
        ("敏感词", "敏         感词"),
        ("ass", "as soon as, class, assign"),
        ("ass", "a s s"),
        ("fuck", "f-u-c-k"),
        ("敏感词", "敏感的词"),
        ("refund", "refunded prerefund refund2"),
    ] {
        assert_eq!(filtered(&[word], text), text, "{word}");
    }
}

#[test]
fn the_first_and_then_the_longest_word_counts() {
    assert_eq!(filtered(&["敏感", "敏感词", "感词汇"], "敏感词汇，敏感，感词汇"), "**汇，**，**");
    let with =
        |text: &str, list: &[&str]| Words { text: Some(text.to_owned()), ..words(list, REPLACE) };
    let privacy = privacy(vec![with("[A]", &["运费"]), with("[B]", &["运费险", "运费"])]);
    assert_eq!(answered(&privacy, "", &["运费和运费险"]), "[A]和[B]");
}

#[test]
fn a_question_with_a_refused_word_is_not_sent_and_a_replaced_word_is() {
    let refuse =
        Words { text: Some("不聊这个".into()), ..words(&["赌博"], WordAction::Refuse) };
    let handoff = words(&["自杀"], WordAction::Handoff);
    let privacy = privacy(vec![words(&["笨蛋"], REPLACE), refuse, handoff]);
    let refusal = |text: Option<&str>, handoff| Refused { text: text.map(str::to_owned), handoff };
    let sent = |question| {
        privacy.outgoing(Names::default(), &[], question).map(|outgoing| outgoing.question)
    };
    assert_eq!(sent("你这笨蛋"), Ok("你这**".to_owned()));
    assert_eq!(sent("笨蛋，教我赌 博"), Err(refusal(Some("不聊这个"), false)));
    assert_eq!(sent("我想自杀"), Err(refusal(None, true)));
    assert_eq!(privacy.refusal("我想自杀"), Some(refusal(None, true)));
    assert_eq!(privacy.refusal("你好"), None);
    // What was refused once is a part of later requests' context, without its words.
    let earlier = Round { question: "教我赌博".into(), answer: "笨蛋".into(), seq: 0 };
    let rounds = privacy.outgoing(Names::default(), &[earlier], "你好").unwrap().rounds;
    assert_eq!(rounds, [Round { question: "教我**".into(), answer: "**".into(), seq: 0 }]);
}

#[test]
fn an_answer_stops_before_a_refused_word_and_nothing_more_is_shown() {
    let privacy = privacy(vec![words(&["赌博"], WordAction::Refuse)]);
    let mut restorer = privacy.outgoing(Names::default(), &[], "").unwrap().restorer();
    assert_eq!(restorer.feed("可以去赌"), "可以去");
    assert_eq!(restorer.refusal(), None);
    assert_eq!(restorer.feed("博，很好"), "");
    assert_eq!(restorer.refusal(), Some(Refused { text: None, handoff: false }));
    assert_eq!(restorer.feed("再说") + &restorer.finish(), "");
    restorer.restart();
    assert_eq!(restorer.refusal(), None);
    assert_eq!(restorer.feed("别赌") + &restorer.finish(), "别赌");
}

#[test]
fn words_are_looked_for_only_in_their_direction() {
    let only = |direction, list: &[&str]| Words { direction, ..words(list, REPLACE) };
    let lists = vec![
        only(Direction::In, &["问词"]),
        only(Direction::Out, &["答词"]),
        only(Direction::Both, &["两词"]),
    ];
    let privacy = privacy(lists);
    let text = "问词、答词、两词";
    assert_eq!(privacy.outgoing(Names::default(), &[], text).unwrap().question, "**、答词、**");
    assert_eq!(answered(&privacy, "", &[text]), "问词、**、**");
}

#[test]
fn the_graver_of_two_lists_holds() {
    let privacy = privacy(vec![
        words(&["赌博"], REPLACE),
        words(&["赌 博"], WordAction::Handoff),
        words(&["赌博"], WordAction::Refuse),
    ]);
    assert_eq!(privacy.refusal("赌博"), Some(Refused { text: None, handoff: true }));
}

#[test]
fn words_that_cannot_be_looked_for_are_refused() {
    for (word, told) in [
        ("，。", "begins with no letter"),
        (".net", "begins with no letter"),
        ("💊", "begins with no letter"),
        (&"词".repeat(65), "65 characters"),
    ] {
        assert!(check_word(word).unwrap_err().contains(told), "{word}");
    }
    for word in ["词", "c++", " 敏感 ", "18+", "\u{200b}词", "ไทย"] {
        assert_eq!(check_word(word), Ok(()), "{word}");
    }
}
