//! What only the operator can mend: variables, and hosts that are not let out to.

use crate::{AT_ONCE, FEW, RULE, options, say, told};
use kefu_test_host::{Options, http};
use kefu_turns::{Host, Provider, Script};

const WEAK: &str = "weak-secret-7";

#[tokio::test]
async fn a_weak_secret_and_a_missing_token_are_told_by_name_and_without_their_values() {
    let without = |name: &str| {
        let mut options = options();
        options.vars.remove(name);
        options
    };
    let cases: [(Options, &str); 3] = [
        (options().var("KEFU_SECRET", WEAK), "KEFU_SECRET"),
        (without("KEFU_SECRET"), "KEFU_SECRET"),
        (without("KEFU_ADMIN_TOKEN"), "KEFU_ADMIN_TOKEN"),
    ];
    for (options, name) in cases {
        let host = Host::with(options);
        for _ in 0..200 {
            let answer = http::get(host.port(), "/healthz").unwrap();
            assert_eq!(answer.status, 500, "{}", answer.body);
            assert!(answer.body.contains(r#""code":"misconfigured""#), "{}", answer.body);
            assert!(answer.body.contains(name) && !answer.body.contains(WEAK), "{}", answer.body);
        }
        assert_eq!(http::get(host.port(), "/widget.js").unwrap().status, 200, "files need none");
        let lines = told(&host, &format!("misconfigured: {name}"));
        assert!((1..=FEW).contains(&lines), "{}", host.log());
        assert!(!host.log().contains(WEAK), "{}", host.log());
    }
}

#[tokio::test]
async fn a_provider_that_is_not_let_out_to_is_warned_of_and_told_and_somebody_else_answers() {
    let provider = Provider::playing([Script::answer(&["never"])]).await;
    let host = Host::with(Options { outbound: Some(Vec::new()), ..options() });
    let config = format!("{AT_ONCE}{}{RULE}", provider.entry("only", ""));
    let site = host.site(&config).await;
    let warnings = site.configure(&config).await;
    assert!(warnings.iter().any(|it| it.contains("allowed_outbound_hosts")), "{warnings:?}");
    let visitor = site.visitor().await;
    for number in 1..=20 {
        assert_eq!(say(&visitor, &format!("k{number}")).await.0, 202);
        let answered = 2 * number;
        visitor.page(&format!("after={}&wait=10", answered - 1)).await;
    }
    let log = visitor.log().await;
    let rule = |event: &&serde_json::Value| event["message"]["rule"].is_object();
    assert!(log.iter().filter(rule).count() >= 1, "{log:?}");
    let lines = told(&host, "provider 127.0.0.1:") + told(&host, "provider 127.0.0.1,");
    let mends = told(&host, "add it to allowed_outbound_hosts of spin.toml");
    assert!((1..=FEW).contains(&mends) && lines >= mends, "{}", host.log());
    assert!(provider.asked().is_empty());
}
