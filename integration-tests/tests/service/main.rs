//! Services: by the attribute and by hand, found and added, ending and failing.
//!
//! BEHAVIOURS C2, C3, C48, C51, C52, S6, S46, S47, S75 in sense, S76, S84, O13, O17; rules 23 and 25.

mod forms;
mod functions;
mod adding;
mod ending;

use std::sync::mpsc::Sender;
use std::thread;

use integration_tests::calls::Calls;
use integration_tests::each::Any;
use integration_tests::gate::Gate;
use spumoni::prelude::*;
use spumoni::{Launch, Spec};

/// Tells that a service began, and under which name, then waits until it is asked to stop.
async fn serve(began: &Sender<String>, context: &Context) {
    let _ = began.send(context.name().to_owned());
    context.stopped().await;
}

fn serve_blocking(began: &Sender<String>, context: &Context) {
    let thread = thread::current();
    let own = format!("spumoni/{}", context.name());
    assert_eq!(thread.name(), Some(&*own), "a thread of its own");
    let _ = began.send(context.name().to_owned());
    context.stopped_blocking();
}

/// Begins at a gate and ends when it is asked.
struct Waiting<F> {
    flavour: F,
    begun: Gate,
}

impl<F: Any> Waiting<F> {
    fn new(flavour: F) -> (Self, Gate) {
        let begun = Gate::default();
        (Waiting { flavour, begun: begun.clone() }, begun)
    }
}

impl<F: Any> Service for Waiting<F> {
    const SPEC: Spec = Spec::new("waiting", file!(), line!());

    fn launch(self) -> Launch {
        Launch::new(self.flavour, F::Mode::until_stopped(&self.begun, || ()))
    }
}

/// Ends at a gate, in what it is given.
struct Ending<F> {
    flavour: F,
    gate: Gate,
    end: fn() -> anyhow::Result<()>,
}

impl<F: Any> Service for Ending<F> {
    const SPEC: Spec = Spec::new("ending", file!(), line!());

    fn launch(self) -> Launch {
        Launch::new(self.flavour, F::Mode::after(&self.gate, self.end))
    }
}
