//! A limit that is changed while it runs: `TimeLimit`.

use std::future::{pending, ready};
use std::thread;
use std::time::{Duration, Instant};

use integration_tests::each::Lane;
use integration_tests::fake::block_on;
use integration_tests::gate::Gate;
use integration_tests::witness::witness;
use integration_tests::{LIMIT, finish, on_each_lane, runner, within};
use spumoni::TimeLimit;
use spumoni::prelude::*;

const SHORT: Duration = Duration::from_millis(5);

on_each_lane!(
    a_limit_that_is_moved_ends_its_future_then,
    a_limit_that_is_moved_away_lets_its_future_go_on,
    a_limit_that_is_cancelled_ends_nothing_and_cannot_come_back,
    a_limit_that_is_over_cannot_come_back,
    a_limit_is_counted_from_the_first_poll_and_can_be_set_before,
    one_limit_ends_several_futures,
    what_is_there_already_wins_over_a_limit_that_can_be_changed,
);

/// A160: from another thread.
fn a_limit_that_is_moved_ends_its_future_then(lane: impl Lane) {
    let runner = runner();
    for zero in [true, false] {
        let limit = TimeLimit::new(if zero { Duration::MAX } else { LIMIT * 100 });
        let (inside, within) = (Gate::default(), limit.clone());
        let (comes, (held, dropped)) = (inside.clone(), witness());
        let ended = runner.spawn(lane, async move || {
            let future = async {
                let _held = held;
                comes.come();
                pending::<()>().await;
            };
            within.run(future).await
        });
        inside.wait_for(1);
        assert!(dropped.try_recv().is_err() && limit.left() > LIMIT);
        let sooner = if zero { Duration::ZERO } else { SHORT };
        limit.set(sooner).expect("it runs");
        let elapsed = ended.expect("taken").join().expect("a value").unwrap_err();
        dropped.recv().expect("dropped");
        assert_eq!(elapsed.limit(), sooner);
        assert!(limit.is_elapsed() && limit.left().is_zero());
    }
    finish(runner);
}

/// A160.
fn a_limit_that_is_moved_away_lets_its_future_go_on(lane: impl Lane) {
    let runner = runner();
    for extend in [true, false] {
        let limit = TimeLimit::new(Duration::from_millis(50));
        let gate = Gate::default();
        let (held, within) = (gate.clone(), limit.clone());
        let passes = runner.spawn(lane, async move || {
            let (cx, begun) = (Context::current(), Instant::now());
            let work = async {
                held.pass().await;
                if extend {
                    within.extend(LIMIT * 10)?
                } else {
                    within.set(LIMIT * 10)?
                }
                // Well beyond the limit that it had.
                while begun.elapsed() < Duration::from_millis(70) {
                    let _ = cx.sleep(SHORT).await;
                }
                Ok::<_, spumoni::LimitGone>(within.left())
            };
            within.run(work).await
        });
        gate.open();
        // On a machine that took more than the limit to come so far, it was over before.
        let left = passes.expect("taken").join().expect("a value");
        match left {
            Ok(left) => assert!(left.expect("it runs") > LIMIT * 9),
            Err(elapsed) => assert_eq!(elapsed.limit(), Duration::from_millis(50)),
        }
    }
    finish(runner);
}

/// A160.
fn a_limit_that_is_cancelled_ends_nothing_and_cannot_come_back(lane: impl Lane) {
    let runner = runner();
    let limit = TimeLimit::new(LIMIT);
    let within = limit.clone();
    let passes = runner.execute(lane, async move || {
        let cx = Context::current();
        let work = async {
            within.cancel();
            let _ = cx.sleep(SHORT).await;
            7
        };
        within.run(work).await
    });
    assert_eq!(passes.expect("no panic"), Ok(7));
    assert!(limit.is_cancelled() && limit.left() == Duration::MAX);
    for refused in [limit.set(SHORT), limit.extend(SHORT)] {
        let error = refused.unwrap_err();
        assert!(error.is_cancelled() && error.to_string().contains("was cancelled"), "{error}");
    }
    limit.cancel();
    let later = runner.execute(lane, async move || limit.run(ready(8)).await);
    assert_eq!(later.expect("no panic"), Ok(8));
    finish(runner);
}

