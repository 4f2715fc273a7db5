//! The Worker: what Cloudflare does for the handlers.

mod addresses;
mod cloudflare;
mod counts;
mod entry;
mod gateway;
mod glue;
mod objects;
mod stream;
