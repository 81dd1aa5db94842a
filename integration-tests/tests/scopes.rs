//! Groups in their scoped form: nothing leaves a scope before every member has ended.

use std::convert::Infallible;
use std::future::pending;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::mpsc::channel;
use std::time::Duration;

use integration_tests::{LIMIT, finish, runner, until, within};
use spumoni::prelude::*;
use spumoni::{OnExit, OnFailure, Reason, ScopeError, TaskState};

/// Counts how often it was dropped.
#[derive(Clone, Default)]
struct Drops(Arc<AtomicUsize>);

impl Drops {
    fn count(&self) -> usize {
        self.0.load(Ordering::SeqCst)
    }

    fn guard(&self) -> Guard {
        Guard(Arc::clone(&self.0))
    }
}

struct Guard(Arc<AtomicUsize>);

impl Drop for Guard {
    fn drop(&mut self) {
        self.0.fetch_add(1, Ordering::SeqCst);
    }
}

/// A member on each flavour that ends when it is asked to, and then counts.
async fn add_waiting(group: &Group, ended: &Drops) {
    let of_lane = ended.clone();
    let wait = async move || {
        let _ended = of_lane.guard();
        Context::current().stopped().await;
    };
    group.adopt(Tokio, wait.clone()).await.expect("the group is open");
    group.adopt(Smol, wait.clone()).await.expect("the group is open");
    group.adopt(AsyncStd, wait).await.expect("the group is open");
    let of_thread = ended.clone();
    let wait = move || {
        let _ended = of_thread.guard();
        Context::current().stopped_blocking();
    };
    group.adopt(Thread, wait).await.expect("the group is open");
}

/// T1, A94.
#[test]
fn a_scope_gives_the_bodys_value_when_all_members_have_ended() {
    within(LIMIT, || {
        let runner = runner();
        let handle = runner.handle();
        let ended = Drops::default();
        let of_body = ended.clone();
        let value = runner
            .execute(Smol, async move || {
                handle
                    .scope("work", async |group: &Group| {
                        for _ in 0..3 {
                            let guard = of_body.guard();
                            group.adopt(Thread, move || drop(guard)).await?;
                            let guard = of_body.guard();
                            let slow = async move || {
                                tokio::task::yield_now().await;
                                drop(guard);
                            };
                            group.adopt(Tokio, slow).await?;
                        }
                        anyhow::Ok(7)
                    })
                    .await
                    .map(|value| (value, of_body.count()))
            })
            .unwrap();
        assert_eq!(value.unwrap(), (7, 6));
        finish(runner);
    });
}

/// T1, A94, from a plain thread.
#[test]
fn a_blocking_scope_gives_the_bodys_value_when_all_members_have_ended() {
    within(LIMIT, || {
        let runner = runner();
        let ended = Drops::default();
        let value = runner.scope_blocking("work", |group| {
            for _ in 0..3 {
                let guard = ended.guard();
                group.adopt_blocking(Tokio, async move || drop(guard))?;
            }
            let handle = group.spawn_blocking(Thread, || 7)?;
            anyhow::Ok(handle.join()?)
        });
        assert_eq!((value.unwrap(), ended.count()), (7, 3));
        finish(runner);
    });
}

/// T2, A98.
#[test]
fn an_empty_scope_is_fine() {
    within(LIMIT, || {
        let runner = runner();
        let handle = runner.handle();
        let empty = async move || handle.scope("empty", async |_| Ok::<_, Infallible>(1)).await;
        assert_eq!(runner.execute(AsyncStd, empty).unwrap().unwrap(), 1);
        assert_eq!(runner.scope_blocking("empty", |_| Ok::<_, Infallible>(2)).unwrap(), 2);
        // An executor that the runner does not own.
        let foreign = runner.scope("empty", async |_| Ok::<_, Infallible>(3));
        assert_eq!(async_io::block_on(foreign).unwrap(), 3);
        finish(runner);
    });
}