/// A160.
fn a_limit_that_is_over_cannot_come_back(lane: impl Lane) {
    let runner = runner();
    let limit = TimeLimit::new(SHORT);
    let within = limit.clone();
    let ended = runner.execute(lane, async move || {
        (within.run(pending::<()>()).await, within.run(pending::<()>()).await)
    });
    let (first, again) = ended.expect("no panic");
    assert_eq!((first.unwrap_err().limit(), again.unwrap_err().limit()), (SHORT, SHORT));
    for refused in [limit.set(LIMIT), limit.extend(LIMIT)] {
        let error = refused.unwrap_err();
        assert!(!error.is_cancelled() && error.to_string().contains("is over"), "{error}");
    }
    limit.cancel();
    assert!(limit.is_elapsed() && !limit.is_cancelled());
    finish(runner);
}

fn a_limit_is_counted_from_the_first_poll_and_can_be_set_before(lane: impl Lane) {
    let runner = runner();
    let limit = TimeLimit::new(LIMIT);
    limit.set(SHORT).expect("not begun");
    limit.extend(SHORT).expect("not begun");
    assert_eq!(limit.left(), SHORT * 2);
    let ended = runner.execute(lane, async move || {
        let cx = Context::current();
        let _ = cx.sleep(SHORT * 3).await;
        let left = limit.left();
        (left, limit.run(pending::<()>()).await)
    });
    let (left, ended) = ended.expect("no panic");
    assert_eq!((left, ended.unwrap_err().limit()), (SHORT * 2, SHORT * 2));
    finish(runner);
}

/// Of one task, of others, and of a plain thread.
fn one_limit_ends_several_futures(lane: impl Lane) {
    let runner = runner();
    let limit = TimeLimit::new(Duration::MAX);
    let begun = Gate::default();
    let waits = || {
        let (within, comes) = (limit.clone(), begun.clone());
        async move || {
            let comes = async {
                comes.come();
                pending::<()>().await;
            };
            let both = smol::future::zip(within.run(comes), within.run(pending::<()>()));
            both.await
        }
    };
    let tasks =
        [runner.spawn(lane, waits()).map_err(drop), runner.spawn(Smol, waits()).map_err(drop)];
    let (within, comes) = (limit.clone(), begun.clone());
    let blocked = thread::spawn(move || {
        within.run_blocking(async {
            comes.come();
            pending::<()>().await;
        })
    });
    begun.wait_for(3);
    limit.set(SHORT).expect("it runs");
    for task in tasks {
        let (one, other) = task.expect("taken").join().expect("a value");
        assert!(one.is_err() && other.is_err());
    }
    assert_eq!(blocked.join().expect("no panic").unwrap_err().limit(), SHORT);
    finish(runner);
}

fn what_is_there_already_wins_over_a_limit_that_can_be_changed(lane: impl Lane) {
    let runner = runner();
    let limit = TimeLimit::new(Duration::ZERO);
    let ended = runner.execute(lane, async move || {
        (limit.run(ready(1)).await, limit.run(pending::<i32>()).await, limit.run(ready(2)).await)
    });
    let (first, second, third) = ended.expect("no panic");
    assert_eq!((first, third), (Ok(1), Ok(2)));
    assert!(second.is_err());
    finish(runner);
}

/// A160.
#[test]
fn a_plain_thread_waits_within_a_limit_that_others_change() {
    within(LIMIT, || {
        let gate = Gate::default();
        let limit = TimeLimit::new(LIMIT * 100);
        let (held, waits) = (gate.clone(), limit.clone());
        let passes = thread::spawn(move || waits.run_blocking(held.pass()));
        gate.wait_for(1);
        limit.extend(LIMIT).expect("it runs");
        gate.open();
        assert_eq!(passes.join().expect("no panic"), Ok(()));
        let (begun, waits) = (Gate::default(), limit.clone());
        let comes = begun.clone();
        let ends = thread::spawn(move || {
            waits.run_blocking(async {
                comes.come();
                pending::<()>().await;
            })
        });
        begun.wait_for(1);
        limit.set(SHORT).expect("it runs");
        assert_eq!(ends.join().expect("no panic").unwrap_err().limit(), SHORT);
    });
}

#[test]
fn off_the_lanes_a_limit_that_can_be_changed_panics_with_what_to_use_instead() {
    within(LIMIT, || {
        let limit = TimeLimit::new(SHORT);
        assert_eq!(block_on(limit.run(ready(1))), Ok(1), "needs no timer");
        let waits = std::panic::AssertUnwindSafe(|| block_on(limit.run(pending::<()>())));
        // Begun by the first, and maybe over by now.
        let Err(panic) = std::panic::catch_unwind(waits) else { return };
        let text = panic.downcast_ref::<&str>().expect("a text");
        assert!(text.contains("run_blocking"), "{text}");
    });
}
