//! Futures, and a runner, for the async part of the suite.

use std::future::{pending, poll_fn};
use std::task::Poll;
use std::time::Duration;

use spumoni::{Async, Payload, ServiceRunner};

use crate::gate::Gate;

/// A runner that cancels as soon as it stops.
pub(super) fn hasty() -> ServiceRunner {
    let built = ServiceRunner::builder().signals(false).grace(Duration::ZERO).build();
    built.expect("the defaults are good")
}

/// Lets everybody else have a turn.
pub(super) async fn yield_now() {
    let mut again = true;
    poll_fn(move |cx| {
        if std::mem::take(&mut again) {
            cx.waker().wake_by_ref();
            return Poll::Pending;
        }
        Poll::Ready(())
    })
    .await;
}

/// Comes to the gate and stays for ever, holding something.
pub(super) fn stays<T: Send + 'static>(
    gate: &Gate,
    held: T,
) -> impl Payload<Async, Output = ()> + use<T> {
    let gate = gate.clone();
    async move || {
        let _held = held;
        gate.come();
        pending::<()>().await;
    }
}
