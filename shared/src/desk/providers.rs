//! Changes of providers' breakers, for those who look after providers. Nothing of them is stored:
//! how a provider stands is its guard's to tell.

use super::{Desk, Outcome, Role, Step};
use crate::conversation::Audience;
use crate::time::Millis;
use kefu_proto::v1::{ProviderChange, server_frame::Frame};

impl Desk {
    pub(super) fn show_provider(
        &self,
        change: &ProviderChange,
        now: Millis,
        step: &mut Step,
    ) -> Outcome {
        for (conn, stream) in &self.streams {
            let agent = self.sessions.holder(&stream.session, now);
            let account = agent.and_then(|id| self.accounts.get(id));
            if account.is_some_and(|account| account.role == Role::Admin) {
                step.send(Audience::Conn(*conn), Frame::Provider(change.clone()));
            }
        }
        Outcome::Done
    }
}
