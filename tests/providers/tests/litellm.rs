//! A gateway that others wrote: LiteLLM's proxy, with answers and errors of its own making.
#![allow(
    clippy::disallowed_methods,
    clippy::expect_used,
    clippy::indexing_slicing,
    reason = "tests fail by panicking, and run on a real clock"
)]

use kefu_test_host::{free_port, workspace};
use kefu_turns::Host;
use serde_json::{Value, json};
use std::process::Stdio;
use std::time::{Duration, Instant};
use tokio::net::TcpStream;
use tokio::process::{Child, Command};

/// As `sdks/litellm.yaml` has it.
const ANSWER: &str = "我们七天内可以退货 👍, free of charge.";
const KEY: &str = "sk-kefu-3f9c2a7b51d84e60";
/// It starts in ten seconds, and in a minute the first time on a busy machine.
const TO_START: Duration = Duration::from_secs(180);

async fn litellm(port: u16) -> Child {
    let mut command = Command::new(workspace().join("target/kefu/litellm/bin/litellm"));
    command.arg("--config").arg(workspace().join("tests/providers/sdks/litellm.yaml"));
    command.args(["--host", "127.0.0.1", "--port", &port.to_string()]);
    command.env("LITELLM_LOCAL_MODEL_COST_MAP", "True").env("DO_NOT_TRACK", "1");
    command.stdout(Stdio::null()).stderr(Stdio::null()).kill_on_drop(true);
    let child = command.spawn().expect("the proxy");
    let begun = Instant::now();
    while TcpStream::connect(("127.0.0.1", port)).await.is_err() {
        assert!(begun.elapsed() < TO_START, "the proxy does not start");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    child
}

/// Class and code of a check's last step.
fn last(check: &Value) -> (String, String) {
    let step = check["steps"].as_array().and_then(|steps| steps.last()).expect("a step");
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    (text(&step["class"]), text(&step["code"]))
}

#[tokio::test]
async fn a_gateway_that_breaks_and_limits_passes_the_question_on_and_its_answer_is_whole() {
    let port = free_port().expect("a port");
    let _litellm = litellm(port).await;
    let entry = |model: &str| {
        format!(
            "[[ai_providers]]\nname = \"{model}\"\ntype = \"openai\"\nmodel = \"{model}\"\napi_key = \"{KEY}\"\nendpoint = \"http://127.0.0.1:{port}\"\n"
        )
    };
    let host = Host::shared();
    let entries = ["breaks", "limits", "answers"].map(entry).concat();
    let site = host.site(&format!("[ai]\nquiet_window = \"0s\"\n{entries}")).await;
    let visitor = site.visitor().await;
    let mut stream = visitor.event_stream().await;
    visitor.post("k1", "怎么退货？").await;
    let message = stream.answer().await["message"].clone();
    assert_eq!(message["body"]["text"]["text"], ANSWER);
    let source = &message["provider"];
    assert_eq!((&source["name"], &source["outcome"]), (&json!("answers"), &json!("COMPLETED")));
    assert!(source["usage"]["total"].as_u64() > Some(0), "{source}");

    assert_eq!(last(&site.check("breaks").await), ("upstream".into(), "500".into()));
    assert_eq!(last(&site.check("limits").await), ("rate_limited".into(), "429".into()));
    assert_eq!(site.check("answers").await["answer"], ANSWER);
}
