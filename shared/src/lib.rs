//! The core of Kefu: every decision, as sans-IO state machines and pure codecs.
//!
//! Nothing here is `async`, reads a clock, draws randomness or touches a network or a disk: time
//! and entropy come in with each input, and what is to be written, sent or called comes out as
//! data. The hosts (`kefu-durable`, `kefu-edge`) carry it out.

pub mod address;
pub mod asset;
pub mod challenge;
pub mod complaint;
pub mod config;
pub mod context;
pub mod conversation;
pub mod counted;
pub mod deployment;
pub mod desk;
pub mod entry;
pub mod failover;
pub mod form;
pub mod gate;
pub mod gateway;
pub mod guard;
pub mod identity;
pub mod keys;
pub mod limit;
pub mod metrics;
pub mod nats;
pub mod news;
pub mod origin;
pub mod page;
pub mod password;
pub mod privacy;
pub mod problem;
pub mod provider;
pub mod route;
pub mod rules;
pub mod schema;
pub mod secrets;
pub mod session;
pub mod site;
pub mod snowflake;
pub mod sorted;
pub mod surplus;
pub mod text;
pub mod time;
pub mod token;
pub mod trace;
pub mod trouble;
pub mod upload;
pub mod view;
pub mod who;
pub mod widget;
pub mod wire;
mod wordlist;
