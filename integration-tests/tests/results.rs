//! Results by name: members that leave their value with the group, and how it is asked for.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::Duration;

use integration_tests::calls::Calls;
use integration_tests::each::{Any, Lane};
use integration_tests::gate::Gate;
use integration_tests::{LIMIT, finish, on_each, on_each_lane, runner, until, within};
use spumoni::prelude::*;
use spumoni::{Async, Blocking, JoinGroupError, OnFailure, Reason, ResultError, TaskState};

on_each!(
    a_forked_members_result_is_taken_once_by_its_name,
    a_result_of_another_type_is_refused_and_stays,
    a_result_that_is_to_come_is_not_there_yet,
    a_member_that_was_stopped_gives_no_result,
    a_member_that_panicked_gives_its_panic_and_fails_the_group,
    a_member_is_looked_up_while_it_runs_and_when_it_has_ended,
    a_refused_fork_gives_the_payload_back_and_leaves_nothing,
    a_later_member_of_the_same_name_replaces_what_nobody_took,
);

on_each_lane!(
    a_result_is_awaited_on_a_lane_by_a_sibling,
    a_member_that_waits_for_its_own_result_is_told_so,
    a_wait_for_a_result_that_is_dropped_loses_nothing,
    a_lane_that_blocks_on_a_result_of_its_own_is_told_so,
);

fn open(handle: &Handle, name: &str) -> Group {
    handle.group(name).open().expect("the name is free")
}

async fn load_users() -> Vec<&'static str> {
    vec!["ada", "grace"]
}

fn count_words() -> usize {
    7
}

fn generic<T: Default + Send + 'static>() -> T {
    T::default()
}

#[test]
fn functions_are_forked_without_being_named_twice() {
    within(LIMIT, || {
        let runner = runner();
        let group = open(&runner, "named");
        group.try_fork(Tokio, load_users).expect("taken");
        group.fork_blocking(Thread, count_words).expect("taken");
        async_io::block_on(group.fork(Thread, generic::<Option<u8>>)).expect("taken");
        let users: Vec<&str> = group.result("load_users").blocking().expect("a value");
        assert_eq!(users, ["ada", "grace"]);
        assert_eq!(group.result::<usize>("count_words").blocking().expect("a value"), 7);
        assert_eq!(group.result::<Option<u8>>("generic").blocking().expect("a value"), None);
        let ends = group.join_all().blocking().expect("no ring");
        assert_eq!(ends.len(), 3);
        assert!(ends.iter().all(|end| end.task().spawned_at().file().ends_with("results.rs")));
        finish(runner);
    });
}

#[test]
fn closures_and_pointers_have_no_name_and_come_back() {
    within(LIMIT, || {
        let runner = runner();
        let group = open(&runner, "nameless");
        let refused = group.try_fork(Thread, || 42).expect_err("no name");
        assert!(matches!(refused.reason(), Reason::BadName { .. }));
        let text = refused.to_string();
        assert!(text.contains("is no named function") && text.contains("task(\"name\")"), "{text}");
        assert_eq!(refused.into_payload()(), 42);
        let pointer: fn() -> usize = count_words;
        assert_eq!(group.try_fork(Thread, pointer).expect_err("no name").into_payload()(), 7);
        assert!(group.fork_blocking(Tokio, async || ()).is_err());
        assert!(group.is_empty());
        finish(runner);
    });
}

/// A24, T109.
fn a_forked_members_result_is_taken_once_by_its_name<F: Any>(flavour: F) {
    let runner = runner();
    let group = open(&runner, "sums");
    group.task("sum").try_fork(flavour, F::Mode::payload(|| 40 + 2)).expect("taken");
    assert_eq!(group.result::<i32>("sum").blocking().expect("a value"), 42);
    let again = group.result::<i32>("sum").blocking().expect_err("it was taken");
    assert!(matches!(again, ResultError::Unknown { .. }), "{again}");
    group.task("summe").try_fork(flavour, F::Mode::payload(|| 1)).expect("taken");
    let typo = group.try_result::<i32>("sume").expect_err("no such name");
    assert_eq!(
        typo.to_string(),
        "there is no result of `sums/sume`: it was never forked, or its result was taken; there is one of `summe`"
    );
    // The end is joined all the same: one for each member.
    assert_eq!(group.join_all().blocking().expect("no ring").len(), 2);
    assert_eq!(group.result::<i32>("summe").blocking().expect("joined, not taken"), 1);
    finish(runner);
}

