//! Who is taken into a group, and under which name.

use std::sync::Arc;
use std::sync::mpsc::channel;

use integration_tests::{LIMIT, runner, within};
use spumoni::Reason;
use spumoni::prelude::*;

use crate::{add_waiting, await_begun, await_go, group, names};

/// O14, O15, T32, T38, A87.
#[test]
fn a_stopping_group_hands_the_payload_back_but_helps_a_member_that_cleans_up() {
    within(LIMIT, || {
        let runner = runner();
        let group = Arc::new(group(&runner, "closing"));
        let inner = Arc::clone(&group);
        let (began, begun) = channel();
        let payload = async move || {
            began.send(()).unwrap();
            Context::current().stopped().await;
            let helper = inner.task("helper").spawn(Thread, || 7).await.unwrap();
            assert_eq!(helper.await.unwrap(), 7);
        };
        group.task("careful").try_adopt(Tokio, payload).unwrap();
        await_begun(&begun, 1);
        group.stop();
        let refused = group.try_spawn(Thread, || 42).unwrap_err();
        assert!(
            matches!(refused.reason(), Reason::GroupStopping { group } if &**group == "closing")
        );
        assert_eq!(refused.into_payload()(), 42);
        assert_eq!(names(&group.join_all().blocking().unwrap()), ["careful", "helper"]);
        assert!(group.try_adopt(Thread, || ()).unwrap_err().is_stopping());
    });
}

/// O13, T109.
#[test]
fn f085_a_name_is_refused_while_a_living_sibling_has_it_and_free_again_afterwards() {
    within(LIMIT, || {
        let runner = runner();
        let one = group(&runner, "one");
        let (go, gone) = channel::<()>();
        one.task("same").try_adopt(Thread, move || await_go(&gone)).unwrap();
        let refused = one.task("same").try_adopt(Smol, async || ()).unwrap_err();
        let text = refused.to_string();
        assert!(text.contains("`one/same`"), "{text}");
        assert_eq!(text.matches("groups/taking.rs:").count(), 2, "{text}");
        // Cousins and uncles may.
        let two = group(&runner, "two");
        two.task("same").try_adopt(Tokio, async || ()).unwrap();
        runner.task("same").adopt(Tokio, async || ()).unwrap();
        drop(go);
        one.join_all().blocking().unwrap();
        one.task("same").try_adopt(Smol, async || ()).unwrap();
        one.join_all().blocking().unwrap();
        two.join_all().blocking().unwrap();
    });
}

#[test]
fn the_name_of_a_group_is_free_when_it_is_over() {
    within(LIMIT, || {
        let runner = runner();
        let first = group(&runner, "pool");
        let refused = runner.group("pool").open().unwrap_err();
        assert!(matches!(refused, Reason::DuplicateName { .. }), "{refused}");
        first.try_adopt(Thread, || ()).unwrap();
        first.join_all().blocking().unwrap();
        drop(first);
        drop(group(&runner, "pool"));
    });
}

#[test]
fn a_member_is_found_by_name_while_it_lives_and_shown_with_its_path() {
    within(LIMIT, || {
        let runner = runner();
        let outer = group(&runner, "outer");
        let inner = outer.group("inner").open().unwrap();
        let (began, begun) = channel();
        add_waiting(&inner, &began);
        await_begun(&begun, 4);
        let label = inner.find("smol").unwrap();
        assert_eq!(label.path(), "outer/inner/smol");
        assert_eq!(label.group(), Some("outer/inner"));
        assert_eq!(label.to_string(), "smol task `outer/inner/smol`");
        assert_eq!(outer.find("inner/smol").unwrap().id(), label.id());
        assert_eq!(outer.find("inner").unwrap().to_string(), "group `outer/inner`");
        assert!(outer.find("smol").is_none());
        assert_eq!(outer.members().len(), 4);
        let tree = runner.tree().to_string();
        for name in ["tokio", "smol", "async-std", "thread"] {
            assert!(tree.contains(&format!("task `outer/inner/{name}`")), "{tree}");
        }
        outer.stop();
        outer.join_all().blocking().unwrap();
        assert!(inner.find("smol").is_none());
    });
}

#[test]
fn f086_f118_bad_names_and_a_limit_of_zero_are_refused() {
    within(LIMIT, || {
        let runner = runner();
        for bad in ["", "a\nb", "a/b", &"x".repeat(256)] {
            let refused = runner.group(bad).open().unwrap_err();
            assert!(matches!(refused, Reason::BadName { .. }), "{refused}");
        }
        let refused = runner.group("none").limit(0).open().unwrap_err();
        assert_eq!(
            refused.to_string(),
            "`limit` must be at least 1: a group with room for none runs nothing"
        );
        let group = group(&runner, "none");
        let refused = group.task("a\0b").try_adopt(Tokio, async || ()).unwrap_err();
        assert!(matches!(refused.reason(), Reason::BadName { .. }), "{refused}");
        assert!(group.is_empty());
    });
}
