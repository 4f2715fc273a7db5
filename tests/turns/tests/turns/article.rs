//! The YAML of the article that started the project, with a bot and a secret added and the address of
//! a provider on loopback: its rate, its breaker and what follows a failure are what it declares.

use kefu_turns::{Host, Provider, Script, Site};
use serde_json::{Value, json};
use std::time::{Duration, Instant};

const ARTICLE: &str = r#"
ai_providers:
  - name: "扣子API"
    type: "kouzi"
    endpoint: "https://api.kouzi.ai/v1"
    rate_limit: 1000/分钟
    circuit_breaker:
      failure_threshold: 5
      cooldown: 30s
"#;
const ADDED: &str = r#"    api_key: "${COZE_TOKEN}"
    bot_id: 7300000000000000000
"#;
const RATE: usize = 1_000;

async fn site(host: &Host, provider: &Provider) -> Site {
    let site = host.site("").await;
    site.keep_secret("COZE_TOKEN", "pat_article").await;
    let article = ARTICLE.replace("https://api.kouzi.ai", &provider.url()) + ADDED;
    let warnings = site.put("application/yaml", &article).await;
    assert!(warnings.is_empty(), "{warnings:?}");
    site
}

/// An answer as Coze streams it.
fn answer(text: &str) -> Script {
    let event = |name: &str, data: &Value| format!("event:conversation.{name}\ndata:{data}\n\n");
    let chat = json!({ "id": "c1", "conversation_id": "v1" });
    let said = json!({ "id": "m1", "type": "answer", "content": text });
    let head = Script::default().head().bytes(event("chat.created", &chat));
    let said = head.bytes(event("message.delta", &said)).bytes(event("message.completed", &said));
    said.bytes(event("chat.completed", &chat)).bytes("event:done\ndata:\"[DONE]\"\n\n")
}

/// Asks in a conversation of its own; gives the answer.
async fn asked(site: &Site) -> Value {
    let mut socket = site.visitor().await.socket().await;
    socket.say("k1", "在吗").await;
    socket.answer().await["message"].clone()
}

#[tokio::test]
async fn its_breaker_opens_on_the_fifth_failure_for_thirty_seconds_and_nobody_is_told_of_an_error()
{
    let failing = Script::refusal(500, &json!({ "code": 5000, "msg": "oops" }));
    let provider = Provider::playing([failing]).await;
    let host = Host::shared();
    let site = site(&host, &provider).await;
    for _ in 0..8 {
        // The site has no rules: the last of them is built in.
        assert_eq!(asked(&site).await["rule"]["name"], "kefu.offer_person");
    }
    assert_eq!(provider.asked().len(), 5, "an open breaker costs no call");
    let asked = provider.request(1).await;
    assert!(asked.head.starts_with("post /v3/chat "), "{}", asked.head);
    assert!(asked.head.contains("authorization: bearer pat_article"), "{}", asked.head);
    assert_eq!(asked.body["bot_id"], "7300000000000000000");
    let state = site.standing().await;
    assert_eq!((&state["standing"], &state["failures"]), (&json!("OPEN"), &json!(5)), "{state}");
    let left = kefu_turns::left_until(&state["until"]);
    assert!((Duration::from_secs(10)..=Duration::from_secs(30)).contains(&left), "{left:?}");
}

#[tokio::test]
async fn its_rate_is_never_passed_and_whoever_comes_too_late_is_answered_all_the_same() {
    let provider = Provider::playing([answer("在的")]).await;
    // Nobody else may make the host busy: all of it is to come within one window.
    let host = Host::own();
    let site = site(&host, &provider).await;
    let begun = Instant::now();
    let talk = || async {
        let mut socket = site.visitor().await.socket().await;
        let mut rescued = 0;
        for number in 0..RATE / 50 + 2 {
            socket.say(&format!("k{number}"), "在吗").await;
            let message = socket.answer().await["message"].clone();
            match message["provider"]["name"].as_str() {
                Some(name) => assert_eq!(name, "扣子API"),
                None => {
                    assert_eq!(message["rule"]["name"], "kefu.offer_person", "{message}");
                    rescued += 1;
                }
            }
        }
        rescued
    };
    let rescued: usize =
        futures_util::future::join_all((0..50).map(|_| talk())).await.into_iter().sum();
    assert!(begun.elapsed() < Duration::from_secs(60), "all of it within one window");
    let sent = provider.asked().len();
    assert_eq!(sent + rescued, 50 * (RATE / 50 + 2));
    assert!(sent <= RATE && sent * 10 >= RATE * 9, "{sent} of {RATE}");
    let state = site.standing().await;
    assert_eq!(state["standing"], "LIMITED", "{state}");
    assert_eq!(state["limit"]["count"], 1000, "{state}");
}
