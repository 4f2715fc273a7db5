//! What can go wrong between the core and its host.

use kefu_shared::trouble::Trouble;
use std::fmt;

/// A failure of the platform: storage, sockets, another object.
#[derive(Clone, Debug)]
pub enum Fault {
    /// The platform, in its own words.
    Platform(String),
    /// What a deployment must have is absent or wrong.
    Misconfigured(&'static str),
    /// The database does not do what it is asked.
    Storage(Trouble),
    /// Bytes that only this project writes do not read.
    Corrupt(&'static str),
    /// Somebody else wrote first: what was decided no longer holds.
    Conflict,
    /// A body ended before it was whole: its sender went away.
    CutOff,
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Platform(message) => write!(f, "platform: {message}"),
            Self::Misconfigured(what) => write!(f, "misconfigured: {what}"),
            Self::Storage(trouble) => write!(f, "database: {trouble}"),
            Self::Corrupt(what) => write!(f, "stored data does not read: {what}"),
            Self::Conflict => f.write_str("somebody else wrote first"),
            Self::CutOff => f.write_str("the body was cut off"),
        }
    }
}

impl std::error::Error for Fault {}

#[cfg(target_os = "unknown")]
mod worker {
    use super::Fault;
    use wasm_bindgen::JsValue;

    impl From<JsValue> for Fault {
        fn from(thrown: JsValue) -> Self {
            let message = js_sys::Reflect::get(&thrown, &"message".into()).ok();
            let message = message.and_then(|message| message.as_string());
            Self::Platform(message.unwrap_or_else(|| "unknown".into()))
        }
    }

    impl From<worker::Error> for Fault {
        fn from(error: worker::Error) -> Self {
            Self::Platform(error.to_string())
        }
    }

    impl From<Fault> for JsValue {
        fn from(fault: Fault) -> Self {
            js_sys::Error::new(&fault.to_string()).into()
        }
    }
}

#[cfg(target_os = "wasi")]
impl From<spin_sdk::sqlite::Error> for Fault {
    fn from(error: spin_sdk::sqlite::Error) -> Self {
        use kefu_shared::schema::script::CONFLICT;
        use spin_sdk::sqlite::Error;
        match error {
            // Two writers of one row: the later one decides again.
            Error::Io(what) if what.contains("UNIQUE constraint") || what.contains(CONFLICT) => {
                Self::Conflict
            }
            Error::Io(what) => match Trouble::of(&what) {
                Some(trouble) => Self::Storage(trouble),
                None => Self::Platform(format!("database: {what}")),
            },
            Error::NoSuchDatabase | Error::AccessDenied => Self::Storage(Trouble::Ungranted),
            Error::InvalidConnection => Self::Platform("database: the connection is gone".into()),
            Error::DatabaseFull => Self::Storage(Trouble::Full),
        }
    }
}
