//! Options of services that are registered at link time, beside the service.

use std::fmt;

use clap::Args;

use crate::cli::section::Declared;

/// Options of a service that is registered at link time: what `register_options!` makes.
pub struct OptionsOf {
    service: &'static str,
    declare: fn(&'static str) -> Declared,
}

inventory::collect!(OptionsOf);

impl OptionsOf {
    /// The service of this name has options of the type `O`.
    #[must_use]
    pub const fn new<O: Args + Send + Sync + 'static>(service: &'static str) -> Self {
        OptionsOf { service, declare: Declared::registered::<O> }
    }

    pub(super) fn all() -> impl Iterator<Item = Declared> {
        let mut all: Vec<_> = inventory::iter::<OptionsOf>().collect();
        // Link order says nothing.
        all.sort_by_key(|one| one.service);
        all.into_iter().map(|one| (one.declare)(one.service))
    }
}

impl fmt::Debug for OptionsOf {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("OptionsOf").field(&self.service).finish()
    }
}

/// Says that a registered service has options of a type: `register_options!(HttpOptions, "http")`, beside the
/// function. They are parsed by every [`Cli`](crate::cli::Cli) that discovers services, and the function gets
/// them by [`cli::options`](crate::cli::options), where there is an example.
#[macro_export]
macro_rules! register_options {
    ($options:ty, $service:expr $(,)?) => {
        const _: () = {
            $crate::__private::inventory::submit! {
                $crate::cli::OptionsOf::new::<$options>($service)
            }
        };
    };
}
