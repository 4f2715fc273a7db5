//! The site of every world: three providers, rules, short waits.

use kefu_shared::config::{self, Format};
use kefu_shared::keys::Keys;
use kefu_shared::secrets::Grants;
use kefu_shared::site::{Deployment, Live, Page};
use std::sync::Arc;

const DOCUMENT: &str = r#"
[limits]
messages_per_visitor = "40/min"

[[ai_providers]]
name = "one"
type = "openai"
endpoint = "https://one.example"
model = "m"

[[ai_providers]]
name = "two"
type = "openai"
endpoint = "https://two.example"
model = "m"

[[rules]]
name = "human"
when = "first"
match = { any = ["human"] }
reply = "Somebody will come."
action = "handoff"

[[rules]]
name = "refund"
match = { any = ["refund"] }
reply = "Within 7 days."
"#;

/// The site, in use.
pub(crate) fn live() -> Option<Arc<Live>> {
    let config = config::read(DOCUMENT.as_bytes(), Format::Toml).ok()?;
    let page = Page {
        revision: 1,
        version: 1,
        format: Format::Toml,
        document: DOCUMENT.into(),
        secrets: Vec::new(),
    };
    let deployment = Deployment {
        keys: Keys::derive("simulated"),
        grants: Grants::default(),
        allow_private: false,
    };
    Some(Arc::new(Live::new("sim", &page, config, &deployment, |_| None)))
}
