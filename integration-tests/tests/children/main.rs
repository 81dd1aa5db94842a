//! Children of tasks: where they stand, what their parent waits for, what it takes along, what it is told.

mod place;
mod finished;
mod stopping;
mod cut_short;
mod failing;
mod transient;
mod local;

use integration_tests::calls::Calls;
use integration_tests::each::Any;
use integration_tests::gate::Gate;
use spumoni::prelude::*;
use spumoni::{Async, AsyncStd, Blocking, TaskId};

/// The names of those that `brood` makes.
const BROOD: [&str; 4] = ["tokio", "smol", "async-std", "thread"];

/// Gives a child of each flavour to the calling task, each of which waits until it is asked to stop.
fn brood(begun: &Gate) -> Vec<TaskId> {
    let cx = Context::current();
    let tokio = cx.task("tokio").adopt(Tokio, Async::until_stopped(begun, || ()));
    let smol = cx.task("smol").adopt(Smol, Async::until_stopped(begun, || ()));
    let async_std = cx.task("async-std").adopt(AsyncStd, Async::until_stopped(begun, || ()));
    let thread = cx.task("thread").adopt(Thread, Blocking::until_stopped(begun, || ()));
    let each = [tokio.map_err(drop), smol.map_err(drop), async_std.map_err(drop)];
    each.into_iter().chain([thread.map_err(drop)]).map(|id| id.expect("taken")).collect()
}

/// A task whose body is over, with its value, while a child of each flavour waits to be stopped.
fn over_with_brood<F: Any>(runner: &Handle, flavour: F) -> TaskHandle<u8> {
    let begun = Gate::default();
    let of_brood = begun.clone();
    let payload = F::Mode::payload(move || {
        brood(&of_brood);
        42
    });
    let parent = runner.task("parent").spawn(flavour, payload).expect("taken");
    begun.wait_for(BROOD.len());
    integration_tests::until(|| parent.is_over());
    parent
}
