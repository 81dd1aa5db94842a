//! Ticks within a task: when they come, and that they end.

use std::thread;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use integration_tests::each::Lane;
use integration_tests::fake::block_on;
use integration_tests::gate::Gate;
use integration_tests::{LIMIT, finish, on_each, on_each_lane, runner, within};
use spumoni::prelude::*;
use spumoni::{MissedTicks, Ticks};

use crate::{LONG, Periodic, SHORT, Tick};

on_each!(
    ticks_come_at_their_times_and_do_not_drift,
    the_first_tick_comes_at_once_or_after_its_delay,
    from_end_to_start_there_is_a_whole_interval_between,
    missed_ticks_come_in_a_burst,
    missed_ticks_are_skipped_and_the_next_comes_at_its_old_time,
    after_a_delayed_tick_there_is_a_whole_interval,
    ticks_of_the_wall_clock_come_at_its_multiples,
    a_stop_ends_the_ticks_also_if_one_is_due,
    f118_an_interval_without_end_ticks_once_and_waits_for_the_stop,
    f118_an_interval_of_zero_is_an_error_that_says_where,
);

on_each_lane!(
    a_wait_for_a_tick_that_is_dropped_loses_nothing,
    a_tick_that_is_late_lets_the_others_of_its_lane_go_first,
);

/// The times at which the first ticks were due and those at which they came.
fn times<F: Periodic>(
    flavour: F,
    count: usize,
    make: impl FnOnce(Ticks) -> Ticks + Send + 'static,
    mut work: impl FnMut(usize) + Send + 'static,
) -> Vec<(Instant, Instant)> {
    let runner = runner();
    let times: Vec<(Instant, Instant)> = Vec::new();
    let ticks = |cx: &Context| make(cx.every(SHORT).expect("not zero"));
    let payload = <F::Mode as Tick>::ticking(ticks, times, move |times, due| {
        times.push((due, Instant::now()));
        work(times.len());
        times.len() < count
    });
    let (times, stopped) = runner.execute(flavour, payload).map_err(|e| e.to_string()).unwrap();
    assert!(!stopped);
    finish(runner);
    assert!(times.iter().all(|(due, came)| came >= due), "too early: {times:?}");
    times
}

/// A112, A114, A116.
fn ticks_come_at_their_times_and_do_not_drift<F: Periodic>(flavour: F) {
    let times = times(flavour, 6, |ticks| ticks, |_| thread::yield_now());
    let first = times[0].0;
    for (index, (due, _)) in (0..).zip(&times) {
        assert_eq!(*due - first, SHORT * index, "{times:?}");
    }
}

/// A115.
fn the_first_tick_comes_at_once_or_after_its_delay<F: Periodic>(flavour: F) {
    let begin = Instant::now();
    let at_once = times(flavour, 1, |_| Context::current().every(LONG).unwrap(), |_| ());
    assert!(at_once[0].0 - begin < LONG);
    let begin = Instant::now();
    let later = times(flavour, 2, |ticks| ticks.first_after(SHORT * 3), |_| ());
    assert!(later[0].0 >= begin + SHORT * 3);
    assert_eq!(later[1].0 - later[0].0, SHORT);
}

/// A114, A116.
fn from_end_to_start_there_is_a_whole_interval_between<F: Periodic>(flavour: F) {
    let (tell, told) = std::sync::mpsc::channel();
    let work = move |_| {
        let begin = Instant::now();
        while begin.elapsed() < SHORT * 2 {
            thread::yield_now();
        }
        tell.send(Instant::now()).unwrap();
    };
    let times = times(flavour, 4, Ticks::end_to_start, work);
    for ((due, _), end) in times[1..].iter().zip(told) {
        assert!(*due >= end + SHORT, "{times:?}");
    }
}