fn a_result_of_another_type_is_refused_and_stays<F: Any>(flavour: F) {
    let runner = runner();
    let group = open(&runner, "typed");
    let gate = Gate::default();
    let text = F::Mode::after(&gate, || "text".to_owned());
    group.task("text").try_fork(flavour, text).expect("taken");
    // At once, though it has not ended.
    let wrong = group.result::<u64>("text").blocking().expect_err("it is no number");
    assert_eq!(
        wrong.to_string(),
        "the result of `typed/text` is a `alloc::string::String`, not a `u64`"
    );
    gate.open();
    assert_eq!(group.result::<String>("text").blocking().expect("a value"), "text");
    finish(runner);
}

fn a_result_that_is_to_come_is_not_there_yet<F: Any>(flavour: F) {
    let runner = runner();
    let group = open(&runner, "slow");
    let gate = Gate::default();
    group.task("slow").try_fork(flavour, F::Mode::after(&gate, || 1)).expect("taken");
    let early = group.try_result::<i32>("slow").expect_err("it runs");
    assert_eq!(early.to_string(), "`slow/slow` has not ended");
    let short = Duration::from_millis(5);
    let late = group.result::<i32>("slow").blocking_timeout(short).expect_err("it runs");
    assert!(matches!(late, ResultError::Wait(JoinGroupError::TimedOut)), "{late}");
    gate.open();
    assert_eq!(group.result::<i32>("slow").blocking().expect("nothing was lost"), 1);
    finish(runner);
}

fn a_member_that_was_stopped_gives_no_result<F: Any>(flavour: F) {
    let built = ServiceRunner::builder().signals(false).pool_size(1).build();
    let runner = built.expect("good settings");
    let free = Gate::default();
    let holds = free.clone();
    runner.adopt(flavour, F::Mode::payload(move || holds.pass_blocking())).expect("taken");
    free.wait_for(1);
    let group = open(&runner, "stopped");
    group.task("late").try_fork(flavour, F::Mode::payload(|| 1)).expect("taken");
    group.stop();
    free.open();
    let error = group.result::<i32>("late").blocking().expect_err("it never began");
    assert_eq!(error.to_string(), "`stopped/late` was stopped before it gave a result");
    finish(runner);
}

#[test]
fn a_member_that_was_given_up_is_said_to_be() {
    within(LIMIT, || {
        let runner = runner();
        let grace = Duration::from_millis(20);
        let group = runner.group("late").group_grace(grace).open().expect("free");
        let gate = Gate::default();
        group.task("stuck").try_fork(Thread, Blocking::after(&gate, || 1)).expect("taken");
        gate.wait_for(1);
        group.stop();
        let error = group.result::<i32>("stuck").blocking().expect_err("it is stuck");
        assert_eq!(error.to_string(), "`late/stuck` did not end in time and was given up");
        gate.open();
        until(|| !runner.tree().to_string().contains("stuck"));
        drop(runner.run());
    });
}

/// T5: the failure is the group's, and whoever asks for the result is told too.
fn a_member_that_panicked_gives_its_panic_and_fails_the_group<F: Any>(flavour: F) {
    let runner = runner();
    let group = open(&runner, "fragile");
    let (other, gate) = (Gate::default(), Gate::default());
    group.task("other").try_adopt(Thread, Blocking::until_stopped(&other, || ())).expect("taken");
    other.wait_for(1);
    let panics = F::Mode::after(&gate, || -> i32 { panic!("no luck") });
    group.task("bad").try_fork(flavour, panics).expect("taken");
    gate.open();
    let error = group.result::<i32>("bad").blocking().expect_err("it panicked");
    let failure = error.as_failure().expect("a panic");
    assert_eq!(failure.cause().as_panic().expect("a panic").text(), "no luck");
    let ends = group.join_all().blocking().expect("no ring");
    assert_eq!((ends.len(), group.is_stopping()), (2, true));
    finish(runner);
}

