//! Thread locals of shuttle's threads, with the methods that std's have beside `with`.

use std::cell::{Cell, RefCell};

/// As std's.
pub struct LocalKey<T: 'static>(pub(crate) &'static shuttle::thread::LocalKey<T>);

/// The thread is ending.
#[derive(Debug)]
pub struct AccessError;

impl<T: 'static> LocalKey<T> {
    pub(crate) fn with<R>(&'static self, visit: impl FnOnce(&T) -> R) -> R {
        self.0.with(visit)
    }

    pub(crate) fn try_with<R>(
        &'static self,
        visit: impl FnOnce(&T) -> R,
    ) -> Result<R, AccessError> {
        self.0.try_with(visit).map_err(|_| AccessError)
    }
}

impl<T: 'static> LocalKey<Cell<T>> {
    pub(crate) fn set(&'static self, value: T) {
        self.with(|cell| cell.set(value));
    }
}

impl<T: 'static> LocalKey<RefCell<T>> {
    pub(crate) fn with_borrow<R>(&'static self, visit: impl FnOnce(&T) -> R) -> R {
        self.with(|cell| visit(&cell.borrow()))
    }

    pub(crate) fn with_borrow_mut<R>(&'static self, visit: impl FnOnce(&mut T) -> R) -> R {
        self.with(|cell| visit(&mut cell.borrow_mut()))
    }

    pub(crate) fn set(&'static self, value: T) {
        let before = self.with(|cell| cell.replace(value));
        drop(before);
    }
}

/// As `std::thread_local!`, of shuttle's threads.
macro_rules! keys {
    () => {};
    ($(#[$attr:meta])* static $name:ident: $t:ty = const { $init:expr }; $($rest:tt)*) => {
        crate::stand_in::local::keys!(@key $name, $t, $init);
        crate::stand_in::local::keys! { $($rest)* }
    };
    ($(#[$attr:meta])* static $name:ident: $t:ty = $init:expr; $($rest:tt)*) => {
        crate::stand_in::local::keys!(@key $name, $t, $init);
        crate::stand_in::local::keys! { $($rest)* }
    };
    (@key $name:ident, $t:ty, $init:expr) => {
        static $name: crate::stand_in::local::LocalKey<$t> = {
            shuttle::thread_local! { static KEY: $t = $init }
            crate::stand_in::local::LocalKey(&KEY)
        };
    };
}

pub(crate) use keys;
