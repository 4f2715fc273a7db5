//! The operator's variables, read once an isolate: they don't change within one.

use crate::worker::glue;
use kefu_shared::deployment::Deployed;
use std::cell::RefCell;
use std::rc::Rc;
use wasm_bindgen::JsValue;
use worker::{Env, console_log};

thread_local! {
    static DEPLOYED: RefCell<Option<Rc<Deployed>>> = const { RefCell::new(None) };
}

/// The deployment, or what is wrong with its variables.
pub fn deployed(env: &Env) -> Result<Rc<Deployed>, &'static str> {
    if let Some(known) = DEPLOYED.with_borrow(Clone::clone) {
        return Ok(known);
    }
    let mut deployed = Deployed::read(|name| variable(env, name))?;
    deployed.deployment.runs_models = glue::runs_models(env.as_ref());
    let deployed = Rc::new(deployed);
    DEPLOYED.set(Some(deployed.clone()));
    Ok(deployed)
}

/// Shows an operator whether idle objects sleep.
pub(crate) fn log_waking(env: &Env, object: &str) {
    if variable(env, "KEFU_DEBUG").as_deref() == Some("1") {
        console_log!("{object} woke");
    }
}

/// A text variable of the deployment; `None` when it is unset.
pub fn variable(env: &Env, name: &str) -> Option<String> {
    let env: &JsValue = env.as_ref();
    glue::variable(env, name)
}
