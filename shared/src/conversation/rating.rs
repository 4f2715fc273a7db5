//! What the visitor thinks of a session.

use super::{Conversation, Entry, From, Reply, Step, key_reused, post, receipt};
use crate::problem::{Code, Refusal};
use crate::time::Tick;
use kefu_proto::v1::{Event, RateRequest, Rating, SendReply, event};

/// The longest comment, in UTF-16 code units.
const COMMENT_MOST: u32 = 2_000;

impl Conversation {
    pub(super) fn rate(
        &mut self,
        tick: Tick,
        from: &From,
        rate: RateRequest,
        prior: Option<&Event>,
        step: &mut Step,
    ) -> Reply {
        let rating =
            Rating { author: Some(from.who.author()), score: rate.score, comment: rate.comment };
        if let Some(prior) = prior {
            let same =
                matches!(&prior.kind, Some(event::Kind::Rating(stored)) if *stored == rating);
            return if same { rated(prior, true) } else { key_reused() };
        }
        if let Some(refusal) = self.refuse_rating(&rate.key, &rating) {
            return Reply::Refused(refusal);
        }
        let entry = Entry {
            channel: from.channel,
            kind: event::Kind::Rating(rating),
            sender: Some(from.who.sender(&rate.key)),
            counts: false,
        };
        rated(&self.append(tick, entry, step), false)
    }

    fn refuse_rating(&self, key: &str, rating: &Rating) -> Option<Refusal> {
        if let Some(refusal) = post::refuse_key(key) {
            return Some(refusal);
        }
        if !(1..=5).contains(&rating.score) {
            return Some(Refusal::new(Code::BadRating, "score must be a number from 1 to 5"));
        }
        if crate::text::utf16_len(&rating.comment) > COMMENT_MOST {
            let detail = format!("a comment has at most {COMMENT_MOST} characters");
            return Some(Refusal::new(Code::TextTooLong, detail));
        }
        (self.session == 0)
            .then(|| Refusal::new(Code::BadRating, "there is no session to rate: nothing was said"))
    }
}

fn rated(event: &Event, duplicate: bool) -> Reply {
    let (seq, msg_id) = receipt(event);
    Reply::Rated(SendReply { seq, msg_id, duplicate })
}
