//! The lane of an async flavour: what it takes, on which thread, in which turn.

use std::cell::RefCell;
use std::future::{Future, pending, poll_fn, ready};
use std::hint;
use std::pin::Pin;
use std::rc::Rc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex};
use std::task::{Poll, Waker};
use std::thread::{self, ThreadId};
use std::time::{Duration, Instant};

use spumoni::{Async, Context, ExecuteError, Flavour, Handle, JoinError, Stopping, TaskHandle};

use super::future::{hasty, yield_now};
use crate::gate::Gate;
use crate::witness::witness;
use crate::{finish, runner, until};

async fn plain() -> u32 {
    1
}

/// `Rc`, `RefCell` and guards; only the closure crosses threads.
#[allow(clippy::await_holding_lock, clippy::await_holding_refcell_ref, reason = "that is the test")]
pub fn a_future_may_hold_what_is_not_send_across_an_await<F: Flavour<Mode = Async>>(flavour: F) {
    let runner = runner();
    let held = async |start: u32| {
        let shared = Rc::new(RefCell::new(start));
        let lock = Mutex::new(1);
        let guard = lock.lock().unwrap();
        let borrowed = shared.borrow_mut();
        yield_now().await;
        let sum = *borrowed + *guard;
        drop(borrowed);
        Rc::try_unwrap(shared).unwrap().replace(0) + sum
    };
    let value = runner.execute(flavour, async move || held(2).await);
    assert_eq!(value.unwrap(), 5);
    let handle = runner.spawn(flavour, async move || held(3).await).unwrap();
    assert_eq!(handle.join(), Ok(7));
    let payload = async move || assert_eq!(held(4).await, 9);
    runner.adopt(flavour, payload).unwrap();
    finish(runner);
}

/// T51, row 62a among them: a future that is ready from the start.
pub fn f062a_every_form_of_async_payload_is_taken<F: Flavour<Mode = Async>>(flavour: F) {
    type Boxed = Box<dyn FnOnce() -> Pin<Box<dyn Future<Output = u32>>> + Send>;
    let runner = runner();
    let captured = String::from("captured");
    let boxed: Boxed = Box::new(|| Box::pin(plain()));
    assert_eq!(runner.execute(flavour, plain).unwrap(), 1);
    assert_eq!(runner.execute(flavour, async || 2).unwrap(), 2);
    assert_eq!(runner.execute(flavour, async move || captured.len()).unwrap(), 8);
    assert_eq!(runner.execute(flavour, || async { 4 }).unwrap(), 4);
    assert_eq!(runner.execute(flavour, || ready(5)).unwrap(), 5);
    assert_eq!(runner.execute(flavour, boxed).unwrap(), 1);
    assert_eq!(runner.spawn(flavour, plain).unwrap().join(), Ok(1));
    let adopted = async || assert_eq!(plain().await, 1);
    runner.adopt(flavour, adopted).unwrap();
    finish(runner);
}

/// A2, rule 1, with payloads that come from several threads at once and leave the lane now and then.
pub fn payloads_of_one_flavour_never_run_in_parallel<F: Flavour<Mode = Async>>(flavour: F) {
    let runner = runner();
    let busy = Arc::new(AtomicBool::new(false));
    thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                for _ in 0..50 {
                    let busy = Arc::clone(&busy);
                    let payload = async move || {
                        for _ in 0..10 {
                            assert!(!busy.swap(true, Ordering::SeqCst), "two at once");
                            (0..100).for_each(|_| hint::spin_loop());
                            busy.store(false, Ordering::SeqCst);
                            yield_now().await;
                        }
                    };
                    runner.adopt(flavour, payload).unwrap();
                }
            });
        }
    });
    finish(runner);
}

/// Rule 2: futures that end, panic, are stopped one by one, lose their handle, or are cancelled by the
/// stop of the runner, all woken from elsewhere.
pub fn futures_are_made_polled_and_dropped_on_the_thread_of_their_lane_only<
    F: Flavour<Mode = Async>,
