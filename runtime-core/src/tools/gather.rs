//! The outcomes of several tasks, in the order of their handles.

use std::future::poll_fn;
use std::task::Poll;

use crate::task::outcome::JoinError;
use crate::time::Deadline;
use crate::tools::handles::{GatherError, Handles};
use crate::tools::watch::{Closing, Until, Watch};

/// Waits until all the tasks have ended and gives their outcomes, in the order of the handles: for a tuple a
/// tuple, whose types may differ, for a vector, an array or a slice a vector. For none it is over at once.
///
/// Each outcome stands for itself: no task is stopped, whatever becomes of another.
///
/// # Errors
///
/// Each outcome has its own: see [`JoinError`]. The calling task's own handle gives
/// [`JoinError::WouldDeadlock`].
///
/// # Cancellation
///
/// Nothing is taken before all have ended. So dropping the wait loses nothing if the handles were lent,
/// `gather((&mut one, &mut other))`. Owned ones are dropped with it, as [`TaskHandle`](crate::TaskHandle)
/// says; the tasks go on.
///
/// # Examples
///
/// ```
/// # mod plain { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc/plain.rs")); }
/// # use plain::Plain;
/// use spumoni_core::{ServiceRunner, gather, gather_blocking};
///
/// let runner = ServiceRunner::new();
/// let name = runner.spawn(Plain, async || String::from("spumoni"))?;
/// let layers = runner.spawn(Plain, async || 3)?;
/// let (name, layers) = async_io::block_on(gather((name, layers)));
/// assert_eq!((name?.as_str(), layers?), ("spumoni", 3));
///
/// let squares = (1..4).map(|n| runner.spawn(Plain, async move || n * n));
/// let squares = squares.collect::<Result<Vec<_>, _>>()?;
/// assert_eq!(gather_blocking(squares), [Ok(1), Ok(4), Ok(9)]);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub async fn gather<H: Handles>(mut handles: H) -> H::Outcomes {
    let mut place = 0;
    // One after the other: in the end all of them must have ended.
    poll_fn(|cx| {
        while let Some(handle) = handles.at(place) {
            if handle.own_ring().is_none() && !handle.watch(cx.waker()) {
                return Poll::Pending;
            }
            place += 1;
        }
        Poll::Ready(())
    })
    .await;
    handles.settle_all()
}

/// The twin of [`gather`] for plain threads.
///
/// # Errors
///
/// As there. A task that could never end while this thread blocks gives [`JoinError::WouldDeadlock`] and goes
/// on; the others are waited for.
pub fn gather_blocking<H: Handles>(mut handles: H) -> H::Outcomes {
    handles.join_all()
}

/// As [`gather`], for who needs all the values: gives them, or the first error in time. All tasks are waited
/// for before it is given, and none is stopped; to hear of it at once, see
/// [`wait`](crate::wait) and [`Until::FirstFailed`](crate::Until::FirstFailed), and to have the others stopped, put
/// them into a [scope](crate::Handle::scope).
///
/// An error is a task that gave no value: it panicked, was stopped, ran over its limit or was given up. An `Err`
/// that a payload returns is a value like any other.
///
/// # Errors
///
/// [`GatherError`], with the task and the place of its handle. Nothing else was taken then: handles that were
/// lent have the other outcomes still, and owned ones are dropped, so that panics beside the first fall to
/// their groups. The calling task's own handle is an error at once, before anybody is waited for.
///
/// # Cancellation
///
/// As that of [`gather`].
///
/// # Examples
///
/// ```
/// # mod plain { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc/plain.rs")); }
/// # use plain::Plain;
/// use std::time::Duration;
/// use spumoni_core::{ServiceRunner, try_gather};
///
/// let runner = ServiceRunner::new();
/// let mut good = runner.spawn(Plain, async || 1)?;
/// let mut slow = runner
///     .task("slow")
///     .timeout(Duration::from_millis(5))
///     .spawn(Plain, async || std::future::pending::<u32>().await)?;
/// let error = async_io::block_on(try_gather((&mut good, &mut slow))).unwrap_err();
/// assert_eq!((error.place(), error.task().name()), (1, Some("slow")));
/// assert_eq!(good.join()?, 1);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub async fn try_gather<H: Handles>(mut handles: H) -> Result<H::Values, GatherError> {
    let mut watch = Watch::of(&handles, Until::AllEnded);
    let closing = poll_fn(|cx| {
        watch.look(&mut handles, cx.waker());
        if watch.is_enough() {
            return Poll::Ready(None);
        }
        watch.own_ring(&mut handles).map_or(Poll::Pending, |own| Poll::Ready(Some(own)))
    })
    .await;
    match closing {
        Some(closing) => Err(refused(closing)),
        None => settle(&mut handles, &watch),
    }
}

/// The twin of [`try_gather`] for plain threads.
///
/// # Errors
///
/// As there. A task that could never end while this thread blocks is an error at once:
/// [`JoinError::WouldDeadlock`].
pub fn try_gather_blocking<H: Handles>(mut handles: H) -> Result<H::Values, GatherError> {
    let mut watch = Watch::of(&handles, Until::AllEnded);
    match watch.sleep(&mut handles, Deadline::never()) {
        Ok(_) => settle(&mut handles, &watch),
        Err(closing) => Err(refused(closing)),
    }
}

fn refused(Closing { place, task, ring }: Closing) -> GatherError {
    GatherError { place, task, error: JoinError::WouldDeadlock(ring) }
}

/// All have ended.
fn settle<H: Handles>(handles: &mut H, watch: &Watch) -> Result<H::Values, GatherError> {
    // Looked at first, so that nothing else is taken.
    if let Some(place) = watch.first_failed()
        && let Some(handle) = handles.at(place)
    {
        // One whose value was taken before has none to give.
        let error = handle.take_error().unwrap_or(JoinError::Taken);
        return Err(GatherError { place, task: handle.label().clone(), error });
    }
    handles.values()
}