/// The first tick's work takes as long as five and a half intervals.
fn slow_at_first(count: usize) {
    let begin = Instant::now();
    while count == 1 && begin.elapsed() < SHORT * 11 / 2 {
        thread::yield_now();
    }
}

fn missed_ticks_come_in_a_burst<F: Periodic>(flavour: F) {
    let times = times(flavour, 5, |ticks| ticks.missed(MissedTicks::Burst), slow_at_first);
    let first = times[0].0;
    for (index, (due, _)) in (0..).zip(&times) {
        assert_eq!(*due - first, SHORT * index, "{times:?}");
    }
}

fn missed_ticks_are_skipped_and_the_next_comes_at_its_old_time<F: Periodic>(flavour: F) {
    let times = times(flavour, 4, |ticks| ticks.missed(MissedTicks::Skip), slow_at_first);
    let since = |index: usize| times[index].0 - times[0].0;
    // The late one comes; then those that have passed do not.
    assert_eq!(since(1), SHORT);
    assert!(since(2) > SHORT * 5, "{times:?}");
    assert_eq!(since(2).as_nanos() % SHORT.as_nanos(), 0, "{times:?}");
    assert!(since(3) > since(2), "{times:?}");
}

fn after_a_delayed_tick_there_is_a_whole_interval<F: Periodic>(flavour: F) {
    let times = times(flavour, 3, |ticks| ticks.missed(MissedTicks::Delay), slow_at_first);
    assert_eq!(times[1].0 - times[0].0, SHORT);
    let late = times[0].0 + SHORT * 11 / 2;
    assert!(times[2].0 >= late + SHORT, "{times:?}");
}

/// What the clock on the wall said at that time, if nobody has set it since.
fn on_the_wall(time: Instant) -> Duration {
    loop {
        let before = time.elapsed();
        let wall = SystemTime::now().duration_since(UNIX_EPOCH).expect("after 1970");
        // Read at once, on a machine that is busy.
        if time.elapsed() - before < Duration::from_micros(100) {
            return wall - before;
        }
    }
}

/// A112.
fn ticks_of_the_wall_clock_come_at_its_multiples<F: Periodic>(flavour: F) {
    let runner = runner();
    let ticks = |cx: &Context| cx.every(SHORT * 5).expect("not zero").wall_clock();
    let payload = <F::Mode as Tick>::ticking(ticks, Vec::new(), |times, due| {
        times.push((due, on_the_wall(due)));
        times.len() < 4
    });
    let times = runner.execute(flavour, payload).map_err(|e| e.to_string()).unwrap().0;
    finish(runner);
    let interval = (SHORT * 5).as_nanos();
    for (due, wall) in &times {
        let off = wall.as_nanos() % interval;
        let near = off.min(interval - off);
        assert!(near < interval / 4, "{off} ns off at {due:?}: {times:?}");
    }
    assert!(times.windows(2).all(|pair| pair[1].0 > pair[0].0 + SHORT * 2), "{times:?}");
}

fn a_stop_ends_the_ticks_also_if_one_is_due<F: Periodic>(flavour: F) {
    let runner = runner();
    let ticking = Gate::default();
    let ticks = ticking.clone();
    let payload = <F::Mode as Tick>::ticking(
        |cx| cx.every(Duration::from_nanos(1)).expect("not zero"),
        (),
        move |(), _| {
            ticks.come();
            true
        },
    );
    let task = runner.spawn(flavour, payload).map_err(|e| e.to_string()).unwrap();
    ticking.wait_for(10);
    task.stop();
    assert_eq!(task.join(), Ok(((), true)));
    finish(runner);
}

