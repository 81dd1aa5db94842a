//! What a task is told of itself.

use std::fmt;
use std::sync::Arc;

use crate::failure::TaskLabel;
use crate::runner::handle::Handle;
use crate::task::cell;
use crate::task::contract::AnyTask;

/// What running code sees of its task: is a stop asked, how long is left, who am I.
#[derive(Clone)]
pub struct Context {
    pub(super) task: Arc<dyn AnyTask>,
    pub(super) name: Arc<str>,
    pub(super) handle: Handle,
}

impl Context {
    /// The context of the payload that the calling thread runs.
    ///
    /// # Panics
    ///
    /// On a thread that runs no payload, and in a task that the payload gave to its runtime by itself
    /// (`tokio::spawn`): take the context along into those. See [`try_current`](Context::try_current).
    #[must_use]
    #[track_caller]
    pub fn current() -> Self {
        match Self::try_current() {
            Some(context) => context,
            None => panic!(
                "`Context::current` was called where no payload of a runner runs; take a context along from the payload instead"
            ),
        }
    }

    /// The context of the payload that the calling thread runs, if it runs one.
    #[must_use]
    pub fn try_current() -> Option<Self> {
        let task = cell::current()?;
        let handle = Handle::try_current()?;
        let name = task.header().details().and_then(|details| details.name.clone());
        let name = name.unwrap_or_else(|| task.header().id.to_string().into());
        Some(Context { task, name, handle })
    }

    /// The task's name, or its id if it has none.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Which task this is.
    #[must_use]
    pub fn label(&self) -> TaskLabel {
        self.task.header().label()
    }

    /// A handle to the runner.
    #[must_use]
    pub fn handle(&self) -> Handle {
        self.handle.clone()
    }
}

impl fmt::Debug for Context {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Context").field("task", &self.label()).finish_non_exhaustive()
    }
}
