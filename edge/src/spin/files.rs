//! Files of the web client: spin.toml mounts their folder.

use crate::reply::{Payload, Response};
use kefu_durable::spin::Frames;
use std::fs;
use std::path::Path;

/// Where spin.toml mounts them.
const FOLDER: &str = "/web";

/// A file by its name, which was found to be one of the client's.
pub(crate) fn find(file: &str) -> Option<Response<Frames>> {
    let bytes = fs::read(Path::new(FOLDER).join(file)).ok()?;
    Some(Response { status: 200, headers: Vec::new(), payload: Payload::Bytes(bytes) })
}