/// T8.
#[test]
fn a_failing_member_interrupts_the_bodys_wait_and_stops_the_others() {
    within(LIMIT, || {
        let runner = runner();
        let handle = runner.handle();
        let ended = Drops::default();
        let of_body = ended.clone();
        let error: ScopeError = runner
            .execute(Tokio, async move || {
                handle
                    .scope("work", async |group: &Group| {
                        let _body = of_body.guard();
                        add_waiting(group, &of_body).await;
                        let fails = async || anyhow::bail!("no luck");
                        group.task("bad").adopt(Smol, fails).await?;
                        pending::<anyhow::Result<()>>().await
                    })
                    .await
                    .unwrap_err()
            })
            .unwrap();
        assert!(error.is_interrupted());
        assert_eq!(error.ends().len(), 1);
        let text = error.to_string();
        assert!(text.contains("its body was interrupted; smol task"), "{text}");
        assert!(text.contains("work/bad`: no luck"), "{text}");
        assert!(ended.count() >= 1, "the body at least");
        finish(runner);
    });
}

/// T8 and T11 with `Continue`: everybody comes to the own end, and both errors come back.
#[test]
fn where_the_group_continues_the_body_and_the_members_end_by_themselves() {
    within(LIMIT, || {
        let runner = runner();
        let handle = runner.handle();
        let error: ScopeError = runner
            .execute(Smol, async move || {
                let group = handle.group("robust").on_failure(OnFailure::Continue);
                group
                    .scope(async |group: &Group| {
                        group.adopt(Tokio, async || anyhow::bail!("member")).await?;
                        group.adopt(Thread, || panic!("thread")).await?;
                        let good = group.spawn(Thread, || 1).await?;
                        while !group.is_empty() {
                            smol::future::yield_now().await;
                        }
                        anyhow::ensure!(good.await? == 2, "body");
                        anyhow::Ok(())
                    })
                    .await
                    .unwrap_err()
            })
            .unwrap();
        assert!(!error.is_interrupted());
        assert_eq!(error.body().unwrap().to_string(), "body");
        let mut causes: Vec<_> = error
            .ends()
            .iter()
            .map(|end| end.failure().unwrap().cause().to_string())
            .map(|text| text.split(" (at").next().unwrap_or_default().to_owned())
            .collect();
        causes.sort();
        assert_eq!(causes, ["member", "panicked: thread"]);
        finish(runner);
    });
}

/// T50, T5, A97.
#[test]
fn an_error_of_the_body_stops_the_members_and_comes_back() {
    within(LIMIT, || {
        let runner = runner();
        let handle = runner.handle();
        let ended = Drops::default();
        let of_body = ended.clone();
        let (began, begun) = channel();
        let error: ScopeError = runner
            .execute(Tokio, async move || {
                let inner = of_body.clone();
                handle
                    .scope("work", async move |group: &Group| {
                        let guard = inner.guard();
                        let wait = move || {
                            began.send(()).unwrap();
                            Context::current().stopped_blocking();
                            drop(guard);
                        };
                        group.adopt(Thread, wait).await?;
                        begun.recv()?;
                        Err::<(), _>(anyhow::anyhow!("body"))
                    })
                    .await
                    .unwrap_err()
            })
            .unwrap();
        assert_eq!(error.body().unwrap().to_string(), "body");
        assert!(error.ends().is_empty());
        assert_eq!(ended.count(), 1);
        assert!(runner.scope_blocking("again", |_| Err::<(), _>(std::fmt::Error)).is_err());
        finish(runner);
    });
}

/// A body that panics leaves the group sound.
#[test]
fn a_panic_of_the_body_comes_back_with_its_text_when_the_members_have_ended() {
    within(LIMIT, || {
        let runner = runner();
        let handle = runner.handle();
        let ended = Drops::default();
        let of_body = ended.clone();
        let text = |error: ScopeError| error.body().unwrap().as_panic().unwrap().text().to_owned();
        let error = runner
            .execute(Smol, async move || {
                handle
                    .scope("work", async |group: &Group| {
                        add_waiting(group, &of_body).await;
                        if group.len() == 4 {
                            panic!("body");
                        }
                        Ok::<_, Infallible>(())
                    })
                    .await
                    .unwrap_err()
            })
            .unwrap();
        assert_eq!(text(error), "body");
        let error = runner.scope_blocking("work", |group| {
            group.adopt_blocking(Tokio, async || Context::current().stopped().await)?;
            if !group.is_empty() {
                panic!("call");
            }
            anyhow::Ok(())
        });
        assert_eq!(text(error.unwrap_err()), "call");
        finish(runner);
    });
}

