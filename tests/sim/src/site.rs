//! The site of every world: three providers, rules, short waits.

use kefu_shared::config::{self, Format};
use kefu_shared::keys::Keys;
use kefu_shared::secrets::Grants;
use kefu_shared::site::{Deployment, Live, Page};
use std::sync::{Arc, OnceLock};

/// Bytes of text that a process keeps of its conversations' contexts: little, so that some leave.
pub(crate) const CONTEXTS_BUDGET: usize = 2_500;
/// Calls to providers that a question may cost.
pub(crate) const ATTEMPTS_MOST: u32 = 3;

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

[[ai_providers]]
name = "three"
type = "openai"
endpoint = "https://three.example"
model = "m"

[[ai_providers]]
name = "four"
type = "openai"
endpoint = "https://four.example"
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

/// What it says where its AI drafts for agents.
const DRAFTING: &str = "[ai]\nmode = \"draft\"\n";

/// The site, in use; the same for all worlds where the AI drafts, and for all others.
pub(crate) fn live(drafts: bool) -> Option<Arc<Live>> {
    static LIVE: OnceLock<Option<Arc<Live>>> = OnceLock::new();
    static DRAFTS: OnceLock<Option<Arc<Live>>> = OnceLock::new();
    match drafts {
        true => DRAFTS.get_or_init(|| read(&format!("{DRAFTING}{DOCUMENT}"))).clone(),
        false => LIVE.get_or_init(|| read(DOCUMENT)).clone(),
    }
}

fn read(document: &str) -> Option<Arc<Live>> {
    let config = config::read(document.as_bytes(), Format::Toml).ok()?;
    let page = Page {
        revision: 1,
        version: 1,
        format: Format::Toml,
        document: document.into(),
        secrets: Vec::new(),
    };
    let deployment = Deployment {
        keys: Keys::derive("simulated"),
        grants: Grants::default(),
        allow_private: false,
        runs_models: false,
    };
    Some(Arc::new(Live::new("sim", &page, config, &deployment, |_| None)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_site_is_good_and_its_limit_of_attempts_is_seen() {
        assert!(live(true).is_some());
        let live = live(false).unwrap();
        assert_eq!(live.config.ai.max_attempts, ATTEMPTS_MOST);
        assert!(live.config.providers.len() > ATTEMPTS_MOST as usize, "or the bound is not seen");
    }
}
