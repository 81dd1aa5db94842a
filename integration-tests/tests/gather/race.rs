//! Of several payloads the first that ends counts, the others are stopped and waited for.

use std::future::{Future, pending};
use std::time::Duration;

use integration_tests::each::{Any, Lane};
use integration_tests::gate::Gate;
use integration_tests::told::Listener;
use integration_tests::witness::witness;
use integration_tests::{LIMIT, finish, on_each_lane, runner, within};
use spumoni::prelude::*;
use spumoni::{JoinError, Race, RaceError, Reason, timeout};

on_each_lane!(
    the_first_counts_and_the_others_have_ended_when_it_is_told,
    the_failure_of_the_first_is_told_and_the_others_are_stopped,
    what_fails_in_the_others_is_told_beside_the_value,
    a_race_that_is_dropped_half_way_stops_all_without_a_warning,
    a_stop_of_the_caller_stops_the_race,
    a_race_that_cannot_begin_says_why_and_leaves_nobody,
);

/// On all flavours: who comes, waits for the stop, and then counts as cleaned up.
fn with_losers(mut race: Race<&'static str>, begun: &Gate, cleaned: &Gate) -> Race<&'static str> {
    let each = || (begun.clone(), cleaned.clone());
    let on_lane = |(begun, cleaned): (Gate, Gate)| {
        async move || {
            begun.come();
            Context::current().stopped().await;
            cleaned.come();
            "late"
        }
    };
    race = race.racer(Tokio, on_lane(each())).racer(Smol, on_lane(each()));
    race = race.racer(AsyncStd, on_lane(each()));
    let (begun, cleaned) = each();
    race.racer(Thread, move || {
        begun.come();
        Context::current().stopped_blocking();
        cleaned.come();
        "late"
    })
}

/// A108.
fn the_first_counts_and_the_others_have_ended_when_it_is_told(lane: impl Lane) {
    let runner = runner();
    let (begun, cleaned) = (Gate::default(), Gate::default());
    let all_there = begun.clone();
    let race = with_losers(runner.race("race"), &begun, &cleaned);
    let race = race.racer(Thread, move || {
        all_there.wait_for(4);
        "first"
    });
    let gate = cleaned.clone();
    let won = runner.execute(lane, async move || {
        let won = race.first().await;
        assert_eq!(gate.count(), 4);
        won
    });
    let won = won.expect("no panic").expect("a first");
    assert_eq!((won.place(), *won.value(), won.failures().len()), (4, "first", 0));
    assert!(won.task().to_string().contains("race.rs"), "{}", won.task());
    let (begun, cleaned) = (Gate::default(), Gate::default());
    let all_there = begun.clone();
    let race = with_losers(runner.race("race"), &begun, &cleaned).racer(lane, async move || {
        while all_there.count() < 4 {
            smol::future::yield_now().await;
        }
        "first"
    });
    let won = race.first_blocking().expect("a first");
    assert_eq!((won.place(), won.task().flavour().as_str()), (4, lane.name()));
    assert_eq!((won.into_value(), cleaned.count()), ("first", 4));
    finish(runner);
}

/// T94.
fn the_failure_of_the_first_is_told_and_the_others_are_stopped(lane: impl Lane) {
    let runner = runner();
    let (begun, cleaned) = (Gate::default(), Gate::default());
    let all_there = begun.clone();
    let race = with_losers(runner.race("race"), &begun, &cleaned);
    let race = race.racer(Thread, move || -> &'static str {
        all_there.wait_for(4);
        panic!("on purpose")
    });
    let error = runner.execute(lane, async move || race.first().await);
    let error = error.expect("no panic here").expect_err("the first has panicked");
    assert!(error.to_string().contains("on purpose"), "{error}");
    let RaceError::Failed { first, others } = error else { panic!("{error}") };
    assert_eq!((first.place(), others.len(), cleaned.count()), (4, 0, 4));
    assert!(first.error().as_panic().is_some());
    finish(runner);
}

fn what_fails_in_the_others_is_told_beside_the_value(lane: impl Lane) {
    let runner = runner();
    let (free, both) = (Gate::default(), Gate::default());
    let (held, begun) = (free.clone(), both.clone());
    let group = runner.group("race").grace(Duration::from_millis(20));
    let deaf = group.group_grace(Duration::from_millis(40)).race().racer(Thread, move || {
        begun.come();
        held.pass_blocking();
        0
    });
    let begun = both.clone();
    let panics = deaf.racer(lane, async move || -> i32 {
        begun.come();
        Context::current().stopped().await;
        panic!("while it cleans up")
    });
    let race = panics.racer(Thread, move || {
        both.wait_for(2);
        7
    });
    let won = race.first_blocking().expect("a first");
    let failures = won.failures();
    assert_eq!((won.place(), failures.len()), (2, 2), "{failures:?}");
    assert_eq!((failures[0].place(), failures[0].error()), (0, &JoinError::Abandoned));
    assert!(failures[1].to_string().contains("while it cleans up"), "{failures:?}");
    free.open();
    let report = runner.run();
    assert!(report.failures().is_empty(), "{report}");
}

