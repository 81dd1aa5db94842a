//! The rest of `std::sync`.

use std::fmt;

pub(crate) use std::sync::{Arc, Once, Weak};

use super::lock::Mutex;

/// As std's, where other threads may go on while one of them initialises it.
pub struct OnceLock<T> {
    value: std::sync::OnceLock<T>,
    filling: Mutex<()>,
}

impl<T> OnceLock<T> {
    pub(crate) const fn new() -> Self {
        OnceLock { value: std::sync::OnceLock::new(), filling: Mutex::new(()) }
    }

    pub(crate) fn get(&self) -> Option<&T> {
        self.value.get()
    }

    pub(crate) fn set(&self, value: T) -> Result<(), T> {
        let _filling = self.filling.lock();
        self.value.set(value)
    }

    pub(crate) fn get_or_init(&self, make: impl FnOnce() -> T) -> &T {
        if let Some(value) = self.value.get() {
            return value;
        }
        let filling = self.filling.lock();
        if self.value.get().is_none() {
            let _ = self.value.set(make());
        }
        drop(filling);
        self.value.get().expect("filled")
    }
}

impl<T> Default for OnceLock<T> {
    fn default() -> Self {
        OnceLock::new()
    }
}

impl<T: fmt::Debug> fmt::Debug for OnceLock<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.value.fmt(f)
    }
}
