//! The lane as everybody else sees it: where tasks and orders are put in.

use std::cell::RefCell;
use std::collections::VecDeque;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Instant;

use crossbeam_channel::{Receiver, Sender, unbounded};
use crossbeam_utils::CachePadded;

use crate::id::{FlavourId, TaskId};
use crate::lane::bell::Bell;
use crate::lane::kept::Kept;
use crate::lane::order::Order;
use crate::lane::spent::{self, Returned, Spent};
use crate::sync::{AtomicBool, Ordering};
use crate::task::awaited::Awaited;
use crate::task::contract::{AnyTask, Home, Owner, Timer};
use crate::task::stamp::{Busy, Stamp};
use crate::time::Deadline;
use crate::wait::blocking;
use crate::wait::graph::{ExecutorId, Target};

/// Makes sleeps on the lane's own timer.
pub(crate) type Timers = Box<dyn Fn(Deadline) -> Timer + Send + Sync>;

/// See the module.
pub(crate) struct Lane {
    flavour: FlavourId,
    executor: ExecutorId,
    tasks: Sender<Arc<dyn AnyTask>>,
    orders: Sender<Order>,
    /// Looked at for each task by the lane; apart from the reference count, which producers write.
    has_orders: CachePadded<AtomicBool>,
    pub(crate) bell: CachePadded<Bell>,
    pub(crate) stamp: CachePadded<Stamp>,
    awaited: Awaited,
    pub(crate) returned: Returned,
    root: Arc<dyn Owner>,
    timers: Timers,
}

/// An empty run queue that has room for more than this gives the memory back.
const ROOM: usize = 1024;

/// The ends of a lane's channels that its thread holds.
pub(crate) struct Outlets {
    pub(crate) tasks: Receiver<Arc<dyn AnyTask>>,
    pub(crate) orders: Receiver<Order>,
    pub(crate) spent: Spent,
}

thread_local! {
    /// The run queue of the lane whose thread this is.
    static LOCAL: RefCell<Option<Local>> = const { RefCell::new(None) };
}

struct Local {
    lane: Arc<Lane>,
    queue: VecDeque<Arc<dyn AnyTask>>,
    kept: Rc<Kept>,
}

impl Lane {
    pub(crate) fn new(
        flavour: FlavourId,
        root: Arc<dyn Owner>,
        timers: Timers,
        epoch: Instant,
    ) -> (Arc<Lane>, Outlets) {
        let (tasks, tasks_out) = unbounded();
        let (orders, orders_out) = unbounded();
        let (spent, returned) = spent::channel();
        let lane = Lane {
            flavour,
            executor: blocking::new_executor(),
            tasks,
            orders,
            has_orders: CachePadded::new(AtomicBool::new(false)),
            bell: CachePadded::new(Bell::new()),
            stamp: CachePadded::new(Stamp::new(epoch)),
            awaited: Awaited::default(),
            returned,
            root,
            timers,
        };
        (Arc::new(lane), Outlets { tasks: tasks_out, orders: orders_out, spent })
    }

    /// Sends an order. `false`: the lane has ended.
    pub(crate) fn order(&self, order: Order) -> bool {
        let sent = self.orders.send(order).is_ok();
        self.has_orders.store(true, Ordering::Release);
        self.bell.ring();
        sent
    }

    pub(crate) fn has_orders(&self) -> bool {
        self.has_orders.load(Ordering::Relaxed)
    }

    pub(crate) fn take_orders(&self) -> bool {
        self.has_orders() && self.has_orders.swap(false, Ordering::Acquire)
    }

    pub(crate) fn busy(&self) -> Option<Busy> {
        self.stamp.busy()
    }

    /// How many tasks wait in the inbox.
    pub(crate) fn waiting(&self) -> usize {
        self.tasks.len()
    }

    /// Makes the calling thread this lane's.
    pub(crate) fn settle(self: &Arc<Self>, kept: Rc<Kept>) {
        blocking::become_executor(self.executor);
        LOCAL.with_borrow_mut(|local| {
            *local = Some(Local { lane: Arc::clone(self), queue: VecDeque::new(), kept });
        });
    }

    /// The lane's thread leaves: what is woken from now on finds no queue.
    pub(crate) fn unsettle(&self) {
        let queue = LOCAL.try_with(RefCell::take);
        drop(queue);
    }
}

/// The lane whose thread this is.
pub(crate) fn lane_here() -> Option<Arc<Lane>> {
    let lane =
        |local: &RefCell<Option<Local>>| Some(Arc::clone(&local.try_borrow().ok()?.as_ref()?.lane));
    LOCAL.try_with(lane).ok().flatten()
}

/// The kept tasks of the lane whose thread this is.
pub(crate) fn kept_here() -> Option<Rc<Kept>> {
    LOCAL.with_borrow(|local| Some(Rc::clone(&local.as_ref()?.kept)))
}

/// Takes a task out of the run queue of the calling thread's lane.
pub(crate) fn pop_local() -> Option<Arc<dyn AnyTask>> {
    LOCAL.with_borrow_mut(|local| {
        let queue = &mut local.as_mut()?.queue;
        if queue.is_empty() && queue.capacity() > ROOM {
            *queue = VecDeque::new();
        }
        queue.pop_front()
    })
}

impl Home for Lane {
    fn flavour(&self) -> FlavourId {
        self.flavour
    }

    fn push(&self, task: Arc<dyn AnyTask>) -> Result<(), Arc<dyn AnyTask>> {
        let mut task = Some(task);
        let local = LOCAL.try_with(|local| {
            let mut local = local.try_borrow_mut().ok()?;
            let local = local.as_mut().filter(|local| local.lane.executor == self.executor)?;
            local.queue.push_back(task.take()?);
            Some(())
        });
        if let Ok(Some(())) = local {
            // On the lane's own thread: parked is what it is, no fence needed.
            self.bell.ring_own();
            return Ok(());
        }
        let Some(task) = task else { return Ok(()) };
        self.tasks.send(task).map_err(|refused| refused.into_inner())?;
        self.bell.ring();
        Ok(())
    }

    fn root(&self) -> &Arc<dyn Owner> {
        &self.root
    }

    fn await_begins(&self, task: &Arc<dyn AnyTask>) {
        self.awaited.enter(task);
    }

    fn await_ends(&self, task: TaskId) {
        self.awaited.leave(task);
    }

    fn give_up(&self) {
        self.awaited.close();
    }

    fn blocked(&self, _begins: bool) {
        // A blocked lane is blocked; nothing can run in its place.
    }

    fn timer(&self, deadline: Deadline) -> Option<Timer> {
        Some((self.timers)(deadline))
    }
}

impl Target for Lane {
    fn executor(&self) -> Option<ExecutorId> {
        Some(self.executor)
    }

    fn label(&self) -> String {
        format!("the {} lane", self.flavour)
    }
}
