//! Names: any text is one, or is refused with a reason that can be printed; threads bear them whole.

use std::thread;

use integration_tests::runner;
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;
use spumoni::prelude::*;
use spumoni::{BuildError, JoinError, Reason};

use crate::holds;

const LONGEST: usize = 255;

/// Text of every kind, with a liking for what is at a bound.
fn text() -> impl Strategy<Value = String> {
    let parts = [
        "a", "é", "日", "🦀", "/", " ", "\u{0}", "\n", "\u{7f}", "\u{85}", "\u{202e}", "\u{301}",
        "..", "",
    ];
    prop_oneof![
        any::<String>(),
        vec(select(parts.to_vec()), 0..8).prop_map(|parts| parts.concat()),
        (select(vec!["a", "é", "日", "🦀"]), 1..90usize, 0..8usize)
            .prop_map(|(sign, many, ascii)| format!("{}{}", "x".repeat(ascii), sign.repeat(many))),
        (LONGEST - 3..LONGEST + 4).prop_map(|bytes| "n".repeat(bytes)),
    ]
}

fn is_good(name: &str) -> bool {
    !name.is_empty() && name.len() <= LONGEST && !name.contains(char::is_control)
}

/// What is wrong is said in one short line.
fn is_clear(reason: &Reason) -> bool {
    let text = reason.to_string();
    matches!(reason, Reason::BadName { .. }) && text.len() < 600 && !text.contains(char::is_control)
}

#[test]
fn a_task_has_the_name_that_it_is_given_or_is_refused_with_the_payload() {
    holds("names of tasks", text(), |name| {
        let runner = runner();
        match runner.task(name.as_str()).spawn(Smol, async || Context::current().name().to_owned())
        {
            Ok(task) => {
                prop_assert!(is_good(&name));
                prop_assert_eq!(task.label().name(), Some(&*name));
                prop_assert_eq!(task.join().unwrap(), name);
            }
            Err(refused) => {
                prop_assert!(!is_good(&name));
                prop_assert!(is_clear(refused.reason()), "{refused}");
                // As good as new.
                prop_assert!(runner.execute(Smol, refused.into_payload()).is_ok());
            }
        }
        Ok(())
    });
}

#[test]
fn of_two_siblings_with_one_name_the_second_is_refused_until_the_first_is_gone() {
    holds("names of siblings", (text(), text()), |(group, name)| {
        let runner = runner();
        let opened = runner.group(group.as_str()).open();
        // A slash stands between the names of a path.
        prop_assert_eq!(opened.is_ok(), is_good(&group) && !group.contains('/'));
        let Ok(group) = opened else { return Ok(()) };
        let wait = async || Context::current().stopped().await;
        let first = group.task(name.as_str()).try_spawn(Tokio, wait);
        prop_assert_eq!(first.is_ok(), is_good(&name));
        let Ok(first) = first else { return Ok(()) };
        prop_assert_eq!(group.find(&name).map(|label| label.id()), Some(first.id()));
        let second = group.task(name.as_str()).try_spawn(Thread, || ()).unwrap_err();
        prop_assert!(matches!(second.reason(), Reason::DuplicateName { .. }), "{second}");
        // At the root the name is another one, unless it is the path.
        prop_assert!(
            runner.task(name.as_str()).spawn(Smol, async || ()).is_ok() || name == group.path()
        );
        first.stop();
        // Asked before it has begun, it never does.
        prop_assert!(matches!(first.join(), Ok(()) | Err(JoinError::Stopped)));
        group.join_all().blocking().unwrap();
        prop_assert!(group.find(&name).is_none());
        let third = group.task(name.as_str()).try_spawn(Smol, async || 3).unwrap();
        prop_assert_eq!(third.join(), Ok(3));
        Ok(())
    });
}

#[test]
fn a_runner_has_any_good_name_and_its_threads_bear_it_whole() {
    holds("names of runners", text(), |name| {
        match ServiceRunner::builder().signals(false).name(name.as_str()).build() {
            Ok(runner) => {
                prop_assert!(is_good(&name));
                let on = || thread::current().name().map(str::to_owned);
                let lane = runner.execute(Tokio, async move || on()).unwrap();
                let pool = runner.spawn(Thread, on).unwrap().join().unwrap();
                for thread in [lane, pool] {
                    let thread = thread.unwrap_or_default();
                    prop_assert!(thread.starts_with(&format!("{name}/")), "{thread}");
                }
                let report = runner.run();
                prop_assert!(report.is_clean(), "{report}");
                prop_assert_eq!(report.runner(), &*name);
            }
            Err(BuildError::BadConfig { setting, .. }) => {
                prop_assert!(!is_good(&name));
                prop_assert_eq!(setting, "name");
            }
            Err(other) => prop_assert!(false, "{other}"),
        }
        Ok(())
    });
}