#[test]
fn what_was_not_forked_leaves_no_result_and_says_so() {
    within(LIMIT, || {
        let runner = runner();
        let group = open(&runner, "plain");
        let gate = Gate::default();
        group.task("plain").try_adopt(Smol, Async::after(&gate, || ())).expect("taken");
        let error = group.result::<()>("plain").blocking().expect_err("it leaves none");
        assert!(matches!(error, ResultError::NotForked { .. }), "{error}");
        assert!(
            error.to_string().starts_with("`plain/plain` leaves no result: start it with `fork`")
        );
        gate.open();
        finish(runner);
    });
}

/// A14 to A19 for members.
fn a_member_is_looked_up_while_it_runs_and_when_it_has_ended<F: Any>(flavour: F) {
    let runner = runner();
    let group = runner.group("seen").on_failure(OnFailure::Continue).open().expect("free");
    assert!(group.member("one").is_none());
    let gate = Gate::default();
    let fails = || anyhow::Result::<()>::Err(anyhow::anyhow!("broken"));
    group.task("one").try_adopt(flavour, F::Mode::after(&gate, fails)).expect("taken");
    group.task("two").try_fork(flavour, F::Mode::after(&gate, || 2)).expect("taken");
    gate.wait_for(2);
    let view = group.member("one").expect("it lives");
    assert_eq!((view.state(), view.is_living()), (TaskState::Running, true));
    assert_eq!(view.task().path(), "seen/one");
    gate.open();
    until(|| group.is_empty());
    let view = group.member("one").expect("nobody has joined it");
    assert_eq!((view.state(), view.is_living()), (TaskState::Failed, false));
    assert_eq!(view.failure().expect("it failed").cause().to_string(), "broken");
    assert_eq!(group.join_all().blocking().expect("no ring").len(), 2);
    assert!(group.member("one").is_none(), "joined");
    let view = group.member("two").expect("nobody has taken its result");
    assert_eq!(
        (view.state(), view.to_string().ends_with(": completed")),
        (TaskState::Completed, true)
    );
    assert_eq!(group.try_result::<i32>("two").expect("it has ended"), 2);
    assert!(group.member("two").is_none(), "taken");
    finish(runner);
}

fn a_refused_fork_gives_the_payload_back_and_leaves_nothing<F: Any>(flavour: F) {
    let runner = runner();
    let group = open(&runner, "busy");
    let gate = Gate::default();
    group.task("same").try_fork(flavour, F::Mode::after(&gate, || 1)).expect("taken");
    let refused = group.task("same").try_fork(flavour, F::Mode::payload(|| 2));
    let refused = refused.expect_err("the name is taken");
    assert!(matches!(refused.reason(), Reason::DuplicateName { .. }), "{refused}");
    drop(refused.into_payload());
    gate.open();
    assert_eq!(group.result::<i32>("same").blocking().expect("the first one's"), 1);
    group.stop();
    let refused = group.task("late").try_fork(flavour, F::Mode::payload(|| 3));
    assert!(refused.expect_err("it has stopped").is_stopping());
    let error = group.try_result::<i32>("late").expect_err("it never came");
    assert!(matches!(error, ResultError::Unknown { .. }), "{error}");
    finish(runner);
}

/// T122, rule 14: nothing is kept beyond what the user may still ask for.
fn a_later_member_of_the_same_name_replaces_what_nobody_took<F: Any>(flavour: F) {
    struct Counted(Arc<AtomicUsize>);
    impl Drop for Counted {
        fn drop(&mut self) {
            self.0.fetch_add(1, Ordering::SeqCst);
        }
    }
    let runner = runner();
    let group = open(&runner, "again");
    let dropped = Arc::new(AtomicUsize::new(0));
    for _ in 0..10 {
        let value = Counted(Arc::clone(&dropped));
        group
            .task("value")
            .try_fork(flavour, F::Mode::payload(|| value))
            .expect("the name is free");
        until(|| group.is_empty());
        group.join_all().blocking().expect("no ring");
    }
    assert_eq!(dropped.load(Ordering::SeqCst), 9);
    drop(group);
    assert_eq!(dropped.load(Ordering::SeqCst), 10);
    finish(runner);
}

