//! What the `worker` crate lacks.

use wasm_bindgen::prelude::*;
use worker::web_sys::{ReadableStream, WebSocket};

#[wasm_bindgen(module = "/src/glue.js")]
extern "C" {
    #[wasm_bindgen(js_name = eventStream)]
    pub(crate) fn event_stream(socket: &WebSocket, beat_every: u32) -> ReadableStream;
}
