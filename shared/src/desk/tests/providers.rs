//! Who is shown how providers' breakers change.

use super::room::*;
use crate::desk::*;
use kefu_proto::v1::server_frame::Frame;
use kefu_proto::v1::{ProviderChange, provider_state::Standing};

#[test]
fn a_breakers_change_is_shown_to_admins_alone_and_is_no_row() {
    let (mut room, agent) = Room::of_ming();
    let li =
        Account { id: "li".into(), email: "li@shop.example".into(), role: Role::Admin, ..ming() };
    room.order(Order::AddAgent(li));
    let admin = room.log_in("li@shop.example", PASSWORD, "1.2.3.4").unwrap();
    room.attach(1, &agent, 0);
    room.attach(2, &admin, 0);
    // Also to streams that outlived the desk's sleep.
    room.sleep();
    room.frames.clear();
    let before = room.writes;
    let change = ProviderChange {
        name: "dify".into(),
        standing: Standing::Open.into(),
        ..ProviderChange::default()
    };
    assert!(matches!(room.order(Order::Provider(change.clone())), Outcome::Done));
    assert_eq!(room.seen(2), [Frame::Provider(change)]);
    assert_eq!((room.seen(1).len(), room.writes - before), (0, 0));
}
