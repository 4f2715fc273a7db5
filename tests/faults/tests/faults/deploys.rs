//! New code in the middle of an answer: another bundle on the same state, or, as the platform
//! does it, all objects thrown out of memory and their sockets closed.

use crate::AT_ONCE;
use kefu_faults::{Client, Pace, host_with_keeper, reset_objects};
use kefu_test_host::workspace;
use kefu_turns::{Host, Provider, Script};
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::{env, fs, process};

/// A checkout whose bundle does the same and is other bytes.
struct Newer(PathBuf);

impl Newer {
    fn make() -> Self {
        let root = env::temp_dir().join(format!("kefu-newer-{}", process::id()));
        let (old, new) = (workspace(), root.join("build"));
        fs::create_dir_all(&new).unwrap();
        fs::copy(old.join("build/kefu.wasm"), new.join("kefu.wasm")).unwrap();
        let script = fs::read_to_string(old.join("build/worker.js")).unwrap();
        fs::write(new.join("worker.js"), format!("{script}\n// newer\n")).unwrap();
        component(&old, &root);
        for same in ["wrangler.toml", "spin.toml", "node_modules", "edge"] {
            symlink(old.join(same), root.join(same)).unwrap();
        }
        Self(root)
    }

    fn root(&self) -> &Path {
        &self.0
    }
}

/// The same for Spin, where it is built: an empty section of one's own says nothing.
fn component(old: &Path, new: &Path) {
    const COMPONENT: &str = "target/wasm32-wasip2/release/kefu_edge.wasm";
    const SECTION: &[u8] = b"\0\x06\x05newer";
    let Ok(mut bytes) = fs::read(old.join(COMPONENT)) else { return };
    bytes.extend_from_slice(SECTION);
    let file = new.join(COMPONENT);
    fs::create_dir_all(file.parent().unwrap()).unwrap();
    fs::write(file, bytes).unwrap();
}

impl Drop for Newer {
    fn drop(&mut self) {
        // It is in the system's temporary folder.
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// Twenty clients, each in the middle of an answer; then new code comes.
async fn deploy_in_mid_stream(deploy: impl AsyncFnOnce(&Host)) {
    let script = Script::default().head().text("I was saying ").hang();
    let provider = Provider::playing([script]).await;
    let host = host_with_keeper();
    let site = host.site(&format!("{AT_ONCE}{}", provider.entry("only", ""))).await;
    let mut clients = Vec::new();
    for _ in 0..20 {
        let visitor = site.visitor().await;
        let client = Client::open(&visitor, host.port(), Pace::QUICK);
        client.say("hi");
        client.shows("I was saying ").await;
        clients.push((visitor, client));
    }
    deploy(&host).await;
    for (visitor, client) in &clients {
        client.until("a second connection", |held| held.greeted >= 2).await;
        let answer = client.answered().await;
        assert_eq!(answer["message"]["provider"]["outcome"], "INTERRUPTED");
        assert_eq!(answer["message"]["body"]["text"]["text"], "I was saying ");
        client.check(visitor).await;
        assert_eq!(client.look(|held| held.party.screen.afresh), 0, "nothing is loaded again");
    }
}

#[tokio::test]
async fn another_bundle_on_the_same_state_takes_over_in_mid_stream() {
    let newer = Newer::make();
    deploy_in_mid_stream(async |host| host.running().deploy(newer.root()).unwrap()).await;
}

#[tokio::test]
async fn objects_that_are_reset_for_new_code_end_their_answers_and_nobody_reloads() {
    deploy_in_mid_stream(async |host| reset_objects(host).await).await;
}
