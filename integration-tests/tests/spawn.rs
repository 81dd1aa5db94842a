//! `spawn`: handles of every flavour, awaited in every flavour and in executors that no runner owns, joined,
//! dropped, moved from one executor to another.
//!
//! FAULTS 29, 32, 34, 36, 39b, 49, 62a. What holds for each flavour by itself is in the contract.

use std::future::{Future, poll_fn};
use std::panic;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::mpsc::channel;
use std::task::{Context as Cx, Poll, Wake, Waker};
use std::thread;
use std::time::Duration;

use integration_tests::calls::Calls;
use integration_tests::each::{Any, Lane};
use integration_tests::fake::{Each, Fake, block_on};
use integration_tests::gate::Gate;
use integration_tests::witness::witness;
use integration_tests::{LIMIT, finish, runner, within};
use spumoni::prelude::*;
use spumoni::{Blocking, JoinError};

const FLAVOURS: [&str; 6] = ["tokio", "smol", "async-std", "thread", "fake", "each"];

/// A task on each of the six flavours: it waits at the gate, then gives the name of its flavour.
fn spawn_on_all(runner: &Handle, gate: &Gate) -> [TaskHandle<&'static str>; 6] {
    fn spawn<F: Any>(runner: &Handle, flavour: F, gate: &Gate) -> TaskHandle<&'static str> {
        runner.spawn(flavour, <F::Mode>::after(gate, move || flavour.name())).unwrap()
    }
    [
        spawn(runner, Tokio, gate),
        spawn(runner, Smol, gate),
        spawn(runner, AsyncStd, gate),
        spawn(runner, Thread, gate),
        spawn(runner, Fake, gate),
        spawn(runner, Each, gate),
    ]
}

/// Handles whose tasks end while they are awaited, and such whose tasks have ended.
fn pending_and_ready(
    runner: &Handle,
    gate: &Gate,
) -> ([TaskHandle<&'static str>; 6], [TaskHandle<&'static str>; 6]) {
    let open = Gate::default();
    open.open();
    let ready = spawn_on_all(runner, &open);
    integration_tests::until(|| ready.iter().all(TaskHandle::is_finished));
    (spawn_on_all(runner, gate), ready)
}

