//! The contract: `kefu.v1` as Rust types, in both of its encodings.
//!
//! The types are generated from `kefu/v1/*.proto`, whose comments say what each field means.
//! JSON is the proto3 mapping with scalars, enums and lists always written; unset messages,
//! oneofs and `optional` fields are left out, and unknown fields are ignored. There is no logic
//! here and no I/O.

/// Version 1 of the contract.
pub mod v1 {
    #![allow(missing_docs, unreachable_pub, clippy::all, clippy::pedantic, clippy::restriction)]
    include!(concat!(env!("OUT_DIR"), "/kefu.v1.rs"));
    include!(concat!(env!("OUT_DIR"), "/kefu.v1.serde.rs"));
}

pub use prost::Message as Encode;

/// The WebSocket subprotocol of text frames in JSON.
pub const SUBPROTOCOL_JSON: &str = "kefu.v1.json";
/// The WebSocket subprotocol of binary frames in protobuf.
pub const SUBPROTOCOL_PROTO: &str = "kefu.v1.proto";
/// A ping, in both subprotocols: this exact text frame.
pub const PING: &str = r#"{"ping":{}}"#;
/// The answer to [`PING`], given without waking anything.
pub const PONG: &str = r#"{"pong":{}}"#;
