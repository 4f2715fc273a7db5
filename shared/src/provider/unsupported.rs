//! What stands in for the adapter of a kind that this build has none for.

use super::answer::Answer;
use super::sse::Frame;
use super::{Adapter, Ask, Dialect, Failure, RequestParts};
use serde_json::Value;

pub(super) static ADAPTER: Adapter =
    Adapter { request, dialect: |_| Box::new(Nothing), cancel: |_, _| None };

fn request(ask: &Ask<'_>) -> Result<RequestParts, Failure> {
    let kind = ask.provider.kind.name();
    let message = format!("providers of type {kind} are not supported by this build");
    Err(Failure { message, ..unsupported() })
}

fn unsupported() -> Failure {
    Failure::config("unsupported_provider", "")
}

/// Reads nothing, since nothing was asked.
#[derive(Clone)]
struct Nothing;

impl Dialect for Nothing {
    fn frame(&mut self, _: Frame<'_>, answer: &mut Answer) {
        answer.fail(unsupported());
    }

    fn whole(&mut self, _: &Value, answer: &mut Answer) {
        answer.fail(unsupported());
    }

    fn refusal(&self, _: &Value) -> Failure {
        unsupported()
    }
}