/// T99.
fn a_race_that_is_dropped_half_way_stops_all_without_a_warning(lane: impl Lane) {
    let runner = runner();
    let (begun, cleaned) = (Gate::default(), Gate::default());
    let race = with_losers(runner.race("race"), &begun, &cleaned);
    let (to, told) = crossbeam_channel::unbounded();
    let all_there = begun.clone();
    let late = runner.execute(lane, async move || {
        tracing::subscriber::with_default(Listener(to), || {
            let mut race = Box::pin(race.first());
            let mut cx = std::task::Context::from_waker(std::task::Waker::noop());
            assert!(race.as_mut().poll(&mut cx).is_pending());
            drop(race);
        });
        drop(all_there);
        timeout(Duration::ZERO, pending::<()>()).await.is_err()
    });
    assert!(late.expect("no panic"));
    finish(runner);
    // Those that had not begun never begin.
    assert_eq!(begun.count(), cleaned.count());
    let told: Vec<String> = told.try_iter().collect();
    assert!(told.iter().all(|line| !line.contains("was dropped with")), "{told:?}");
}

/// T91.
fn a_stop_of_the_caller_stops_the_race(lane: impl Lane) {
    let runner = runner();
    let (begun, cleaned) = (Gate::default(), Gate::default());
    let race = with_losers(runner.race("race"), &begun, &cleaned);
    let caller = runner.spawn(lane, async move || race.first().await.map(|won| won.into_value()));
    let caller = caller.expect("taken");
    begun.wait_for(4);
    caller.stop();
    // Asked, they end in their own way, and one of them is the first.
    assert_eq!(caller.join().expect("its own way out").expect("a value"), "late");
    assert_eq!(cleaned.count(), 4);
    finish(runner);
}

fn a_race_that_cannot_begin_says_why_and_leaves_nobody(lane: impl Lane) {
    let runner = runner();
    let (dropped, drops) = witness();
    let first = move || {
        let _dropped = dropped;
        Context::current().stopped_blocking();
    };
    let race = runner.group("narrow").limit(1).race().racer(Thread, first);
    let race = race.racer(lane, async || ());
    let error = runner.execute(lane, async move || race.first().await.map(drop));
    let error = error.expect("no panic").expect_err("no room for two");
    assert!(matches!(error, RaceError::Refused(Reason::GroupFull { limit: 1, .. })), "{error}");
    drops.try_recv().expect("it has ended");
    let taken = runner.group("taken").open().expect("free");
    let error = runner.race("taken").racer(Thread, || ()).first_blocking().expect_err("taken");
    assert!(matches!(error, RaceError::Refused(Reason::DuplicateName { .. })), "{error}");
    drop(taken);
    let nobody = runner.race::<()>("nobody").first_blocking().expect_err("nobody");
    assert!(matches!(nobody, RaceError::Empty) && nobody.to_string().contains("racer"));
    let handle = runner.handle();
    finish(runner);
    let late = handle.race("late").racer(Thread, || ()).first_blocking();
    assert!(matches!(late, Err(RaceError::Refused(Reason::Stopped))), "{late:?}");
}

/// A108, A142.
#[test]
fn threads_race_too() {
    within(LIMIT, || {
        let runner = runner();
        let handle = runner.handle();
        let race = || {
            let (begun, cleaned) = (Gate::default(), Gate::default());
            let all_there = begun.clone();
            let race = with_losers(handle.race("race"), &begun, &cleaned);
            let race = race.racer(Thread, move || {
                all_there.wait_for(4);
                "first"
            });
            let won = race.first_blocking().expect("a first");
            (won.into_value(), cleaned.count())
        };
        assert_eq!(race(), ("first", 4));
        let (tell, told) = crossbeam_channel::bounded(1);
        let from_pool = handle.clone();
        let on_pool = runner.spawn(Thread, move || {
            let quick = from_pool.race("quick").racer(Tokio, async || 1).racer(Smol, async || 1);
            tell.send(quick.first_blocking().map(|won| won.into_value())).expect("heard");
        });
        on_pool.expect("taken").join().expect("no panic");
        assert_eq!(told.recv().expect("told").expect("a first"), 1);
        finish(runner);
    });
}
