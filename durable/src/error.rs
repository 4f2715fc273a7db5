//! What can go wrong between wasm and its host.

use std::fmt;
use wasm_bindgen::JsValue;

/// A failure of the platform: storage, sockets, another object.
#[derive(Debug)]
pub enum Fault {
    /// JavaScript threw.
    Js(String),
    /// A binding that the deployment must have is absent or wrong.
    Misconfigured(&'static str),
    /// Bytes that only this project writes do not read.
    Corrupt(&'static str),
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Js(message) => write!(f, "platform: {message}"),
            Self::Misconfigured(what) => write!(f, "misconfigured: {what}"),
            Self::Corrupt(what) => write!(f, "stored data does not read: {what}"),
        }
    }
}

impl std::error::Error for Fault {}

impl From<JsValue> for Fault {
    fn from(thrown: JsValue) -> Self {
        let message = js_sys::Reflect::get(&thrown, &"message".into()).ok();
        let message = message.and_then(|message| message.as_string());
        Self::Js(message.unwrap_or_else(|| "unknown".into()))
    }
}

impl From<worker::Error> for Fault {
    fn from(error: worker::Error) -> Self {
        Self::Js(error.to_string())
    }
}

impl From<Fault> for JsValue {
    fn from(fault: Fault) -> Self {
        js_sys::Error::new(&fault.to_string()).into()
    }
}
