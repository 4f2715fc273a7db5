//! Whether an agent is there.

use super::room::*;
use crate::desk::*;
use std::time::Duration;

fn is_attended(room: &mut Room) -> bool {
    match room.order(Order::WhoIsThere) {
        Outcome::OnDuty(on_duty) => on_duty,
        other => panic!("{other:?}"),
    }
}

#[test]
fn an_agent_is_there_while_its_gateway_is_open_and_no_row_says_so() {
    let (mut room, session) = Room::of_ming();
    assert!(!is_attended(&mut room));
    let before = room.writes;
    room.attach(1, &session, 0);
    room.sleep();
    assert!(is_attended(&mut room));
    room.leaves(1);
    assert!(!is_attended(&mut room));
    assert_eq!(room.writes, before);
}

#[test]
fn what_another_process_said_counts_for_a_while_and_not_after_its_agent_left() {
    let (mut room, session) = Room::of_ming();
    room.attach(1, &session, 0);
    room.give(Input::Beat);
    let before = room.writes;
    room.give(Input::Beat);
    assert_eq!(room.writes, before, "it is not said again at once");
    // As another process sees it: only what is stored.
    room.crash();
    assert!(is_attended(&mut room));
    room.pass(Duration::from_secs(90));
    assert!(!is_attended(&mut room));
    room.attach(1, &session, 0);
    room.give(Input::Beat);
    room.leaves(1);
    room.crash();
    assert!(!is_attended(&mut room));
}
