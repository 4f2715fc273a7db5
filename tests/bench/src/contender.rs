//! Who is measured: the built Worker, and JavaScript under the same host and the same settings.

use crate::kefu;
use crate::machine::Cores;
use anyhow::{Context, Result};
use kefu_test_host::{Options, Workerd, workspace};
use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};

/// A program that is measured.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Contender {
    /// What `cargo xtask build` made here.
    Kefu,
    /// What it made in another checkout.
    Other(PathBuf),
    /// The same work in JavaScript.
    Twin,
    /// One row and one answer, in JavaScript.
    Bare,
    /// Answers that are sent on as they come, in JavaScript. It takes part where answers stream.
    Relay,
}

/// A contender that serves.
pub(crate) struct Running {
    pub(crate) workerd: Workerd,
    pub(crate) doors: Vec<Door>,
}

/// How a conversation's sockets are opened.
#[derive(Clone, Debug)]
pub(crate) struct Door {
    /// Path and query.
    pub(crate) path: String,
    /// The offered subprotocols.
    pub(crate) protocols: String,
}

/// An empty module (WebAssembly Core 2.0, 5.5.16): the host wants one, the peers have none.
const NO_WASM: &[u8] = b"\0asm\x01\0\0\0";

impl Contender {
    pub(crate) fn named(name: &str) -> Option<Self> {
        [Self::Kefu, Self::Twin, Self::Bare].into_iter().find(|one| one.name() == name)
    }

    pub(crate) fn name(&self) -> &'static str {
        match self {
            Self::Kefu => "kefu",
            Self::Other(_) => "other",
            Self::Twin => "twin",
            Self::Bare => "bare",
            Self::Relay => "relay",
        }
    }

    /// Whether a message is shown to the second socket, or is only acknowledged.
    pub(crate) fn shows(&self) -> bool {
        *self != Self::Bare
    }

    /// Starts it with its state in `folder` and that many conversations.
    pub(crate) fn start(
        &self,
        folder: &Path,
        conversations: usize,
        cores: Option<Cores>,
    ) -> Result<Running> {
        let root = self.root(folder)?;
        let options = Options { root, ..Options::default() };
        let workerd = Workerd::start(&options.state(folder.join("state")))?;
        if let Some(cores) = cores {
            cores.pin_server(workerd.pid())?;
        }
        let doors = match self {
            Self::Kefu | Self::Other(_) => kefu::conversations(workerd.port(), conversations)?,
            Self::Twin | Self::Bare | Self::Relay => (0..conversations).map(peers_door).collect(),
        };
        Ok(Running { workerd, doors })
    }

    /// A checkout, or a folder that looks like one to the host.
    pub(crate) fn root(&self, folder: &Path) -> Result<PathBuf> {
        let script = match self {
            Self::Kefu => return Ok(workspace()),
            Self::Other(root) => return Ok(root.canonicalize()?),
            Self::Twin => "twin.js",
            Self::Bare => "bare.js",
            Self::Relay => "relay.js",
        };
        let peers = workspace().join("tests/bench/peers");
        let root = folder.join("root");
        fs::create_dir_all(root.join("build"))?;
        fs::copy(peers.join(script), root.join("build/worker.js")).context(script)?;
        fs::copy(peers.join("wrangler.toml"), root.join("wrangler.toml"))?;
        fs::write(root.join("build/kefu.wasm"), NO_WASM)?;
        symlink(workspace().join("node_modules"), root.join("node_modules"))?;
        Ok(root)
    }
}

fn peers_door(number: usize) -> Door {
    Door {
        path: format!("/v1/conversations/{number:032x}/ws?visitor=v{number:021}"),
        protocols: "kefu.v1.json".into(),
    }
}
