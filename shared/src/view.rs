//! What somebody may see of an event.

use crate::who::Role;
use kefu_proto::v1::{Event, Hidden, event};
use std::borrow::Cow;

/// The event as `role` may see it. A hidden one keeps its seq and nothing else.
pub fn of(event: &Event, role: Role) -> Cow<'_, Event> {
    if role == Role::Visitor && is_internal(event) {
        return Cow::Owned(hidden(event.seq));
    }
    Cow::Borrowed(event)
}

/// The stand-in for an event that its reader may not see.
pub fn hidden(seq: u32) -> Event {
    Event { seq, kind: Some(event::Kind::Hidden(Hidden {})), ..Event::default() }
}

/// Whether only agents may see it.
pub fn is_internal(event: &Event) -> bool {
    match &event.kind {
        Some(event::Kind::Note(_) | event::Kind::Tagged(_) | event::Kind::Draft(_)) => true,
        Some(
            event::Kind::Message(_)
            | event::Kind::Owner(_)
            | event::Kind::Rating(_)
            | event::Kind::Edited(_)
            | event::Kind::Recalled(_)
            | event::Kind::Closed(_)
            | event::Kind::Reopened(_)
            | event::Kind::Hidden(_),
        ) => false,
        // Of a newer version: unknown things are not for visitors.
        None => true,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use kefu_proto::v1::{Note, Rating};

    #[test]
    fn a_visitor_sees_the_seq_of_a_note_and_nothing_else() {
        let note = Event {
            seq: 4,
            msg_id: Some(9),
            kind: Some(event::Kind::Note(Note::default())),
            ..Event::default()
        };
        let seen = of(&note, Role::Visitor);
        assert_eq!(seen.seq, 4);
        assert_eq!(seen.msg_id, None);
        assert!(matches!(seen.kind, Some(event::Kind::Hidden(_))));
        assert_eq!(*of(&note, Role::Agent), note);
        let rating = Event { kind: Some(event::Kind::Rating(Rating::default())), ..note };
        assert_eq!(*of(&rating, Role::Visitor), rating);
    }
}
