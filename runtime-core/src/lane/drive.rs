//! What a lane's thread does: takes tasks out of its queues and polls them, turn by turn.

use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::future::{Future, poll_fn};
use std::hint;
use std::rc::Rc;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};
use std::time::{Duration, Instant};

use crossbeam_channel::Receiver;

use crate::lane::inbox::{Lane, Outlets, pop_local};
use crate::lane::kept::Kept;
use crate::lane::order::Order;
use crate::lane::spent::Spent;
use crate::sync::Ordering;
use crate::task::cell;
use crate::task::contract::{AnyTask, Header, Home, Host};
use crate::time::Deadline;
use crate::wait::typical::Typical;

/// The longest that a lane looks for more work unasked: a fraction of what a wake-up costs on a slow
/// machine, and about that much on a quick one.
const LONGEST_LOOK: Duration = Duration::from_micros(10);

/// So many of the processor's pauses lie between two looks while nobody waits for the lane's tasks. Each
/// look takes the cache line from the producer that is about to write to it.
const CALM: u32 = 16;

/// The most polls of a turn, before the reactor gets its turn.
const TURN: u32 = 128;

/// How many tasks are taken out of the inbox at once.
const BATCH: usize = 16;

/// A lane's part of its thread. A flavour drives it: see [`LaneLoop::run`].
pub struct LaneLoop {
    lane: Arc<Lane>,
    tasks: Receiver<Arc<dyn AnyTask>>,
    orders: Receiver<Order>,
    kept: Rc<Kept>,
    /// Taken out of the inbox, and not run yet.
    taken: RefCell<VecDeque<Arc<dyn AnyTask>>>,
    spent: RefCell<Spent>,
    /// Ended tasks of the root group that have not been told yet.
    ended: Cell<u64>,
    /// Milliseconds since the start of the runner, taken once a turn.
    now: Cell<u32>,
    /// Who is to be dropped when it comes.
    cancelling: Cell<Cancelling>,
    closed: Cell<bool>,
    busy_wait: Duration,
    /// How long the lane is without work, typically.
    gaps: Typical,
    /// Somebody has a handle to the task that ended last, and may be waiting.
    awaited: Cell<bool>,
    idle_since: Cell<Option<Instant>>,
}

/// Who is dropped instead of polled.
#[derive(Clone, Copy)]
enum Cancelling {
    Nobody,
    /// Whoever keeps the runner alive and has heard of the stop when it was asked.
    Kept,
    Everybody,
}

impl Cancelling {
    fn concerns(self, task: &Header) -> bool {
        match self {
            Cancelling::Nobody => false,
            Cancelling::Kept => !task.life.is_transient() && !task.has_deferred(),
            Cancelling::Everybody => true,
        }
    }
}

impl LaneLoop {
    /// Settles on the calling thread, which is the lane's from now on.
    pub(crate) fn settle(lane: Arc<Lane>, outlets: Outlets, busy_wait: Duration) -> Self {
        let kept = Rc::<Kept>::default();
        lane.settle(Rc::clone(&kept));
        LaneLoop {
            lane,
            tasks: outlets.tasks,
            orders: outlets.orders,
            kept,
            taken: RefCell::new(VecDeque::with_capacity(BATCH)),
            spent: RefCell::new(outlets.spent),
            ended: Cell::new(0),
            now: Cell::new(0),
            cancelling: Cell::new(Cancelling::Nobody),
            closed: Cell::new(false),
            busy_wait,
            gaps: Typical::new(LONGEST_LOOK),
            awaited: Cell::new(true),
            idle_since: Cell::new(None),
        }
    }

    /// Runs the lane's tasks until the runner ends it. To be polled on the calling thread, by the
    /// executor that the flavour brings; its `block_on` is the usual place.
    ///
    /// `budget` is asked after each poll of a task; when it says `false` the turn ends, and the
    /// executor gets the thread back before the next one. Flavours without such a thing say `true`: a
    /// turn is bounded anyway.
    ///
    /// # Cancellation
    ///
    /// Dropped before its end, it drops all its tasks first, on the calling thread.
    pub fn run(self, budget: impl Fn() -> bool) -> impl Future<Output = ()> {
        let mut hung: Option<Waker> = None;
        poll_fn(move |cx| {
            self.lane.bell.rise();
            if let Some(begin) = self.idle_since.take() {
                self.gaps.learn(begin);
            }
            if !hung.as_ref().is_some_and(|waker| waker.will_wake(cx.waker())) {
                hung = Some(cx.waker().clone());
                self.lane.bell.hang(cx.waker().clone());
            }
            self.now.set(self.lane.stamp.begin());
            let polled = self.turn(cx, &budget);
            self.lane.stamp.end();
            polled
        })
    }

    fn turn(&self, cx: &Context<'_>, budget: &impl Fn() -> bool) -> Poll<()> {
        if self.lane.take_orders() {
            while let Ok(order) = self.orders.try_recv() {
                self.follow(order);
            }
        }
        if self.closed.get() {
            self.lane.unsettle();
            return Poll::Ready(());
        }
        for step in 0..TURN {
            match self.next(step) {
                Some(task) => self.run_task(task),
                None if self.sleeps() => return Poll::Pending,
                None => {}
            }
            if self.lane.has_orders() || !budget() {
                break;
            }
        }
        self.tell();
        cx.waker().wake_by_ref();
        Poll::Pending
    }

    /// Both queues get the same share (invariant 2 of the lane).
    fn next(&self, step: u32) -> Option<Arc<dyn AnyTask>> {
        if step.is_multiple_of(2) {
            self.take().or_else(pop_local)
        } else {
            pop_local().or_else(|| self.take())
        }
    }

