//! Transient tasks: they keep nothing alive, are asked when nothing else is left, and may clean up.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread;
use std::time::Duration;

use integration_tests::each::Lane;
use integration_tests::gate::Gate;
use integration_tests::{LIMIT, finish, on_each_lane, runner, until, within};
use spumoni::prelude::*;
use spumoni::{MemberEnd, OnFailure, StopReason, TaskState};

/// What happened, in order.
#[derive(Clone)]
struct Trace(Sender<&'static str>);

impl Trace {
    fn new() -> (Self, Receiver<&'static str>) {
        let (told, heard) = channel();
        (Trace(told), heard)
    }

    fn tell(&self, what: &'static str) {
        self.0.send(what).expect("the test listens");
    }
}

/// Goes on until it is asked, then tells so.
async fn serve(trace: Trace) {
    trace.tell("serves");
    Context::current().stopped().await;
    trace.tell("asked");
}

fn all(heard: &Receiver<&'static str>) -> Vec<&'static str> {
    heard.try_iter().collect()
}

on_each_lane!(
    a_run_ends_when_only_transient_tasks_are_left,
    a_transient_task_is_asked_once_and_may_finish_a_long_cleanup,
    a_task_that_becomes_transient_lets_the_runner_end,
    a_task_that_is_transient_no_more_keeps_the_runner_alive,
    a_stop_asks_transient_tasks_when_the_others_have_ended,
    a_transient_task_whose_cleanup_never_ends_is_dropped_in_time,
    a_group_is_joined_when_only_transient_members_are_left,
    a_scope_ends_when_only_transient_members_are_left,
);

/// A169, rule 16. Issue 179 of socketry/async: a top-level transient task alone lets the runner end at once.
fn a_run_ends_when_only_transient_tasks_are_left(flavour: impl Lane) {
    let runner = runner();
    let (trace, heard) = Trace::new();
    let of_task = trace.clone();
    runner.task("pruner").transient().adopt(flavour, async move || serve(of_task).await).unwrap();
    runner
        .task("cheap")
        .transient()
        .adopt(Thread, move || {
            trace.tell("serves");
            Context::current().stopped_blocking();
            trace.tell("asked");
        })
        .unwrap();
    let work = runner.spawn(flavour, async || 42).unwrap();
    for _ in 0..2 {
        assert_eq!(heard.recv(), Ok("serves"));
    }
    let report = runner.run();
    assert!(report.is_clean(), "{report}");
    assert_eq!(report.reason(), &StopReason::Finished);
    assert_eq!(work.join(), Ok(42));
    assert_eq!(all(&heard), ["asked"; 2]);
}

/// A64, A137, A169: asked exactly once, and a cleanup that yields is awaited.
fn a_transient_task_is_asked_once_and_may_finish_a_long_cleanup(flavour: impl Lane) {
    let runner = runner();
    let (trace, heard) = Trace::new();
    runner
        .task("flusher")
        .transient()
        .adopt(flavour, async move || {
            let cx = Context::current();
            assert!(cx.is_transient());
            trace.tell("begun");
            cx.stopped().await;
            trace.tell("asked");
            for _ in 0..5 {
                let handle = cx.handle().spawn(Thread, || ()).expect("a cleanup may have children");
                handle.await.expect("it ends");
            }
            trace.tell("clean");
        })
        .unwrap();
    assert_eq!(heard.recv(), Ok("begun"));
    finish(runner);
    assert_eq!(all(&heard), ["asked", "clean"]);
}

/// The flag may be changed while the task runs, and the counts follow it.
fn a_task_that_becomes_transient_lets_the_runner_end(flavour: impl Lane) {
    let runner = runner();
    let (trace, heard) = Trace::new();
    let go = Gate::default();
    let gone = go.clone();
    runner
        .adopt(flavour, async move || {
            let cx = Context::current();
            assert!(!cx.is_transient());
            gone.pass().await;
            cx.set_transient(true);
            cx.set_transient(true);
            assert!(cx.is_transient());
            serve(trace).await;
        })
        .unwrap();
    let handle = runner.handle();
    let runs = thread::spawn(move || runner.run());
    // An ordinary task as yet: the runner goes on.
    handle.execute(Thread, || ()).unwrap();
    assert!(handle.report().is_none());
    go.open();
    let report = runs.join().unwrap();
    assert!(report.is_clean(), "{report}");
    assert_eq!(all(&heard), ["serves", "asked"]);
}

/// As above, the other way round.
fn a_task_that_is_transient_no_more_keeps_the_runner_alive(flavour: impl Lane) {
    let runner = runner();
    let (trace, heard) = Trace::new();
    let go = Gate::default();
    let gone = go.clone();
    let work = runner
        .task("refresher")
        .transient()
        .spawn(flavour, async move || {
            let cx = Context::current();
            cx.set_transient(false);
            trace.tell("ordinary");
            gone.pass().await;
            cx.is_stopping()
        })
        .unwrap();
    assert_eq!(heard.recv(), Ok("ordinary"));
    let handle = runner.handle();
    let runs = thread::spawn(move || runner.run());
    handle.execute(Thread, || ()).unwrap();
    assert!(!handle.is_stopping());
    go.open();
    assert_eq!(work.join(), Ok(false));
    assert!(runs.join().unwrap().is_clean());
}

/// Rule 15: transient ones only when nothing else is left; A73.
fn a_stop_asks_transient_tasks_when_the_others_have_ended(flavour: impl Lane) {
    let runner = runner();
    let (trace, heard) = Trace::new();
    let of_task = trace.clone();
    runner
        .task("log")
        .transient()
        .adopt(flavour, async move || {
            let cx = Context::current();
            of_task.tell("begun");
            cx.stopped().await;
            of_task.tell("log asked");
        })
        .unwrap();
    let of_task = trace.clone();
    runner
        .adopt(Thread, move || {
            let cx = Context::current();
            of_task.tell("begun");
            cx.stopped_blocking();
            of_task.tell("server asked");
        })
        .unwrap();
    runner
        .adopt(flavour, async move || {
            let cx = Context::current();
            trace.tell("begun");
            cx.stopped().await;
            let slow = cx.handle().spawn(Thread, || ()).expect("it cleans up");
            slow.await.expect("it ends");
            trace.tell("server clean");
        })
        .unwrap();
    for _ in 0..3 {
        assert_eq!(heard.recv(), Ok("begun"));
    }
    runner.stop();
    let report = runner.run();
    assert!(report.is_clean(), "{report}");
    let mut told = all(&heard);
    assert_eq!(told.pop(), Some("log asked"), "the others came first: {told:?}");
    told.sort_unstable();
    assert_eq!(told, ["server asked", "server clean"]);
}

/// A119: no hang, and the destructors have run.
fn a_transient_task_whose_cleanup_never_ends_is_dropped_in_time(flavour: impl Lane) {
    struct Told(Trace);
    impl Drop for Told {
        fn drop(&mut self) {
            self.0.tell("dropped");
        }
    }
    let runner = runner();
    let (trace, heard) = Trace::new();
    runner
        .task("stuck")
        .transient()
        .grace(Duration::from_millis(20))
        .adopt(flavour, async move || {
            trace.tell("begun");
            let _told = Told(trace);
            Context::current().stopped().await;
            std::future::pending::<()>().await;
        })
        .unwrap();
    assert_eq!(heard.recv(), Ok("begun"));
    let report = runner.run();
    assert!(report.abandoned().is_empty(), "{report}");
    assert_eq!(all(&heard), ["dropped"]);
}

/// A51, A71, A49, A55: a wait for all skips transient members, then they are asked and awaited.
fn a_group_is_joined_when_only_transient_members_are_left(flavour: impl Lane) {
    let runner = runner();
    let group = runner.group("pool").open().unwrap();
    let (trace, heard) = Trace::new();
    let of_task = trace.clone();
    let prune = async move || serve(of_task).await;
    group.task("pruner").transient().try_adopt(flavour, prune).unwrap();
    let prune = move || {
        trace.tell("serves");
        Context::current().stopped_blocking();
        trace.tell("asked");
    };
    group.task("thread").transient().try_adopt(Thread, prune).unwrap();
    for _ in 0..2 {
        assert_eq!(heard.recv(), Ok("serves"));
    }
    assert!(group.is_empty(), "transient members do not count");
    assert_eq!(group.members().len(), 2, "but they are there");
    assert!(group.join_next().blocking().unwrap().is_none(), "nobody to wait for");
    group.task("query").try_adopt(Smol, async || ()).unwrap();
    let ends = group.join_all().blocking().unwrap();
    assert_eq!(all(&heard), ["asked"; 2]);
    assert!(ends.iter().all(MemberEnd::is_completed), "{ends:?}");
    assert_eq!(ends.first().and_then(MemberEnd::name), Some("query"));
    // The group goes on, and so may a new pruner.
    assert!(!group.is_stopping());
    let (trace, heard) = Trace::new();
    let anew = async move || serve(trace).await;
    group.task("pruner").transient().try_adopt(flavour, anew).unwrap();
    assert_eq!(heard.recv(), Ok("serves"));
    assert!(all(&heard).is_empty(), "what was asked of the old one is not for the new one");
    group.join_all().blocking().unwrap();
    assert_eq!(all(&heard), ["asked"]);
    drop(group);
    finish(runner);
}

/// Rule 16 for a scope, and A94.
fn a_scope_ends_when_only_transient_members_are_left(flavour: impl Lane) {
    let runner = runner();
    let (trace, heard) = Trace::new();
    let value = runner
        .execute(flavour, async move || {
            let handle = Handle::current();
            let scope = handle.scope("pool", async move |group: &Group| {
                let serves = Gate::default();
                let begun = serves.clone();
                let prune = async move || {
                    begun.open();
                    serve(trace).await;
                };
                group.task("pruner").transient().adopt(flavour, prune).await?;
                let query = move || {
                    serves.pass_blocking();
                    6 * 7
                };
                let query = group.spawn(Thread, query).await?;
                anyhow::Ok(query.await?)
            });
            scope.await
        })
        .unwrap();
    assert_eq!(value.unwrap(), 42);
    assert_eq!(all(&heard), ["serves", "asked"]);
    finish(runner);
}

/// A120, A121: what stands below a transient task keeps nothing alive either.
#[test]
fn what_a_transient_task_waits_for_in_a_scope_keeps_nothing_alive() {
    within(LIMIT, || {
        let runner = runner();
        let (trace, heard) = Trace::new();
        runner
            .task("transient")
            .transient()
            .adopt(Tokio, async move || {
                let scope = Handle::current().scope("inner", async move |group: &Group| {
                    group.task("below").adopt(Smol, async move || serve(trace).await).await?;
                    anyhow::Ok(())
                });
                scope.await.unwrap();
            })
            .unwrap();
        assert_eq!(heard.recv(), Ok("serves"));
        finish(runner);
        assert_eq!(all(&heard), ["asked"]);
    });
}

#[test]
fn a_stopped_group_asks_its_transient_members_when_the_others_have_ended() {
    within(LIMIT, || {
        let runner = runner();
        let group = runner.group("stopped").open().unwrap();
        let (trace, heard) = Trace::new();
        let of_task = trace.clone();
        let log = async move || {
            of_task.tell("begun");
            Context::current().stopped().await;
            of_task.tell("log asked");
        };
        group.task("log").transient().try_adopt(Smol, log).unwrap();
        let work = move || {
            trace.tell("begun");
            Context::current().stopped_blocking();
            trace.tell("work asked");
        };
        group.task("work").try_adopt(Thread, work).unwrap();
        for _ in 0..2 {
            assert_eq!(heard.recv(), Ok("begun"));
        }
        group.stop();
        let ends = group.join_all().blocking().unwrap();
        assert_eq!(ends.iter().filter_map(MemberEnd::name).collect::<Vec<_>>(), ["work", "log"]);
        assert_eq!(all(&heard), ["work asked", "log asked"]);
        drop(group);
        finish(runner);
    });
}

#[test]
fn a_group_that_is_dropped_with_only_transient_members_stops_them() {
    within(LIMIT, || {
        let runner = runner();
        let group = runner.group("dropped").open().unwrap();
        let (trace, heard) = Trace::new();
        group.task("log").transient().try_adopt(Smol, async move || serve(trace).await).unwrap();
        assert_eq!(heard.recv(), Ok("serves"));
        drop(group);
        assert_eq!(heard.recv(), Ok("asked"));
        finish(runner);
    });
}

#[test]
fn the_failure_of_a_transient_task_stops_the_runner_like_any_other() {
    within(LIMIT, || {
        let runner = runner();
        let fails = async || Err::<(), _>(anyhow::anyhow!("the pruner broke"));
        runner.task("pruner").transient().adopt(Tokio, fails).unwrap();
        let report = runner.run_until_stopped();
        assert_eq!(report.reason(), &StopReason::Failure);
        assert!(report.to_string().contains("the pruner broke"), "{report}");
    });
}

#[test]
fn the_failure_of_a_transient_member_comes_with_its_end() {
    within(LIMIT, || {
        let runner = runner();
        let group = runner.group("group").on_failure(OnFailure::Continue).open().unwrap();
        let fails = || Err::<(), _>(anyhow::anyhow!("broke"));
        group.task("pruner").transient().try_adopt(Thread, fails).unwrap();
        until(|| group.members().is_empty());
        let end = group.join_next().blocking().unwrap().expect("it has ended");
        assert_eq!(end.state(), TaskState::Failed);
        drop(group);
        finish(runner);
    });
}

/// A75.
/// A stop that forces is for everybody at once.
#[test]
fn a_forced_stop_drops_transient_tasks_too() {
    within(LIMIT, || {
        let runner = runner();
        let (trace, heard) = Trace::new();
        let stuck = runner
            .task("stuck")
            .transient()
            .spawn(Smol, async move || {
                trace.tell("begun");
                std::future::pending::<()>().await;
            })
            .unwrap();
        assert_eq!(heard.recv(), Ok("begun"));
        runner.handle().stop_now();
        let report = runner.run();
        assert!(report.abandoned().is_empty(), "{report}");
        assert!(stuck.join().unwrap_err().is_stopped());
    });
}

/// 115 of the issues: a pool's pruner serves whoever comes, as long as the pool lives.
#[test]
fn a_pruner_lives_as_long_as_its_pool_and_no_longer() {
    struct Pool {
        idle: Arc<AtomicUsize>,
        closed: Gate,
    }
    impl Drop for Pool {
        fn drop(&mut self) {
            self.closed.open();
        }
    }
    impl Pool {
        fn open(handle: &Handle, trace: Trace) -> Pool {
            let idle = Arc::new(AtomicUsize::new(3));
            let closed = Gate::default();
            let (pruned, gone) = (idle.clone(), closed.clone());
            let prune = async move || {
                let cx = Context::current();
                pruned.store(0, Ordering::SeqCst);
                trace.tell("pruned");
                // Until the pool is gone, or the runner has nothing else to do.
                let _ = cx.run_until_stopped(gone.pass()).await;
                trace.tell("gone");
            };
            handle.task("pruner").transient().adopt(Tokio, prune).unwrap();
            Pool { idle, closed }
        }
    }
    within(LIMIT, || {
        let runner = runner();
        // The pool is dropped first.
        let (trace, heard) = Trace::new();
        let pool = Pool::open(&runner, trace);
        assert_eq!(heard.recv(), Ok("pruned"));
        assert_eq!(pool.idle.load(Ordering::SeqCst), 0);
        drop(pool);
        assert_eq!(heard.recv(), Ok("gone"));
        // Another one outlives the runner's work. Its name is free again.
        until(|| runner.tree().alive() == 0);
        let (trace, heard) = Trace::new();
        let pool = Pool::open(&runner, trace);
        assert_eq!(heard.recv(), Ok("pruned"));
        finish(runner);
        assert_eq!(heard.recv(), Ok("gone"));
        drop(pool);
    });
}

/// A cache starts its refresher when it is needed, and again when it has gone.
#[test]
fn a_cache_starts_its_refresher_again_when_it_is_needed() {
    struct Cache {
        handle: Handle,
        refreshed: Arc<AtomicUsize>,
        refresher: Option<TaskHandle<()>>,
    }
    impl Cache {
        fn get(&mut self) -> usize {
            let alive = self.refresher.as_ref().is_some_and(|task| !task.state().is_final());
            if !alive {
                let refreshed = self.refreshed.clone();
                let refresh = async move || {
                    refreshed.fetch_add(1, Ordering::SeqCst);
                    Context::current().stopped().await;
                };
                let task = self.handle.task("refresher").transient();
                self.refresher = Some(task.spawn(Smol, refresh).unwrap());
            }
            self.refreshed.load(Ordering::SeqCst)
        }
    }
    within(LIMIT, || {
        let runner = runner();
        let mut cache =
            Cache { handle: runner.handle(), refreshed: Arc::default(), refresher: None };
        cache.get();
        while cache.get() != 1 {
            thread::yield_now();
        }
        let refresher = cache.refresher.take().expect("it was needed");
        refresher.stop();
        assert!(matches!(refresher.join(), Ok(())), "it cleans up");
        cache.get();
        while cache.get() != 2 {
            thread::yield_now();
        }
        finish(runner);
        assert!(cache.refresher.is_some_and(|task| task.state().is_final()));
    });
}

/// A62 for a handle: whoever holds it has the outcome.
#[test]
fn a_transient_task_gives_its_value_to_the_handle() {
    within(LIMIT, || {
        let runner = runner();
        let task = runner.task("answers").transient().spawn(Tokio, async || 42).unwrap();
        assert_eq!(task.join(), Ok(42));
        finish(runner);
    });
}
