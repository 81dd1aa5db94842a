//! A worker of a queue: a task that takes items until there are none any more.

use std::future::{Future, poll_fn};
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Instant;

use event_listener::EventListener;

use crate::failure::Cause;
use crate::queue::core::{Asked, Ended, QueueCore, Step};
use crate::queue::entry::Entry;
use crate::queue::item::Item;
use crate::queue::work::Work;
use crate::task::cell;
use crate::task::contract::AnyTask;
use crate::task::payload::{Mode, Payload};
use crate::task::stop::{Stopped, Stopping};
use crate::time::Deadline;
use crate::tools::attempt::Attempt;
use crate::tools::timeout::Alarm;
use crate::unwind;
use crate::wait::park;

/// The payload of a worker, in either mode.
pub(super) struct Worker<W, I, V> {
    seat: Seat<I, V>,
    work: W,
}

/// A worker that has not ended: when the last of them goes, in whatever way, the queue is over.
struct Seat<I, V>(Arc<QueueCore<I, V>>);

impl<I, V> Drop for Seat<I, V> {
    fn drop(&mut self) {
        self.0.worker_ended();
    }
}

impl<W, I, V> Worker<W, I, V> {
    /// As many as the queue's settings say have to be made.
    pub(super) fn new(queue: Arc<QueueCore<I, V>>, work: W) -> Self {
        Worker { seat: Seat(queue), work }
    }
}

impl<M, W, I, V> Payload<M> for Worker<W, I, V>
where
    M: Mode,
    W: Work<M, I, Value = V>,
    I: Send + 'static,
    V: Send + 'static,
{
    type Output = ();
    type Body = Pin<Box<dyn Future<Output = ()>>>;

    fn start(self) -> Self::Body {
        if M::BLOCKS {
            Box::pin(async move { self.run_blocking::<M>() })
        } else {
            Box::pin(self.run::<M>())
        }
    }
}

impl<W, I, V> Worker<W, I, V> {
    async fn run<M>(self)
    where
        M: Mode,
        W: Work<M, I, Value = V>,
    {
        let Some(mut shift) = Shift::begin(&self.seat.0) else { return };
        loop {
            match shift.next() {
                Next::Over => return,
                Next::Work(hands) => {
                    let ended = attempt(&self.work, &hands).await;
                    hands.finish(ended);
                    // The others of the lane have their turn before the next item.
                    give_way().await;
                }
                Next::Wait(bell, until) => {
                    let mut alarm = pin!(Alarm::at(until));
                    let mut wait = pin!(shift.woken(bell));
                    poll_fn(|cx| match wait.as_mut().poll(cx) {
                        Poll::Pending => alarm.as_mut().poll(cx).map(drop),
                        Poll::Ready(()) => Poll::Ready(()),
                    })
                    .await;
                }
            }
        }
    }

    fn run_blocking<M>(self)
    where
        M: Mode,
        W: Work<M, I, Value = V>,
    {
        let Some(mut shift) = Shift::begin(&self.seat.0) else { return };
        loop {
            match shift.next() {
                Next::Over => return,
                Next::Work(hands) => {
                    // A call: ready at its first poll.
                    let ended = park::block_on(attempt(&self.work, &hands), Deadline::never());
                    hands.finish(ended.unwrap_or(Ended::Interrupted));
                }
                Next::Wait(bell, until) => drop(park::block_on(shift.woken(bell), until)),
            }
        }
    }
}

/// A worker at work.
struct Shift<'a, I, V> {
    queue: &'a Arc<QueueCore<I, V>>,
    task: Arc<dyn AnyTask>,
    /// One for the whole: it listens once.
    stopped: Stopped,
}

/// What a worker does next.
enum Next<I, V> {
    Work(Hands<I, V>),
    Wait(EventListener, Deadline),
    Over,
}

