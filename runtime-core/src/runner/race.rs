//! A race: of several payloads the first that ends counts, the others are stopped and waited for.

use std::fmt;
use std::future::{Future, poll_fn};
use std::panic::Location;
use std::pin::pin;

use crate::error::Reason;
use crate::failure::TaskLabel;
use crate::flavour::Flavour;
use crate::group::end::MemberEnd;
use crate::group::join::JoinGroupError;
use crate::runner::group::{Group, GroupBuilder};
use crate::runner::scope::CallersStop;
use crate::task::handle::TaskHandle;
use crate::task::payload::Payload;
use crate::tools::handles::GatherError;
use crate::tools::handles::sealed::One;
use crate::tools::several::{WaitError, select, select_blocking};
use crate::tools::watch::check_rings;
use crate::wait::ring::Ring;

impl GroupBuilder {
    /// A race in this group, with its settings for grace and name: see [`Handle::race`](crate::Handle::race).
    #[track_caller]
    pub fn race<T: Send + 'static>(self) -> Race<T> {
        Race { group: self, at: Location::caller(), racers: Vec::new() }
    }
}

/// Payloads of any flavours, of which the first that ends counts; made by
/// [`Handle::race`](crate::Handle::race). Nothing runs before [`first`](Race::first) or
/// [`first_blocking`](Race::first_blocking).
#[must_use = "nothing runs before its first is waited for"]
pub struct Race<T> {
    group: GroupBuilder,
    at: &'static Location<'static>,
    racers: Vec<Racer<T>>,
}

/// Begins one payload as a member.
type Racer<T> = Box<dyn FnOnce(&Group) -> Result<TaskHandle<T>, Reason> + Send>;

impl<T: Send + 'static> Race<T> {
    /// One more payload. All give values of one type.
    #[track_caller]
    pub fn racer<F, P>(mut self, flavour: F, payload: P) -> Self
    where
        F: Flavour,
        P: Payload<F::Mode, Output = T>,
    {
        let here = Location::caller();
        self.racers.push(Box::new(move |group| {
            let handle = group.unnamed().try_spawn_at(flavour, payload, here);
            handle.map_err(|refused| refused.into_parts().0)
        }));
        self
    }

    /// Runs all payloads as members of one group, waits for the first that ends, however it does, stops the
    /// others and waits for them too: each has its grace. Called by a task, the group stands below that task.
    ///
    /// # Errors
    ///
    /// [`RaceError`]: the first that ended gave no value, say. An `Err` that a payload returns is a value like
    /// any other. The payloads of a race that was refused do not come back: they are dropped here.
    ///
    /// # Cancellation
    ///
    /// Dropped before its end, it stops all of them; the group above, or the runner, waits for them. A stop of
    /// the calling task stops them, and the race ends by that.
    ///
    /// # Examples
    ///
    /// ```
    /// # mod plain { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc/plain.rs")); }
    /// # use plain::Plain;
    /// use spumoni_core::{Context, Handle, ServiceRunner};
    ///
    /// let runner = ServiceRunner::new();
    /// let won = runner.execute(Plain, async || {
    ///     let race = Handle::current().race("mirrors");
    ///     let race = race.racer(Plain, async || { Context::current().stopped().await; "far" });
    ///     race.racer(Plain, async || "near").first().await
    /// })??;
    /// assert_eq!((won.place(), won.into_value()), (1, "near"));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub async fn first(self) -> Result<Won<T>, RaceError> {
        let Begun { group, mut handles, refused } = self.begin()?;
        let mut stop = CallersStop::watch(group.0.node());
        let first = {
            let mut first = pin!(select(&mut handles));
            poll_fn(|cx| {
                stop.poll(cx);
                first.as_mut().poll(cx)
            })
            .await
        };
        group.0.stop();
        let ended = group.0.join_all().await;
        settle(handles, refused, first, ended)
    }

    /// The twin of [`first`](Race::first) for plain threads.
    ///
    /// # Errors
    ///
    /// As there. [`RaceError::WouldDeadlock`] if one of them could never end while this thread blocks, on a lane
    /// whose own task it is: all have to end. They are stopped then.
    pub fn first_blocking(self) -> Result<Won<T>, RaceError> {
        let Begun { group, mut handles, refused } = self.begin()?;
        check_rings(&mut handles).map_err(RaceError::WouldDeadlock)?;
        let first = select_blocking(&mut handles);
        group.0.stop();
        let ended = group.0.join_all().blocking();
        settle(handles, refused, first, ended)
    }

    fn begin(self) -> Result<Begun<T>, RaceError> {
        if self.racers.is_empty() {
            return Err(RaceError::Empty);
        }
        let group = Stops(self.group.open_scope(self.at).map_err(RaceError::Refused)?);
        let mut begun = Begun { group, handles: Vec::new(), refused: None };
        for racer in self.racers {
            match racer(&begun.group.0) {
                Ok(handle) => begun.handles.push(handle),
                // Stopped already: by the first, where its end stops the group, or with the calling task.
                Err(_) if begun.group.0.is_stopping() && !begun.handles.is_empty() => break,
                Err(reason) => {
                    begun.group.0.stop();
                    begun.refused = Some(reason);
                    break;
                }
            }
        }
        Ok(begun)
    }
}

