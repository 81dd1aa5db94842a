//! Why something was refused. The payload comes back.

use std::fmt;
use std::io;
use std::panic::Location;
use std::sync::Arc;

use crate::id::FlavourId;
use crate::sync::Mutex;
use crate::task::limit::TimedOut;
use crate::task::outcome::JoinError;
use crate::unwind::PanicInfo;
use crate::wait::Ring;

/// A payload (or service) that was not taken. It never ran, and comes back with
/// [`into_payload`](Refused::into_payload).
pub struct Refused<P> {
    reason: Reason,
    /// In a lock that nobody takes: with it the error is `Sync` whatever the payload captures, which `?`
    /// into `anyhow::Error` or a boxed error asks for.
    payload: Mutex<P>,
}

/// Why [`adopt`](crate::Handle::adopt) took nothing.
pub type AdoptError<P> = Refused<P>;
/// Why [`spawn`](crate::Handle::spawn) took nothing.
pub type SpawnError<P> = Refused<P>;
/// Why [`fork`](crate::Group::fork) took nothing.
pub type ForkError<P> = Refused<P>;
/// Why [`submit`](crate::Queue::submit) took nothing.
pub type SubmitError<I> = Refused<I>;
/// Why [`add`](crate::Handle::add) took nothing.
pub type AddError<S> = Refused<S>;

/// Why a payload was refused.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Reason {
    /// The runner has begun to stop; what came now would never run.
    Stopping,
    /// The runner has stopped.
    Stopped,
    /// The group has begun to stop, or has ended; what came now would never run.
    GroupStopping {
        /// The group's path.
        group: Arc<str>,
    },
    /// As many members of the group run as may, and the call does not wait.
    GroupFull {
        /// The group's path.
        group: Arc<str>,
        /// How many may run at once.
        limit: usize,
    },
    /// As many items wait in the queue as may, and the call does not wait.
    QueueFull {
        /// The queue's path.
        queue: Arc<str>,
        /// How many may wait.
        capacity: usize,
    },
    /// The queue was closed.
    QueueClosed {
        /// The queue's path.
        queue: Arc<str>,
    },
    /// An item with the same key waits in the queue, or is being worked on.
    DuplicateItem {
        /// The queue's path.
        queue: Arc<str>,
        /// The key, as its `Debug` has it.
        key: String,
    },
    /// The task that was to be the parent is finished, its body is over and so are its children; or it was
    /// given up.
    Finished {
        /// The task's path.
        task: Arc<str>,
    },
    /// The task that was to be the parent stops. Only it itself may start then what its cleanup needs.
    ParentStopping {
        /// The task's path.
        task: Arc<str>,
    },
    /// A local child was to come from a thread that is not its parent's lane: a plain thread, say.
    OffLane,
    /// Waiting for a place would never end here.
    WouldDeadlock {
        /// Who waits for whom.
        ring: Box<Ring>,
    },
    /// A setting makes no sense.
    BadSetting {
        /// Which one.
        setting: &'static str,
        /// What is wrong with it, and how to mend it.
        why: &'static str,
    },
    /// What the service depends on is not there, or it depends on itself.
    BadService {
        /// What is wrong with it, and how to mend it.
        why: Arc<str>,
    },
    /// The interval of periodic work is zero.
    ZeroInterval(ZeroInterval),
    /// A living sibling has the name.
    DuplicateName {
        /// The name.
        name: Arc<str>,
        /// Where the living one was handed over.
        there: &'static Location<'static>,
        /// Where the refused one was.
        here: &'static Location<'static>,
    },
    /// The name is empty, longer than 255 bytes, or has control characters.
    BadName {
        /// The name, shortened and escaped.
        name: String,
        /// What is wrong with it.
        why: &'static str,
    },
    /// The lane or pool of the flavour could not be started: no more threads or descriptors.
    NoThread {
        /// The flavour.
        flavour: FlavourId,
        /// What the operating system said.
        error: Arc<io::Error>,
    },
    /// The process uses more different flavours than a runner has room for.
    TooManyFlavours {
        /// The flavour that came too late.
        flavour: FlavourId,
    },
}

