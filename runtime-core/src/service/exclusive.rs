//! The instance of a service whose body takes it as `&mut self`: one run has it at a time.

use std::fmt;
use std::ops::{Deref, DerefMut};
use std::sync::Arc;

use crate::sync::{Mutex, MutexGuard};

/// What one run of a service has for itself, and leaves to the next one: it is what a restartable service has
/// whose `run` takes `&mut self`. Clones are the same instance.
///
/// ```
/// # mod plain { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc/plain.rs")); }
/// # use plain::Plain;
/// use spumoni_core::{Exclusive, Launch, Service, ServiceRunner, Spec};
///
/// struct Counter { runs: u32 }
///
/// impl Service for Counter {
///     const SPEC: Spec = Spec::new("counter", file!(), line!());
///
///     fn launch(self) -> Launch {
///         let this = Exclusive::new(self);
///         Launch::repeat(Plain, async move || this.turn().runs += 1)
///     }
/// }
///
/// let runner = ServiceRunner::new();
/// runner.add(Counter { runs: 0 })?;
/// assert!(runner.run().is_clean());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct Exclusive<T>(Arc<Mutex<T>>);

impl<T> Exclusive<T> {
    /// An instance that nobody has.
    #[must_use]
    pub fn new(instance: T) -> Self {
        Exclusive(Arc::new(Mutex::new(instance)))
    }

    /// The instance, for as long as the turn is kept. Blocks while another run has it; runs of one service
    /// follow each other, so none does.
    #[must_use]
    pub fn turn(&self) -> Turn<'_, T> {
        Turn(self.0.lock())
    }
}

impl<T> Clone for Exclusive<T> {
    fn clone(&self) -> Self {
        Exclusive(Arc::clone(&self.0))
    }
}

impl<T> fmt::Debug for Exclusive<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Exclusive").finish_non_exhaustive()
    }
}

/// An instance that one run has: from [`Exclusive::turn`].
pub struct Turn<'a, T>(MutexGuard<'a, T>);

impl<T> Deref for Turn<'_, T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.0
    }
}

impl<T> DerefMut for Turn<'_, T> {
    fn deref_mut(&mut self) -> &mut T {
        &mut self.0
    }
}

impl<T> fmt::Debug for Turn<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Turn").finish_non_exhaustive()
    }
}
