//! A limit around a future: `timeout`, `Context::timeout` and their blocking twins.

use std::future::{pending, poll_fn, ready};
use std::task::Poll;
use std::time::Duration;

use integration_tests::each::Lane;
use integration_tests::fake::block_on;
use integration_tests::gate::Gate;
use integration_tests::witness::witness;
use integration_tests::{LIMIT, finish, on_each_lane, runner, within};
use spumoni::prelude::*;
use spumoni::{Event, JoinError, timeout, timeout_blocking};

const SHORT: Duration = Duration::from_millis(5);

on_each_lane!(
    a_sleep_that_is_longer_than_its_limit_is_dropped_before_the_error_is_given,
    what_is_ready_gives_its_value_whatever_the_limit,
    f118_a_limit_of_zero_ends_at_the_first_await,
    f070_a_limit_without_end_never_ends,
    a_limit_is_counted_from_the_first_poll,
    a_task_that_was_waited_for_too_long_goes_on,
    limits_hold_within_each_other,
    f021_a_future_that_is_always_woken_does_not_outlive_its_limit,
    the_error_says_the_limit_and_goes_where_errors_go,
    a_stop_ends_what_runs_until_a_stop_within_a_limit,
);

/// A38.
fn a_sleep_that_is_longer_than_its_limit_is_dropped_before_the_error_is_given<F: Lane>(flavour: F) {
    let runner = runner();
    let ended = runner.execute(flavour, async || {
        let cx = Context::current();
        let (held, dropped) = witness();
        let asleep = async {
            let _held = held;
            cx.sleep(LIMIT * 100).await
        };
        let ended = cx.timeout(SHORT, asleep).await;
        dropped.try_recv().expect("it was dropped");
        ended.map(drop)
    });
    assert_eq!(ended.unwrap().unwrap_err().limit(), SHORT);
    finish(runner);
}

/// A40.
fn what_is_ready_gives_its_value_whatever_the_limit<F: Lane>(flavour: F) {
    let runner = runner();
    let values = runner.execute(flavour, async || {
        let mut values = Vec::new();
        for limit in [Duration::ZERO, Duration::from_nanos(1), SHORT, Duration::MAX] {
            values.push(timeout(limit, ready(limit)).await == Ok(limit));
        }
        values
    });
    assert_eq!(values.unwrap(), [true; 4]);
    finish(runner);
}

/// A48, row 118 of the faults.
fn f118_a_limit_of_zero_ends_at_the_first_await<F: Lane>(flavour: F) {
    let runner = runner();
    let zero = Duration::ZERO;
    let ended = runner.execute(flavour, async move || {
        let mut polled = false;
        let future = async {
            polled = true;
            pending::<()>().await;
        };
        (timeout(zero, future).await.map_err(|error| error.limit()), polled)
    });
    assert_eq!(ended.unwrap(), (Err(zero), true));
    finish(runner);
}

/// Row 70 of the faults.
fn f070_a_limit_without_end_never_ends<F: Lane>(flavour: F) {
    let runner = runner();
    for limit in [Duration::MAX, Duration::from_secs(i64::MAX as u64), Duration::MAX / 2] {
        let (gate, inside) = (Gate::default(), Gate::default());
        let (held, comes) = (gate.clone(), inside.clone());
        let waits = runner.spawn(flavour, async move || {
            comes.come();
            timeout(limit, held.pass()).await
        });
        inside.wait_for(1);
        gate.open();
        assert_eq!(waits.unwrap().join().unwrap(), Ok(()), "{limit:?}");
    }
    finish(runner);
}

fn a_limit_is_counted_from_the_first_poll<F: Lane>(flavour: F) {
    let runner = runner();
    let ended = runner.execute(flavour, async || {
        let cx = Context::current();
        let later = timeout(Duration::from_secs(3600), ready(1));
        cx.sleep(SHORT).await.unwrap();
        let value = later.await;
        let mut short = Box::pin(timeout(SHORT, pending::<()>()));
        assert!(smol::future::poll_once(&mut short).await.is_none());
        (value, short.await.is_err())
    });
    assert_eq!(ended.unwrap(), (Ok(1), true));
    finish(runner);
}

/// A46, A48, A127.
fn a_task_that_was_waited_for_too_long_goes_on<F: Lane>(flavour: F) {
    let runner = runner();
    let gate = Gate::default();
    let held = gate.clone();
    let mut slow = runner.spawn(Thread, move || {
        held.pass_blocking();
        7
    });
    let slow = slow.as_mut().unwrap();
    for limit in [Duration::ZERO, SHORT] {
        // A handle that is lent to a task of another executor.
        assert!(timeout_blocking(limit, &mut *slow).is_err(), "{limit:?}");
    }
    let slow = runner.execute(flavour, {
        let (held, other) = (gate.clone(), runner.handle());
        async move || {
            let mut slow = other
                .spawn(Thread, move || {
                    held.pass_blocking();
                    8
                })
                .unwrap();
            for limit in [Duration::ZERO, SHORT] {
                assert!(timeout(limit, &mut slow).await.is_err(), "{limit:?}");
            }
            assert!(!slow.is_finished());
            Some(slow)
        }
    });
    gate.open();
    let mut slow = slow.unwrap().unwrap();
    // One that has ended gives its value at once, whatever the limit.
    integration_tests::until(|| slow.is_finished());
    let value = runner.execute(flavour, async move || timeout(Duration::ZERO, &mut slow).await);
    assert_eq!(value.unwrap(), Ok(Ok(8)));
    finish(runner);
}

