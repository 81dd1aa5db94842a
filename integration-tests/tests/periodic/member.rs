//! Periodic work as a member of a group.

use std::sync::mpsc::channel;
use std::time::Duration;

use integration_tests::calls::Calls;
use integration_tests::each::Any;
use integration_tests::gate::Gate;
use integration_tests::told::Listener;
use integration_tests::{LIMIT, finish, on_each, runner, until, within};
use spumoni::prelude::*;
use spumoni::{OnExit, OnFailure, Overlap, Reason};

use crate::runs::Again;
use crate::{LONG, SHORT};

on_each!(
    a_stop_of_the_group_ends_periodic_members_and_their_runs,
    a_run_that_fails_stops_the_others_as_the_group_says,
    a_run_that_fails_leaves_the_others_alone_where_the_member_goes_on,
    a_periodic_member_takes_one_place_and_its_runs_none,
    a_periodic_member_is_refused_for_the_reasons_of_any_member,
    runs_stand_below_their_member_in_the_tree,
);

/// A112, A115.
fn a_stop_of_the_group_ends_periodic_members_and_their_runs<F: Any<Mode: Again>>(flavour: F) {
    let runner = runner();
    let group = runner.group("pool").open().expect("free");
    let (runs, asked) = (Gate::default(), Gate::default());
    let run = runs.clone();
    let beat = <F::Mode as Again>::each(move || run.come());
    group.every(SHORT).name("beat").adopt(flavour, beat).map(drop).expect("taken");
    let beside = group.every(SHORT).name("beside").overlap(Overlap::Concurrent);
    beside.adopt(flavour, <F::Mode as Again>::asked(&asked)).map(drop).expect("taken");
    runs.wait_for(3);
    asked.wait_for(2);
    assert!(!runner.is_stopping() && !group.is_empty());
    group.stop();
    let ends = group.join_all().blocking().expect("no ring");
    let mut names: Vec<_> = ends.iter().filter_map(|end| end.name()).collect();
    names.sort_unstable();
    assert_eq!(names, ["beat", "beside"]);
    assert!(ends.iter().all(|end| end.failure().is_none()), "{ends:?}");
    until(|| runner.tree().alive() == 0);
    finish(runner);
}

/// A166.
fn a_run_that_fails_stops_the_others_as_the_group_says<F: Any<Mode: Again>>(flavour: F) {
    let runner = runner();
    let group = runner.group("strict").open().expect("free");
    let begun = Gate::default();
    let waits = <F::Mode as Calls>::until_stopped(&begun, || ());
    group.task("other").try_adopt(flavour, waits).map(drop).expect("taken");
    begun.wait_for(1);
    let fails = <F::Mode as Again>::each(|| Err::<(), _>(anyhow::anyhow!("unlucky")));
    group.every(LONG).name("probe").adopt(flavour, fails).map(drop).expect("taken");
    let ends = group.join_all().blocking().expect("no ring");
    let failed: Vec<_> = ends.iter().filter_map(|end| end.failure()).collect();
    assert_eq!((ends.len(), failed.len()), (2, 1), "{ends:?}");
    assert_eq!(failed[0].task().path(), "strict/probe");
    assert!(failed[0].to_string().contains("unlucky"), "{ends:?}");
    finish(runner);
}

/// A113.
fn a_run_that_fails_leaves_the_others_alone_where_the_member_goes_on<F: Any<Mode: Again>>(
    flavour: F,
) {
    let runner = runner();
    let group = runner.group("lax").on_exit(OnExit::Stop).open().expect("free");
    let runs = Gate::default();
    let run = runs.clone();
    let fails = <F::Mode as Again>::each(move || {
        run.come();
        Err::<(), _>(anyhow::anyhow!("as always"))
    });
    let every = group.every(SHORT).name("probe").on_failure(OnFailure::Continue);
    every.adopt(flavour, fails).map(drop).expect("taken");
    runs.wait_for(3);
    assert!(!group.is_stopping());
    group.stop();
    let ends = group.join_all().blocking().expect("no ring");
    assert!(ends.len() == 1 && ends[0].failure().is_none(), "{ends:?}");
    finish(runner);
}

