//! Where things are in the checkout.

use std::path::{Path, PathBuf};

/// The checkout.
pub(crate) fn root() -> PathBuf {
    kefu_test_host::workspace()
}

/// A file or folder of the checkout.
pub(crate) fn path(below: impl AsRef<Path>) -> PathBuf {
    root().join(below)
}

/// What is built on the way, and the stamps that say from what.
pub(crate) fn scratch(below: impl AsRef<Path>) -> PathBuf {
    path("target/kefu").join(below)
}