fn limits_hold_within_each_other<F: Lane>(flavour: F) {
    let runner = runner();
    let ended = runner.execute(flavour, async || {
        let inner_first = timeout(LIMIT, timeout(SHORT, pending::<()>())).await;
        let outer_first = timeout(SHORT, timeout(LIMIT, pending::<()>())).await;
        (inner_first.unwrap().is_err(), outer_first.is_err())
    });
    assert_eq!(ended.unwrap(), (true, true));
    finish(runner);
}

fn f021_a_future_that_is_always_woken_does_not_outlive_its_limit<F: Lane>(flavour: F) {
    let runner = runner();
    let ended = runner.execute(flavour, async || {
        let busy = poll_fn(|cx| {
            cx.waker().wake_by_ref();
            Poll::<()>::Pending
        });
        timeout(SHORT, busy).await.is_err()
    });
    assert!(ended.unwrap());
    finish(runner);
}

/// Tokio counts: a future that uses up the budget of each turn leaves none to a timer.
#[test]
fn a_future_that_leaves_tokios_timer_no_budget_does_not_outlive_its_limit() {
    within(LIMIT, || {
        let runner = runner();
        let ended = runner.execute(Tokio, async || {
            let (give, mut take) = tokio::sync::mpsc::unbounded_channel();
            give.send(()).unwrap();
            let busy = async move {
                while take.recv().await.is_some() {
                    give.send(()).unwrap();
                }
            };
            timeout(SHORT, busy).await.is_err()
        });
        assert!(ended.unwrap());
        finish(runner);
    });
}

/// A127: an error of one's own is `map_err`.
fn the_error_says_the_limit_and_goes_where_errors_go<F: Lane>(flavour: F) {
    let runner = runner();
    runner
        .adopt(flavour, async || {
            timeout(SHORT, pending::<()>()).await?;
            Ok::<_, anyhow::Error>(())
        })
        .unwrap();
    let report = runner.run();
    let elapsed = report.failures()[0].cause().downcast_ref::<spumoni::Elapsed>();
    assert_eq!(elapsed.map(|error| error.limit()), Some(SHORT), "{report}");
    assert!(report.to_string().contains("not done within the limit of 5ms"), "{report}");
}

fn a_stop_ends_what_runs_until_a_stop_within_a_limit<F: Lane>(flavour: F) {
    let runner = runner();
    let inside = Gate::default();
    let comes = inside.clone();
    let waits = runner.spawn(flavour, async move || {
        let cx = Context::current();
        comes.come();
        cx.timeout(LIMIT, cx.run_until_stopped(pending::<()>())).await
    });
    let waits = waits.unwrap();
    inside.wait_for(1);
    waits.stop();
    assert_eq!(waits.join(), Ok(Ok(Err(Stopping))));
    finish(runner);
}

/// A39.
#[test]
fn a_read_that_never_gets_anything_is_interrupted_on_the_runtimes_own_sockets() {
    within(LIMIT, || {
        let runner = runner();
        let on_tokio = runner.execute(Tokio, async || {
            use tokio::io::AsyncReadExt;
            let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
            let address = listener.local_addr().unwrap();
            let mut client = tokio::net::TcpStream::connect(address).await.unwrap();
            timeout(SHORT, client.read_u8()).await.is_err()
        });
        let on_smol = runner.execute(Smol, async || {
            use smol::io::AsyncReadExt;
            let listener = smol::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
            let address = listener.local_addr().unwrap();
            let mut client = smol::net::TcpStream::connect(address).await.unwrap();
            timeout(SHORT, client.read(&mut [0])).await.is_err()
        });
        assert_eq!((on_tokio.unwrap(), on_smol.unwrap()), (true, true));
        finish(runner);
    });
}

/// A46, A48.
#[test]
fn a_plain_thread_waits_within_a_limit_and_may_wait_again() {
    within(LIMIT, || {
        let runner = runner();
        let event = Event::new();
        let happens = event.clone();
        let mut task = runner.spawn(Tokio, async move || happens.wait().await).unwrap();
        for limit in [Duration::ZERO, SHORT] {
            let elapsed = timeout_blocking(limit, &mut task).unwrap_err();
            assert_eq!(elapsed.limit(), limit);
        }
        event.set();
        assert_eq!(timeout_blocking(Duration::MAX, &mut task), Ok(Ok(Ok(()))));
        assert_eq!(timeout_blocking(SHORT, &mut task), Ok(Err(JoinError::Taken)));
        finish(runner);
    });
}

#[test]
fn threads_of_the_pool_wait_within_a_limit_too() {
    within(LIMIT, || {
        let runner = runner();
        let ended = runner.spawn(Thread, || {
            let cx = Context::current();
            (
                cx.timeout_blocking(SHORT, pending::<()>()).is_err(),
                cx.timeout_blocking(Duration::ZERO, ready(1)),
            )
        });
        assert_eq!(ended.unwrap().join().unwrap(), (true, Ok(1)));
        finish(runner);
    });
}

#[test]
fn off_the_lanes_a_limit_panics_with_what_to_use_instead() {
    within(LIMIT, || {
        let at_once = block_on(timeout(SHORT, ready(1)));
        assert_eq!(at_once, Ok(1), "needs no timer");
        let panic = std::panic::catch_unwind(|| block_on(timeout(SHORT, pending::<()>())));
        let text = panic.unwrap_err();
        let text = text.downcast_ref::<&str>().expect("a text");
        assert!(text.contains("timeout_blocking"), "{text}");
    });
}
