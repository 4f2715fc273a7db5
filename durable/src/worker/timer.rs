//! The timer of an object that is awake.
//!
//! While an answer streams, what comes first is now the moment at which text has waited long
//! enough, now the next save, seconds away: for each piece of the answer the platform's timer would
//! be stopped and set twice, which costs more than the step. So there are two: the far one stays
//! set, and rings in vain where it has become too early.

use crate::worker::entropy;
use crate::worker::glue;
use kefu_shared::time::Millis;
use std::time::Duration;
use wasm_bindgen::closure::Closure;
use wasm_bindgen::{JsCast, JsValue};

/// What is further away than this is set on the far one.
const NEAR: Duration = Duration::from_millis(100);

/// Calls back once at the time it was set to last, and perhaps before.
#[derive(Default)]
pub(crate) struct Timer {
    near: One,
    far: One,
}

/// One of the platform's.
#[derive(Default)]
struct One {
    at: Option<Millis>,
    handle: Option<JsValue>,
    run: Option<Closure<dyn FnMut()>>,
}

/// Which of the two rang.
#[derive(Clone, Copy)]
pub(crate) enum Which {
    Near,
    Far,
}

impl Timer {
    /// What is called. It begins with [`Timer::rang`].
    pub(crate) fn calls(&mut self, run: impl Fn(Which) + Clone + 'static) {
        let of = |which| {
            let run = run.clone();
            Some(Closure::new(move || run(which)))
        };
        (self.near.run, self.far.run) = (of(Which::Near), of(Which::Far));
    }

    /// That one rang.
    pub(crate) fn rang(&mut self, which: Which) {
        match which {
            Which::Near => self.near.at = None,
            Which::Far => self.far.at = None,
        }
    }

    /// Sets it, or stops it.
    pub(crate) fn set(&mut self, at: Option<Millis>) {
        let is_near = at.is_some_and(|at| at <= entropy::now() + NEAR);
        let is_covered = at.is_some_and(|at| self.far.at.is_some_and(|far| far <= at));
        self.near.set(at.filter(|_| is_near && !is_covered));
        if !is_near && !is_covered {
            self.far.set(at);
        }
    }
}

impl One {
    fn set(&mut self, at: Option<Millis>) {
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
