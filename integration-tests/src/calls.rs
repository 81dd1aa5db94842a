//! Payloads of either mode out of plain closures, for what must hold on async and blocking flavours
//! alike.

use spumoni::{Async, Blocking, Context, Mode, Payload};

use crate::gate::Gate;

/// Makes payloads of a mode.
pub trait Calls: Mode + Sized {
    /// A payload that calls.
    fn payload<T: 'static>(
        call: impl FnOnce() -> T + Send + 'static,
    ) -> impl Payload<Self, Output = T>;

    /// A payload that waits at a gate, then calls. An async one leaves its lane to others meanwhile.
    fn after<T: 'static>(
        gate: &Gate,
        call: impl FnOnce() -> T + Send + 'static,
    ) -> impl Payload<Self, Output = T>;

    /// A payload that comes to the gate, waits until it is asked to stop, then calls.
    fn until_stopped<T: 'static>(
        gate: &Gate,
        call: impl FnOnce() -> T + Send + 'static,
    ) -> impl Payload<Self, Output = T>;

    /// A payload that can run again: calls `begin`; if that says to stay, waits until it is asked to stop, and
    /// calls `end`.
    fn each_run(
        begin: impl Fn() -> anyhow::Result<bool> + Clone + Send + 'static,
        end: impl Fn() + Clone + Send + 'static,
    ) -> impl Payload<Self, Output = anyhow::Result<()>> + Clone;

    /// A payload that can run again, and waits at a gate each time.
    fn each_pass(gate: &Gate) -> impl Payload<Self, Output = ()> + Clone;
}

impl Calls for Async {
    fn payload<T: 'static>(
        call: impl FnOnce() -> T + Send + 'static,
    ) -> impl Payload<Self, Output = T> {
        move || async move { call() }
    }

    fn after<T: 'static>(
        gate: &Gate,
        call: impl FnOnce() -> T + Send + 'static,
    ) -> impl Payload<Self, Output = T> {
        let gate = gate.clone();
        move || async move {
            gate.pass().await;
            call()
        }
    }

    fn until_stopped<T: 'static>(
        gate: &Gate,
        call: impl FnOnce() -> T + Send + 'static,
    ) -> impl Payload<Self, Output = T> {
        let gate = gate.clone();
        move || async move {
            gate.come();
            Context::current().stopped().await;
            call()
        }
    }

    fn each_run(
        begin: impl Fn() -> anyhow::Result<bool> + Clone + Send + 'static,
        end: impl Fn() + Clone + Send + 'static,
    ) -> impl Payload<Self, Output = anyhow::Result<()>> + Clone {
        move || async move {
            if begin()? {
                Context::current().stopped().await;
                end();
            }
            Ok(())
        }
    }

    fn each_pass(gate: &Gate) -> impl Payload<Self, Output = ()> + Clone {
        let gate = gate.clone();
        move || {
            let gate = gate.clone();
            async move { gate.pass().await }
        }
    }
}

impl Calls for Blocking {
    fn payload<T: 'static>(
        call: impl FnOnce() -> T + Send + 'static,
    ) -> impl Payload<Self, Output = T> {
        call
    }

    fn after<T: 'static>(
        gate: &Gate,
        call: impl FnOnce() -> T + Send + 'static,
    ) -> impl Payload<Self, Output = T> {
        let gate = gate.clone();
        move || {
            gate.pass_blocking();
            call()
        }
    }

    fn until_stopped<T: 'static>(
        gate: &Gate,
        call: impl FnOnce() -> T + Send + 'static,
    ) -> impl Payload<Self, Output = T> {
        let gate = gate.clone();
        move || {
            gate.come();
            Context::current().stopped_blocking();
            call()
        }
    }

    fn each_run(
        begin: impl Fn() -> anyhow::Result<bool> + Clone + Send + 'static,
        end: impl Fn() + Clone + Send + 'static,
    ) -> impl Payload<Self, Output = anyhow::Result<()>> + Clone {
        move || {
            if begin()? {
                Context::current().stopped_blocking();
                end();
            }
            Ok(())
        }
    }

    fn each_pass(gate: &Gate) -> impl Payload<Self, Output = ()> + Clone {
        let gate = gate.clone();
        move || gate.pass_blocking()
    }
}
