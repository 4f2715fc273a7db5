//! The operator's variables: declared in spin.toml, in lower case, read once an instance.

use kefu_shared::deployment::Deployed;
use spin_sdk::variables;
use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::Rc;

/// Those that spin.toml declares.
const DECLARED: [&str; 8] = [
    "KEFU_ADMIN_TOKEN",
    "KEFU_SECRET",
    "KEFU_ALLOW_PRIVATE",
    "KEFU_DEV",
    "KEFU_GRANTS",
    "KEFU_ADDRESS_HEADER",
    "KEFU_OUTBOUND",
    "KEFU_NATS",
];
/// Lines `NAME=value` that sites may be granted.
const LINES: &str = "kefu_vars";

type Read = (BTreeMap<String, String>, Result<Rc<Deployed>, &'static str>);

thread_local! {
    static READ: RefCell<Option<Rc<Read>>> = const { RefCell::new(None) };
}

/// The deployment, or what is wrong with its variables.
pub async fn deployed() -> Result<Rc<Deployed>, &'static str> {
    read().await.1.clone()
}

/// The deployment, if its variables were read and are good.
pub(crate) fn known() -> Option<Rc<Deployed>> {
    READ.with_borrow(|read| read.as_ref().and_then(|read| read.1.clone().ok()))
}

/// A variable that was read.
pub(crate) fn variable(name: &str) -> Option<String> {
    READ.with_borrow(|read| read.as_ref().and_then(|read| read.0.get(name).cloned()))
}

/// The hosts that spin.toml lets out to, as the operator wrote them there; `*` is all.
pub fn opened_hosts() -> Vec<String> {
    let hosts = variable("KEFU_OUTBOUND").unwrap_or_default();
    hosts.split_whitespace().map(ToOwned::to_owned).collect()
}

async fn read() -> Rc<Read> {
    if let Some(read) = READ.with_borrow(Clone::clone) {
        return read;
    }
    let mut values = BTreeMap::new();
    for line in get(LINES).await.unwrap_or_default().lines() {
        if let Some((name, value)) = line.split_once('=') {
            values.insert(name.trim().to_owned(), value.trim().to_owned());
        }
    }
    // What only the operator may set does not come from there.
    values.retain(|name, _| !name.starts_with("KEFU_"));
    for name in DECLARED {
        if let Some(value) = get(&name.to_lowercase()).await {
            values.insert(name.to_owned(), value);
        }
    }
    let deployed = Deployed::read(|name| values.get(name).cloned()).map(Rc::new);
    let read = Rc::new((values, deployed));
    READ.set(Some(read.clone()));
    read
}

async fn get(name: &str) -> Option<String> {
    variables::get(name).await.ok().filter(|value| !value.is_empty())
}
