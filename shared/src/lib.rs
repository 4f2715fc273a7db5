//! The core of Kefu: every decision, as sans-IO state machines and pure codecs.
//!
//! Nothing here is `async`, reads a clock, draws randomness or touches a network or a disk: time
//! and entropy come in with each input, and what is to be written, sent or called comes out as
//! data. The hosts (`kefu-durable`, `kefu-edge`) carry it out.

pub mod config;
pub mod provider;
pub mod rules;
pub mod time;
