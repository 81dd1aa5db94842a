//! Several handles at once, of one type or of many, owned or lent, and the error that one of them may give.
#![allow(private_interfaces, reason = "the traits are sealed: only the crate sees what they name")]

use std::fmt;
use std::sync::Arc;
use std::task::Waker;

use crate::failure::TaskLabel;
use crate::task::contract::AnyTask;
use crate::task::handle::TaskHandle;
use crate::task::outcome::JoinError;
use crate::task::state::TaskState;
use crate::time::Deadline;
use crate::wait::ring::Ring;

/// Handles that are waited for together: tuples of up to eight, whose types may differ, vectors, arrays and
/// slices; of iterators, `collect` a vector. All of them owned or [`Lent`].
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not several task handles",
    note = "several handles are a tuple of up to eight `TaskHandle`s, of any types, or a `Vec`, an array or a slice of those of one type; of an iterator, `collect` a `Vec`",
    note = "lend those that you want to use afterwards: `(&mut one, &mut other)`, `&mut handles`"
)]
pub trait Handles: sealed::Several {
    /// What [`gather`](crate::gather) gives: a tuple or a vector of results.
    type Outcomes;
    /// What [`try_gather`](crate::try_gather) gives: a tuple or a vector of values.
    type Values;
    /// Takes all outcomes. Who has not ended gives the ring.
    #[doc(hidden)]
    fn settle_all(&mut self) -> Self::Outcomes;
    /// Waits for each, one after the other.
    #[doc(hidden)]
    fn join_all(&mut self) -> Self::Outcomes;
    /// Takes all values, or those before the first error.
    #[doc(hidden)]
    fn values(&mut self) -> Result<Self::Values, GatherError>;
}

/// [`Handles`] that can be used after they were waited for: `(&mut one, &mut other)`, or `&mut handles` for a
/// vector, an array, a slice or a tuple.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not lent: the handles would be gone after the wait, and the outcomes with them",
    note = "lend them: `(&mut one, &mut other)` for a tuple, `&mut handles` for a `Vec`, an array or a slice"
)]
pub trait Lent: Handles {}

#[allow(unnameable_types, reason = "that is what seals the traits")]
pub(crate) mod sealed {
    use super::{AnyTask, Arc, GatherError, JoinError, Ring, TaskLabel, Waker};

    /// One handle, whatever it gives.
    pub trait Waits {
        fn label(&self) -> &TaskLabel;
        /// Whether the task has ended; leaves the waker if it has not.
        fn watch(&mut self, waker: &Waker) -> bool;
        fn is_over(&self) -> bool;
        /// Whether the task has ended without a value, or the value was taken.
        fn has_failed(&self) -> bool;
        /// The task, unless its outcome was taken.
        fn task(&self) -> Option<Arc<dyn AnyTask>>;
        /// The ring, if it is the calling task's own handle.
        fn own_ring(&self) -> Option<Ring>;
        /// Takes the error of a task that has ended without a value.
        fn take_error(&mut self) -> Option<JoinError>;
    }

    /// One handle, and what it gives.
    pub trait One: Waits {
        type Value;
        /// Takes the outcome of a task that has ended; the calling task's own gives the ring.
        fn settle(&mut self) -> Result<Self::Value, JoinError>;
        /// Blocks until the outcome is there, and takes it.
        fn outcome(&mut self) -> Result<Self::Value, JoinError>;
        /// As `settle`; `place` is where it stands among others.
        fn value(&mut self, place: usize) -> Result<Self::Value, GatherError> {
            self.settle().map_err(|error| GatherError { place, task: self.label().clone(), error })
        }
    }

    /// Several handles by their places.
    pub trait Several {
        fn count(&self) -> usize;
        fn at(&mut self, place: usize) -> Option<&mut dyn Waits>;
    }
}

use sealed::{One, Several, Waits};

impl<T: Send + 'static> Waits for TaskHandle<T> {
    fn label(&self) -> &TaskLabel {
        TaskHandle::label(self)
    }

    fn watch(&mut self, waker: &Waker) -> bool {
        self.is_ready(waker)
    }

    fn is_over(&self) -> bool {
        // The body, as for whoever awaits the handle: children may live still.
        TaskHandle::is_over(self)
    }

    fn has_failed(&self) -> bool {
        TaskHandle::is_over(self)
            && self.as_task().is_none_or(|task| task.header().life.state() != TaskState::Completed)
    }

    fn task(&self) -> Option<Arc<dyn AnyTask>> {
        self.as_task()
    }

    fn own_ring(&self) -> Option<Ring> {
        TaskHandle::own_ring(self)
    }

    fn take_error(&mut self) -> Option<JoinError> {
        if self.has_failed() { self.take().err() } else { None }
    }
}

impl<T: Send + 'static> One for TaskHandle<T> {
    type Value = T;

    fn settle(&mut self) -> Result<T, JoinError> {
        match TaskHandle::own_ring(self) {
            Some(ring) => Err(JoinError::WouldDeadlock(Box::new(ring))),
            None => self.take(),
        }
    }

    fn outcome(&mut self) -> Result<T, JoinError> {
        self.wait(Deadline::never()).unwrap_or(Err(JoinError::Abandoned))
    }
}

impl<W: Waits + ?Sized> Waits for &mut W {
    fn label(&self) -> &TaskLabel {
        (**self).label()
    }

    fn watch(&mut self, waker: &Waker) -> bool {
        (**self).watch(waker)
    }

    fn is_over(&self) -> bool {
        (**self).is_over()
    }

    fn has_failed(&self) -> bool {
        (**self).has_failed()
    }

    fn task(&self) -> Option<Arc<dyn AnyTask>> {
        (**self).task()
    }

