//! Callers that block as the runner stops, and in rings.

use std::future::pending;

use super::{Count, runner, thread};
use crate::explore::explore;
use crate::flavours::{Lane, Other, Pool};
use crate::{Context, ExecuteError, Handle, JoinError};

/// FAULTS 60 in sense: nobody waits longer than the runner lives.
#[test]
fn a_caller_that_blocks_on_what_never_ends_is_let_go_by_the_stop() {
    explore("blocked caller against stop", || {
        let runner = super::builder().grace(std::time::Duration::ZERO).build().expect("good");
        let endless = runner.spawn(Lane, async || pending::<()>().await).expect("open");
        let joining = thread(move || endless.join());
        let handle = runner.handle();
        let executing = thread(move || {
            let result = handle.execute(Other, async || pending::<()>().await);
            matches!(result, Err(ExecuteError::Stopped | ExecuteError::Refused(_)))
        });
        let handle = runner.handle();
        let stopping = thread(move || handle.stop());
        let report = runner.run_until_stopped();
        stopping.join();
        assert_eq!(joining.join(), Err(JoinError::Stopped), "{report}");
        assert!(executing.join(), "{report}");
        assert!(report.abandoned().is_empty(), "{report}");
    });
}

/// FAULTS 40.
#[test]
fn f040_of_two_lanes_that_execute_on_each_other_one_is_refused() {
    explore("lanes in a ring", || {
        let runner = runner();
        let refused = Count::default();
        let count = refused.clone();
        let first = async move || {
            let result = Handle::current().execute(Other, async || 1);
            if matches!(result, Err(ExecuteError::WouldDeadlock { .. })) {
                count.add();
            }
        };
        let count = refused.clone();
        let second = async move || {
            let result = Handle::current().execute(Lane, async || 2);
            if matches!(result, Err(ExecuteError::WouldDeadlock { .. })) {
                count.add();
            }
        };
        let handles = (runner.spawn(Lane, first).expect("open"), runner.spawn(Other, second));
        handles.0.join().expect("it comes back");
        handles.1.expect("open").join().expect("it comes back");
        // None, if one was done before the other began.
        assert!(refused.get() <= 1);
        assert!(runner.run().failures().is_empty());
    });
}

/// FAULTS 52: through the pool, whose one thread waits for the lane.
#[test]
fn f052_of_a_lane_and_a_pool_that_execute_on_each_other_one_is_refused_or_both_are_done() {
    explore("lane and pool in a ring", || {
        let runner = super::builder().pool_size(1).build().expect("good settings");
        let on_pool = runner.spawn(Pool, || Handle::current().execute(Lane, async || 1).is_ok());
        let on_lane = runner.spawn(Lane, async || {
            let inner = Handle::current().spawn(Pool, || 2).expect("open");
            inner.join().is_ok()
        });
        let (pool, lane) = (on_pool.expect("open").join(), on_lane.expect("open").join());
        assert!(pool.expect("it comes back") || lane.expect("it comes back"));
        assert!(runner.run().failures().is_empty());
    });
}
