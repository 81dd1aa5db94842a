//! One test for each flavour out of one generic function.

use spumoni::{Async, Flavour};

use crate::calls::Calls;

/// An async flavour.
pub trait Lane: Flavour<Mode = Async> {}

impl<F: Flavour<Mode = Async>> Lane for F {}

/// A flavour of either mode.
pub trait Any: Flavour<Mode: Calls> {
    /// Its name.
    fn name(self) -> &'static str {
        self.key().id().as_str()
    }
}

impl<F: Flavour<Mode: Calls>> Any for F {}

/// For each async flavour a module of tests: the named functions, called with that flavour.
#[macro_export]
macro_rules! on_each_lane {
    ($($name:ident),+ $(,)?) => {
        $crate::on_each!(@module tokio_lane, ::spumoni::Tokio, $($name)+);
        $crate::on_each!(@module smol_lane, ::spumoni::Smol, $($name)+);
        $crate::on_each!(@module async_std_lane, ::spumoni::AsyncStd, $($name)+);
    };
}

/// For each flavour, the blocking one too, a module of tests: the named functions, called with it.
#[macro_export]
macro_rules! on_each {
    ($($name:ident),+ $(,)?) => {
        $crate::on_each!(@module on_tokio, ::spumoni::Tokio, $($name)+);
        $crate::on_each!(@module on_smol, ::spumoni::Smol, $($name)+);
        $crate::on_each!(@module on_async_std, ::spumoni::AsyncStd, $($name)+);
        $crate::on_each!(@module on_thread, ::spumoni::Thread, $($name)+);
    };
    (@module $module:ident, $flavour:expr, $($name:ident)+) => {
        mod $module {
            $(
                #[test]
                fn $name() {
                    $crate::within($crate::LIMIT, || super::$name($flavour));
                }
            )+
        }
    };
}