>(
    flavour: F,
) {
    /// Notes where it is dropped.
    struct Seen(Arc<Mutex<Vec<ThreadId>>>);
    impl Seen {
        fn note(&self) {
            self.0.lock().unwrap().push(thread::current().id());
        }
    }
    impl Drop for Seen {
        fn drop(&mut self) {
            self.note();
        }
    }
    let (runner, gate) = (hasty(), Gate::default());
    let threads = Arc::<Mutex<Vec<ThreadId>>>::default();
    let waits = |fails: bool| {
        let (gate, threads) = (gate.clone(), Arc::clone(&threads));
        move || {
            let seen = Seen(threads);
            seen.note();
            async move {
                gate.pass().await;
                seen.note();
                assert!(!fails, "as it was told to");
            }
        }
    };
    let never = || {
        let (gate, threads) = (gate.clone(), Arc::clone(&threads));
        move || {
            let seen = Seen(threads);
            async move {
                gate.come();
                let _seen = seen;
                pending::<()>().await;
            }
        }
    };
    let lane = runner.execute(flavour, async || thread::current().id()).unwrap();
    let ended = runner.spawn(flavour, waits(false)).unwrap();
    let failed = runner.spawn(flavour, waits(true)).unwrap();
    let stopped = runner.spawn(flavour, never()).unwrap();
    drop(runner.spawn(flavour, waits(false)).unwrap());
    runner.adopt(flavour, waits(false)).unwrap();
    runner.adopt(flavour, never()).unwrap();
    gate.wait_for(6);
    gate.open();
    ended.join().unwrap();
    failed.join().unwrap_err();
    stopped.stop();
    stopped.join().unwrap_err();
    runner.stop();
    finish(runner);
    let threads = threads.lock().unwrap();
    assert_eq!(threads.len(), 4 * 3 + 2);
    assert!(threads.iter().all(|it| *it == lane), "{lane:?}: {threads:?}");
}

/// A8, row 27: adopted, executed and spawned, and its name is free again.
pub fn f027_a_closure_that_panics_before_it_makes_its_future_is_a_failure_like_others<
    F: Flavour<Mode = Async>,
>(
    flavour: F,
) {
    let runner = runner();
    let unmade = || || -> std::future::Ready<()> { panic!("no future today") };
    for _ in 0..2 {
        let failed = runner.task("pump").execute(flavour, unmade()).unwrap_err();
        assert_eq!(failed.as_panic().unwrap().text(), "no future today");
        let failed = runner.task("pump").spawn(flavour, unmade()).unwrap().join();
        assert_eq!(failed.unwrap_err().as_panic().unwrap().text(), "no future today");
    }
    runner.task("pump").adopt(flavour, unmade()).unwrap();
    let report = runner.run_until_stopped();
    let root = report.root_cause().unwrap();
    assert_eq!((report.failures().len(), root.task().name()), (1, Some("pump")));
    assert_eq!(root.cause().as_panic().unwrap().text(), "no future today");
}

/// Rows 49 and 118: nothing, a while, and for ever.
pub fn f118_the_sleep_of_the_context_runs_on_the_lane_and_ends_with_a_stop<
    F: Flavour<Mode = Async>,
>(
    flavour: F,
) {
    let (runner, gate) = (runner(), Gate::default());
    let come = gate.clone();
    let sleeper = runner.spawn(flavour, async move || {
        let cx = Context::current();
        let (begin, here) = (Instant::now(), thread::current().id());
        assert_eq!(cx.sleep(Duration::ZERO).await, Ok(()));
        assert_eq!(cx.sleep(Duration::from_millis(5)).await, Ok(()));
        assert!(begin.elapsed() >= Duration::from_millis(5));
        assert_eq!(thread::current().id(), here);
        come.come();
        let woken = cx.sleep(Duration::MAX).await;
        assert!(cx.is_stopping() && cx.time_left().is_some());
        assert_eq!(cx.sleep(Duration::MAX).await, Err(Stopping));
        assert_eq!(cx.run_until_stopped(ready(7)).await, Ok(7));
        woken
    });
    gate.wait_for(1);
    runner.stop();
    finish(runner);
    assert_eq!(sleeper.unwrap().join(), Ok(Err(Stopping)));
}

/// Row 33.
pub fn f033_a_task_that_awaits_itself_is_told_so<F: Flavour<Mode = Async>>(flavour: F) {
    let runner = runner();
    let (give, own) = channel::<TaskHandle<()>>();
    let (tell, told) = channel();
    let handle = runner.task("ouroboros").spawn(flavour, async move || {
        let mut own = own.recv().unwrap();
        tell.send((&mut own).await).unwrap();
        tell.send(own.await).unwrap();
    });
    give.send(handle.unwrap()).unwrap();
    for _ in 0..2 {
        match told.recv().unwrap() {
            Err(JoinError::WouldDeadlock(ring)) => {
                assert_eq!(ring.members().len(), 1);
                assert!(ring.members()[0].task().contains("`ouroboros`"), "{ring}");
            }
            other => panic!("{other:?}"),
        }
    }
    finish(runner);
}

