//! Who of several tasks has ended, and whether that is enough.

use std::sync::Arc;
use std::task::{Wake, Waker};

use crate::failure::TaskLabel;
use crate::sync::Mutex;
use crate::task::contract::AnyTask;
use crate::task::handle::{Room, block_current};
use crate::task::state::TaskState;
use crate::time::Deadline;
use crate::tools::handles::Handles;
use crate::wait::blocking::{self, Blocked};
use crate::wait::graph::{ExecutorId, Target};
use crate::wait::park;
use crate::wait::ring::Ring;

/// When a wait for several tasks ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Until {
    /// As soon as one has ended, however it did.
    FirstEnded,
    /// As soon as one has ended without a value: it panicked, was stopped, ran over its limit or was given
    /// up. Or when all have ended. An `Err` that a payload returns is a value like any other.
    FirstFailed,
    /// When all have ended.
    AllEnded,
}

/// Who has ended, in the order in which they did, and who has not. Each handle is looked at once at the
/// begin and once at its end, however many there are.
pub(crate) struct Watch {
    until: Until,
    /// By place.
    over: Vec<bool>,
    done: Vec<usize>,
    first_failed: Option<usize>,
    woken: Arc<Woken>,
    begun: bool,
}

/// Waiting for this task would never end.
pub(crate) struct Closing {
    pub(crate) place: usize,
    pub(crate) task: TaskLabel,
    pub(crate) ring: Box<Ring>,
}

impl Watch {
    pub(crate) fn of(handles: &impl Handles, until: Until) -> Self {
        Watch {
            until,
            over: vec![false; handles.count()],
            done: Vec::new(),
            first_failed: None,
            woken: Arc::default(),
            begun: false,
        }
    }

    /// Looks who has ended meanwhile; the others wake `waker`. Says whether anybody has.
    pub(crate) fn look(&mut self, handles: &mut impl Handles, waker: &Waker) -> bool {
        let before = self.done.len();
        let woken = self.woken.listen(waker);
        if !self.begun {
            self.begun = true;
            for place in 0..self.over.len() {
                let waker = Waker::from(Arc::new(Place { place, woken: Arc::clone(&self.woken) }));
                if handles.at(place).is_some_and(|handle| handle.watch(&waker)) {
                    self.note(handles, place);
                }
            }
        }
        for place in woken {
            if handles.at(place).is_some_and(|handle| handle.is_over()) {
                self.note(handles, place);
            }
        }
        self.done.len() > before
    }

    fn note(&mut self, handles: &mut impl Handles, place: usize) {
        let Some(over) = self.over.get_mut(place) else { return };
        if std::mem::replace(over, true) {
            return;
        }
        self.done.push(place);
        if self.first_failed.is_none() && handles.at(place).is_some_and(|h| h.has_failed()) {
            self.first_failed = Some(place);
        }
    }

    /// Whether those that have ended are enough.
    pub(crate) fn is_enough(&self) -> bool {
        let all = self.done.len() == self.over.len();
        match self.until {
            Until::FirstEnded => !self.done.is_empty(),
            Until::FirstFailed => self.first_failed.is_some() || all,
            Until::AllEnded => all,
        }
    }

    /// The first that ended without a value.
    pub(crate) fn first_failed(&self) -> Option<usize> {
        self.first_failed
    }

    /// Who must not be awaited lets the wait never end, if all are to end, or if nobody else is left.
    pub(crate) fn own_ring(&self, handles: &mut impl Handles) -> Option<Closing> {
        let mut others = false;
        let mut own = None;
        for place in self.pending() {
            let handle = handles.at(place)?;
            match handle.own_ring().map(Box::new) {
                Some(ring) => own = Some(Closing { place, task: handle.label().clone(), ring }),
                None => others = true,
            }
        }
        if others && self.until != Until::AllEnded { None } else { own }
    }

    /// Blocks until enough have ended (`true`) or until the deadline (`false`).
    ///
    /// # Errors
    ///
    /// Who closes a ring, and which.
    pub(crate) fn sleep(
        &mut self,
        handles: &mut impl Handles,
        deadline: Deadline,
    ) -> Result<bool, Closing> {
        // A wait with a limit ends, so it closes no ring.
        let edges = deadline == Deadline::never() && blocking::executor().is_some();
        self.look(handles, Waker::noop());
        if edges && self.until == Until::AllEnded {
            self.look_for_rings(handles)?;
        }
        loop {
            if self.is_enough() {
                return Ok(true);
            }
            let _edge = if edges { self.block(handles)? } else { None };
            let _room = Room::make();
            let moved = park::wait(deadline, |waker| self.look(handles, waker).then_some(()));
            if moved.is_none() {
                return Ok(self.is_enough());
            }
        }
    }