impl<T> fmt::Debug for Race<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Race")
            .field("group", &self.group)
            .field("racers", &self.racers.len())
            .finish_non_exhaustive()
    }
}

/// A race under way.
struct Begun<T> {
    group: Stops,
    handles: Vec<TaskHandle<T>>,
    /// Why one of them was not taken.
    refused: Option<Reason>,
}

/// Stops the group when it goes: that is what a race does, so there is nothing to warn of.
struct Stops(Group);

impl Drop for Stops {
    fn drop(&mut self) {
        if !self.0.is_stopping() {
            self.0.stop();
        }
    }
}

/// All have ended, but for a ring.
fn settle<T: Send + 'static>(
    handles: Vec<TaskHandle<T>>,
    refused: Option<Reason>,
    first: Result<usize, WaitError>,
    ended: Result<Vec<MemberEnd>, JoinGroupError>,
) -> Result<Won<T>, RaceError> {
    if let Some(reason) = refused {
        return Err(RaceError::Refused(reason));
    }
    let first = first.map_err(RaceError::of_wait)?;
    if let Err(JoinGroupError::WouldDeadlock(ring)) = ended {
        return Err(RaceError::WouldDeadlock(ring));
    }
    let (mut won, mut failures) = (None, Vec::new());
    for (place, mut handle) in handles.into_iter().enumerate() {
        match handle.value(place) {
            outcome if place == first => won = Some((handle.label().clone(), outcome)),
            Err(failure) if !failure.error().is_stopped() => failures.push(failure),
            // Those who were stopped, or came second.
            Ok(_) | Err(_) => {}
        }
    }
    match won {
        Some((task, Ok(value))) => Ok(Won { place: first, task, value, failures }),
        Some((_, Err(first))) => {
            Err(RaceError::Failed { first: Box::new(first), others: failures })
        }
        None => Err(RaceError::Empty),
    }
}

/// The first that ended, and what it gave.
#[derive(Clone, Debug)]
pub struct Won<T> {
    place: usize,
    task: TaskLabel,
    value: T,
    failures: Vec<GatherError>,
}

impl<T> Won<T> {
    /// Which it is: the first racer is 0.
    #[must_use]
    pub fn place(&self) -> usize {
        self.place
    }

    /// Which task it was.
    #[must_use]
    pub fn task(&self) -> &TaskLabel {
        &self.task
    }

    /// What it gave.
    #[must_use]
    pub fn value(&self) -> &T {
        &self.value
    }

    /// What it gave, to be kept.
    #[must_use]
    pub fn into_value(self) -> T {
        self.value
    }

    /// The others that panicked, or did not stop in time and were given up. Nobody else is told of them.
    #[must_use]
    pub fn failures(&self) -> &[GatherError] {
        &self.failures
    }
}

/// Why a race gives no value.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum RaceError {
    /// There are no racers.
    Empty,
    /// The group could not be opened, or it did not take one of them. Those that had begun have ended.
    Refused(Reason),
    /// The first that ended gave no value.
    Failed {
        /// The first.
        first: Box<GatherError>,
        /// Others that panicked, or did not stop in time and were given up.
        others: Vec<GatherError>,
    },
    /// Waiting for them would never end. They are stopped.
    WouldDeadlock(Box<Ring>),
}

impl RaceError {
    fn of_wait(error: WaitError) -> Self {
        match error {
            WaitError::WouldDeadlock(ring) => RaceError::WouldDeadlock(ring),
            // A race has no limit.
            WaitError::Empty | WaitError::NoTimer => RaceError::Empty,
        }
    }
}

impl fmt::Display for RaceError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            RaceError::Empty => {
                f.write_str("a race of nobody has no first; give it payloads with `racer`")
            }
            RaceError::Refused(reason) => write!(f, "the race could not begin: {reason}"),
            RaceError::Failed { first, others } => {
                let task = first.task();
                write!(f, "the first to end, the {task}, gave no value: {}", first.error())?;
                others.iter().try_for_each(|other| {
                    write!(f, "; of the others the {}: {}", other.task(), other.error())
                })
            }
            RaceError::WouldDeadlock(ring) => {
                write!(f, "waiting for the racers would never end: {ring}")
            }
        }
    }
}

impl std::error::Error for RaceError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            RaceError::Refused(reason) => Some(reason),
            RaceError::Failed { first, .. } => Some(first.error()),
            RaceError::Empty | RaceError::WouldDeadlock(_) => None,
        }
    }
}
