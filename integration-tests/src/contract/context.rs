//! What a payload sees of itself, for every flavour.

use std::panic;
use std::sync::mpsc::channel;

use spumoni::{Context, Flavour, Handle};

use crate::calls::Calls;
use crate::gate::Gate;
use crate::{finish, runner};

/// A4, T80.
/// And a payload without a name goes by its id.
pub fn the_context_of_a_payload_names_it_and_there_is_none_outside<F: Flavour<Mode: Calls>>(
    flavour: F,
) {
    let runner = runner();
    let look = || {
        <F::Mode>::payload(|| {
            let cx = Context::current();
            assert!(!cx.is_stopping() && cx.time_left().is_none());
            (cx.name().to_owned(), cx.label())
        })
    };
    let handle = runner.task("pump").spawn(flavour, look()).unwrap();
    let label = handle.label().clone();
    assert_eq!(label.flavour(), flavour.key().id());
    assert_eq!(handle.join().unwrap(), (String::from("pump"), label));
    let (name, label) = runner.execute(flavour, look()).unwrap();
    assert_eq!(name, label.id().to_string());
    assert!(Context::try_current().is_none());
    let outside = panic::catch_unwind(Context::current).unwrap_err();
    assert!(outside.downcast_ref::<&str>().unwrap().contains("no payload of a runner"));
    finish(runner);
}

/// Also through `execute` on the calling thread, after which it is gone again.
pub fn the_current_handle_of_a_payload_is_that_of_its_runner<F: Flavour<Mode: Calls>>(flavour: F) {
    let runner = runner();
    let (told, tells) = channel();
    let payload = <F::Mode>::payload(move || {
        let nested =
            <F::Mode>::payload(move || told.send(Context::current().name().to_owned()).unwrap());
        let of_context = Context::current().handle();
        assert!(format!("{of_context:?}") == format!("{:?}", Handle::current()));
        Handle::current().task("nested").adopt(flavour, nested).map(drop).unwrap();
    });
    runner.execute(flavour, payload).unwrap();
    assert!(Handle::try_current().is_none());
    let outside = panic::catch_unwind(Handle::current).unwrap_err();
    assert!(outside.downcast_ref::<&str>().unwrap().contains("runs no payload"));
    finish(runner);
    assert_eq!(tells.recv().unwrap(), "nested");
}

/// A runner that is dropped asks its payloads to stop; they can still look where they are.
pub fn a_payload_finds_its_runner_when_nobody_else_holds_it<F: Flavour<Mode: Calls>>(flavour: F) {
    let (runner, gate) = (runner(), Gate::default());
    let payload = <F::Mode>::after(&gate, || {
        (Context::current().handle().is_stopping(), Handle::current().is_stopping())
    });
    let handle = runner.spawn(flavour, payload).unwrap();
    gate.wait_for(1);
    drop(runner);
    gate.open();
    assert_eq!(handle.join().unwrap(), (true, true));
}