impl Reason {
    /// Whether the runner, the group or the queue is stopping, has stopped, or was closed.
    #[must_use]
    pub fn is_stopping(&self) -> bool {
        use Reason as R;
        matches!(
            self,
            R::Stopping
                | R::Stopped
                | R::GroupStopping { .. }
                | R::ParentStopping { .. }
                | R::QueueClosed { .. }
        )
    }
}

impl<P> Refused<P> {
    pub(crate) fn new(reason: Reason, payload: P) -> Self {
        Refused { reason, payload: Mutex::new(payload) }
    }

    /// Why.
    #[must_use]
    pub fn reason(&self) -> &Reason {
        &self.reason
    }

    /// Whether the runner, the group, the queue or the parent is stopping, has stopped, or was closed.
    #[must_use]
    pub fn is_stopping(&self) -> bool {
        self.reason.is_stopping()
    }

    /// Whether it was refused because the same is on its way already: [`Reason::DuplicateItem`].
    #[must_use]
    pub fn is_duplicate(&self) -> bool {
        matches!(self.reason, Reason::DuplicateItem { .. })
    }

    /// The payload, as it was handed over.
    #[must_use]
    pub fn into_payload(self) -> P {
        self.payload.into_inner()
    }

    /// The same with what the payload was made of.
    pub(crate) fn map<Q>(self, into: impl FnOnce(P) -> Q) -> Refused<Q> {
        let (reason, payload) = self.into_parts();
        Refused::new(reason, into(payload))
    }

    /// Why, without the payload, which is dropped: for a `?` where the payload may not cross threads.
    #[must_use]
    pub fn into_reason(self) -> Reason {
        self.reason
    }

    /// The reason and the payload.
    #[must_use]
    pub fn into_parts(self) -> (Reason, P) {
        (self.reason, self.payload.into_inner())
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Reason::Stopping => f.write_str("the runner is stopping and takes nothing new"),
            Reason::Stopped => f.write_str("the runner has stopped"),
            Reason::GroupStopping { group } => {
                write!(f, "the group `{group}` is stopping or has ended and takes nothing new")
            }
            Reason::GroupFull { group, limit } => {
                write!(f, "the group `{group}` is full: {limit} of {limit} members are running")
            }
            Reason::QueueFull { queue, capacity } => {
                write!(f, "the queue `{queue}` is full: {capacity} of {capacity} items wait")
            }
            Reason::QueueClosed { queue } => {
                write!(f, "the queue `{queue}` was closed and takes nothing new")
            }
            Reason::DuplicateItem { queue, key } => {
                write!(f, "an item with the key {key} is in the queue `{queue}` already")
            }
            Reason::Finished { task } => {
                write!(
                    f,
                    "the task `{task}` is finished, or was given up, and can have no children any more; hand this over while it runs, or to the runner"
                )
            }
            Reason::ParentStopping { task } => {
                write!(f, "the task `{task}` is stopping and takes no children but from itself")
            }
            Reason::OffLane => f.write_str(
                "a local child runs on the lane of its parent and is handed over there, by a payload of an async flavour; use `spawn` elsewhere",
            ),
            Reason::WouldDeadlock { ring } => {
                write!(f, "waiting for a place would never end: {ring}")
            }
            Reason::BadSetting { setting, why } => write!(f, "`{setting}` {why}"),
            Reason::BadService { why } => f.write_str(why),
            Reason::ZeroInterval(zero) => zero.fmt(f),
            Reason::DuplicateName { name, there, here } => {
                write!(f, "the name `{name}` from {here} is taken by a living task from {there}")
            }
            Reason::BadName { name, why } => write!(f, "the name \"{name}\" {why}"),
            Reason::NoThread { flavour, error } => {
                write!(f, "the {flavour} flavour could not be started: {error}")
            }
            Reason::TooManyFlavours { flavour } => write!(
                f,
                "there is no room for the flavour {flavour}: a process may use {} different ones",
                crate::id::MOST_FLAVOURS
            ),
        }
    }
}

impl std::error::Error for Reason {}

impl<P> fmt::Display for Refused<P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.reason.fmt(f)
    }
}

impl<P> fmt::Debug for Refused<P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Refused").field("reason", &self.reason).finish_non_exhaustive()
    }
}