/// Row 118 of the faults.
fn f118_an_interval_without_end_ticks_once_and_waits_for_the_stop<F: Periodic>(flavour: F) {
    for make in [|t: Ticks| t, Ticks::end_to_start, |t: Ticks| t.missed(MissedTicks::Skip)] {
        let runner = runner();
        let ticking = Gate::default();
        let ticks = ticking.clone();
        let payload = <F::Mode as Tick>::ticking(
            move |cx| make(cx.every(Duration::MAX).expect("not zero")),
            0,
            move |count, _| {
                *count += 1;
                ticks.come();
                true
            },
        );
        let task = runner.spawn(flavour, payload).map_err(|e| e.to_string()).unwrap();
        ticking.wait_for(1);
        task.stop();
        assert_eq!(task.join(), Ok((1, true)));
        finish(runner);
    }
}

/// Row 118 of the faults.
fn f118_an_interval_of_zero_is_an_error_that_says_where<F: Periodic>(flavour: F) {
    use integration_tests::calls::Calls;
    let runner = runner();
    let payload = F::Mode::payload(|| Context::current().every(Duration::ZERO).map(drop));
    let zero = runner.execute(flavour, payload).map_err(|e| e.to_string()).unwrap().unwrap_err();
    assert!(zero.at().file().ends_with("ticks.rs"), "{zero}");
    let text = zero.to_string();
    assert!(text.contains("is zero") && text.contains("give it at least"), "{text}");
    finish(runner);
}

fn a_wait_for_a_tick_that_is_dropped_loses_nothing<F: Lane>(flavour: F) {
    let runner = runner();
    let due = runner.execute(flavour, async || {
        let cx = Context::current();
        let mut ticks = cx.every(SHORT).unwrap().end_to_start();
        let first = ticks.tick().await.unwrap();
        let mut dropped = 0;
        loop {
            match smol::future::poll_once(Box::pin(ticks.tick())).await {
                Some(second) => return (first, second.unwrap(), dropped),
                None => dropped += 1,
            }
            // Lets the lane's timers get on.
            cx.sleep(Duration::from_micros(100)).await.unwrap();
        }
    });
    let (first, second, dropped) = due.unwrap();
    assert!(dropped > 0, "it was waited for");
    assert!(second >= first + SHORT);
    finish(runner);
}

fn a_tick_that_is_late_lets_the_others_of_its_lane_go_first<F: Lane>(flavour: F) {
    let runner = runner();
    let gate = Gate::default();
    let (held, opens) = (gate.clone(), gate.clone());
    let task = runner.spawn(flavour, async move || {
        held.come();
        // Each is late before it is asked for: this lane is never without work.
        let mut ticks = Context::current().every(Duration::from_nanos(1)).unwrap();
        let mut count = 0_u64;
        while !held.is_open() {
            ticks.tick().await.unwrap();
            count += 1;
        }
        count
    });
    gate.wait_for(1);
    runner.execute(flavour, async move || opens.open()).unwrap();
    assert!(task.unwrap().join().unwrap() >= 1);
    finish(runner);
}

#[test]
fn ticks_say_what_they_are_and_can_begin_anew() {
    within(LIMIT, || {
        let runner = runner();
        let late = runner.execute(Thread, || {
            let mut ticks = Context::current().every(SHORT).unwrap();
            assert_eq!(ticks.interval(), SHORT);
            assert!(format!("{ticks:?}").contains("4ms"));
            let begin = Instant::now();
            ticks.reset();
            ticks.tick_blocking().unwrap() >= begin + SHORT
        });
        assert!(late.unwrap());
        finish(runner);
    });
}

#[test]
fn off_the_lanes_a_tick_panics_with_what_to_use_instead() {
    within(LIMIT, || {
        let runner = runner();
        let ticks = runner.execute(Thread, || Context::current().every(LONG).unwrap());
        let mut ticks = ticks.unwrap();
        block_on(ticks.tick()).expect("the first needs no timer");
        let tick = std::panic::AssertUnwindSafe(|| block_on(ticks.tick()));
        let text = std::panic::catch_unwind(tick).unwrap_err();
        let text = text.downcast_ref::<&str>().expect("a text");
        assert!(text.contains("tick_blocking"), "{text}");
        finish(runner);
    });
}
