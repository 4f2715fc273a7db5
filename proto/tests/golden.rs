//! Golden frames: each in both encodings, read by these tests and by the TypeScript client's.

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "a test")]

use kefu_proto::Encode;
use kefu_proto::v1::{
    ClientFrame, Envelope, Event, EventsPage, LoginReply, Problem, ServerFrame, SessionReply,
    SessionRequest,
};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use std::fmt::Debug;
use std::fs;

#[test]
fn both_encodings_of_every_golden_frame_say_the_same() {
    let mut checked = 0;
    for entry in fs::read_dir("golden").unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_some_and(|extension| extension == "json") {
            let golden: Value = serde_json::from_str(&fs::read_to_string(&path).unwrap()).unwrap();
            check(&path.display().to_string(), &golden);
            checked += 1;
        }
    }
    assert!(checked >= 20, "only {checked} golden frames");
}

fn check(name: &str, golden: &Value) {
    let binary = unhex(golden["binary"].as_str().unwrap());
    let json = &golden["json"];
    match golden["type"].as_str().unwrap() {
        "kefu.v1.ClientFrame" => agree::<ClientFrame>(name, json, &binary),
        "kefu.v1.ServerFrame" => agree::<ServerFrame>(name, json, &binary),
        "kefu.v1.Event" => agree::<Event>(name, json, &binary),
        "kefu.v1.Envelope" => agree::<Envelope>(name, json, &binary),
        "kefu.v1.EventsPage" => agree::<EventsPage>(name, json, &binary),
        "kefu.v1.SessionReply" => agree::<SessionReply>(name, json, &binary),
        "kefu.v1.SessionRequest" => agree::<SessionRequest>(name, json, &binary),
        "kefu.v1.LoginReply" => agree::<LoginReply>(name, json, &binary),
        "kefu.v1.Problem" => agree::<Problem>(name, json, &binary),
        other => panic!("{name}: no test for {other}"),
    }
}

fn agree<T>(name: &str, json: &Value, binary: &[u8])
where
    T: Encode + Default + Serialize + DeserializeOwned + PartialEq + Debug,
{
    let from_binary = T::decode(binary).unwrap();
    let from_json: T = serde_json::from_value(json.clone()).unwrap();
    assert_eq!(from_binary, from_json, "{name}");
    assert_eq!(from_json.encode_to_vec(), binary, "{name}");
    assert_eq!(&serde_json::to_value(&from_binary).unwrap(), json, "{name}");
}

#[test]
fn unknown_fields_are_ignored_in_both_encodings() {
    let frame: ClientFrame =
        serde_json::from_str(r#"{"send":{"key":"k","text":"hi","later":[1]},"new":{}}"#).unwrap();
    let mut binary = frame.encode_to_vec();
    // Field 99, a varint.
    binary.extend([0x98, 0x06, 0x01]);
    assert_eq!(ClientFrame::decode(binary.as_slice()).unwrap(), frame);
}

fn unhex(hex: &str) -> Vec<u8> {
    let byte = |at: usize| u8::from_str_radix(&hex[at..at + 2], 16).unwrap();
    (0..hex.len()).step_by(2).map(byte).collect()
}