    /// Takes a task out of the inbox: several at once, since their cells come from other cores, and the
    /// memory can fetch many of them in the time that it takes to fetch one.
    fn take(&self) -> Option<Arc<dyn AnyTask>> {
        let mut taken = self.taken.borrow_mut();
        if taken.is_empty() {
            taken.extend(self.tasks.try_iter().take(BATCH).inspect(cell::prefetch));
        }
        taken.pop_front()
    }

    fn run_task(&self, task: Arc<dyn AnyTask>) {
        if self.cancelling.get().concerns(task.header()) {
            let _ = task.header().life.cancel();
        }
        task.run(self);
    }

    /// Whether there is nothing to do and the lane may sleep; a producer rings from now on.
    fn sleeps(&self) -> bool {
        // Nobody has the thread, whatever the last task was.
        self.lane.stamp.end();
        if self.finds_work() {
            self.now.set(self.lane.stamp.begin());
            return false;
        }
        // Not before the look: a producer that is slower than the lane would meet it at the root's count
        // with each task.
        self.tell();
        self.lane.bell.park();
        if self.tasks.is_empty() && !self.lane.has_orders() {
            return true;
        }
        self.lane.bell.rise();
        self.now.set(self.lane.stamp.begin());
        false
    }

    /// Looks for more work before sleeping: for about as long as it lately took to come, since a producer
    /// that is a little slower than the lane would pay for a wake-up with each task; and for as long as
    /// the runner's `busy_wait` says.
    fn finds_work(&self) -> bool {
        let some = || !self.tasks.is_empty() || self.lane.has_orders();
        let begin = Instant::now();
        let pauses = if self.awaited.get() { 1 } else { CALM };
        let found = self.gaps.look(begin, pauses, some) || {
            let deadline = Deadline::from(begin, self.busy_wait);
            while !some() && !deadline.is_over(Instant::now()) {
                hint::spin_loop();
            }
            some()
        };
        if found {
            self.gaps.learn(begin);
        } else {
            self.idle_since.set(Some(begin));
        }
        found
    }

    /// Tells the root group how many of its tasks have ended.
    fn tell(&self) {
        let ended = self.ended.take();
        if ended > 0 {
            self.lane.root().leave(ended);
        }
    }

    fn follow(&self, order: Order) {
        match order {
            Order::CancelDue { asked, default } => {
                let now = Instant::now();
                self.cancel(|task| {
                    // A task of which nothing was ever said was asked when all were, and has the usual
                    // grace; others may have heard of it later, or not yet.
                    let due = match task.details() {
                        Some(_) => task.cancelled_at(),
                        None => Some(Deadline::from(asked, default)),
                    };
                    due.is_some_and(|due| due.is_over(now))
                });
            }
            Order::CancelKept => {
                self.cancelling.set(Cancelling::Kept);
                self.cancel(|task| Cancelling::Kept.concerns(task));
            }
            Order::CancelAll => {
                self.cancelling.set(Cancelling::Everybody);
                self.cancel(|_| true);
            }
            Order::View(to) => {
                let _ = to.send(self.kept.views(self.now.get()));
            }
            Order::Close => self.close(),
        }
    }

    fn cancel(&self, due: impl Fn(&Header) -> bool) {
        let tasks = self.kept.snapshot();
        for task in tasks.into_iter().filter(|task| due(task.header())) {
            // Run here and now instead of queued; should it stand in a queue too, it is over by then.
            let _ = task.header().life.cancel();
            task.run(self);
        }
    }

    /// Ends every task there is, and those that come meanwhile.
    fn close(&self) {
        self.cancelling.set(Cancelling::Everybody);
        loop {
            for task in self.kept.snapshot() {
                self.run_task(task);
            }
            while let Some(task) = self.next(0) {
                self.run_task(task);
            }
            self.tell();
            if self.kept.is_empty() && self.tasks.is_empty() {
                break;
            }
        }
        self.lane.give_up();
        self.closed.set(true);
    }
}

impl Drop for LaneLoop {
    fn drop(&mut self) {
        if !self.closed.get() {
            self.close();
            self.lane.unsettle();
        }
        // What was pushed after the last look is stopped as well (invariant 1); what comes now finds
        // the channel closed.
        while let Some(task) = self.take() {
            self.run_task(task);
        }
        self.tell();
        self.spent.borrow_mut().clear();
        self.lane.returned.clear();
    }
}

impl Host for LaneLoop {
    fn stamp(&self, task: &Header) {
        self.lane.stamp.task(task);
    }

    fn unstamp(&self) {
        self.lane.stamp.no_task();
    }

    fn is_stopping(&self) -> bool {
        // Not once a turn: a turn may last as long as a payload that blocks the lane.
        self.lane.root().is_stopping()
    }

    fn keep(&self, task: Arc<dyn AnyTask>) {
        task.header().since.store(self.now.get(), Ordering::Relaxed);
        self.kept.insert(task);
    }

    fn forget(&self, task: &Header) {
        self.kept.remove(task);
    }

    fn requeue(&self, task: Arc<dyn AnyTask>) {
        let _ = self.lane.push(task);
    }

    fn ended(&self, task: &Header) {
        self.awaited.set(task.life.has_handle());
        let owner = task.owner();
        let root: *const () = Arc::as_ptr(self.lane.root()).cast();
        if root == Arc::as_ptr(owner).cast() && !task.life.is_transient() {
            self.ended.set(self.ended.get() + 1);
        } else {
            owner.ended(task);
        }
    }

    fn spent(&self, task: Arc<dyn AnyTask>) {
        self.spent.borrow_mut().put(task);
    }
}

impl std::fmt::Debug for LaneLoop {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("LaneLoop").field("flavour", &self.lane.flavour()).finish_non_exhaustive()
    }
}
