//! A fair count of permits, whose limit can be changed while it is used.

use std::fmt;
use std::sync::Arc;

use crate::group::slots::Slots;
use crate::task::stop::Stopping;
use crate::tools::interruptible;

/// Lets so many in at once: tasks of any flavour and plain threads, first come, first served.
///
/// Clones are the same semaphore. A blocking wait on a lane holds up the lane's tasks, those that have
/// the permits included: on a lane, await.
#[derive(Clone)]
pub struct Semaphore {
    slots: Arc<Slots>,
}

impl Semaphore {
    /// A semaphore with so many permits. With none, everybody waits until the limit is raised.
    #[must_use]
    pub fn new(limit: usize) -> Self {
        Semaphore { slots: Arc::new(Slots::new(limit)) }
    }

    /// Waits for a permit.
    ///
    /// # Errors
    ///
    /// [`Stopping`] if the calling task is asked to stop before there is one.
    ///
    /// # Cancellation
    ///
    /// Dropped before its end, it has taken none, and the others keep their order.
    pub async fn acquire(&self) -> Result<Permit, Stopping> {
        // Nobody closes the places of a semaphore.
        let acquired = interruptible::wait(self.slots.acquire()).await?;
        acquired.map(|()| self.permit()).map_err(|_| Stopping)
    }

    /// The twin of [`acquire`](Semaphore::acquire) for plain threads.
    ///
    /// # Errors
    ///
    /// As there.
    pub fn acquire_blocking(&self) -> Result<Permit, Stopping> {
        if let Some(permit) = self.try_acquire() {
            return Ok(permit);
        }
        let acquired = interruptible::wait_blocking(self.slots.acquire())?;
        acquired.map(|()| self.permit()).map_err(|_| Stopping)
    }

    /// Takes a permit if one is free and nobody waits for it.
    #[must_use]
    pub fn try_acquire(&self) -> Option<Permit> {
        matches!(self.slots.try_acquire(), Ok(true)).then(|| self.permit())
    }

    /// Changes the limit. Raised, it lets in those who wait; lowered, it takes no permit away, but gives
    /// none until enough have come back.
    pub fn set_limit(&self, limit: usize) {
        self.slots.set_limit(limit);
    }

    /// How many permits there are.
    #[must_use]
    pub fn limit(&self) -> usize {
        self.slots.limit()
    }

    /// How many are out.
    #[must_use]
    pub fn held(&self) -> usize {
        self.slots.held()
    }

    /// How many wait for one.
    #[must_use]
    pub fn waiting(&self) -> usize {
        self.slots.waiting()
    }

    fn permit(&self) -> Permit {
        Permit { slots: Arc::clone(&self.slots) }
    }
}

impl fmt::Debug for Semaphore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Semaphore")
            .field("limit", &self.limit())
            .field("held", &self.held())
            .field("waiting", &self.waiting())
            .finish()
    }
}

/// One permit of a [`Semaphore`]; it goes back when it is dropped, from any thread, exactly once.
#[must_use = "a permit that is dropped goes back at once"]
pub struct Permit {
    slots: Arc<Slots>,
}

impl Drop for Permit {
    fn drop(&mut self) {
        self.slots.release();
    }
}

impl fmt::Debug for Permit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Permit").finish_non_exhaustive()
    }
}