impl<'a, I, V> Shift<'a, I, V> {
    /// That of the task that the calling thread runs.
    fn begin(queue: &'a Arc<QueueCore<I, V>>) -> Option<Self> {
        let task = cell::current()?;
        let stopped = Stopped::of(Arc::clone(task.header().stop()));
        Some(Shift { queue, task, stopped })
    }

    fn next(&mut self) -> Next<I, V> {
        // Listen first, look then.
        let bell = self.queue.work.listen();
        let now = Instant::now();
        match self.queue.take(now, Asked::of(&*self.task)) {
            Step::Work((entry, item)) => {
                let (queue, task) = (Arc::clone(self.queue), Arc::clone(&self.task));
                Next::Work(Hands { queue, task, entry, item: Some(item), began: now })
            }
            Step::Wait(until) => Next::Wait(bell, until),
            Step::Over => Next::Over,
        }
    }

    /// Until there is something to do, or a stop is asked.
    async fn woken(&mut self, bell: EventListener) {
        let (mut bell, mut stopped) = (pin!(bell), Pin::new(&mut self.stopped));
        poll_fn(|cx| match bell.as_mut().poll(cx) {
            Poll::Pending => stopped.as_mut().poll(cx),
            Poll::Ready(()) => Poll::Ready(()),
        })
        .await;
    }
}

/// A worker with an item in its hands. Dropped, since its grace is over, it gives the item back.
struct Hands<I, V> {
    queue: Arc<QueueCore<I, V>>,
    task: Arc<dyn AnyTask>,
    entry: Arc<Entry<I, V>>,
    item: Option<Item<I>>,
    began: Instant,
}

impl<I, V> Hands<I, V> {
    fn finish(mut self, ended: Ended<V>) {
        self.let_go(ended);
    }

    fn let_go(&mut self, ended: Ended<V>) {
        if let Some(item) = self.item.take() {
            let held = (Arc::clone(&self.entry), item);
            self.queue.finish(held, self.began, ended, Asked::of(&*self.task));
        }
    }

    /// What an error means: one that only says that a stop was asked is no failure, if one was.
    fn judge(&self, error: anyhow::Error) -> Ended<V> {
        if error.is::<Stopping>() && self.task.header().is_asked() {
            Ended::Interrupted
        } else {
            Ended::Failed(Cause::error(error))
        }
    }
}

impl<I, V> Drop for Hands<I, V> {
    fn drop(&mut self) {
        self.let_go(Ended::Interrupted);
    }
}

/// Works on the item once. A panic of the work is its failure and not the worker's.
async fn attempt<M, W, I>(work: &W, hands: &Hands<I, W::Value>) -> Ended<W::Value>
where
    M: Mode,
    W: Work<M, I>,
{
    let Some(item) = &hands.item else { return Ended::Interrupted };
    let mut body = Box::pin(work.attempt(item));
    let ended = poll_fn(|cx| match unwind::guard(|| body.as_mut().poll(cx)) {
        Ok(Poll::Pending) => Poll::Pending,
        Ok(Poll::Ready(Ok(attempt))) => Poll::Ready(Ok(attempt)),
        Ok(Poll::Ready(Err(error))) => Poll::Ready(Err(hands.judge(error))),
        Err(info) => Poll::Ready(Err(Ended::Failed(Cause::Panic(info)))),
    })
    .await;
    match (unwind::discard(body), ended) {
        (Err(info), Ok(Attempt::Done(_) | Attempt::Later(_))) => Ended::Failed(Cause::Panic(info)),
        (_, Ok(attempt)) => attempt.into(),
        (_, Err(ended)) => ended,
    }
}

/// Pending once.
async fn give_way() {
    let mut gave_way = false;
    poll_fn(move |cx: &mut Context<'_>| {
        if std::mem::replace(&mut gave_way, true) {
            return Poll::Ready(());
        }
        cx.waker().wake_by_ref();
        Poll::Pending
    })
    .await;
}
