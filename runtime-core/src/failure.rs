//! A failure: whose, where it was spawned, what, and when.

use std::error::Error;
use std::fmt;
use std::ops::Deref;
use std::panic::Location;
use std::sync::Arc;
use std::time::Duration;

use crate::id::{FlavourId, TaskId};
use crate::unwind::{self, PanicInfo};

/// What stands in a group's own label in place of a flavour.
pub(crate) const GROUP: FlavourId = FlavourId::new("group");
/// What stands there in the label of a stopper.
pub(crate) const STOPPER: FlavourId = FlavourId::new("stopper");

/// Which task: its id, its name if it has one, its flavour, and where it was handed over.
#[derive(Clone, PartialEq, Eq)]
pub struct TaskLabel {
    pub(crate) id: TaskId,
    pub(crate) name: Option<Arc<str>>,
    /// The path of its group; `None` at the root.
    pub(crate) group: Option<Arc<str>>,
    pub(crate) flavour: FlavourId,
    pub(crate) spawned_at: &'static Location<'static>,
}

impl TaskLabel {
    /// The task's id.
    #[must_use]
    pub fn id(&self) -> TaskId {
        self.id
    }

    /// The task's name, if it was given one.
    #[must_use]
    pub fn name(&self) -> Option<&str> {
        self.name.as_deref()
    }

    /// The path of the group that owns it, such as `fetch/mirrors`; `None` at the runner's root.
    #[must_use]
    pub fn group(&self) -> Option<&str> {
        self.group.as_deref()
    }

    /// Its place in the tree: its name, or its id, behind the path of its group.
    #[must_use]
    pub fn path(&self) -> String {
        let own = self.name.as_deref().map_or_else(|| self.id.to_string(), str::to_owned);
        match &self.group {
            Some(group) => format!("{group}/{own}"),
            None => own,
        }
    }

    /// The flavour that ran it.
    #[must_use]
    pub fn flavour(&self) -> FlavourId {
        self.flavour
    }

    /// Where the program handed it over.
    #[must_use]
    pub fn spawned_at(&self) -> &'static Location<'static> {
        self.spawned_at
    }
}

impl fmt::Display for TaskLabel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.name {
            Some(_) if self.flavour == GROUP => write!(f, "group `{}`", self.path()),
            Some(_) if self.flavour == STOPPER => write!(f, "stopper of `{}`", self.path()),
            None if self.flavour == STOPPER => {
                write!(f, "stopper of task {} from {}", self.path(), self.spawned_at)
            }
            Some(_) => write!(f, "{} task `{}`", self.flavour, self.path()),
            None => write!(f, "{} task {} from {}", self.flavour, self.path(), self.spawned_at),
        }
    }
}

impl fmt::Debug for TaskLabel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "TaskLabel({self})")
    }
}

/// Why a task failed.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Cause {
    /// It returned an error.
    Error(Arc<TaskError>),
    /// It panicked.
    Panic(PanicInfo),
}

impl Cause {
    pub(crate) fn error(error: anyhow::Error) -> Self {
        let outermost: &(dyn Error + 'static) = error.as_ref();
        match outermost.downcast_ref() {
            Some(Shared(cause)) => cause.clone(),
            None => Cause::Error(Arc::new(TaskError(Some(error)))),
        }
    }

    /// The error, for `downcast_ref` and its chain of sources; `None` for a panic.
    #[must_use]
    pub fn as_error(&self) -> Option<&(dyn Error + Send + Sync + 'static)> {
        match self {
            Cause::Error(error) => Some(error.as_dyn()),
            Cause::Panic(_) => None,
        }
    }

    /// The panic; `None` for an error.
    #[must_use]
    pub fn as_panic(&self) -> Option<&PanicInfo> {
        match self {
            Cause::Error(_) => None,
            Cause::Panic(info) => Some(info),
        }
    }

    /// The error as the type that the task returned, also through `anyhow`'s contexts.
    #[must_use]
    pub fn downcast_ref<E: Error + Send + Sync + 'static>(&self) -> Option<&E> {
        match self {
            Cause::Error(error) => error.downcast_ref(),
            Cause::Panic(_) => None,
        }
    }
}

impl fmt::Display for Cause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Cause::Error(error) => error.fmt(f),
            Cause::Panic(info) => info.fmt(f),
        }
    }
}

/// A cause on its way through a task that tells it to others as well: the task fails with that very cause.
#[derive(Debug)]
pub(crate) struct Shared(pub(crate) Cause);

impl fmt::Display for Shared {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl Error for Shared {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        self.0.as_error().and_then(Error::source)
    }
}

/// The error that a task returned, kept for whoever reads the report. It is the user's own: a panic of its
/// text or of its destructor ends nothing.
pub struct TaskError(Option<anyhow::Error>);

impl TaskError {
    fn as_dyn(&self) -> &(dyn Error + Send + Sync + 'static) {
        (**self).as_ref()
    }
}

impl Deref for TaskError {
    type Target = anyhow::Error;

    fn deref(&self) -> &anyhow::Error {
        match &self.0 {
            Some(error) => error,
            None => unreachable!("it is there until it is dropped"),
        }
    }
}

impl fmt::Display for TaskError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // With its chain of sources.
        match unwind::guard(|| format!("{:#}", **self)) {
            Ok(text) => f.write_str(&text),
            Err(info) => write!(f, "an error whose text {info}"),
        }
    }
}

impl fmt::Debug for TaskError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match unwind::guard(|| format!("{:?}", **self)) {
            Ok(text) => f.write_str(&text),
            Err(info) => write!(f, "an error whose text {info}"),
        }
    }
}

impl Drop for TaskError {
    fn drop(&mut self) {
        let _ = unwind::discard(self.0.take());
    }
}

/// One failed task.
#[derive(Clone, Debug)]
pub struct Failure {
    pub(crate) task: TaskLabel,
    pub(crate) cause: Cause,
    pub(crate) age: Duration,
}

impl Failure {
    /// The task that failed.
    #[must_use]
    pub fn task(&self) -> &TaskLabel {
        &self.task
    }

    /// What went wrong.
    #[must_use]
    pub fn cause(&self) -> &Cause {
        &self.cause
    }

    /// The same error with what else is to be said of it. A panic stays as it is.
    pub(crate) fn explained(mut self, context: String) -> Self {
        if let Cause::Error(error) = self.cause {
            self.cause = match Arc::try_unwrap(error) {
                Ok(mut error) => Cause::error(match error.0.take() {
                    Some(error) => error.context(context),
                    None => anyhow::Error::msg(context),
                }),
                Err(shared) => Cause::Error(shared),
            };
        }
        self
    }

    /// When, counted from the start of the runner.
    #[must_use]
    pub fn at(&self) -> Duration {
        self.age
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.task, self.cause)
    }
}

impl Error for Failure {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        // `Display` tells the whole cause already; the chain goes on below it.
        match &self.cause {
            Cause::Error(error) => error.source(),
            Cause::Panic(_) => None,
        }
    }
}
