//! Work queues: items go in, workers of a flavour take them, handles get what comes of them.

mod submit;
mod order;
mod later;
mod failure;
mod cancel;
mod map;
mod stop;
mod waits;
mod counters;
mod storm;

use integration_tests::calls::Calls;
use integration_tests::each::Any;
use integration_tests::gate::Gate;
use spumoni::prelude::*;
use spumoni::{Async, Attempted, Blocking, QueueBuilder, Work};

/// A mode in which items are worked on.
trait Works: Calls {
    /// Work that calls.
    fn call<R: Attempted>(
        call: impl Fn(&Item<u32>) -> R + Clone + Send + 'static,
    ) -> impl Work<Self, u32, Value = R::Value>;

    /// Work that comes to the gate, waits until it is open, then calls.
    fn at<R: Attempted>(
        gate: &Gate,
        call: impl Fn(&Item<u32>) -> R + Clone + Send + 'static,
    ) -> impl Work<Self, u32, Value = R::Value>;

    /// Work that comes to the gate and waits for its stop, then calls.
    fn until_asked<R: Attempted>(
        gate: &Gate,
        call: impl Fn(&Item<u32>) -> R + Clone + Send + 'static,
    ) -> impl Work<Self, u32, Value = R::Value>;
}

impl Works for Async {
    fn call<R: Attempted>(
        call: impl Fn(&Item<u32>) -> R + Clone + Send + 'static,
    ) -> impl Work<Self, u32, Value = R::Value> {
        async move |item: &Item<u32>| call(item)
    }

    fn at<R: Attempted>(
        gate: &Gate,
        call: impl Fn(&Item<u32>) -> R + Clone + Send + 'static,
    ) -> impl Work<Self, u32, Value = R::Value> {
        let gate = gate.clone();
        async move |item: &Item<u32>| {
            gate.pass().await;
            call(item)
        }
    }

    fn until_asked<R: Attempted>(
        gate: &Gate,
        call: impl Fn(&Item<u32>) -> R + Clone + Send + 'static,
    ) -> impl Work<Self, u32, Value = R::Value> {
        let gate = gate.clone();
        async move |item: &Item<u32>| {
            gate.come();
            Context::current().stopped().await;
            call(item)
        }
    }
}

impl Works for Blocking {
    fn call<R: Attempted>(
        call: impl Fn(&Item<u32>) -> R + Clone + Send + 'static,
    ) -> impl Work<Self, u32, Value = R::Value> {
        move |item: &Item<u32>| call(item)
    }

    fn at<R: Attempted>(
        gate: &Gate,
        call: impl Fn(&Item<u32>) -> R + Clone + Send + 'static,
    ) -> impl Work<Self, u32, Value = R::Value> {
        let gate = gate.clone();
        move |item: &Item<u32>| {
            gate.pass_blocking();
            call(item)
        }
    }

    fn until_asked<R: Attempted>(
        gate: &Gate,
        call: impl Fn(&Item<u32>) -> R + Clone + Send + 'static,
    ) -> impl Work<Self, u32, Value = R::Value> {
        let gate = gate.clone();
        move |item: &Item<u32>| {
            gate.come();
            Context::current().stopped_blocking();
            call(item)
        }
    }
}

/// A flavour of either mode, on which items are worked on.
trait Flavoured: Any<Mode: Works> {}

impl<F: Any<Mode: Works>> Flavoured for F {}

/// Opens a queue whose work calls.
fn calling<F: Flavoured, R: Attempted<Value: Send>>(
    queue: QueueBuilder<u32>,
    flavour: F,
    call: impl Fn(&Item<u32>) -> R + Clone + Send + 'static,
) -> Queue<u32, R::Value> {
    queue.open(flavour, <F::Mode as Works>::call(call)).unwrap()
}

/// Opens a queue whose work waits at the gate, then calls.
fn waiting<F: Flavoured, R: Attempted<Value: Send>>(
    queue: QueueBuilder<u32>,
    flavour: F,
    gate: &Gate,
    call: impl Fn(&Item<u32>) -> R + Clone + Send + 'static,
) -> Queue<u32, R::Value> {
    queue.open(flavour, <F::Mode as Works>::at(gate, call)).unwrap()
}

/// Twice the item.
fn twice(item: &Item<u32>) -> Attempt<u32> {
    Attempt::Done(**item * 2)
}
