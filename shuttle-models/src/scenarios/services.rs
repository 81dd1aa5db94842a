//! Services that end and are restarted as somebody stops them.

use std::time::Duration;

use super::{Broken, Count, runner, thread};
use crate::explore::explore;
use crate::flavours::{Lane, Pool};
use crate::{Backoff, Context, Launch, Restart, Service, Spec};

/// Fails the first time, then waits for its stop.
struct Shaky {
    runs: Count,
    alive: Count,
}

impl Service for Shaky {
    const SPEC: Spec = Spec::new("shaky", file!(), line!())
        .restart(Restart::OnFailure)
        .backoff(Backoff::new(Duration::from_millis(1), Duration::from_millis(1)));

    fn launch(self) -> Launch {
        let Shaky { runs, alive } = self;
        let runs = std::sync::Arc::new(runs);
        let alive = std::sync::Arc::new(alive);
        Launch::repeat(Lane, async move || {
            runs.add();
            assert_eq!(runs.get() - alive.get(), 1, "two runs at once");
            if runs.get() > 1 {
                Context::current().stopped().await;
            }
            alive.add();
            if runs.get() > 1 { Ok(()) } else { Err(Broken(1)) }
        })
    }
}

/// FAULTS 94 in sense: the old run is gone before the new one begins, and a stop on purpose restarts nothing.
#[test]
fn a_service_that_fails_as_it_is_stopped_never_runs_twice_and_not_after_the_stop() {
    explore("restart against stop", || {
        let runner = runner();
        let (runs, ended) = (Count::default(), Count::default());
        runner.add(Shaky { runs: runs.clone(), alive: ended.clone() }).expect("it is new");
        let handle = runner.handle();
        let stopping = thread(move || handle.stop());
        let report = runner.run_until_stopped();
        stopping.join();
        assert!(runs.get() <= 2 && ended.get() == runs.get(), "{report}");
        assert!(report.abandoned().is_empty(), "{report}");
    });
}

/// The same by name, while the runner goes on.
#[test]
fn a_service_that_is_stopped_and_started_by_two_at_once_runs_once_at_a_time() {
    explore("service stop against start", || {
        let runner = runner();
        let (runs, ended) = (Count::default(), Count::default());
        runs.add();
        ended.add();
        runner.add(Shaky { runs: runs.clone(), alive: ended.clone() }).expect("it is new");
        let running = {
            let handle = runner.handle();
            thread(move || {
                let _ = handle.stop_service_blocking("shaky");
                handle.stop();
            })
        };
        let restarting = {
            let handle = runner.handle();
            thread(move || drop(handle.restart_service_blocking("shaky")))
        };
        let report = runner.run_until_stopped();
        running.join();
        restarting.join();
        assert_eq!(ended.get(), runs.get(), "{report}");
        assert!(report.abandoned().is_empty(), "{report}");
    });
}
