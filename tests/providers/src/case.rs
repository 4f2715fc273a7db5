//! One fixture: what a service answered, how it was delivered, and what it means.

use kefu_shared::config::ProviderKind;
use kefu_turns::{Provider, Script};
use serde_json::Value;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

const FIXTURES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../fixtures/providers");

/// Folder, type in a site's configuration, and what else its entry needs.
const KINDS: [(&str, &str, &str); 5] = [
    ("coze", "coze", "bot_id = \"7300000000000000000\""),
    ("dify", "dify", ""),
    ("fastgpt", "fastgpt", ""),
    ("openai", "openai", "model = \"m\""),
    ("workersai", "workers_ai", "model = \"@cf/m\""),
];

/// Between pieces, so that each is a packet of its own.
const BETWEEN: Duration = Duration::from_millis(1);

/// How a body ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    /// The server closes.
    Clean,
    /// The connection is reset.
    Reset,
    /// The server never closes.
    Hang,
}

/// A fixture.
#[derive(Clone, Debug)]
pub struct Case {
    /// Such as `coze/normal_follow_up`.
    pub name: String,
    /// As a site's configuration names the service.
    pub kind: &'static str,
    /// What its entry needs besides, a line each.
    needs: &'static str,
    /// The body.
    pub body: Vec<u8>,
    /// The whole of `<case>.expected.json`.
    pub told: Value,
}

impl Case {
    /// All of them, by name.
    ///
    /// # Panics
    /// When one cannot be read.
    pub fn all() -> Vec<Self> {
        Self::in_folder(Path::new(FIXTURES))
    }

    /// Those of a folder with a folder for each service.
    ///
    /// # Panics
    /// When one cannot be read.
    pub fn in_folder(all: &Path) -> Vec<Self> {
        let folders = KINDS.iter().flat_map(|(folder, kind, needs)| {
            bodies(&all.join(folder))
                .into_iter()
                .map(move |path| Self::read(&path, folder, kind, needs))
        });
        folders.collect()
    }

    fn read(path: &Path, folder: &str, kind: &'static str, needs: &'static str) -> Self {
        let case = path.file_stem().expect("a name").to_string_lossy();
        let told = fs::read(path.with_extension("expected.json")).expect("what it reads as");
        Self {
            name: format!("{folder}/{case}"),
            kind,
            needs,
            body: fs::read(path).expect("a fixture"),
            told: serde_json::from_slice(&told).expect("JSON"),
        }
    }

    /// What a right reader makes of it.
    pub fn expect(&self) -> &Value {
        &self.told["expect"]
    }

    /// How its body ended.
    ///
    /// # Panics
    /// When it says something else than the README of the fixtures allows.
    pub fn end(&self) -> End {
        match self.told["delivery"]["end"].as_str() {
            Some("clean") => End::Clean,
            Some("reset") => End::Reset,
            Some("hang") => End::Hang,
            other => panic!("{}: unknown end {other:?}", self.name),
        }
    }

    /// Whether the answer says itself that it is over, so that nobody waits for the server.
    pub fn ends_by_itself(&self) -> bool {
        self.expect()["outcome"] != "truncated"
    }

    /// Bytes of a piece.
    ///
    /// # Panics
    /// When it says something else than the README of the fixtures allows.
    fn cut(&self) -> usize {
        match self.told["delivery"]["chunks"].as_str() {
            Some("whole") => self.body.len().max(1),
            Some("every_byte") => 1,
            Some("split_multibyte") => 7,
            other => panic!("{}: unknown pieces {other:?}", self.name),
        }
    }

    /// The response as it was delivered.
    pub fn delivered(&self) -> Script {
        self.script(self.cut(), self.end())
    }

    /// The response in one piece, with that end.
    pub fn whole(&self, end: End) -> Script {
        self.script(self.body.len().max(1), end)
    }

    fn script(&self, cut: usize, end: End) -> Script {
        let head = Script::default().bytes(self.head());
        let pieces = self.body.chunks(cut);
        let script = pieces.fold(head, |script, piece| script.bytes(piece).pause(BETWEEN));
        match end {
            End::Clean => script,
            End::Reset => script.reset(),
            End::Hang => script.hang(),
        }
    }

    fn head(&self) -> String {
        let http = &self.told["http"];
        let fields = http["headers"].as_object().into_iter().flatten();
        let fields: String = fields
            .map(|(name, value)| format!("{name}: {}\r\n", value.as_str().unwrap_or_default()))
            .collect();
        let (status, kind) = (&http["status"], http["content_type"].as_str().unwrap_or_default());
        format!(
            "HTTP/1.1 {status} Fixture\r\ncontent-type: {kind}\r\n{fields}connection: close\r\n\r\n"
        )
    }

    /// The entry of a service that answers so, in a site's configuration; `more` are further keys.
    pub fn entry(&self, provider: &Provider, more: &str) -> String {
        let (kind, url, needs) = (self.kind, provider.url(), self.needs);
        format!(
            "[[ai_providers]]\nname = \"service\"\ntype = \"{kind}\"\nendpoint = \"{url}\"\napi_key = \"key-of-fixtures\"\n{needs}\n{more}\n"
        )
    }
}

/// The folder of fixtures of a kind, as a configuration names it.
pub(crate) fn folder_of(kind: &str) -> Option<&'static str> {
    let kind = ProviderKind::of_name(kind)?;
    KINDS.iter().find(|it| it.1 == kind.name()).map(|it| it.0)
}

/// None where there is no such folder.
fn bodies(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).into_iter().flatten();
    let mut paths: Vec<_> = entries.map(|entry| entry.expect("an entry").path()).collect();
    paths.retain(|path| path.extension().is_some_and(|extension| extension == "sse"));
    paths.sort();
    paths
}
