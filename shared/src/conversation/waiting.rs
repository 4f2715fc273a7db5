//! The visitor's place among those who wait for a person, which only the desk knows.

use super::{Audience, Conversation, OwnerRecord, Step};
use kefu_proto::v1::{Owner, Queued, server_frame::Frame};

impl Conversation {
    /// The desk tells the place. It is shown and not stored: whoever joins later asks again.
    pub(super) fn placed(&mut self, place: Option<u32>, step: &mut Step) {
        let place = place.filter(|_| self.head.owner == OwnerRecord::Queue);
        if let Some(place) = place.filter(|_| place != self.place) {
            step.send(Audience::All, Frame::Queued(Queued { place }));
        }
        self.place = place;
    }

    pub(super) fn owner_with_place(&self) -> Owner {
        Owner { place: self.place, ..self.head.owner.wire() }
    }
}
