//! `spin:variables`: those that the component was given.

use crate::state::State;
use crate::state::spin::variables::variables::{Error, Host, HostWithStore};
use wasmtime::component::{Accessor, HasSelf};

impl Host for State {}

impl<T: Send> HostWithStore<T> for HasSelf<State> {
    async fn get(
        store: &Accessor<T, Self>,
        name: String,
    ) -> wasmtime::Result<Result<String, Error>> {
        let value = store.with(|mut access| access.get().granted.variables.get(&name).cloned());
        Ok(value.ok_or_else(|| Error::Undefined(format!("no variable for {name:?}"))))
    }
}
