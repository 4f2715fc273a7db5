//! Who may come in, and until when.

use super::room::*;
use crate::desk::*;
use kefu_proto::v1::AgentRequest;
use std::time::Duration;

#[test]
fn an_agent_logs_in_with_any_spelling_of_the_address_and_only_with_the_password() {
    let (mut room, _) = Room::of_ming();
    assert!(room.log_in("MING@shop.example", PASSWORD, "1.2.3.4").is_ok());
    for (email, password) in [
        ("ming@shop.example", "correct horsf"),
        ("ming@shop.example", ""),
        ("nobody@shop.example", PASSWORD),
        ("", ""),
    ] {
        let refused = room.log_in(email, password, "1.2.3.4");
        assert_eq!(refused, Err("bad_login"), "{email} {password}");
    }
}

#[test]
fn guessing_is_stopped_before_a_hash_is_computed_and_tells_nothing_of_accounts() {
    for email in ["ming@shop.example", "nobody@shop.example"] {
        let (mut room, _) = Room::of_ming();
        for _ in 0..PER_PAIR {
            let admit = Order::AdmitLogin { email: email.into(), address: "6.6.6.6".into() };
            assert!(matches!(room.order(admit), Outcome::HoldAgainst { .. }));
            room.sleep();
        }
        let refused = room.log_in(email, PASSWORD, "6.6.6.6");
        assert_eq!(refused, Err("rate_limited"), "also after the desk slept");
        assert!(room.log_in("ming@shop.example", PASSWORD, "1.2.3.4").is_ok(), "elsewhere");
        room.pass(Duration::from_secs(601));
        let again = room.log_in("ming@shop.example", PASSWORD, "6.6.6.6");
        assert!(again.is_ok(), "{again:?}");
    }
}

#[test]
fn many_guesses_from_one_address_are_stopped_whatever_the_account() {
    let (mut room, _) = Room::of_ming();
    for number in 0..PER_ADDRESS {
        let email = format!("a{number}@shop.example");
        room.order(Order::AdmitLogin { email, address: "6.6.6.6".into() });
    }
    assert_eq!(room.log_in("ming@shop.example", PASSWORD, "6.6.6.6"), Err("rate_limited"));
}

#[test]
fn logging_in_often_is_no_guessing() {
    let (mut room, _) = Room::of_ming();
    for _ in 0..3 * PER_PAIR {
        assert!(room.log_in("ming@shop.example", PASSWORD, "1.2.3.4").is_ok());
    }
}

#[test]
fn a_session_that_is_ended_closes_its_streams_and_opens_none() {
    let (mut room, session) = Room::of_ming();
    let other = room.log_in("ming@shop.example", PASSWORD, "1.2.3.4").unwrap();
    room.attach(1, &session, 0);
    room.attach(2, &other, 0);
    room.order(Order::EndSession { session: session.clone() });
    assert_eq!(room.closed, [(1, 4201)]);
    room.crash();
    let check = room.order(Order::CheckSession { session: session.clone() });
    assert_eq!(check.granted().map_err(|r| r.code.as_str()).err(), Some("session_revoked"));
    assert!(matches!(room.order(Order::CheckSession { session: other }), Outcome::Account(_)));
    room.attach(3, &session, 0);
    assert_eq!(room.closed, [(1, 4201), (3, 4201)]);
}

#[test]
fn an_agent_that_is_removed_is_out_at_once() {
    let (mut room, session) = Room::of_ming();
    room.attach(1, &session, 0);
    assert!(matches!(room.order(Order::RemoveAgent { id: ming().id }), Outcome::Done));
    assert_eq!(room.closed, [(1, 4201)]);
    assert!(room.order(Order::CheckSession { session }).granted().is_err());
    assert_eq!(room.log_in("ming@shop.example", PASSWORD, "1.2.3.4"), Err("bad_login"));
    assert!(room.order(Order::RemoveAgent { id: ming().id }).granted().is_err());
}

#[test]
fn the_oldest_of_too_many_sessions_ends() {
    let (mut room, first) = Room::of_ming();
    for _ in 0..SESSIONS_MOST {
        room.pass(Duration::from_secs(1));
        room.log_in("ming@shop.example", PASSWORD, "1.2.3.4").unwrap();
    }
    assert!(room.order(Order::CheckSession { session: first }).granted().is_err());
}

#[test]
fn a_session_is_over_after_180_days() {
    let (mut room, session) = Room::of_ming();
    room.pass(Duration::from_secs(180 * 86_400 - 1));
    let check = || Order::CheckSession { session: session.clone() };
    assert!(room.order(check()).granted().is_ok());
    room.pass(Duration::from_secs(1));
    assert!(room.order(check()).granted().is_err());
}

#[test]
fn an_account_that_cannot_be_says_why() {
    let good = AgentRequest {
        email: "li@shop.example".into(),
        name: "Li".into(),
        role: 0,
        password: PASSWORD.into(),
    };
    assert!(Account::checked(&good, 1).is_ok());
    for (bad, named) in [
        (AgentRequest { email: "li".into(), ..good.clone() }, "email"),
        (AgentRequest { email: "li@".into(), ..good.clone() }, "email"),
        (AgentRequest { email: "l i@shop.example".into(), ..good.clone() }, "email"),
        (AgentRequest { name: " ".into(), ..good.clone() }, "name"),
        (AgentRequest { name: "x".repeat(NAME_MOST + 1), ..good.clone() }, "name"),
        (AgentRequest { password: "short".into(), ..good }, "password"),
    ] {
        let refusal = Account::checked(&bad, 1).unwrap_err();
        assert!(refusal.detail.contains(named), "{}", refusal.detail);
    }
    let (mut room, _) = Room::of_ming();
    let taken = room.order(Order::AddAgent(ming()));
    assert_eq!(taken.granted().map_err(|r| r.code.as_str()).err(), Some("email_taken"));
}