#[test]
fn a_destructor_of_a_result_that_nobody_took_is_contained() {
    struct Bomb;
    impl Drop for Bomb {
        fn drop(&mut self) {
            panic!("boom");
        }
    }
    within(LIMIT, || {
        let runner = runner();
        let group = open(&runner, "bombs");
        group.task("bomb").try_fork(Thread, || Bomb).expect("taken");
        until(|| group.is_empty());
        drop(group);
        let report = runner.run();
        assert!(report.is_clean(), "{report}");
        assert_eq!(report.contained().len(), 1);
        assert!(report.contained()[0].to_string().starts_with("group `bombs`: panicked: boom"));
    });
}

fn a_result_is_awaited_on_a_lane_by_a_sibling(lane: impl Lane) {
    let runner = runner();
    let group = Arc::new(open(&runner, "pair"));
    let gate = Gate::default();
    group.task("first").try_fork(Thread, Blocking::after(&gate, || 20)).expect("taken");
    let (inner, go) = (Arc::clone(&group), gate.clone());
    let second = async move || {
        let mut first = std::pin::pin!(inner.result::<i32>("first"));
        let pending = smol::future::poll_once(first.as_mut()).await;
        assert!(pending.is_none());
        go.open();
        first.await.expect("a value") + 1
    };
    group.task("second").try_fork(lane, second).expect("taken");
    assert_eq!(group.result::<i32>("second").blocking().expect("a value"), 21);
    finish(runner);
}

fn a_member_that_waits_for_its_own_result_is_told_so(lane: impl Lane) {
    let runner = runner();
    let group = Arc::new(open(&runner, "self"));
    let inner = Arc::clone(&group);
    let own = async move || inner.result::<String>("own").await.expect_err("a ring").to_string();
    group.task("own").try_fork(lane, own).expect("taken");
    let text = group.result::<String>("own").blocking().expect("a value");
    assert!(text.contains("never end") && text.contains("task `self/own`"), "{text}");
    finish(runner);
}

fn a_lane_that_blocks_on_a_result_of_its_own_is_told_so(lane: impl Lane) {
    let runner = runner();
    let group = Arc::new(open(&runner, "lane"));
    let (gate, inner) = (Gate::default(), Arc::clone(&group));
    group.task("own").try_fork(lane, Async::after(&gate, || 1)).expect("taken");
    // A thread's member beside it, which is not the one that is waited for.
    group.task("other").try_fork(Thread, Blocking::after(&gate, || 1)).expect("taken");
    let ring = runner.execute(lane, async move || {
        let error = inner.result::<i32>("own").blocking().expect_err("a ring");
        error.as_ring().map(ToString::to_string)
    });
    let ring = ring.expect("an answer").expect("a ring");
    assert!(ring.contains("lane/own"), "{ring}");
    gate.open();
    assert_eq!(group.result::<i32>("own").blocking().expect("a value"), 1);
    finish(runner);
}

fn a_wait_for_a_result_that_is_dropped_loses_nothing(lane: impl Lane) {
    let runner = runner();
    let group = Arc::new(open(&runner, "patient"));
    let (gate, inner) = (Gate::default(), Arc::clone(&group));
    group.task("slow").try_fork(lane, Async::after(&gate, || 1)).expect("taken");
    let late = runner.execute(lane, async move || {
        let short = Duration::from_millis(5);
        inner.result::<i32>("slow").timeout(short).await.expect_err("it runs")
    });
    assert!(matches!(late, Ok(ResultError::Wait(JoinGroupError::TimedOut))), "{late:?}");
    gate.open();
    assert_eq!(group.result::<i32>("slow").blocking().expect("a value"), 1);
    finish(runner);
}

/// A89 for results: each is given once, and nobody who waits is left behind.
#[test]
fn of_several_who_wait_for_one_result_one_gets_it_and_all_are_woken() {
    within(LIMIT, || {
        let runner = runner();
        let group = Arc::new(open(&runner, "shared"));
        let gate = Gate::default();
        group.task("one").try_fork(Tokio, Async::after(&gate, || 1)).expect("taken");
        let waits: Vec<_> = (0..4)
            .map(|_| {
                let group = Arc::clone(&group);
                thread::spawn(move || group.result::<i32>("one").blocking().is_ok())
            })
            .collect();
        gate.wait_for(1);
        gate.open();
        let taken = waits.into_iter().map(|wait| wait.join().expect("no panic"));
        assert_eq!(taken.filter(|taken| *taken).count(), 1);
        finish(runner);
    });
}
