//! Services that were registered at link time, by `#[service(…)]` on free functions.

use std::fmt;

use crate::service::launch::Launch;
use crate::service::spec::Spec;

/// A service that [`ServiceRunner::discover`](crate::ServiceRunner::discover) finds.
pub struct Registration {
    spec: Spec,
    launch: fn() -> Launch,
}

inventory::collect!(Registration);

impl Registration {
    /// Registers a service when handed to `inventory::submit!`.
    #[must_use]
    pub const fn new(spec: Spec, launch: fn() -> Launch) -> Self {
        Registration { spec, launch }
    }

    /// What is known of the service.
    pub fn spec(&self) -> Spec {
        self.spec
    }

    pub(crate) fn launch(&self) -> Launch {
        (self.launch)()
    }
}

impl fmt::Debug for Registration {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Registration").field(&self.spec).finish()
    }
}

/// Every registered service that is linked, by name, then by place: link order says nothing.
#[must_use]
pub fn registered() -> Vec<&'static Registration> {
    let mut all: Vec<_> = inventory::iter::<Registration>().collect();
    all.sort_by_key(|one| (one.spec.name(), one.spec.file(), one.spec.line()));
    all
}
