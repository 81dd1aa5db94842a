//! Waits that end when the waiting task is asked to stop.

use std::future::{Future, poll_fn};
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::Poll;

use crate::task::cell;
use crate::task::handle::Room;
use crate::task::stop::{Stopped, Stopping};
use crate::time::Deadline;
use crate::wait::park;

/// Waits for `future`, or until the calling task, if there is one, is asked to stop. What is there already
/// wins.
pub(crate) async fn wait<F: Future>(future: F) -> Result<F::Output, Stopping> {
    let mut future = pin!(future);
    let mut stopped = cell::current().map(|task| Stopped::of(Arc::clone(task.header().stop())));
    poll_fn(move |cx| {
        if let Poll::Ready(value) = future.as_mut().poll(cx) {
            return Poll::Ready(Ok(value));
        }
        match &mut stopped {
            Some(stopped) => Pin::new(stopped).poll(cx).map(|()| Err(Stopping)),
            None => Poll::Pending,
        }
    })
    .await
}

/// The twin of [`wait`] for threads.
pub(crate) fn wait_blocking<F: Future>(future: F) -> Result<F::Output, Stopping> {
    let _room = Room::make();
    // Without a deadline there is always a result.
    park::block_on(wait(future), Deadline::never()).unwrap_or(Err(Stopping))
}
