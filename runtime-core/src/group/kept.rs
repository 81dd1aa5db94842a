//! The results that members leave with their group, by name, until somebody takes them.

use std::any::{Any, type_name};
use std::collections::BTreeMap;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use crate::failure::{Failure, TaskLabel};
use crate::sync::Mutex;
use crate::task::payload::{Mode, Payload};
use crate::task::state::TaskState;

/// Where a payload leaves its value.
type Slot<T> = Arc<Mutex<Option<T>>>;

/// A payload whose value is left with the group.
pub(crate) struct Forked<P, T> {
    payload: P,
    slot: Slot<T>,
}

impl<P, T: Send + 'static> Forked<P, T> {
    /// The payload, and what the group keeps of it.
    pub(crate) fn new(payload: P) -> (Self, Keep) {
        let slot: Slot<T> = Arc::default();
        let keep = Keep { slot: slot.clone(), found: type_name::<T>() };
        (Forked { payload, slot }, keep)
    }

    pub(crate) fn into_payload(self) -> P {
        self.payload
    }
}

impl<M, P, T> Payload<M> for Forked<P, T>
where
    M: Mode,
    P: Payload<M, Output = T>,
    T: Send + 'static,
{
    type Output = ();
    type Body = ForkedBody<P::Body, T>;

    fn start(self) -> Self::Body {
        ForkedBody { body: Box::pin(self.payload.start()), slot: self.slot }
    }
}

/// The body of a [`Forked`] payload.
pub(crate) struct ForkedBody<B, T> {
    body: Pin<Box<B>>,
    slot: Slot<T>,
}

impl<B: Future<Output = T>, T> Future for ForkedBody<B, T> {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        self.body.as_mut().poll(cx).map(|value| *self.slot.lock() = Some(value))
    }
}

/// What a member says of the result that it leaves.
#[derive(Clone)]
pub(crate) struct Keep {
    slot: Arc<dyn Any + Send + Sync>,
    /// The name of its type.
    found: &'static str,
}

/// The result of one member, or that it has none yet.
struct Kept {
    task: TaskLabel,
    keep: Keep,
    ended: Option<(TaskState, Option<Failure>)>,
}

/// See the module.
#[derive(Default)]
pub(super) struct Results(BTreeMap<Arc<str>, Kept>);

/// What is known of a result.
pub(super) enum Found<T> {
    Value(T),
    /// Its member has not ended.
    Running,
    /// Its member has ended without one.
    None(TaskState, Option<Failure>),
    /// It is of another type.
    Other(&'static str),
    /// There is none of this name.
    Unknown,
}

impl Results {
    /// A member with a result to come. One of the same name that nobody has taken is given back.
    #[must_use]
    pub(super) fn expect(&mut self, task: TaskLabel, keep: Keep) -> Option<impl Sized + use<>> {
        let name = task.name.clone()?;
        self.0.insert(name, Kept { task, keep, ended: None })
    }

    /// The member has ended.
    pub(super) fn settle(&mut self, task: &TaskLabel, state: TaskState, failure: Option<&Failure>) {
        if let Some(kept) = self.of(task) {
            kept.ended = Some((state, failure.cloned()));
        }
    }

    /// The member never came.
    pub(super) fn withdraw(&mut self, task: &TaskLabel) {
        if let Some(name) = &task.name
            && self.of(task).is_some()
        {
            self.0.remove(name);
        }
    }

    fn of(&mut self, task: &TaskLabel) -> Option<&mut Kept> {
        let kept = self.0.get_mut(task.name.as_ref()?)?;
        (kept.task.id == task.id).then_some(kept)
    }

    /// Takes the result of this name, or says why there is none. What is of another type, or is to come,
    /// stays.
    pub(super) fn take<T: Send + 'static>(&mut self, name: &str) -> Found<T> {
        let Some(kept) = self.0.get(name) else { return Found::Unknown };
        let slot = Arc::clone(&kept.keep.slot);
        let Ok(slot) = slot.downcast::<Mutex<Option<T>>>() else {
            return Found::Other(kept.keep.found);
        };
        if kept.ended.is_none() {
            return Found::Running;
        }
        let Some(Kept { ended: Some((state, failure)), .. }) = self.0.remove(name) else {
            return Found::Unknown;
        };
        let value = slot.lock().take();
        match value {
            Some(value) => Found::Value(value),
            None => Found::None(state, failure),
        }
    }

    /// The last member of this name that has ended, and how.
    pub(super) fn ended(&self, name: &str) -> Option<(&TaskLabel, TaskState, Option<&Failure>)> {
        let kept = self.0.get(name)?;
        let (state, failure) = kept.ended.as_ref()?;
        Some((&kept.task, *state, failure.as_ref()))
    }

    pub(super) fn names(&self) -> impl Iterator<Item = Arc<str>> {
        self.0.keys().cloned()
    }
}
