//! One run of a periodic payload: tried later where it says so, counted, and told to those who wait for it.

use std::future::{Future, poll_fn};
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::Poll;
use std::time::{Duration, Instant};

use crate::failure::{Cause, Shared};
use crate::runner::runs::{RunError, Runs};
use crate::task::cell;
use crate::task::handle::Room;
use crate::task::payload::{Adoptable, Mode, Payload};
use crate::task::stop::{Stopped, Stopping};
use crate::time::Deadline;
use crate::tools::attempt::TryLater;
use crate::tools::timeout::Alarm;
use crate::unwind;
use crate::wait::park;

/// The payload of one run, in either mode.
pub(super) struct Run<P> {
    pub(super) payload: P,
    pub(super) runs: Runs,
    pub(super) number: u64,
    pub(super) interval: Duration,
}

impl<M, P> Payload<M> for Run<P>
where
    M: Mode,
    P: Payload<M> + Clone,
    P::Output: Adoptable,
{
    type Output = Result<(), anyhow::Error>;
    type Body = Pin<Box<dyn Future<Output = Self::Output>>>;

    fn start(self) -> Self::Body {
        Box::pin(self.run::<M>())
    }
}

impl<P> Run<P> {
    async fn run<M>(self) -> Result<(), anyhow::Error>
    where
        M: Mode,
        P: Payload<M> + Clone,
        P::Output: Adoptable,
    {
        let Some(task) = cell::current() else { return Ok(()) };
        let mut told = Told { began: Instant::now(), run: &self, result: None };
        loop {
            let error = match attempt(&self.payload).await {
                Ok(Ok(())) => {
                    told.result = Some(Ok(()));
                    return Ok(());
                }
                Ok(Err(error)) => error,
                Err(info) => return told.failed(Cause::Panic(info)),
            };
            if let Some(later) = TryLater::of(&error) {
                self.runs.count_later();
                let stopped = Stopped::of(Arc::clone(task.header().stop()));
                if wait::<M>(stopped, later.delay()).await.is_err() {
                    return Ok(());
                }
            } else if error.is::<Stopping>() && task.header().is_asked() {
                return Err(error);
            } else {
                return told.failed(Cause::error(error));
            }
        }
    }
}

/// Tells those who wait how the run ended; if it ends before it says so, that it was interrupted.
struct Told<'a, P> {
    began: Instant,
    run: &'a Run<P>,
    result: Option<Result<(), RunError>>,
}

impl<P> Told<'_, P> {
    /// The failure is the payload's as well.
    fn failed(&mut self, cause: Cause) -> Result<(), anyhow::Error> {
        self.result = Some(Err(RunError::Failed(cause.clone())));
        Err(Shared(cause).into())
    }
}

impl<P> Drop for Told<'_, P> {
    fn drop(&mut self) {
        let result = self.result.take().unwrap_or(Err(RunError::Interrupted));
        let Run { runs, number, interval, .. } = self.run;
        runs.end(*number, self.began.elapsed(), *interval, &result);
    }
}

/// Calls the payload once. A panic comes back, so that others can be told.
async fn attempt<M, P>(payload: &P) -> Result<Result<(), anyhow::Error>, unwind::PanicInfo>
where
    M: Mode,
    P: Payload<M> + Clone,
    P::Output: Adoptable,
{
    let mut body = Box::pin(unwind::guard(|| payload.clone().start())?);
    let ended = poll_fn(|cx| match unwind::guard(|| body.as_mut().poll(cx)) {
        Ok(Poll::Pending) => Poll::Pending,
        Ok(Poll::Ready(output)) => Poll::Ready(unwind::guard(|| output.settle())),
        Err(info) => Poll::Ready(Err(info)),
    })
    .await;
    match (unwind::discard(body), ended) {
        (Err(info), Ok(_)) => Err(info),
        (_, ended) => ended,
    }
}

/// Waits so long, or until a stop is asked.
async fn wait<M: Mode>(mut stopped: Stopped, delay: Duration) -> Result<(), Stopping> {
    if M::BLOCKS {
        let _room = Room::make();
        return match park::block_on(stopped, Deadline::after(delay)) {
            Some(()) => Err(Stopping),
            None => Ok(()),
        };
    }
    let mut alarm = pin!(Alarm::after(delay));
    let mut gave_way = false;
    poll_fn(|cx| {
        if Pin::new(&mut stopped).poll(cx).is_ready() {
            return Poll::Ready(Err(Stopping));
        }
        if !std::mem::replace(&mut gave_way, true) {
            // The others of the lane have their turn, also where there is no delay.
            cx.waker().wake_by_ref();
            return Poll::Pending;
        }
        alarm.as_mut().poll(cx).map(|_| Ok(()))
    })
    .await
}
