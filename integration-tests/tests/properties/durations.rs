//! Durations, from zero to the longest there is: nothing adds them up to a panic.

use std::time::Duration;

use proptest::prelude::*;
use proptest::sample::select;
use spumoni::prelude::*;
use spumoni::{BuildError, JoinError, Reason};

use crate::holds;

/// At the bounds, and anywhere.
fn duration() -> impl Strategy<Value = Duration> {
    let bounds = [
        Duration::ZERO,
        Duration::from_nanos(1),
        Duration::from_millis(1),
        Duration::from_secs(3600),
        Duration::from_secs(i64::MAX as u64),
        Duration::new(u64::MAX, 0),
        Duration::MAX,
    ];
    prop_oneof![
        select(bounds.to_vec()),
        (any::<u64>(), 0..1_000_000_000_u32).prop_map(|(secs, nanos)| Duration::new(secs, nanos)),
        (0..100_000_u64).prop_map(Duration::from_micros),
    ]
}

/// Every setting of a runner, and one more for the stop.
type Limits = (Duration, Duration, Duration, Duration, Duration);

fn built((grace, group_grace, whole, stall, _): Limits) -> Result<ServiceRunner, BuildError> {
    let builder = ServiceRunner::builder().signals(false).grace(grace).group_grace(group_grace);
    builder.stop_timeout(whole).stall_limit(stall).build()
}

/// Tasks that listen, with limits of their own, in a runner and a group with limits of theirs.
fn runs(limits: Limits, of: (Duration, Duration, Duration)) -> Result<(), TestCaseError> {
    let runner = match built(limits) {
        Ok(runner) => runner,
        Err(BuildError::BadConfig { setting, .. }) => {
            prop_assert_eq!((setting, limits.3), ("stall_limit", Duration::ZERO));
            return Ok(());
        }
        Err(other) => return Err(TestCaseError::fail(other.to_string())),
    };
    let (grace, timeout, group_grace) = of;
    let group = runner.group("g").grace(grace).group_grace(group_grace).open().unwrap();
    let wait = async || Context::current().stopped().await;
    let lane = runner.task("lane").grace(grace).timeout(timeout).spawn(Tokio, wait).unwrap();
    let block = || Context::current().stopped_blocking();
    let pool = runner.task("pool").grace(grace).timeout(timeout).spawn(Thread, block).unwrap();
    let member = group.task("member").timeout(timeout).try_spawn(Smol, wait).unwrap();
    let short = runner.task("short").timeout(timeout).spawn(AsyncStd, async || 1).unwrap();
    let short = match short.join_timeout(timeout) {
        Ok(outcome) => Some(outcome),
        Err(handle) => Some(handle.join()),
    };
    let is_good = matches!(short, Some(Ok(1) | Err(JoinError::TimedOut(_))));
    prop_assert!(is_good, "{:?}", short);
    group.stop();
    runner.stop_within(limits.4);
    let report = runner.run();
    for outcome in [lane.join(), pool.join(), member.join()] {
        use JoinError as E;
        let ended = matches!(outcome, Ok(()) | Err(E::Stopped | E::Abandoned | E::TimedOut(_)));
        prop_assert!(ended, "{:?}: {}", outcome, report);
    }
    Ok(())
}

#[test]
fn no_duration_makes_a_runner_a_group_or_a_task_panic() {
    let any = (duration(), duration(), duration(), duration(), duration());
    let own = (duration(), duration(), duration());
    holds("limits", (any, own), |(limits, own)| runs(limits, own));
}

#[test]
fn no_duration_makes_a_wait_or_a_tick_panic() {
    holds("waits", (duration(), duration()), |(one, other)| {
        let runner = integration_tests::runner();
        let ticks = runner.every(one).adopt(Tokio, async || ());
        match ticks {
            Ok(_) => prop_assert!(!one.is_zero()),
            Err(refused) => {
                prop_assert!(matches!(refused.reason(), Reason::ZeroInterval(_)), "{refused}");
                prop_assert!(one.is_zero());
            }
        }
        // What is waited for comes, or the stop does.
        let sleep =
            runner.spawn(Thread, move || Context::current().sleep_blocking(one).is_ok()).unwrap();
        let limited = runner
            .spawn(Smol, async move || {
                spumoni::timeout(other, Context::current().stopped()).await.is_ok()
            })
            .unwrap();
        let group = runner.group("g").open().unwrap();
        prop_assert!(group.join_all().blocking_timeout(other).is_ok());
        runner.stop();
        let report = runner.run();
        prop_assert!(report.is_clean(), "{report}");
        for outcome in [sleep.join(), limited.join()] {
            // Asked before it has begun, it never does.
            prop_assert!(matches!(outcome, Ok(_) | Err(JoinError::Stopped)), "{outcome:?}");
        }
        Ok(())
    });
}
