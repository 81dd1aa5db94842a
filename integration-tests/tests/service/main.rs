//! Services: by the attribute and by hand, found and added, ending and failing.
//!
//! BEHAVIOURS C2, C3, C48, C51, C52, S6, S46, S47, S75 in sense, S76, S84, O13, O17; rules 23 and 25.

mod forms;
mod functions;
mod adding;
mod ending;
mod order;
mod chain;
mod start;
mod supervision;
mod health;
mod sets;
mod sets_by_hand;
mod sets_model;
mod warnings;
mod one_by_one;
mod shared;
mod faults;
mod attribute;
mod model;
mod signals;

use std::sync::Arc;
use std::sync::mpsc::Sender;
use std::thread;

use integration_tests::LIMIT;
use integration_tests::calls::Calls;
use integration_tests::each::Any;
use integration_tests::gate::Gate;
use parking_lot::Mutex;
use spumoni::prelude::*;
use spumoni::{Launch, ServiceList, ServiceState, ServiceView, Spec};

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

/// A service made of a launch, to be named by the builder.
struct Made(Launch);

impl Service for Made {
    const SPEC: Spec = Spec::new("made", file!(), line!());

    fn launch(self) -> Launch {
        self.0
    }
}

/// What happened, in its order.
#[derive(Clone, Default)]
struct Trace(Arc<Mutex<Vec<String>>>);

impl Trace {
    fn note(&self, what: impl Into<String>) {
        self.0.lock().push(what.into());
    }

    fn all(&self) -> Vec<String> {
        self.0.lock().clone()
    }

    fn count(&self, what: &str) -> usize {
        self.0.lock().iter().filter(|noted| *noted == what).count()
    }

    fn text(&self) -> String {
        self.all().join(" ")
    }

    /// A service of this name that notes its begin and its end, says that it is ready in between, and stays until
    /// it is asked.
    fn staying<F: Any>(&self, flavour: F, name: &'static str) -> Launch {
        self.noting(flavour, name, || Context::current().ready())
    }

    /// One that does not say that it is ready.
    fn silent<F: Any>(&self, flavour: F, name: &'static str) -> Launch {
        self.noting(flavour, name, || ())
    }

    fn noting<F: Any>(
        &self,
        flavour: F,
        name: &'static str,
        then: impl Fn() + Clone + Send + 'static,
    ) -> Launch {
        let (begins, ends) = (self.clone(), self.clone());
        let begin = move || {
            begins.note(format!("+{name}"));
            then();
            Ok(true)
        };
        Launch::repeat(flavour, F::Mode::each_run(begin, move || ends.note(format!("-{name}"))))
    }
}

/// Waits until a service is in this state.
fn reach(handle: &Handle, name: &str, state: ServiceState) -> ServiceView {
    let there = |list: &ServiceList| list.get(name).is_some_and(|one| one.state() == state);
    let list = handle.services_until_blocking(LIMIT, there);
    let list = list.unwrap_or_else(|| panic!("{name} not {state}:\n{}", handle.services()));
    list.get(name).expect("it is there").clone()
}
