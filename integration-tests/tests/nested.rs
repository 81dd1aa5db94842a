//! Scopes within scopes, in the body and in members: how failures come out, and how stops go in.

use std::convert::Infallible;
use std::future::pending;
use std::sync::mpsc::{Sender, channel};

use anyhow::bail;
use integration_tests::{LIMIT, finish, runner, within};
use spumoni::prelude::*;
use spumoni::{ScopeError, TaskState};

/// A member of every flavour that waits for a stop, and tells its beginning and its end.
async fn add_waiting(group: &Group, began: &Sender<()>, ended: &Sender<()>) -> anyhow::Result<()> {
    let tell = || (began.clone(), ended.clone());
    let wait = |(began, ended): (Sender<()>, Sender<()>)| async move {
        let _ = began.send(());
        Context::current().stopped().await;
        let _ = ended.send(());
    };
    let (tokio, smol, async_std, thread) = (tell(), tell(), tell(), tell());
    group.adopt(Tokio, async move || wait(tokio).await).await?;
    group.adopt(Smol, async move || wait(smol).await).await?;
    group.adopt(spumoni::AsyncStd, async move || wait(async_std).await).await?;
    let wait = move || {
        let _ = thread.0.send(());
        Context::current().stopped_blocking();
        let _ = thread.1.send(());
    };
    group.adopt(Thread, wait).await?;
    Ok(())
}

/// A scope whose member fails while its body waits.
async fn broken(handle: &Handle) -> Result<(), ScopeError> {
    let body = async |inner: &Group| {
        inner.task("weak").adopt(Thread, || bail!("the inner one broke")).await?;
        pending::<anyhow::Result<()>>().await
    };
    handle.scope("inner", body).await
}

/// A scope whose member fails when its body is over.
async fn broken_late(handle: &Handle) -> Result<(), ScopeError> {
    let body = async |inner: &Group| {
        let (go, gone) = channel::<()>();
        let weak = move || {
            let _ = gone.recv();
            bail!("the inner one broke late")
        };
        inner.task("weak").adopt(Thread, weak).await?;
        drop(go);
        anyhow::Ok(())
    };
    handle.scope("inner", body).await
}

#[track_caller]
fn assert_told_once(error: &ScopeError, text: &str) {
    let told = format!("{error:#}");
    assert_eq!(told.matches(text).count(), 1, "{told}");
}

/// T7, T9, T10: in the body it is the body's failure, in a member that member's; the siblings are stopped.
#[test]
fn a_failure_in_a_nested_scope_comes_to_the_outer_one_as_one_failure() {
    within(LIMIT, || {
        let runner = runner();
        let handle = runner.handle();
        let (began, _begun) = channel();
        let (ended, ends) = channel();
        let (in_body, in_member) = runner
            .execute(Tokio, async move || {
                let in_body = handle.scope("outer", async |outer: &Group| {
                    add_waiting(outer, &began, &ended).await?;
                    broken(&handle).await?;
                    anyhow::Ok(())
                });
                let in_body = in_body.await.unwrap_err();
                let in_member = handle.scope("outer", async |outer: &Group| {
                    let handle = handle.clone();
                    let member = async move || broken(&handle).await.map_err(anyhow::Error::from);
                    outer.task("member").adopt(Smol, member).await?;
                    pending::<anyhow::Result<()>>().await
                });
                (in_body, in_member.await.unwrap_err())
            })
            .unwrap();
        assert_told_once(&in_body, "the inner one broke");
        assert!(in_body.body().is_some() && in_body.ends().is_empty(), "{in_body:?}");
        assert_told_once(&in_member, "the inner one broke");
        assert!(in_member.is_interrupted(), "{in_member:?}");
        let names: Vec<_> = in_member.ends().iter().map(|end| end.name()).collect();
        assert_eq!(names, [Some("member")]);
        assert!(ends.iter().count() <= 4);
        finish(runner);
    });
}

/// T12, T13.
#[test]
fn a_member_that_fails_when_the_body_is_over_ends_the_scopes_around_it() {
    within(LIMIT, || {
        let runner = runner();
        let handle = runner.handle();
        let (in_body, in_member) = runner
            .execute(Smol, async move || {
                let in_body = handle.scope("outer", async |_| {
                    broken_late(&handle).await?;
                    anyhow::Ok(())
                });
                let in_body = in_body.await.unwrap_err();
                let in_member = handle.scope("outer", async |outer: &Group| {
                    let handle = handle.clone();
                    let member =
                        async move || broken_late(&handle).await.map_err(anyhow::Error::from);
                    outer.task("member").adopt(Tokio, member).await?;
                    anyhow::Ok(())
                });
                (in_body, in_member.await.unwrap_err())
            })
            .unwrap();
        assert_told_once(&in_body, "the inner one broke late");
        assert_told_once(&in_member, "the inner one broke late");
        assert_eq!(in_member.ends()[0].state(), TaskState::Failed);
        finish(runner);
    });
}

/// T15, T16, T19, T21: while the inner body waits, and while it waits for its members.
#[test]
fn a_stop_reaches_the_members_of_every_level() {
    fn stopped(inner_waits: bool) {
        let runner = runner();
        let outer = runner.group("outer").open().unwrap();
        let handle = runner.handle();
        let (began, begun) = channel();
        let (ended, ends) = channel();
        let nested = async move || {
            let body = async |inner: &Group| {
                add_waiting(inner, &began, &ended).await?;
                if inner_waits {
                    Context::current().stopped().await;
                }
                anyhow::Ok(())
            };
            handle.scope("inner", body).await.map_err(anyhow::Error::from)
        };
        outer.task("nested").adopt_blocking(Tokio, nested).unwrap();
        begun.iter().take(4).for_each(drop);
        outer.stop();
        let end = outer.join_next().blocking().unwrap().unwrap();
        // Nobody's failure: the inner scope came to its end with the stop.
        assert!(end.failure().is_none(), "{end:?}");
        assert_eq!(ends.iter().count(), 4);
        finish(runner);
    }
    within(LIMIT, || stopped(true));
    within(LIMIT, || stopped(false));
}

/// T41, T42: and new members may be added afterwards.
#[test]
fn a_member_that_is_stopped_alone_fails_none_of_the_scopes_around_it() {
    within(LIMIT, || {
        let runner = runner();
        let handle = runner.handle();
        let value = runner.execute(Tokio, async move || {
            let outer = handle.scope("outer", async |outer: &Group| {
                let inner = outer.group("inner").scope(async |inner: &Group| {
                    let wait = async || Context::current().stopped().await;
                    let member = inner.spawn(Smol, wait).await.unwrap();
                    member.stop();
                    let _ = member.await;
                    let more = inner.spawn(Thread, || 7).await.unwrap();
                    Ok::<_, Infallible>(more.await.unwrap())
                });
                inner.await
            });
            outer.await
        });
        assert_eq!(value.unwrap().unwrap(), 7);
        finish(runner);
    });
}
