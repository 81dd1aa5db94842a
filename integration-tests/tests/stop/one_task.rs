//! One task is asked to stop, by its handle.

use std::sync::mpsc::channel;

use integration_tests::calls::Calls;
use integration_tests::each::Any;
use integration_tests::gate::Gate;
use integration_tests::witness::witness;
use integration_tests::{finish, on_each, runner, until};
use spumoni::prelude::*;
use spumoni::{JoinError, TaskState};

use crate::{built, finish_stopped, heard, stubborn, waiting};

on_each!(
    a_task_that_is_asked_to_stop_before_it_began_never_begins,
    one_task_is_stopped_by_its_handle_and_the_others_go_on,
    a_task_may_ask_itself_to_stop,
    stopping_a_task_that_has_ended_does_nothing,
);

/// C49, T62, rule 15.
fn a_task_that_is_asked_to_stop_before_it_began_never_begins<F: Any>(flavour: F) {
    let runner = built(|settings| settings.pool_size(1));
    let free = stubborn(&runner, flavour);
    let (told, tells) = witness();
    let never = F::Mode::payload(move || {
        let _told = told;
        unreachable!("it was asked before")
    });
    let never = runner.spawn(flavour, never).expect("taken");
    let never: TaskHandle<()> = never;
    never.stop();
    heard(&runner);
    free.open();
    tells.recv().expect("its payload is dropped");
    assert_eq!(never.join(), Err(JoinError::Stopped));
    finish(runner);
}

/// T69, A20, T39, T58, T115, O11.
fn one_task_is_stopped_by_its_handle_and_the_others_go_on<F: Any>(flavour: F) {
    let runner = runner();
    let one = waiting(runner.task("one"), flavour, || 1);
    let other = waiting(runner.task("other"), flavour, || 2);
    one.stop();
    one.stop();
    assert_eq!(one.join(), Ok(1));
    heard(&runner);
    assert!(!other.is_finished());
    assert!(!runner.is_stopping());
    runner.stop();
    assert_eq!(other.join(), Ok(2));
    finish_stopped(runner);
}

/// A22, A25, T81.
fn a_task_may_ask_itself_to_stop<F: Any>(flavour: F) {
    let runner = runner();
    let (give, take) = channel::<TaskHandle<bool>>();
    let gate = Gate::default();
    let payload = F::Mode::after(&gate, move || {
        let own = take.recv().expect("its handle");
        own.stop();
        heard(&Handle::current());
        let asked = Context::current().is_stopping();
        assert!(asked && !Handle::current().is_stopping());
        asked
    });
    let own = runner.spawn(flavour, payload).expect("taken");
    give.send(own).expect("it listens");
    gate.open();
    // Its handle is gone, so a failed assertion would be in the report.
    finish(runner);
}

/// A11, O2.
fn stopping_a_task_that_has_ended_does_nothing<F: Any>(flavour: F) {
    let runner = runner();
    let ended = runner.spawn(flavour, F::Mode::payload(|| 7)).expect("taken");
    until(|| ended.is_finished());
    ended.stop();
    heard(&runner);
    assert_eq!(ended.state(), TaskState::Completed);
    assert_eq!(ended.join(), Ok(7));
    finish(runner);
}
