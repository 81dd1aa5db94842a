//! A set of services as it is at one moment, for people and as data.

use std::fmt;
use std::sync::Arc;

use crate::failure::Failure;
use crate::service::set::Set;

/// One [set of services](crate::Handle::service_set) at one moment.
#[derive(Clone, Debug)]
pub struct ServiceSetView {
    pub(crate) name: Arc<str>,
    pub(crate) within: Option<Arc<str>>,
    pub(crate) restarting: bool,
    pub(crate) failed: bool,
    pub(crate) restarts: u64,
    pub(crate) failure: Option<Failure>,
}

impl ServiceSetView {
    pub(super) fn of(set: &Set) -> Self {
        ServiceSetView {
            name: Arc::clone(&set.name),
            within: set.within.clone(),
            restarting: set.down.is_some(),
            failed: set.has_failed,
            restarts: set.tally.total(),
            failure: set.failure.clone(),
        }
    }

    /// Its name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The set in which it stands.
    #[must_use]
    pub fn within(&self) -> Option<&str> {
        self.within.as_deref()
    }

    /// Whether it is being restarted whole: its services end, or wait for its backoff.
    #[must_use]
    pub fn is_restarting(&self) -> bool {
        self.restarting
    }

    /// Whether it has failed for good: it was restarted too often.
    #[must_use]
    pub fn has_failed(&self) -> bool {
        self.failed
    }

    /// How often it was restarted whole.
    #[must_use]
    pub fn restarts(&self) -> u64 {
        self.restarts
    }

    /// Its latest failure, also one after which it was restarted.
    #[must_use]
    pub fn failure(&self) -> Option<&Failure> {
        self.failure.as_ref()
    }
}

impl fmt::Display for ServiceSetView {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "set {}", self.name)?;
        if let Some(within) = &self.within {
            write!(f, ", within {within}")?;
        }
        if self.restarting {
            f.write_str(", is being restarted")?;
        }
        if self.restarts > 0 {
            write!(f, ", restarted {} times", self.restarts)?;
        }
        if let Some(failure) = &self.failure {
            write!(f, ", failed: {failure}")?;
        }
        Ok(())
    }
}