    fn own_ring(&self) -> Option<Ring> {
        (**self).own_ring()
    }

    fn take_error(&mut self) -> Option<JoinError> {
        (**self).take_error()
    }
}

impl<H: One + ?Sized> One for &mut H {
    type Value = H::Value;

    fn settle(&mut self) -> Result<H::Value, JoinError> {
        (**self).settle()
    }

    fn outcome(&mut self) -> Result<H::Value, JoinError> {
        (**self).outcome()
    }
}

impl<H: One> Several for [H] {
    fn count(&self) -> usize {
        self.len()
    }

    fn at(&mut self, place: usize) -> Option<&mut dyn Waits> {
        self.get_mut(place).map(|handle| handle as &mut dyn Waits)
    }
}

impl<H: One> Handles for [H] {
    type Outcomes = Vec<Result<H::Value, JoinError>>;
    type Values = Vec<H::Value>;

    fn settle_all(&mut self) -> Self::Outcomes {
        self.iter_mut().map(One::settle).collect()
    }

    fn join_all(&mut self) -> Self::Outcomes {
        self.iter_mut().map(One::outcome).collect()
    }

    fn values(&mut self) -> Result<Self::Values, GatherError> {
        let each = self.iter_mut().enumerate();
        each.map(|(place, handle)| handle.value(place)).collect()
    }
}

/// What can be seen as a slice of handles waits as that does.
macro_rules! as_slice {
    ([$($generics:tt)*] $several:ty) => {
        impl<H: One, $($generics)*> Several for $several {
            fn count(&self) -> usize {
                self.len()
            }

            fn at(&mut self, place: usize) -> Option<&mut dyn Waits> {
                self.as_mut_slice().at(place)
            }
        }

        impl<H: One, $($generics)*> Handles for $several {
            type Outcomes = <[H] as Handles>::Outcomes;
            type Values = <[H] as Handles>::Values;

            fn settle_all(&mut self) -> Self::Outcomes {
                self.as_mut_slice().settle_all()
            }

            fn join_all(&mut self) -> Self::Outcomes {
                self.as_mut_slice().join_all()
            }

            fn values(&mut self) -> Result<Self::Values, GatherError> {
                self.as_mut_slice().values()
            }
        }
    };
}

as_slice!([] Vec<H>);
as_slice!([const N: usize] [H; N]);

impl<S: Several + ?Sized> Several for &mut S {
    fn count(&self) -> usize {
        (**self).count()
    }

    fn at(&mut self, place: usize) -> Option<&mut dyn Waits> {
        (**self).at(place)
    }
}

impl<S: Handles + ?Sized> Handles for &mut S {
    type Outcomes = S::Outcomes;
    type Values = S::Values;

    fn settle_all(&mut self) -> Self::Outcomes {
        (**self).settle_all()
    }

    fn join_all(&mut self) -> Self::Outcomes {
        (**self).join_all()
    }

    fn values(&mut self) -> Result<Self::Values, GatherError> {
        (**self).values()
    }
}

impl<S: Handles + ?Sized> Lent for &mut S {}
impl<H: One> Lent for Vec<&mut H> {}
impl<H: One, const N: usize> Lent for [&mut H; N] {}

/// One of several tasks gave no value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GatherError {
    pub(crate) place: usize,
    pub(crate) task: TaskLabel,
    pub(crate) error: JoinError,
}

impl GatherError {
    /// The place of its handle among the handles, from 0 on.
    #[must_use]
    pub fn place(&self) -> usize {
        self.place
    }

    /// Which task.
    #[must_use]
    pub fn task(&self) -> &TaskLabel {
        &self.task
    }

    /// Why it gave no value.
    #[must_use]
    pub fn error(&self) -> &JoinError {
        &self.error
    }

    /// Why it gave no value, to be kept.
    #[must_use]
    pub fn into_error(self) -> JoinError {
        self.error
    }
}

impl fmt::Display for GatherError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "of several tasks the {} gave no value: {}", self.task, self.error)
    }
}

impl std::error::Error for GatherError {}

macro_rules! tuple {
    ($count:literal: $($handle:ident $place:tt),*) => {
        impl<$($handle: One),*> Several for ($($handle,)*) {
            fn count(&self) -> usize {
                $count
            }

            fn at(&mut self, place: usize) -> Option<&mut dyn Waits> {
                match place {
                    $($place => Some(&mut self.$place),)*
                    _ => None,
                }
            }
        }

        #[allow(clippy::unused_unit, reason = "a tuple of none")]
        impl<$($handle: One),*> Handles for ($($handle,)*) {
            type Outcomes = ($(Result<$handle::Value, JoinError>,)*);
            type Values = ($($handle::Value,)*);

            fn settle_all(&mut self) -> Self::Outcomes {
                ($(self.$place.settle(),)*)
            }

            fn join_all(&mut self) -> Self::Outcomes {
                ($(self.$place.outcome(),)*)
            }

            fn values(&mut self) -> Result<Self::Values, GatherError> {
                Ok(($(self.$place.value($place)?,)*))
            }
        }

        impl<$($handle: One),*> Lent for ($(&mut $handle,)*) {}
    };
}

tuple!(0:);
tuple!(1: A 0);
tuple!(2: A 0, B 1);
tuple!(3: A 0, B 1, C 2);
tuple!(4: A 0, B 1, C 2, D 3);
tuple!(5: A 0, B 1, C 2, D 3, E 4);
tuple!(6: A 0, B 1, C 2, D 3, E 4, F 5);
tuple!(7: A 0, B 1, C 2, D 3, E 4, F 5, G 6);
tuple!(8: A 0, B 1, C 2, D 3, E 4, F 5, G 6, H 7);
