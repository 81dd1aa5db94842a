//! What services share with those that depend on them.

use std::sync::Arc;
use std::thread;

use integration_tests::calls::Calls;
use integration_tests::each::Any;
use integration_tests::gate::Gate;
use integration_tests::{LIMIT, on_each, runner, within};
use parking_lot::Mutex;
use spumoni::prelude::*;
use spumoni::{Launch, ServiceError, ServiceState};

use crate::{Made, reach};

on_each!(a_dependent_gets_the_instance_of_what_it_depends_on_typed_and_ready);

#[derive(Debug)]
struct Store(u8);

fn store<F: Any>(flavour: F, number: u8) -> Launch {
    let stay = F::Mode::each_run(|| Ok(true), || ());
    Launch::repeat(flavour, stay).share(Arc::new(Store(number)))
}

fn a_dependent_gets_the_instance_of_what_it_depends_on_typed_and_ready<F: Any>(flavour: F) {
    let runner = runner();
    let (got, asked) = (Arc::new(Mutex::new(Vec::new())), Gate::default());
    for (name, after) in [("http", vec!["cache"]), ("rogue", vec![])] {
        let (got, asked) = (Arc::clone(&got), asked.clone());
        let body = F::Mode::each_run(
            move || {
                let store = Context::current().service::<Store>();
                got.lock().push((name, store.map(|store| store.0)));
                asked.come();
                Ok(true)
            },
            || (),
        );
        let service = runner.service(Made(Launch::repeat(flavour, body))).name(name);
        service.after(after).add().expect("taken");
    }
    // By way of another.
    let cache = Launch::repeat(flavour, F::Mode::each_run(|| Ok(true), || ()));
    runner.service(Made(cache)).name("cache").after(["store"]).add().expect("taken");
    runner.service(Made(store(flavour, 7))).name("store").add().expect("taken");
    let early = runner.instance::<Store>().expect_err("nothing runs");
    assert!(matches!(early, ServiceError::NotReady { .. }), "{early}");
    let handle = runner.handle();
    let running = thread::spawn(move || runner.run());
    asked.wait_for(2);
    assert_eq!(handle.instance::<Store>().expect("it runs").0, 7);
    assert!(matches!(handle.instance::<u8>(), Err(ServiceError::NoInstance { of: "u8" })));
    handle.stop();
    assert!(running.join().expect("no panic").is_clean());
    let mut got = got.lock().clone();
    got.sort_by_key(|(name, _)| *name);
    let refused = ServiceError::NotDeclared { service: "rogue".into(), dependency: "store".into() };
    assert_eq!(got, [("http", Ok(7)), ("rogue", Err(refused))]);
}

#[test]
fn several_of_one_type_are_asked_for_by_name() {
    within(LIMIT, || {
        let runner = runner();
        for (name, number) in [("north", 1), ("south", 2)] {
            runner.service(Made(store(Smol, number))).name(name).add().expect("taken");
        }
        let handle = runner.handle();
        let running = thread::spawn(move || runner.run());
        reach(&handle, "north", ServiceState::Running);
        reach(&handle, "south", ServiceState::Running);
        let ask = async || {
            let cx = Context::current();
            let south = cx.service_named::<Store>("south").map(|store| store.0);
            (cx.service::<Store>().expect_err("two").to_string(), south)
        };
        let (error, south) = handle.spawn(Tokio, ask).expect("taken").join().expect("no panic");
        assert!(error.contains("north, south"), "{error}");
        assert_eq!(south, Ok(2));
        handle.stop();
        assert!(running.join().expect("no panic").is_clean());
    });
}