/// Row 34: nobody blocks, so nobody is refused, and the stop ends both.
pub fn f034_tasks_that_await_each_other_leave_the_lane_usable_and_end_with_the_stop<
    F: Flavour<Mode = Async>,
>(
    flavour: F,
) {
    type Mail = (Sender<TaskHandle<()>>, Receiver<TaskHandle<()>>);
    let (runner, gate) = (hasty(), Gate::default());
    let (to_one, of_one): Mail = channel();
    let (to_other, of_other): Mail = channel();
    let waits = |mail: Receiver<TaskHandle<()>>| {
        let gate = gate.clone();
        async move || {
            gate.pass().await;
            let other = mail.recv().unwrap();
            let (value, dropped) = witness();
            let _ = other.await;
            drop((value, dropped));
        }
    };
    let one = runner.spawn(flavour, waits(of_one)).unwrap();
    let other = runner.spawn(flavour, waits(of_other)).unwrap();
    to_one.send(other).unwrap();
    to_other.send(one).unwrap();
    gate.open();
    for round in 0..100 {
        assert_eq!(runner.execute(flavour, async move || round).unwrap(), round);
    }
    // A lane tells of the ended ones by and by.
    until(|| runner.tree().alive() == 2);
    runner.stop();
    finish(runner);
}

/// Case C54, row 39: from the future itself and from a plain function that it calls.
pub fn f039_execute_on_the_own_lane_is_refused_at_once_and_the_payload_is_usable<
    F: Flavour<Mode = Async>,
>(
    flavour: F,
) {
    fn nested<F: Flavour<Mode = Async>>(flavour: F) -> TaskHandle<u32> {
        let handle = Handle::current();
        match handle.execute(flavour, plain).unwrap_err() {
            ExecuteError::WouldDeadlock { ring, payload } => {
                let [member] = ring.members() else { panic!("{ring}") };
                assert!(member.task().contains("`nested`"), "{ring}");
                assert!(member.waits_for().contains(flavour.key().id().as_str()), "{ring}");
                handle.spawn(flavour, payload).unwrap()
            }
            other => panic!("{other}"),
        }
    }
    let runner = runner();
    let task = runner.task("nested");
    let value = task.execute(flavour, async move || nested(flavour).await);
    assert_eq!(value.unwrap(), Ok(1));
    finish(runner);
}

/// Row 38: of a task that ended, and of one that was cancelled; woken from another thread.
pub fn f038_wakers_that_outlive_the_runner_do_nothing<F: Flavour<Mode = Async>>(flavour: F) {
    let runner = hasty();
    let (give, wakers) = channel::<Waker>();
    let keeps = |end: bool| {
        let give = give.clone();
        move || {
            poll_fn(move |cx| {
                give.send(cx.waker().clone()).unwrap();
                if end { Poll::Ready(()) } else { Poll::Pending }
            })
        }
    };
    runner.execute(flavour, keeps(true)).unwrap();
    runner.adopt(flavour, keeps(false)).unwrap();
    let wakers: Vec<_> = wakers.iter().take(2).collect();
    // Asked in vain while the task lives and is finished, then when all is over.
    wakers[0].wake_by_ref();
    runner.stop();
    finish(runner);
    for waker in wakers {
        waker.wake_by_ref();
        let other = waker.clone();
        other.wake();
        thread::spawn(move || waker.wake()).join().unwrap();
    }
}

/// Row 36: each side waits for the other, thousands of times.
pub fn f036_no_wake_up_is_lost_between_a_thread_and_the_lane<F: Flavour<Mode = Async>>(flavour: F) {
    const ROUNDS: usize = 2000;
    let runner = runner();
    let there: Vec<Gate> = (0..ROUNDS).map(|_| Gate::default()).collect();
    let back: Vec<Gate> = (0..ROUNDS).map(|_| Gate::default()).collect();
    let (ping, pong) = (there.clone(), back.clone());
    let lane = runner.spawn(flavour, async move || {
        for (ping, pong) in ping.iter().zip(&pong) {
            ping.pass().await;
            pong.open();
        }
    });
    for (ping, pong) in there.iter().zip(&back) {
        ping.open();
        pong.pass_blocking();
    }
    lane.unwrap().join().unwrap();
    let handles: Vec<_> =
        (0..ROUNDS).map(|round| runner.spawn(flavour, async move || round)).collect();
    until(|| handles.iter().flatten().any(TaskHandle::is_finished));
    for (round, handle) in handles.into_iter().enumerate() {
        assert_eq!(handle.unwrap().join(), Ok(round));
    }
    finish(runner);
}
