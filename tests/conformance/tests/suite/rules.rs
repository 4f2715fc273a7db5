//! Declared answers.

use crate::{QUICK, UNLIMITED, host, site, site_with};
use kefu_conformance::{Site, author, rule_of, texts};
use serde_json::{Value, json};

#[tokio::test]
async fn a_rule_answers_as_the_bot_and_names_itself() {
    let site = site_with(
        "[[rules]]\nname = '退货'\nmatch = { any = ['退货'] }\nreply = '请在订单页申请'\n",
    )
    .await;
    let visitor = site.visitor().await;
    visitor.say("a", "我要退货").await;
    let answer = visitor.log_of(2).await.remove(1);
    assert_eq!(answer["session"], 1);
    let message = &answer["message"];
    assert_eq!(
        (&message["author"]["role"], &message["rule"]),
        (&json!("BOT"), &json!({"name": "退货"}))
    );
    assert_eq!(message["body"], json!({"text": {"text": "请在订单页申请"}}));
    assert_eq!(message["turn"], 1);
    assert!(message.get("provider").is_none() && message.get("key").is_none());
}

#[tokio::test]
async fn a_question_is_answered_once_and_the_next_one_again() {
    let site = site_with("[[rules]]\nname = 'r'\nreply = 'yes'\n").await;
    let visitor = site.visitor().await;
    visitor.say("a", "one").await;
    visitor.log_of(2).await;
    visitor.say("b", "two").await;
    let log = visitor.log_of(4).await;
    assert_eq!(texts(&log), ["one", "yes", "two", "yes"]);
    assert_eq!((&log[1]["message"]["turn"], &log[3]["message"]["turn"]), (&json!(1), &json!(2)));
}

#[tokio::test]
async fn messages_in_a_row_are_one_question() {
    let rules = "[[rules]]\nname = 'r'\nmatch = { all = ['red', 'shoes'] }\nreply = 'yes'\n";
    let site = host().site(&format!("[ai]\nquiet_window = '2s'\n{UNLIMITED}{rules}")).await;
    let visitor = site.visitor().await;
    visitor.say("a", "red").await;
    visitor.say("b", "shoes").await;
    assert_eq!(texts(&visitor.log_of(3).await), ["red", "shoes", "yes"]);
}

#[tokio::test]
async fn what_a_rule_matches() {
    for (condition, matching, other) in [
        (
            "any = ['退货', 'refund']",
            vec!["怎么退货？", "REFUND please", "ｒｅｆｕｎｄ", "我要refund吗"],
            vec!["发货", "refunded", "prerefund"],
        ),
        (
            "all = ['red', 'shoes']",
            vec!["shoes in red", "RED  Shoes!"],
            vec!["red", "shoes", "redshoes"],
        ),
        ("any = ['a1'], none = ['b1']", vec!["a1"], vec!["a1 b1", "b1"]),
        ("none = ['spam']", vec!["hello", "spammer"], vec!["spam"]),
        (
            "regex = '^订单 *[0-9]{4}$'",
            vec!["订单 1234", "订单１２３４"],
            vec!["订单 123", "我的订单 1234"],
        ),
        ("any = ['order'], regex = '[0-9]+'", vec!["order 7"], vec!["order", "7"]),
        ("any = ['new york']", vec!["in New   York now"], vec!["newyork", "york new"]),
    ] {
        let site = site_with(&format!(
            "[[rules]]\nname = 'it'\nmatch = {{ {condition} }}\nreply = 'yes'\n"
        ))
        .await;
        for text in matching {
            assert_eq!(answered_by(&site, text).await, "it", "{condition}: {text}");
        }
        for text in other {
            assert_ne!(answered_by(&site, text).await, "it", "{condition}: {text}");
        }
    }
}

