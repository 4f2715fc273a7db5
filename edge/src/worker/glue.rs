//! What the `worker` crate lacks.

use wasm_bindgen::prelude::*;
use worker::js_sys::Function;
use worker::web_sys::{self, ReadableStream, WebSocket};

#[wasm_bindgen(module = "/src/glue.js")]
extern "C" {
    #[wasm_bindgen(js_name = eventStream)]
    pub(crate) fn event_stream(socket: &WebSocket, beat_every: u32) -> ReadableStream;

    /// One socket to a client, joined with several to objects.
    pub(crate) type Junction;

    #[wasm_bindgen(constructor)]
    pub(crate) fn new() -> Junction;

    #[wasm_bindgen(method)]
    pub(crate) fn listen(this: &Junction, heard: &Function, ended: &Function, over: &Function);

    #[wasm_bindgen(method, catch)]
    pub(crate) fn response(
        this: &Junction,
        protocol: Option<&str>,
    ) -> Result<web_sys::Response, JsValue>;

    #[wasm_bindgen(method, js_name = takeClient)]
    pub(crate) fn take_client(this: &Junction) -> WebSocket;

    #[wasm_bindgen(method)]
    pub(crate) fn reserve(this: &Junction, name: &str);

    #[wasm_bindgen(method)]
    pub(crate) fn join(this: &Junction, name: &str, socket: &WebSocket);

    #[wasm_bindgen(method)]
    pub(crate) fn forward(this: &Junction, name: &str, data: &JsValue);

    #[wasm_bindgen(method)]
    pub(crate) fn part(this: &Junction, name: &str);

    #[wasm_bindgen(method)]
    pub(crate) fn send(this: &Junction, data: &JsValue);

    #[wasm_bindgen(method)]
    pub(crate) fn end(this: &Junction, code: u16);
}
