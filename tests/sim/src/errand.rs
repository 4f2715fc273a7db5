//! Requests without a stream: asked again with the same key until there is an answer.

use crate::plan::Wish;
use crate::screen::Screen;
use kefu_proto::v1::{Body, HandoffRequest, OwnerRequest, RateRequest, RecallRequest, body};
use kefu_shared::conversation::{Reply, Request};
use kefu_shared::problem::Code;

/// The request that a wish makes, of somebody who sees that screen.
pub(crate) fn request(wish: Wish, key: String, screen: &Screen) -> Request {
    let term = screen.term;
    let owner =
        |with_term: bool| OwnerRequest { key: Some(key.clone()), term: with_term.then_some(term) };
    match wish {
        Wish::Handoff => Request::Handoff(HandoffRequest { key, reason: String::new() }),
        Wish::Rate => Request::Rate(RateRequest { key, score: 5, comment: "好".into() }),
        Wish::Take { with_term } => Request::Take(owner(with_term)),
        Wish::Release { with_term } => Request::Release(owner(with_term)),
        Wish::Resolve => Request::Resolve(owner(false)),
        Wish::Reopen => Request::Reopen(owner(false)),
        Wish::Note => Request::Note { key, body: secret() },
        Wish::Approve => Request::Approve(RecallRequest { key, seq: screen.newest_draft() }),
    }
}

/// What a visitor must never read.
fn secret() -> Body {
    Body { kind: Some(body::Kind::Text(body::Text { text: "between us".into() })) }
}

/// Where the request's event is, if the reply says so.
pub(crate) fn place(reply: &Reply) -> Option<u32> {
    match reply {
        Reply::Sent(sent) | Reply::Rated(sent) | Reply::Amended(sent) => Some(sent.seq),
        Reply::Owner { .. } | Reply::Done | Reply::Refused(_) => None,
    }
}

/// Whether to ask again.
pub(crate) fn is_to_retry(reply: Option<&Reply>) -> bool {
    match reply {
        None => true,
        Some(Reply::Refused(refusal)) => refusal.code == Code::Unavailable,
        Some(_) => false,
    }
}