/// Awaits the handles; the tasks that wait at the gate are let go on when the first poll is over.
async fn await_all(handles: [TaskHandle<&'static str>; 6], gate: Gate) {
    for (mut handle, flavour) in handles.into_iter().zip(FLAVOURS) {
        let value = poll_fn(|cx| {
            let polled = Pin::new(&mut handle).poll(cx);
            gate.open();
            polled
        });
        assert_eq!(value.await, Ok(flavour));
        assert_eq!(handle.await, Err(JoinError::Taken));
    }
}

fn handles_are_awaited_in(flavour: impl Lane) {
    within(LIMIT, move || {
        let (runner, gate) = (runner(), Gate::default());
        let (pending, ready) = pending_and_ready(&runner, &gate);
        let awaits = runner.spawn(flavour, async move || {
            await_all(pending, gate.clone()).await;
            await_all(ready, gate).await;
        });
        awaits.unwrap().join().unwrap();
        finish(runner);
    });
}

#[test]
fn f032_handles_of_all_flavours_are_awaited_in_the_tokio_flavour() {
    handles_are_awaited_in(Tokio);
}

#[test]
fn f032_handles_of_all_flavours_are_awaited_in_the_smol_flavour() {
    handles_are_awaited_in(Smol);
}

#[test]
fn f032_handles_of_all_flavours_are_awaited_in_the_async_std_flavour() {
    handles_are_awaited_in(AsyncStd);
}

#[test]
fn handles_of_all_flavours_are_awaited_in_a_flavour_of_a_third_party() {
    handles_are_awaited_in(Fake);
}

fn handles_are_joined_in(flavour: impl Any<Mode = Blocking>) {
    within(LIMIT, move || {
        let (runner, gate) = (runner(), Gate::default());
        let (pending, ready) = pending_and_ready(&runner, &gate);
        let joins = runner.spawn(flavour, move || {
            gate.open();
            let names = |handles: [TaskHandle<_>; 6]| handles.map(|it| it.join().unwrap());
            (names(pending), names(ready))
        });
        assert_eq!(joins.unwrap().join().unwrap(), (FLAVOURS, FLAVOURS));
        finish(runner);
    });
}

#[test]
fn f032_handles_of_all_flavours_are_joined_in_the_thread_flavour() {
    handles_are_joined_in(Thread);
}

#[test]
fn handles_of_all_flavours_are_joined_in_a_pool_of_a_third_party() {
    handles_are_joined_in(Each);
}

/// A142.
#[test]
fn f032_handles_of_all_flavours_are_joined_by_a_plain_thread() {
    within(LIMIT, || {
        let (runner, gate) = (runner(), Gate::default());
        let (pending, ready) = pending_and_ready(&runner, &gate);
        let joins = thread::spawn(move || pending.map(|it| it.join().unwrap()));
        gate.open();
        assert_eq!(joins.join().unwrap(), FLAVOURS);
        assert_eq!(ready.map(|it| it.join_timeout(Duration::ZERO).unwrap().unwrap()), FLAVOURS);
        finish(runner);
    });
}

/// Executors that no runner owns: those of smol, async-std and tokio, the latter on one thread and on
/// several, and one of our own.
#[test]
fn handles_of_all_flavours_are_awaited_in_executors_that_no_runner_owns() {
    fn foreign(run: impl FnOnce(Pin<Box<dyn Future<Output = ()> + Send>>)) {
        let (runner, gate) = (runner(), Gate::default());
        let (pending, ready) = pending_and_ready(&runner, &gate);
        run(Box::pin(async move {
            await_all(pending, gate.clone()).await;
            await_all(ready, gate).await;
        }));
        finish(runner);
    }
    fn tokio(mut builder: tokio::runtime::Builder) -> tokio::runtime::Runtime {
        builder.enable_all().build().unwrap()
    }
    within(LIMIT, || {
        foreign(block_on);
        foreign(smol::block_on);
        foreign(|all| smol::block_on(smol::spawn(all)));
        foreign(async_std::task::block_on);
        foreign(|all| async_std::task::block_on(async_std::task::spawn(all)));
        foreign(|all| tokio(tokio::runtime::Builder::new_current_thread()).block_on(all));
        foreign(|all| {
            let runtime = tokio(tokio::runtime::Builder::new_multi_thread());
            runtime.block_on(runtime.spawn(all)).unwrap();
        });
    });
}

/// The waker of the last executor counts.
#[test]
fn a_handle_may_move_from_one_executor_to_another_while_it_waits() {
    struct Nobody;
    impl Wake for Nobody {
        fn wake(self: Arc<Self>) {}
    }
    within(LIMIT, || {
        let (runner, gate, mut moved) = (runner(), Gate::default(), Vec::new());
        for mut handle in spawn_on_all(&runner, &gate) {
            let nobody = Waker::from(Arc::new(Nobody));
            let mut polled = |cx: &mut Cx<'_>| Pin::new(&mut handle).poll(cx).is_pending();
            assert!(polled(&mut Cx::from_waker(&nobody)));
            assert!(smol::block_on(poll_fn(|cx| Poll::Ready(polled(cx)))));
            moved.push(runner.spawn(Smol, async move || handle.await.unwrap()).unwrap());
        }
        gate.open();
        assert_eq!(moved.into_iter().map(|it| it.join().unwrap()).collect::<Vec<_>>(), FLAVOURS);
        finish(runner);
    });
}

/// A156.
/// Dropping a wait loses nothing: the next one gets the value.
#[test]
fn a_wait_that_was_given_up_can_be_taken_up_again() {
    within(LIMIT, || {
        let (runner, gate) = (runner(), Gate::default());
        let handles = spawn_on_all(&runner, &gate);
        let waits = runner.spawn(Tokio, async move || {
            let mut names = Vec::new();
            for mut handle in handles {
                let limit = Duration::from_millis(1);
                if !gate.is_open() {
                    assert!(tokio::time::timeout(limit, &mut handle).await.is_err());
                    gate.open();
                }
                names.push(handle.await.unwrap());
            }
            names
        });
        assert_eq!(waits.unwrap().join().unwrap(), FLAVOURS);
        finish(runner);
    });
}

/// A43, T57, T61, row 36 in the large: each is woken, whatever the order.
#[test]
fn f036_a_thousand_handles_awaited_at_once_all_give_their_values() {
    within(LIMIT, || {
        let (runner, gate) = (runner(), Gate::default());
        let value = |value: usize| {
            let gate = gate.clone();
            async move || {
                gate.pass().await;
                value
            }
        };
        let handles: Vec<_> = (0..1000).map(|it| runner.spawn(Smol, value(it)).unwrap()).collect();
        let sums: Vec<_> = handles
            .into_iter()
            .map(|handle| runner.spawn(Tokio, async || handle.await.unwrap()).unwrap())
            .collect();
        gate.wait_for(1000);
        gate.open();
        let sum: usize = sums.into_iter().map(|it| it.join().unwrap()).sum();
        assert_eq!(sum, 999 * 1000 / 2);
        finish(runner);
    });
}

/// Row 29: whoever drops the handle, the value goes where it was made.
#[test]
fn f029_a_value_left_unread_on_another_lane_is_dropped_on_the_lane_that_made_it() {
    fn left<F: Lane>(runner: &Handle, flavour: F) {
        let lane = runner.execute(flavour, async || thread::current().id()).unwrap();
        let (value, dropped) = witness();
        let handle = runner.spawn(flavour, async || value).unwrap();
        integration_tests::until(|| handle.is_finished());
        let drops = runner.spawn(Each, move || drop(handle)).unwrap();
        drops.join().unwrap();
        assert_eq!(dropped.recv().unwrap().id(), lane);

        let (value, dropped) = witness();
        let handle = runner.spawn(flavour, async || value).unwrap();
        integration_tests::until(|| handle.is_finished());
        block_on(async { drop(handle) });
        assert_eq!(dropped.recv().unwrap().id(), lane);
    }
    within(LIMIT, || {
        let runner = runner();
        left(&runner, Tokio);
        left(&runner, Smol);
        left(&runner, AsyncStd);
        left(&runner, Fake);
        finish(runner);
    });
}

/// Row 34, across lanes: the stop ends them, and nobody has blocked.
#[test]
fn f034_tasks_of_different_lanes_that_await_each_other_end_with_the_stop() {
    within(LIMIT, || {
        let built = ServiceRunner::builder().signals(false).grace(Duration::ZERO).build();
        let (runner, gate) = (built.unwrap(), Gate::default());
        let (to_tokio, of_tokio) = channel::<TaskHandle<()>>();
        let (to_smol, of_smol) = channel::<TaskHandle<()>>();
        let (come, other_come) = (gate.clone(), gate.clone());
        let (value, dropped) = witness();
        let tokio = runner.spawn(Tokio, async move || {
            let _value = value;
            let other = of_tokio.recv().unwrap();
            come.come();
            let _ = other.await;
        });
        let smol = runner.spawn(Smol, async move || {
            let other = of_smol.recv().unwrap();
            other_come.come();
            let _ = other.await;
        });
        to_tokio.send(smol.unwrap()).unwrap();
        to_smol.send(tokio.unwrap()).unwrap();
        gate.wait_for(2);
        assert_eq!(runner.execute(Tokio, async || 1).unwrap(), 1);
        assert_eq!(runner.execute(Smol, async || 2).unwrap(), 2);
        runner.stop();
        finish(runner);
        assert!(dropped.try_recv().is_ok());
    });
}

/// Row 39b: the pool is full, so it has not begun when it is stopped.
#[test]
fn f039b_a_pool_task_that_is_stopped_before_a_thread_is_free_never_runs() {
    within(LIMIT, || {
        let built = ServiceRunner::builder().signals(false).pool_size(1).build();
        let (runner, gate, told) = (built.unwrap(), Gate::default(), Gate::default());
        let holds = gate.clone();
        runner.adopt(Thread, move || holds.pass_blocking()).unwrap();
        gate.wait_for(1);
        let (value, dropped) = witness();
        let ran = Gate::default();
        let runs = ran.clone();
        let stopped = runner.spawn(Thread, move || {
            let _value = value;
            runs.open();
        });
        let stopped = stopped.unwrap();
        stopped.stop();
        // Wishes are heard in their order: when this one has had its effect, so had the one above.
        let come = told.clone();
        let marker = runner.spawn(Fake, async move || {
            come.come();
            Context::current().stopped().await;
        });
        let marker = marker.unwrap();
        told.wait_for(1);
        marker.stop();
        marker.join().unwrap();
        gate.open();
        assert_eq!(stopped.join(), Err(JoinError::Stopped));
        assert!(dropped.recv().unwrap().name().unwrap().starts_with("spumoni/"));
        finish(runner);
        assert!(!ran.is_open());
    });
}

/// Row 32: nobody has run it; those who wait are let go.
#[test]
fn f032_handles_of_a_runner_that_was_dropped_give_what_became_of_their_tasks() {
    within(LIMIT, || {
        let (runner, gate) = (runner(), Gate::default());
        let open = Gate::default();
        open.open();
        let ended = spawn_on_all(&runner, &open);
        integration_tests::until(|| ended.iter().all(TaskHandle::is_finished));
        let come = gate.clone();
        let asked = runner.spawn(Tokio, async move || {
            come.come();
            Context::current().stopped().await;
            7
        });
        let waits = thread::spawn(move || asked.unwrap().join());
        gate.wait_for(1);
        drop(runner);
        assert_eq!(waits.join().unwrap(), Ok(7));
        assert_eq!(ended.map(|it| it.join().unwrap()), FLAVOURS);
    });
}

/// Row 62a: what is ready before anybody asks.
#[test]
fn f062a_values_of_every_size_come_back_whole() {
    within(LIMIT, || {
        let runner = runner();
        let large = runner.spawn(Smol, || std::future::ready([7_u8; 1 << 16])).unwrap();
        let boxed = runner.spawn(Thread, || vec![7_u8; 1 << 22].into_boxed_slice()).unwrap();
        let nothing = runner.spawn(Tokio, || std::future::ready(())).unwrap();
        assert_eq!(large.join().unwrap(), [7; 1 << 16]);
        assert!(boxed.join().unwrap().iter().all(|it| *it == 7));
        assert_eq!(nothing.join(), Ok(()));
        finish(runner);
    });
}

/// The executor of a wait may be anybody's: what its waker does is no matter of the lane.
#[test]
fn f128_a_waker_that_panics_ends_nothing() {
    struct Panics;
    impl Wake for Panics {
        fn wake(self: Arc<Self>) {
            panic::panic_any("a waker of somebody else's");
        }
    }
    fn woken<F: Any>(runner: &Handle, flavour: F) {
        let gate = Gate::default();
        let mut handle = runner.spawn(flavour, <F::Mode>::after(&gate, || 1)).unwrap();
        let waker = Waker::from(Arc::new(Panics));
        assert!(Pin::new(&mut handle).poll(&mut Cx::from_waker(&waker)).is_pending());
        gate.open();
        integration_tests::until(|| handle.is_finished());
        assert_eq!(runner.execute(flavour, <F::Mode>::payload(|| 2)).unwrap(), 2);
        assert_eq!(runner.spawn(flavour, <F::Mode>::payload(|| 3)).unwrap().join(), Ok(3));
        assert_eq!(handle.join(), Ok(1));
    }
    within(LIMIT, || {
        let runner = runner();
        woken(&runner, Tokio);
        woken(&runner, Smol);
        woken(&runner, AsyncStd);
        woken(&runner, Thread);
        woken(&runner, Fake);
        woken(&runner, Each);
        finish(runner);
    });
}