#[tokio::test]
async fn the_highest_priority_answers_and_then_the_first_written() {
    let rule = |name: &str, priority: i32, more: &str| {
        format!("[[rules]]\nname = '{name}'\npriority = {priority}\nreply = 'x'\n{more}\n")
    };
    let rules = [
        rule("low", -1, ""),
        rule("first", 5, "match = { any = ['x'] }"),
        rule("second", 5, "match = { any = ['x', 'y'] }"),
        rule("first in time", -9, "when = 'first'\nmatch = { any = ['z'] }"),
        rule("z too", 9, "match = { any = ['z'] }"),
    ];
    let site = site_with(&rules.concat()).await;
    for (text, name) in [("x", "first"), ("y", "second"), ("other", "low"), ("z", "first in time")]
    {
        assert_eq!(answered_by(&site, text).await, name, "{text}");
    }
}

#[tokio::test]
async fn a_rule_may_be_for_some_languages() {
    let rules = "[[rules]]\nname = 'en'\nlocales = ['en']\nreply = 'Hello'\n\
        [[rules]]\nname = 'zh'\nlocales = ['zh']\nreply = '你好'\n";
    let site = site_with(rules).await;
    for (locale, name) in [(json!("en-GB"), "en"), (json!("zh-Hans-CN"), "zh"), (Value::Null, "zh")]
    {
        let visitor = site.visitor_who(&json!({"locale": locale})).await;
        visitor.say("a", "hi").await;
        assert_eq!(rule_of(&visitor.log_of(2).await[1]), name, "{locale}");
    }
}

#[tokio::test]
async fn quick_replies_are_offered_below_the_reply() {
    let site =
        site_with("[[rules]]\nname = 'r'\nreply = 'yes'\nquick_replies = ['多久？', '转人工']\n")
            .await;
    let visitor = site.visitor().await;
    visitor.say("a", "hi").await;
    let reply = |label: &str| json!({"label": label, "send": "", "action": "SEND"});
    let expected =
        json!({"quickReplies": {"text": "yes", "replies": [reply("多久？"), reply("转人工")]}});
    assert_eq!(visitor.log_of(2).await[1]["message"]["body"], expected);
}

#[tokio::test]
async fn where_nobody_answers_a_person_is_offered() {
    let visitor = site().await.visitor().await;
    visitor.say("a", "what is the meaning of it all?").await;
    let answer = visitor.log_of(2).await.remove(1);
    assert_eq!(author(&answer), "BOT");
    let offered = &answer["message"]["body"]["quickReplies"];
    assert!(!offered["text"].as_str().unwrap().is_empty());
    let action = |reply: &Value| reply["action"] == "HANDOFF";
    assert!(offered["replies"].as_array().unwrap().iter().any(action), "{offered}");
}

#[tokio::test]
async fn a_provider_that_is_misconfigured_is_skipped() {
    let config = format!(
        "{QUICK}{UNLIMITED}[[ai_providers]]\nname = 'a'\ntype = 'openai'\nendpoint = 'https://llm.example/v1'\n\
         model = 'm'\napi_key = '${{NOBODY_STORED_THIS}}'\n[[rules]]\nname = 'r'\nreply = 'yes'\n"
    );
    let site = host().site(&config).await;
    assert_eq!(answered_by(&site, "hi").await, "r");
}

#[tokio::test]
async fn an_image_is_answered_too() {
    let site = site_with("[[rules]]\nname = 'r'\nreply = 'nice'\n").await;
    let visitor = site.visitor().await;
    let image = json!({"image": {"url": "https://a.b/c.png", "mime": "image/png"}});
    visitor.post("messages", &json!({"key": "a", "body": image})).await.with_status(202);
    assert_eq!(rule_of(&visitor.log_of(2).await[1]), "r");
}

/// The rule that answers `text` of a visitor who never asked before.
async fn answered_by(site: &Site, text: &str) -> String {
    let visitor = site.visitor().await;
    visitor.say("a", text).await;
    rule_of(&visitor.log_of(2).await[1]).to_owned()
}