/// O17 as a scope.
#[test]
fn a_clean_end_interrupts_the_body_where_the_group_says_so() {
    within(LIMIT, || {
        let runner = runner();
        let handle = runner.handle();
        let error: ScopeError = runner
            .execute(Tokio, async move || {
                let group = handle.group("all or none").on_exit(OnExit::Stop);
                let body = async |group: &Group| {
                    group.adopt(Thread, || ()).await?;
                    pending::<anyhow::Result<()>>().await
                };
                group.scope(body).await.unwrap_err()
            })
            .unwrap();
        assert!(error.is_interrupted() && error.ends().is_empty());
        finish(runner);
    });
}

/// T14, T15, T17: the body cleans up, and the task ends after the members.
#[test]
fn a_stop_of_the_calling_task_stops_the_members_and_waits_for_them() {
    within(LIMIT, || {
        let runner = runner();
        let handle = runner.handle();
        let ended = Drops::default();
        let of_body = ended.clone();
        let (began, begun) = channel();
        let task = runner
            .spawn(Tokio, async move || {
                let scope = handle.scope("outer", async |outer: &Group| {
                    let inner = outer.group("inner").scope(async |inner: &Group| {
                        add_waiting(inner, &of_body).await;
                        began.send(()).unwrap();
                        Context::current().stopped().await;
                        Ok::<_, Infallible>(())
                    });
                    inner.await
                });
                scope.await.map(|()| of_body.count())
            })
            .unwrap();
        begun.recv().unwrap();
        task.stop();
        // Members that had not begun when the stop came never begin, and count nothing.
        assert!(task.join().unwrap().unwrap() <= 4);
        finish(runner);
    });
}

/// T17, T20, rule 13: the members of a scope that is dropped are waited for above.
#[test]
fn a_scope_that_is_dropped_stops_its_members_and_the_group_above_waits_for_them() {
    within(LIMIT, || {
        let runner = runner();
        let group = runner.group("above").grace(Duration::ZERO).open().unwrap();
        let handle = runner.handle();
        let (began, begun) = channel();
        let (go, gone) = channel::<()>();
        let over = Arc::new(AtomicBool::new(false));
        let of_member = Arc::clone(&over);
        group
            .task("caller")
            .try_adopt(Smol, async move || {
                let member = move || {
                    began.send(()).unwrap();
                    let _ = gone.recv();
                    of_member.store(true, Ordering::SeqCst);
                };
                let body = async |group: &Group| {
                    group.task("member").adopt(Thread, member).await?;
                    pending::<anyhow::Result<()>>().await
                };
                handle.scope("scope", body).await
            })
            .unwrap();
        begun.recv().unwrap();
        let paths: Vec<_> = group.members().iter().map(|label| label.path()).collect();
        assert_eq!(paths, ["above/caller", "above/caller/scope/member"]);
        group.stop();
        // Its body is over, and it is not finished.
        until(|| group.member("caller").unwrap().state() == TaskState::Stopped);
        assert!(group.member("caller").unwrap().is_living() && !over.load(Ordering::SeqCst));
        assert_eq!(group.len(), 2);
        go.send(()).unwrap();
        let ends = group.join_all().blocking().unwrap();
        assert!(over.load(Ordering::SeqCst));
        assert_eq!((ends[0].name(), ends[0].state()), (Some("caller"), TaskState::Stopped));
        finish(runner);
    });
}

#[test]
fn a_scope_that_cannot_be_opened_says_why_and_its_body_does_not_begin() {
    within(LIMIT, || {
        let runner = runner();
        let body = |_: &Group| -> anyhow::Result<()> { panic!("it began") };
        let error = runner.scope_blocking("a\nb", body).unwrap_err();
        assert!(matches!(error.reason(), Some(Reason::BadName { .. })), "{error}");
        let error = runner.group("none").limit(0).scope_blocking(body).unwrap_err();
        assert!(matches!(error.reason(), Some(Reason::BadSetting { .. })), "{error}");
        finish(runner);
    });
}

#[test]
fn a_blocking_scope_on_the_lane_of_its_members_is_told_so_and_stops_them() {
    within(LIMIT, || {
        let runner = runner();
        let handle = runner.handle();
        let text = runner
            .execute(Tokio, async move || {
                let scope = handle.scope_blocking("ring", |group| {
                    group
                        .try_adopt(Tokio, async || panic!("it began"))
                        .map_err(|_| std::fmt::Error)?;
                    Ok::<_, std::fmt::Error>(())
                });
                scope.unwrap_err().to_string()
            })
            .unwrap();
        assert!(text.contains("never end"), "{text}");
        finish(runner);
    });
}