impl<P> std::error::Error for Refused<P> {}

/// The interval of periodic work is zero: it would never let anything else run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ZeroInterval {
    pub(crate) at: &'static Location<'static>,
}

impl ZeroInterval {
    /// Where it was asked for.
    #[must_use]
    pub fn at(&self) -> &'static Location<'static> {
        self.at
    }
}

impl fmt::Display for ZeroInterval {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "the interval at {} is zero, which would leave no time for anything else; give it at least a nanosecond, or work in a loop that yields",
            self.at
        )
    }
}

impl std::error::Error for ZeroInterval {}

/// Why [`execute`](crate::Handle::execute) gives no value.
#[non_exhaustive]
pub enum ExecuteError<P> {
    /// The payload was not taken. It comes back.
    Refused(Refused<P>),
    /// The wait could never end. The payload did not run and comes back.
    WouldDeadlock {
        /// Who waits for whom.
        ring: Box<Ring>,
        /// The payload, as it was handed over.
        payload: P,
    },
    /// The payload panicked.
    Panicked(Box<PanicInfo>),
    /// The runner stopped before the payload was done.
    Stopped,
    /// The payload did not end in time when the runner stopped; its thread may still be busy with it.
    Abandoned,
    /// The payload did not end within the limit that it was given.
    TimedOut(Box<TimedOut>),
}

impl<P> ExecuteError<P> {
    pub(crate) fn from_join(error: JoinError) -> Self {
        match error {
            JoinError::Panicked(info) => ExecuteError::Panicked(info),
            JoinError::Stopped | JoinError::Taken => ExecuteError::Stopped,
            JoinError::TimedOut(late) => ExecuteError::TimedOut(late),
            JoinError::Abandoned | JoinError::WouldDeadlock(_) => ExecuteError::Abandoned,
        }
    }

    /// The payload, if it never ran.
    #[must_use]
    pub fn into_payload(self) -> Option<P> {
        match self {
            ExecuteError::Refused(refused) => Some(refused.into_payload()),
            ExecuteError::WouldDeadlock { payload, .. } => Some(payload),
            ExecuteError::Panicked(_)
            | ExecuteError::Stopped
            | ExecuteError::Abandoned
            | ExecuteError::TimedOut(_) => None,
        }
    }

    /// The ring, if the wait could never end.
    #[must_use]
    pub fn as_ring(&self) -> Option<&Ring> {
        match self {
            ExecuteError::WouldDeadlock { ring, .. } => Some(ring),
            _ => None,
        }
    }

    /// Which task took longer than its limit, if that is what ended the payload.
    #[must_use]
    pub fn as_timed_out(&self) -> Option<&TimedOut> {
        match self {
            ExecuteError::TimedOut(late) => Some(late),
            _ => None,
        }
    }

    /// The panic, if that is what ended the payload.
    #[must_use]
    pub fn as_panic(&self) -> Option<&PanicInfo> {
        match self {
            ExecuteError::Panicked(info) => Some(info),
            _ => None,
        }
    }
}

impl<P> fmt::Display for ExecuteError<P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            ExecuteError::Refused(refused) => refused.fmt(f),
            ExecuteError::WouldDeadlock { ring, .. } => {
                write!(f, "waiting for the payload would never end: {ring}")
            }
            ExecuteError::Panicked(info) => write!(f, "the payload {info}"),
            ExecuteError::Stopped => f.write_str("the runner stopped before the payload was done"),
            ExecuteError::Abandoned => f.write_str(
                "the payload did not end in time when the runner stopped; its thread may still be busy",
            ),
            ExecuteError::TimedOut(late) => late.fmt(f),
        }
    }
}

impl<P> fmt::Debug for ExecuteError<P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ExecuteError({self})")
    }
}

impl<P> std::error::Error for ExecuteError<P> {}

/// Why a runner could not be built.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum BuildError {
    /// A setting makes no sense.
    BadConfig {
        /// Which one.
        setting: &'static str,
        /// What is wrong with it, and how to mend it.
        why: &'static str,
    },
}

impl fmt::Display for BuildError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            BuildError::BadConfig { setting, why } => write!(f, "`{setting}` {why}"),
        }
    }
}

impl std::error::Error for BuildError {}