fn a_periodic_member_takes_one_place_and_its_runs_none<F: Any<Mode: Again>>(flavour: F) {
    let runner = runner();
    let group = runner.group("narrow").limit(1).open().expect("free");
    let gate = Gate::default();
    let every = group.every(SHORT).overlap(Overlap::Concurrent);
    let whole = every.spawn(flavour, <F::Mode as Again>::at(&gate)).map_err(drop).expect("taken");
    gate.wait_for(3);
    let full = group.every(SHORT).adopt(flavour, <F::Mode as Again>::at(&gate)).map(drop);
    assert!(matches!(full.unwrap_err().reason(), Reason::GroupFull { limit: 1, .. }));
    gate.open();
    whole.stop();
    assert!(matches!(whole.join(), Ok(Ok(()))));
    // Its place is free again.
    until(|| group.is_empty());
    let next = group.every(LONG).spawn(flavour, <F::Mode as Again>::at(&gate)).map_err(drop);
    next.expect("taken").stop();
    let _ = group.join_all().blocking();
    finish(runner);
}

fn a_periodic_member_is_refused_for_the_reasons_of_any_member<F: Any<Mode: Again>>(flavour: F) {
    let runner = runner();
    let group = runner.group("g").open().expect("free");
    let gate = Gate::default();
    let at = || <F::Mode as Again>::at(&gate);
    let zero = group.every(Duration::ZERO).adopt(flavour, at()).map(drop).unwrap_err();
    let Reason::ZeroInterval(zero) = zero.reason() else { panic!("{zero}") };
    assert!(zero.at().file().ends_with("member.rs"), "{zero}");
    let first = group.every(LONG).name("twice").spawn(flavour, at()).map_err(drop);
    let again = group.every(LONG).name("twice").adopt(flavour, at()).map(drop).unwrap_err();
    assert!(matches!(again.reason(), Reason::DuplicateName { .. }), "{again}");
    gate.open();
    first.expect("taken").stop();
    group.stop();
    let late = group.every(LONG).adopt(flavour, at()).map(drop).unwrap_err();
    assert!(late.is_stopping(), "{late}");
    let _ = late.into_payload();
    let _ = group.join_all().blocking();
    finish(runner);
}

fn runs_stand_below_their_member_in_the_tree<F: Any<Mode: Again>>(flavour: F) {
    let runner = runner();
    let group = runner.group("g").open().expect("free");
    let (tell, told) = channel();
    let says = <F::Mode as Again>::each(move || {
        let _ = tell.send(Context::current().label().path());
    });
    group.every(LONG).name("beat").adopt(flavour, says).map(drop).expect("taken");
    let path = told.recv().expect("told");
    assert!(path.starts_with("g/beat/runs/"), "{path}");
    group.stop();
    let _ = group.join_all().blocking();
    finish(runner);
}

/// A113, A117: each failure where the next run goes on, with the run's place in the tree and its text.
#[test]
fn what_fails_in_runs_that_go_on_is_in_the_log() {
    within(LIMIT, || {
        let (to, told) = crossbeam_channel::unbounded();
        tracing::subscriber::set_global_default(Listener(to)).expect("the only one");
        let heard = |what: &[&str]| {
            let all = |line: &String| what.iter().all(|part| line.contains(part));
            told.iter().find(all).expect("told")
        };
        let runner = runner();
        let every = |name: &str| runner.every(LONG).name(name.to_owned());
        // Told when the run is over, and not at the next tick only.
        let waits = every("on-lane").on_failure(OnFailure::Continue);
        waits.adopt(Tokio, async || Err::<(), _>(std::fmt::Error)).map(drop).expect("taken");
        let line = heard(&["on-lane/runs/", "a run failed, and the next goes on"]);
        assert!(line.starts_with("ERROR"), "{line}");
        assert!(line.contains(&std::fmt::Error.to_string()), "{line}");
        let waits = every("on-thread").on_failure(OnFailure::Continue);
        waits.adopt(Thread, || -> () { panic!("on purpose") }).map(drop).expect("taken");
        let line = heard(&["on-thread/runs/", "a run failed, and the next goes on"]);
        assert!(line.contains("on purpose"), "{line}");
        // Beside each other they are told at the next tick.
        let beside = runner.every(SHORT).name("beside").overlap(Overlap::Concurrent);
        let beside = beside.on_failure(OnFailure::Continue);
        beside.adopt(Smol, async || Err::<(), _>(std::fmt::Error)).map(drop).expect("taken");
        heard(&["beside/runs/", "a run failed"]);
        heard(&["beside/runs/", "a run failed"]);
        runner.stop();
        finish(runner);
    });
}
