//! The few calls that the `worker` crate lacks, or makes in several crossings where one is
//! enough: between wasm and JavaScript it is the crossing that costs.

use js_sys::{Array, Function, Promise, Uint8Array};
use wasm_bindgen::prelude::*;

#[wasm_bindgen(module = "/src/glue.js")]
extern "C" {
    /// An object's SQLite storage.
    pub(crate) type Store;

    #[wasm_bindgen(constructor)]
    pub(crate) fn new(storage: &JsValue, event: &str, state: &str, mark: &str) -> Store;

    #[wasm_bindgen(method, catch, js_name = insertEvent)]
    pub(crate) fn insert_event(
        this: &Store,
        seq: u32,
        sender: Option<&str>,
        spoke: Option<f64>,
        envelope: Uint8Array,
        trace: Option<&str>,
    ) -> Result<(), JsValue>;

    #[wasm_bindgen(method, catch, js_name = putState)]
    pub(crate) fn put_state(
        this: &Store,
        id: u32,
        value: &str,
        version: u32,
    ) -> Result<(), JsValue>;

    #[wasm_bindgen(method, catch, js_name = putMark)]
    pub(crate) fn put_mark(this: &Store, who: &str, seq: u32) -> Result<(), JsValue>;

    #[wasm_bindgen(method, catch)]
    pub(crate) fn rows(this: &Store, text: &str, params: &Array) -> Result<Array, JsValue>;

    /// The rows that were read since the last call.
    #[wasm_bindgen(method, js_name = takeRead)]
    pub(crate) fn take_read(this: &Store) -> f64;

    #[wasm_bindgen(method, catch)]
    pub(crate) fn has(this: &Store, table: &str) -> Result<bool, JsValue>;

    #[wasm_bindgen(method, catch)]
    pub(crate) fn transaction(
        this: &Store,
        run: &mut dyn FnMut() -> Result<(), JsValue>,
    ) -> Result<(), JsValue>;

    #[wasm_bindgen(method, catch, js_name = setAlarm)]
    pub(crate) fn set_alarm(this: &Store, at: f64) -> Result<(), JsValue>;

    #[wasm_bindgen(method, catch, js_name = deleteAlarm)]
    pub(crate) fn delete_alarm(this: &Store) -> Result<(), JsValue>;

    /// An object's hibernating sockets.
    pub(crate) type Sockets;

    #[wasm_bindgen(constructor)]
    pub(crate) fn new(ctx: &JsValue, ping: &str, pong: &str) -> Sockets;

    #[wasm_bindgen(method)]
    pub(crate) fn attachments(this: &Sockets) -> Array;

    #[wasm_bindgen(method, catch)]
    pub(crate) fn accept(
        this: &Sockets,
        conn: u32,
        attachment: &str,
        protocol: Option<&str>,
    ) -> Result<web_sys::Response, JsValue>;

    #[wasm_bindgen(method)]
    pub(crate) fn send(this: &Sockets, conns: &[u32], frame: &str);

    #[wasm_bindgen(method, js_name = send)]
    pub(crate) fn send_binary(this: &Sockets, conns: &[u32], frame: Uint8Array);

    #[wasm_bindgen(method)]
    pub(crate) fn close(this: &Sockets, conn: u32, code: u16, reason: &str);

    #[wasm_bindgen(method)]
    pub(crate) fn forget(this: &Sockets, conn: u32);

    #[wasm_bindgen(js_name = connOf, catch)]
    pub(crate) fn conn_of(socket: &JsValue) -> Result<u32, JsValue>;

    #[wasm_bindgen(js_name = answerClose)]
    pub(crate) fn answer_close(socket: &JsValue, code: u16, reason: &str);

    pub(crate) fn joined(pieces: &Array) -> web_sys::Blob;

    pub(crate) fn variable(env: &JsValue, name: &str) -> Option<String>;

    #[wasm_bindgen(js_name = fineNow)]
    pub(crate) fn fine_now() -> f64;

    #[wasm_bindgen(js_name = startTimer)]
    pub(crate) fn start_timer(run: &Function, delay: f64) -> JsValue;

    /// Of whether the body came to its end; of nothing when `take` wanted no more.
    #[wasm_bindgen(js_name = readBody)]
    pub(crate) fn read_body(
        response: &web_sys::Response,
        take: &Closure<dyn FnMut(Uint8Array) -> bool>,
    ) -> Promise;

    #[wasm_bindgen(js_name = runsModels)]
    pub(crate) fn runs_models(env: &JsValue) -> bool;

    /// Of a response.
    #[wasm_bindgen(js_name = runModel)]
    pub(crate) fn run_model(
        env: &JsValue,
        model: &str,
        inputs: &str,
        signal: &web_sys::AbortSignal,
    ) -> Promise;

    /// Of bytes.
    pub(crate) fn sign(key: &[u8], text: &str) -> Promise;

    #[wasm_bindgen(js_name = stopTimer)]
    pub(crate) fn stop_timer(timer: &JsValue);
}

use worker::web_sys;
