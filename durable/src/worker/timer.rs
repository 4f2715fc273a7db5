//! The one timer of an object that is awake.

use crate::worker::entropy;
use crate::worker::glue;
use kefu_shared::time::Millis;
use wasm_bindgen::closure::Closure;
use wasm_bindgen::{JsCast, JsValue};

/// A timer that calls back once at the time it was set to last.
///
/// Setting the platform's costs more than a step does, and while an answer streams the time is
/// another one with each piece. So what was set for earlier stays and rings in vain, and what was
/// set for later waits below: each is earlier than the one that was set before it.
#[derive(Default)]
pub(crate) struct Timer {
    at: Option<Millis>,
    running: Vec<(Millis, JsValue)>,
    run: Option<Closure<dyn FnMut()>>,
}

impl Timer {
    /// What is called. It begins with [`Timer::rang`].
    pub(crate) fn calls(&mut self, run: impl FnMut() + 'static) {
        self.run = Some(Closure::new(run));
    }

    /// One of the platform's rang; tells whether the time has come.
    pub(crate) fn rang(&mut self) -> bool {
        self.running.pop();
        let has_come = self.at.is_some_and(|at| at <= entropy::now());
        if has_come {
            self.at = None;
        } else {
            self.run();
        }
        has_come
    }

    /// Sets it, or stops it.
    pub(crate) fn set(&mut self, at: Option<Millis>) {
        self.at = at;
        if at.is_some() {
            self.run();
        } else {
            // An object with nothing to come has to fall asleep.
            self.running.drain(..).for_each(|(_, handle)| glue::stop_timer(&handle));
        }
    }

    fn run(&mut self) {
        let (Some(at), Some(run)) = (self.at, &self.run) else { return };
        if self.running.last().is_none_or(|(earliest, _)| at < *earliest) {
            let delay = at.since(entropy::now()).as_millis() as f64;
            self.running.push((at, glue::start_timer(run.as_ref().unchecked_ref(), delay)));
        }
    }
}
