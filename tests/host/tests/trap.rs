//! edge/worker/entry.js on a real workerd, with a wasm that traps when it is told to.
#![allow(clippy::disallowed_methods, reason = "a test measures time")]
#![allow(clippy::unwrap_used, reason = "a test ends where something is wrong")]

use kefu_test_host::http::{Answer, get};
use kefu_test_host::{Options, Workerd, workspace};
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::thread;
use std::time::{Duration, Instant};
use std::{env, fs, process};

/// A module with one function, `trap`, which is `unreachable`.
const TRAP: &[u8] = b"\0asm\x01\0\0\0\x01\x04\x01\x60\0\0\x03\x02\x01\0\x07\x08\x01\x04trap\0\0\
    \x0a\x05\x01\x03\0\0\x0b";

#[test]
fn a_trap_is_answered_at_once_and_the_next_request_is_served() {
    let host = Host::start("served");
    for (trap, resets) in [("/throw", 1), ("/task", 2), ("/object/throw", 3), ("/object/task", 4)] {
        let broken = host.get(trap);
        assert_eq!(broken.status, 500, "{trap}: {}", broken.body);
        assert!(broken.body.contains(r#""code":"internal""#), "{trap}: {}", broken.body);
        assert_eq!(host.get("/").body, format!("{{\"resets\":{resets}}}"), "after {trap}");
    }
}

#[test]
fn a_trap_ends_the_requests_that_wait_on_the_same_instance() {
    let host = Host::start("waiting");
    let port = host.workerd.port();
    let begun = Instant::now();
    let waiting: Vec<_> = ["/never", "/object/never"]
        .map(|path| thread::spawn(move || get(port, path).unwrap().status))
        .into_iter()
        .collect();
    // Until both wait there is nothing to see of them.
    thread::sleep(Duration::from_millis(300));
    host.get("/task");
    for request in waiting {
        assert_eq!(request.join().unwrap(), 500);
    }
    assert!(begun.elapsed() < Duration::from_secs(3));
}

#[test]
fn an_object_is_made_again_after_a_trap() {
    let host = Host::start("object");
    assert_eq!(host.get("/object/").body, r#"{"calls":1}"#);
    assert_eq!(host.get("/object/").body, r#"{"calls":2}"#);
    host.get("/throw");
    assert_eq!(host.get("/object/").body, r#"{"calls":1}"#);
}

/// A workerd with the entry and the glue that stands in.
struct Host {
    workerd: Workerd,
    root: PathBuf,
}

impl Host {
    fn start(name: &str) -> Self {
        let root = env::temp_dir().join(format!("kefu-trap-{}-{name}", process::id()));
        fs::create_dir_all(root.join("build")).unwrap();
        fs::write(root.join("build/kefu.wasm"), TRAP).unwrap();
        fs::copy(workspace().join("wrangler.toml"), root.join("wrangler.toml")).unwrap();
        symlink(workspace().join("node_modules"), root.join("node_modules")).unwrap();
        bundle(&root.join("build/worker.js"));
        let options = Options { root: root.clone(), ..Options::default() };
        Self { workerd: Workerd::start(&options).unwrap(), root }
    }

    fn get(&self, path: &str) -> Answer {
        get(self.workerd.port(), path).unwrap()
    }
}

impl Drop for Host {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.root);
    }
}

fn bundle(output: &Path) {
    let glue = workspace().join("tests/host/tests/trap/glue.js");
    let status = Command::new("node")
        .arg(workspace().join("node_modules/esbuild/bin/esbuild"))
        .arg(workspace().join("edge/worker/entry.js"))
        .args(["--bundle", "--format=esm", "--log-level=warning"])
        .args(["--external:*.wasm", "--external:cloudflare:*"])
        .arg(format!("--alias:kefu-bindgen={}", glue.display()))
        .arg(format!("--outfile={}", output.display()))
        .status()
        .unwrap();
    assert!(status.success());
}