    /// All of them have to end, so none may close a ring: told before the first is waited for.
    fn look_for_rings(&self, handles: &mut impl Handles) -> Result<(), Closing> {
        for place in self.pending() {
            drop(self.enter(handles, &[place])?);
        }
        Ok(())
    }

    /// Puts the wait into the wait-for graph, until the next one has ended. Where all have to end it waits for
    /// one after the other, otherwise for any.
    fn block(&self, handles: &mut impl Handles) -> Result<Option<Blocked>, Closing> {
        let mut pending: Vec<usize> = self.pending().collect();
        if self.until == Until::AllEnded {
            pending.truncate(1);
        }
        self.enter(handles, &pending)
    }

    fn enter(
        &self,
        handles: &mut impl Handles,
        places: &[usize],
    ) -> Result<Option<Blocked>, Closing> {
        let tasks = places.iter().filter_map(|&place| handles.at(place)?.task()).collect();
        let target: Arc<dyn Target> = Arc::new(AnyOf { tasks, until: self.until });
        let entered = block_current(&target).map(Some);
        entered.or_else(|ring| {
            let Some(&place) = places.first() else { return Ok(None) };
            let Some(handle) = handles.at(place) else { return Ok(None) };
            Err(Closing { place, task: handle.label().clone(), ring: Box::new(ring) })
        })
    }

    /// Those that have not, in the order of the handles.
    pub(crate) fn pending(&self) -> impl Iterator<Item = usize> {
        self.over.iter().enumerate().filter_map(|(place, over)| (!over).then_some(place))
    }

    /// Those that have ended, in the order in which they did.
    pub(crate) fn done(&self) -> &[usize] {
        &self.done
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        // Handles that were lent keep their wakers, which must not keep whoever waited.
        self.woken.listen(Waker::noop());
    }
}

/// Whether one of the tasks could never end while the calling thread blocks.
///
/// # Errors
///
/// The ring.
pub(crate) fn check_rings(handles: &mut impl Handles) -> Result<(), Box<Ring>> {
    if blocking::executor().is_none() {
        return Ok(());
    }
    let watch = Watch::of(handles, Until::AllEnded);
    watch.look_for_rings(handles).map_err(|closing| closing.ring)
}

/// The tasks that may end a wait: any of them.
struct AnyOf {
    tasks: Vec<Arc<dyn AnyTask>>,
    until: Until,
}

/// So many are named, the rest is counted.
const NAMED: usize = 3;

impl Target for AnyOf {
    fn executor(&self) -> Option<ExecutorId> {
        match &*self.tasks {
            [one] => one.executor(),
            _ => None,
        }
    }

    fn label(&self) -> String {
        let named: Vec<String> = self.tasks.iter().take(NAMED).map(|task| task.label()).collect();
        let more = self.tasks.len() - named.len();
        let named = named.join(" or ");
        if more == 0 { named } else { format!("{named} or {more} more") }
    }

    fn each_executor(&self, visit: &mut dyn FnMut(Option<ExecutorId>)) {
        for task in &self.tasks {
            match task.header().life.state() {
                TaskState::Initialized | TaskState::Running => visit(task.executor()),
                // One more value, where that ends nothing.
                TaskState::Completed if self.until == Until::FirstFailed => {}
                // Whoever waits is about to go on.
                TaskState::Completed
                | TaskState::Failed
                | TaskState::Stopped
                | TaskState::Abandoned => visit(None),
            }
        }
    }
}

/// Which handles were woken, and whom to tell.
#[derive(Default)]
struct Woken(Mutex<Told>);

#[derive(Default)]
struct Told {
    places: Vec<usize>,
    waker: Option<Waker>,
}

impl Woken {
    /// Takes who was woken; from now on `waker` is told.
    fn listen(&self, waker: &Waker) -> Vec<usize> {
        // Cloned and dropped without the lock: a waker is somebody else's code.
        let new = Some(waker.clone());
        let (places, old) = {
            let mut told = self.0.lock();
            (std::mem::take(&mut told.places), std::mem::replace(&mut told.waker, new))
        };
        drop(old);
        places
    }
}

/// The waker of one handle.
struct Place {
    place: usize,
    woken: Arc<Woken>,
}

impl Wake for Place {
    fn wake(self: Arc<Self>) {
        let waker = {
            let mut told = self.woken.0.lock();
            told.places.push(self.place);
            told.waker.take()
        };
        if let Some(waker) = waker {
            waker.wake();
        }
    }
}
