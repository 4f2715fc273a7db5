//! The keeper: a worker beside the one under test that takes objects out of memory when a test
//! says so, where the platform would let ten idle seconds pass.

use crate::http;
use crate::serve::quoted;
use std::fmt::Write;
use std::io;

/// The way to a workerd's keeper.
#[derive(Clone, Copy, Debug)]
pub struct Keeper {
    pub(crate) port: u16,
}

impl Keeper {
    /// Takes every object out of memory and leaves its sockets open, as the platform does with
    /// those that are idle. One that is at work goes as soon as it is done, and this waits for it.
    ///
    /// # Errors
    /// When the keeper does not answer.
    pub fn put_to_sleep(self) -> io::Result<()> {
        self.order("/sleep")
    }

    /// Throws every object out of memory, whatever it is doing, and closes its sockets, as the
    /// platform does when code is updated.
    ///
    /// # Errors
    /// When the keeper does not answer.
    pub fn reset_objects(self) -> io::Result<()> {
        self.order("/reset")
    }

    fn order(self, order: &str) -> io::Result<()> {
        let answer = http::send(self.port, "POST", order, &[], &[])?;
        match answer.status {
            200 => Ok(()),
            status => Err(io::Error::other(format!("the keeper: {status} {}", answer.body))),
        }
    }
}

pub(crate) const SERVICE: &str = "    (name = \"keeper\", worker = .keeper),\n";
pub(crate) const SOCKET: &str =
    "    (name = \"keeper\", address = \"127.0.0.1:0\", http = (), service = \"keeper\"),\n";

/// `workerd:unsafe` is workerd's own, for tests; it reaches the objects that are bound here.
const SCRIPT: &str = r#"
import unsafe from "workerd:unsafe";

const orders = {
  "/sleep": () => unsafe.evictAllDurableObjects({ webSockets: "hibernate" }),
  "/reset": () => unsafe.abortAllDurableObjects(),
};

export default {
  async fetch(request) {
    const order = orders[new URL(request.url).pathname];
    if (!order) return new Response("no such order", { status: 404 });
    await order();
    return new Response("done");
  },
};
"#;

/// The keeper's part of the configuration; `objects` are bindings and classes.
pub(crate) fn worker(compatibility_date: &str, objects: &[(String, String)]) -> String {
    let mut bindings = String::new();
    for (binding, class) in objects {
        // Writing to a String cannot fail.
        let _ = writeln!(
            bindings,
            "    (name = {}, durableObjectNamespace = (className = {}, serviceName = \"kefu\")),",
            quoted(binding),
            quoted(class),
        );
    }
    format!(
        r#"
const keeper :Workerd.Worker = (
  modules = [(name = "keeper.js", esModule = {script})],
  compatibilityDate = {date},
  compatibilityFlags = ["unsafe_module"],
  bindings = [
{bindings}  ],
);
"#,
        script = quoted(SCRIPT),
        date = quoted(compatibility_date),
    )
}
