//! What other instances tell of a conversation, taken in one after the other: a part of an answer
//! that overtakes what it follows would look like a gap.

use super::Room;
use crate::Fault;
use crate::spin::rooms;
use crate::spin::tasks::spawn;
use kefu_proto::v1::server_frame::Frame;
use kefu_shared::conversation::Input;
use kefu_shared::news::What;
use std::rc::Rc;

/// What waits to be taken in; more is dropped, and found by the next look.
const WAITING_MOST: usize = 1_000;

impl Room {
    /// Takes something in that another instance told.
    pub(crate) fn hear(self: &Rc<Self>, what: What) {
        let mut heard = self.heard.borrow_mut();
        if heard.len() < WAITING_MOST {
            heard.push_back(what);
        }
        drop(heard);
        if !self.hearing.replace(true) {
            spawn(self.clone().hear_all());
        }
    }

    async fn hear_all(self: Rc<Self>) {
        loop {
            let next = self.heard.borrow_mut().pop_front();
            let Some(what) = next else { break };
            // A fault is told where it happened, and everybody comes back.
            let _ = self.hear_one(what).await;
        }
        self.hearing.set(false);
        rooms::release(&self);
    }

    async fn hear_one(self: &Rc<Self>, what: What) -> Result<(), Fault> {
        match what {
            What::Conversation { seq, .. } if seq == 0 || self.seq() < seq => self.look().await,
            What::Conversation { .. } | What::Desk { .. } | What::Provider { .. } => Ok(()),
            What::Frame { to, frame, .. } => match frame.frame {
                Some(frame @ (Frame::Delta(_) | Frame::Replace(_))) => {
                    self.apply(Input::Relayed { frame }).await.map(|_| ())
                }
                Some(frame) => {
                    self.streams.send(to.audience(), &frame, self.epoch());
                    Ok(())
                }
                None => Ok(()),
            },
        }
    }
}
