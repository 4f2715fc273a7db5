//! The one timer of an object that is awake.

use crate::worker::entropy;
use crate::worker::glue;
use kefu_shared::time::Millis;
use wasm_bindgen::closure::Closure;
use wasm_bindgen::{JsCast, JsValue};

/// A timer that calls back once at the time it was set to last.
#[derive(Default)]
pub(crate) struct Timer {
    at: Option<Millis>,
    handle: Option<JsValue>,
    run: Option<Closure<dyn FnMut()>>,
}

impl Timer {
    /// What is called. It begins with [`Timer::rang`].
    pub(crate) fn calls(&mut self, run: impl FnMut() + 'static) {
        self.run = Some(Closure::new(run));
    }

    /// The time has come.
    pub(crate) fn rang(&mut self) {
        self.at = None;
    }

    /// Sets it, or stops it.
    pub(crate) fn set(&mut self, at: Option<Millis>) {
        if self.at == at {
            return;
        }
        if let Some(handle) = self.handle.take() {
            glue::stop_timer(&handle);
        }
        self.at = at;
        if let (Some(at), Some(run)) = (at, &self.run) {
            let delay = at.since(entropy::now()).as_millis() as f64;
            self.handle = Some(glue::start_timer(run.as_ref().unchecked_ref(), delay));
        }
    }
}
