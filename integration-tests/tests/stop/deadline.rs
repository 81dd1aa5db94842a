//! Whatever a payload holds, the report comes in time and names it.

use std::future::pending;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::channel;
use std::thread;
use std::time::Duration;

use integration_tests::each::{Any, Lane};
use integration_tests::fake::Fake;
use integration_tests::gate::Gate;
use integration_tests::witness::witness;
use integration_tests::{LIMIT, finish, on_each, on_each_lane, runner, until, within};
use spumoni::prelude::*;
use spumoni::{ExecuteError, JoinError, TaskState};

use crate::{NOISE, assert_requested, built, millis, stubborn, stubborn_as};

on_each_lane!(
    f017_waits_for_a_stuck_lane_end_with_the_report,
    a_destructor_that_blocks_does_not_move_the_deadline,
);

on_each!(
    f016_f018_a_task_that_holds_its_thread_is_named_at_the_deadline,
    f075_a_straggler_that_ends_later_disturbs_nobody,
);

/// PEERS 17.
#[test]
fn a_forced_stop_cancels_at_once_and_is_not_clean() {
    within(LIMIT, || {
        let runner = runner();
        let (told, tells) = witness();
        let never = runner.task("never").grace(Duration::MAX).spawn(Smol, async move || {
            let _told = told;
            pending::<()>().await
        });
        let never = never.expect("taken");
        until(|| never.state() == TaskState::Running);
        runner.stop_now();
        tells.recv().expect("dropped");
        assert_eq!(never.join(), Err(JoinError::Stopped));
        let report = runner.run();
        assert!(report.is_forced());
        assert!(!report.is_clean());
        assert_eq!(report.exit_code(), 1);
    });
}

#[test]
fn a_stop_under_way_can_be_forced() {
    within(LIMIT, || {
        let runner = built(|settings| settings.grace(Duration::MAX).stop_timeout(Duration::MAX));
        let never = runner.spawn(Tokio, pending::<()>).expect("taken");
        until(|| never.state() == TaskState::Running);
        runner.stop();
        assert!(!never.is_finished());
        runner.stop_now();
        assert_eq!(never.join(), Err(JoinError::Stopped));
        let report = runner.run();
        assert_requested(&report);
        assert!(report.is_forced());
        assert_eq!(report.exit_code(), 1);
    });
}

#[test]
fn a_forced_stop_is_over_in_a_second_although_a_lane_is_held() {
    within(LIMIT, || {
        let runner = built(|settings| settings.grace(Duration::MAX).stop_timeout(Duration::MAX));
        let free = stubborn(&runner, Smol);
        runner.stop();
        runner.stop_now();
        let report = runner.run();
        assert!(report.took() < Duration::from_secs(1) + NOISE, "{report}");
        assert_eq!((report.abandoned().len(), report.exit_code()), (1, 3), "{report}");
        assert!(report.is_forced());
        free.open();
    });
}

/// Blocks in its destructor.
struct Slow {
    dropping: Gate,
    free: Gate,
}

impl Drop for Slow {
    fn drop(&mut self) {
        self.dropping.open();
        self.free.pass_blocking();
    }
}

/// T121, C46, FAULTS 16 and 18, O5, O10, O32.
fn f016_f018_a_task_that_holds_its_thread_is_named_at_the_deadline<F: Any>(flavour: F) {
    let runner = runner();
    let free = stubborn(&runner, flavour);
    let budget = millis(500);
    runner.stop_within(budget);
    let report = runner.run();
    assert_requested(&report);
    assert!(report.took() < budget + NOISE, "{report}");
    let [stuck] = report.abandoned() else {
        panic!("{report}");
    };
    assert_eq!(stuck.task().name(), Some("stuck"));
    assert_eq!(stuck.flavour().as_str(), flavour.name());
    assert!(stuck.held() >= millis(400), "{report}");
    assert!(stuck.task().spawned_at().file().contains("/stop/"));
    assert_eq!((report.left(), report.exit_code()), (0, 3), "{report}");
    free.open();
}

/// O39, FAULTS 75.
fn f075_a_straggler_that_ends_later_disturbs_nobody<F: Any>(flavour: F) {
    let runner = runner();
    let free = stubborn(&runner, flavour);
    runner.stop_within(millis(50));
    let handle = runner.handle();
    let report = runner.run();
    assert_eq!(report.exit_code(), 3);
    let before = report.to_string();
    free.open();
    // Its lane or its thread goes: the last thing that holds on to the runner beside the handle.
    until(|| handle.tree().alive() == 0);
    assert_eq!(handle.ended_blocking().to_string(), before);
    assert!(report.late_failures().is_empty());
}

