//! The keeper: a worker beside the one under test that takes objects out of memory when a test
//! says so, where the platform would let ten idle seconds pass.

use crate::http;
use crate::serve::quoted;
use std::fmt::Write;
use std::io;

/// Takes all objects out of memory; their sockets sleep.
pub(crate) const SLEEP: &str = "/sleep";
/// Throws all objects out of memory; their sockets are closed.
pub(crate) const RESET: &str = "/reset";

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

/// Gives an order and waits until it is carried out.
pub(crate) fn order(port: Option<u16>, order: &str) -> io::Result<()> {
    let port = port.ok_or_else(|| io::Error::other("this workerd was started without a keeper"))?;
    let answer = http::send(port, "POST", order, &[], &[])?;
    match answer.status {
        200 => Ok(()),
        status => Err(io::Error::other(format!("the keeper: {status} {}", answer.body))),
    }
}

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
