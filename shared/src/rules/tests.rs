use super::*;
use crate::config::Matching;

fn rule(name: &str) -> Rule {
    Rule {
        name: name.to_owned(),
        when: When::Fallback,
        priority: 0,
        matching: Matching::default(),
        hours: None,
        locales: Vec::new(),
        reply: Some(format!("reply of {name}")),
        quick_replies: Vec::new(),
        action: None,
    }
}

fn words(words: &[&str]) -> Vec<String> {
    words.iter().map(|word| (*word).to_owned()).collect()
}

fn any(name: &str, keywords: &[&str]) -> Rule {
    Rule { matching: Matching { any: words(keywords), ..Matching::default() }, ..rule(name) }
}

fn asked(text: &str) -> Question<'_> {
    Question { text, locale: "zh-CN", now: Millis(0) }
}

/// The name of the rule that answers.
fn answered(rules: &[Rule], question: &Question<'_>) -> Option<String> {
    let book = RuleBook::compile(rules).unwrap();
    book.answer(When::Fallback, question).map(|answer| answer.name.to_owned())
}

#[test]
fn an_answer_has_all_that_its_rule_declares() {
    let declared = Rule {
        quick_replies: words(&["好的", "不用"]),
        action: Some(RuleAction::Handoff),
        ..any("退货", &["退货", "refund"])
    };
    let book = RuleBook::compile(&[declared]).unwrap();
    let expected = Answer {
        name: "退货",
        reply: Some("reply of 退货"),
        quick_replies: &words(&["好的", "不用"]),
        action: Some(RuleAction::Handoff),
    };
    assert_eq!(book.answer(When::Fallback, &asked("我要ＲＥＦＵＮＤ!")), Some(expected));
    assert_eq!(book.answer(When::Fallback, &asked("你好")), None);
    assert_eq!(book.answer(When::First, &asked("退货")), None, "it is a fallback");
}

#[test]
fn every_given_condition_must_hold() {
    let strict = Rule {
        matching: Matching {
            any: words(&["退货", "退款"]),
            all: words(&["运费", "谁"]),
            none: words(&["取消"]),
            regex: Some("[?？]$".to_owned()),
        },
        ..rule("a")
    };
    for (text, matches) in [
        ("退货的运费谁出？", true),
        ("谁出退款运费?", true),
        ("运费谁出？", false),
        ("退货的运费？", false),
        ("取消退货的运费谁出？", false),
        ("退货的运费谁出", false),
    ] {
        assert_eq!(
            answered(std::slice::from_ref(&strict), &asked(text)).is_some(),
            matches,
            "{text}"
        );
    }
}

#[test]
fn no_condition_matches_every_question() {
    assert_eq!(answered(&[rule("any")], &asked("")), Some("any".to_owned()));
    let unless = Rule {
        matching: Matching { none: words(&["a"]), ..Matching::default() },
        ..rule("unless")
    };
    assert_eq!(answered(&[unless], &asked("b")), Some("unless".to_owned()));
}

#[test]
fn higher_priority_comes_first_then_what_is_written_first() {
    let at = |name: &str, priority| Rule { priority, ..rule(name) };
    let rules = [at("low", -1), at("one", 5), at("two", 5), at("zero", 0)];
    assert_eq!(answered(&rules, &asked("x")), Some("one".to_owned()));
    assert_eq!(answered(&rules[2..], &asked("x")), Some("two".to_owned()));
}

#[test]
fn a_rule_that_does_not_match_lets_the_next_one_answer() {
    let rules = [Rule { priority: 9, ..any("退货", &["退货"]) }, any("发票", &["发票"])];
    assert_eq!(answered(&rules, &asked("开发票")), Some("发票".to_owned()));
}

#[test]
fn languages_cover_what_is_below_them() {
    for (covering, locale, holds) in [
        ("zh", "zh-CN", true),
        ("zh", "zh", true),
        ("ZH", "zh_TW", true),
        ("zh-CN", "zh", false),
        ("zh-CN", "zh-TW", false),
        ("zh-Hant", "zh-Hant-TW", true),
        ("en", "zh-CN", false),
        ("z", "zh", false),
        ("en", "", false),
    ] {
        let limited = Rule { locales: words(&[covering]), ..rule("a") };
        let question = Question { locale, ..asked("x") };
        assert_eq!(answered(&[limited], &question).is_some(), holds, "{covering} {locale}");
    }
}

#[test]
fn opening_hours_decide_which_rule_answers() {
    // 1970-01-01 was a Thursday.
    let hours = |outside| Hours { days: [true; 7], from: 540, to: 1_080, utc_offset: 480, outside };
    let open = Rule { hours: Some(hours(false)), ..rule("open") };
    let closed = Rule { hours: Some(hours(true)), ..rule("closed") };
    for (hour, name) in [(0, "closed"), (1, "open"), (9, "open"), (10, "closed")] {
        let question = Question { now: Millis(hour * 3_600_000), ..asked("x") };
        assert_eq!(
            answered(&[open.clone(), closed.clone()], &question).as_deref(),
            Some(name),
            "{hour} UTC"
        );
    }
}

#[test]
fn a_wrong_pattern_names_its_rule() {
    let wrong = Rule {
        matching: Matching { regex: Some("(".to_owned()), ..Matching::default() },
        ..rule("wrong")
    };
    let fault = RuleBook::compile(&[wrong]).unwrap_err();
    assert_eq!(fault.rule, "wrong");
    assert!(fault.source().is_some());
}

#[test]
fn five_thousand_keywords_find_their_rules() {
    let keyword = |index: u32| {
        let han = |offset| char::from_u32(0x4e00 + (index * 7 + offset) % 20_000).unwrap();
        [han(0), han(4_001), han(9_002)].iter().collect::<String>()
    };
    let rules: Vec<Rule> = (0..1_000)
        .map(|rule| {
            any(
                &rule.to_string(),
                &[0, 1, 2, 3, 4].map(|k| keyword(rule * 5 + k)).each_ref().map(String::as_str),
            )
        })
        .collect();
    let book = RuleBook::compile(&rules).unwrap();
    for index in [0, 1, 2_500, 4_999] {
        let text = format!("请问{}怎么办", keyword(index));
        let name = book.answer(When::Fallback, &asked(&text)).map(|answer| answer.name.to_owned());
        assert_eq!(name, Some((index / 5).to_string()));
    }
    assert_eq!(book.answer(When::Fallback, &asked("没有这样的词")), None);
}

#[test]
fn no_rules_never_answer() {
    assert_eq!(RuleBook::default().answer(When::First, &asked("x")), None);
}