/// S87, O37, FAULTS 17, PEERS 6.
fn f017_waits_for_a_stuck_lane_end_with_the_report(flavour: impl Lane) {
    let runner = runner();
    let free = stubborn(&runner, flavour);
    let handle = runner.handle();
    let executes = {
        let handle = handle.clone();
        thread::spawn(move || handle.execute(flavour, async || ()).expect_err("never ran"))
    };
    let queue = || runner.spawn(flavour, async || ()).expect("taken");
    let joins = {
        let task = queue();
        thread::spawn(move || task.join())
    };
    let timed = {
        let task = queue();
        thread::spawn(move || task.join_timeout(LIMIT).map_err(drop))
    };
    let awaits = {
        let task = queue();
        thread::spawn(move || smol::block_on(task))
    };
    let elsewhere = {
        let (told, task) = (runner.handle(), queue());
        let other = integration_tests::runner();
        thread::spawn(move || {
            let outcome = other.execute(Fake, async move || task.await);
            drop(told);
            finish(other);
            outcome.expect("an answer")
        })
    };
    let late = queue();
    // All of them wait: the lane's inbox holds their tasks.
    until(|| handle.tree().homes()[0].waiting() == 6);
    runner.stop_within(millis(100));
    let report = runner.run();
    assert_eq!(report.abandoned().len(), 1, "{report}");
    assert_eq!(report.left(), 6, "{report}");
    let executed = executes.join().expect("no panic");
    assert!(matches!(executed, ExecuteError::Abandoned), "{executed}");
    let abandoned = Err(JoinError::Abandoned);
    assert_eq!(joins.join().expect("no panic"), abandoned);
    assert_eq!(timed.join().expect("no panic"), Ok(abandoned.clone()));
    assert_eq!(awaits.join().expect("no panic"), abandoned);
    assert_eq!(elsewhere.join().expect("no panic"), abandoned);
    // Who comes late is told at once.
    assert_eq!(late.join(), abandoned);
    free.open();
}

/// PEERS 3, FAULTS 6 in sense.
fn a_destructor_that_blocks_does_not_move_the_deadline(flavour: impl Lane) {
    let runner = built(|settings| settings.grace(millis(5)));
    let (dropping, free) = (Gate::default(), Gate::default());
    let slow = Slow { dropping: dropping.clone(), free: free.clone() };
    let task = runner.task("slow to go").adopt(flavour, async move || {
        let _slow = slow;
        pending::<()>().await
    });
    task.expect("taken");
    let neighbour = runner.spawn(flavour, pending::<()>).expect("taken");
    until(|| neighbour.state() == TaskState::Running);
    let budget = millis(500);
    runner.stop_within(budget);
    let report = runner.run();
    assert!(dropping.is_open());
    assert!(report.took() < budget + NOISE, "{report}");
    let [slow] = report.abandoned() else {
        panic!("{report}");
    };
    assert_eq!(slow.task().name(), Some("slow to go"));
    assert_eq!(report.exit_code(), 3);
    assert!(neighbour.join().is_err());
    free.open();
}

/// FAULTS 42: a wait that we cannot see ends nothing, but is named.
#[test]
fn f042_a_pool_task_that_waits_by_a_channel_for_a_queued_one_is_named() {
    within(LIMIT, || {
        let runner = built(|settings| settings.pool_size(1));
        let (to, from) = channel::<()>();
        let (begun, begins) = channel();
        let waits = runner.task("waits").adopt(Thread, move || {
            let _ = begun.send(());
            let _ = from.recv();
        });
        waits.expect("taken");
        begins.recv().expect("it begins");
        let ran = Arc::new(AtomicBool::new(false));
        let runs = Arc::clone(&ran);
        let keep = to.clone();
        runner
            .adopt(Thread, move || {
                runs.store(true, Ordering::Relaxed);
                let _ = to.send(());
            })
            .expect("taken");
        runner.stop_within(millis(100));
        let report = runner.run();
        assert_eq!(report.abandoned().len(), 1, "{report}");
        assert_eq!(report.abandoned()[0].task().name(), Some("waits"));
        assert_eq!(report.left(), 1);
        assert!(!ran.load(Ordering::Relaxed));
        drop(keep);
    });
}

/// Deadlines run beside each other and are not summed.
#[test]
fn stragglers_on_every_flavour_share_one_deadline() {
    within(LIMIT, || {
        let runner = runner();
        let gates = [
            stubborn_as(&runner, Tokio, "one"),
            stubborn_as(&runner, Smol, "two"),
            stubborn_as(&runner, AsyncStd, "three"),
            stubborn_as(&runner, Thread, "four"),
            stubborn_as(&runner, Thread, "five"),
        ];
        runner.stop_within(millis(500));
        let report = runner.run();
        assert!(report.took() < millis(500) + NOISE, "{report}");
        let mut names: Vec<_> =
            report.abandoned().iter().filter_map(|straggler| straggler.task().name()).collect();
        names.sort_unstable();
        assert_eq!(names, ["five", "four", "one", "three", "two"]);
        for gate in gates {
            gate.open();
        }
    });
}
