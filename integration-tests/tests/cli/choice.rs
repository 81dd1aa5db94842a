//! `--only`, `--without`, `--list-services` and `--check`.

use integration_tests::{LIMIT, within};
use serde_json::{Value, json};
use spumoni::cli::Prepared;
use spumoni::prelude::*;
use spumoni::{Launch, Spec};

use super::{demo, prepare, told, wrong};

fn names(line: &str, environment: &[(&str, &str)]) -> Vec<String> {
    match prepare(demo().0, line, environment) {
        Ok(Prepared::Run(runner)) => {
            let order = runner.check().expect("checked");
            order.iter().map(ToString::to_string).collect()
        }
        other => panic!("{line}: {other:?}"),
    }
}

/// S78 in sense: some of the services.
#[test]
fn only_pulls_what_is_needed_and_without_leaves_out() {
    within(LIMIT, || {
        assert_eq!(names("--store-path /s", &[]), ["store", "http", "clock"]);
        assert_eq!(names("--store-path /s --only http", &[]), ["store", "http"]);
        assert_eq!(names("--only clock", &[]), ["clock"]);
        assert_eq!(names("--store-path /s --without http,clock", &[]), ["store"]);
        assert_eq!(names("--store-path /s", &[("DEMO_ONLY", "clock, store")]), ["store", "clock"]);
        assert_eq!(names("--only clock", &[("DEMO_ONLY", "http")]), ["clock"]);
    });
}

#[test]
fn a_service_that_is_left_out_need_not_be_given_what_it_needs() {
    within(LIMIT, || {
        assert_eq!(names("--without http,store", &[]), ["clock"]);
        // `http` is there, and what it depends on is not made: that is told, and not that it is missing.
        for line in ["", "--only http", "--only store"] {
            let said = wrong(line, &[]);
            assert_eq!(said.len(), 1, "{line}: {said:?}");
            assert!(said[0].starts_with("service `store`: the following required"), "{said:?}");
            assert!(said[0].ends_with("or set `DEMO_STORE_PATH` in the environment"), "{said:?}");
        }
    });
}

#[test]
fn unknown_names_are_told_with_the_nearest_one() {
    within(LIMIT, || {
        for flag in ["only", "without"] {
            let said = wrong(&format!("--store-path /s --{flag} clocc"), &[]);
            assert!(said[0].contains("`clocc`") && said[0].contains("`clock`?"), "{said:?}");
        }
    });
}

#[test]
fn the_list_has_order_flavour_and_dependencies_also_of_what_cannot_be_made() {
    within(LIMIT, || {
        let list = told(demo().0, "--store-path /s --list-services");
        let expected = "ORDER  SERVICE  FLAVOUR  AFTER\n\
                        1      store    thread\n\
                        2      http     tokio    store\n\
                        3      clock    smol";
        assert_eq!(list.text(), expected);
        assert!(list.error().is_none());
        let list = told(demo().0, "--list-services");
        assert!(list.text().contains("-      store    ?"), "{}", list.text());
        assert_eq!(list.error().map(|error| error.problems().len()), Some(1));
    });
}

#[test]
fn the_list_is_json_if_that_is_asked_for() {
    within(LIMIT, || {
        let list = told(demo().0, "--store-path /s --only http --list-services=json");
        let list: Value = serde_json::from_str(list.text()).expect("JSON");
        assert_eq!(list[0]["name"], "store");
        assert_eq!(list[0]["flags"], json!(["--store-path", "--store-size"]));
        assert_eq!(list[1]["after"], json!(["store"]));
        assert_eq!(list[1]["order"], 2);
        assert_eq!(list[2]["order"], Value::Null, "left out");
    });
}

#[test]
fn the_list_has_a_column_of_sets_if_there_are_any() {
    let demo = || {
        demo().0.setup(|runner, _| {
            runner.service_set("extras").add()?;
            runner.service(Tick).set("extras").after(["store"]).add()?;
            anyhow::Ok(())
        })
    };
    within(LIMIT, move || {
        let list = told(demo(), "--store-path /s --without clock --list-services");
        let expected = "ORDER  SERVICE  FLAVOUR  SET     AFTER\n\
                        1      store    thread\n\
                        2      http     tokio            store\n\
                        3      tick     thread   extras  store\n\
                        -      clock    smol";
        assert!(list.error().is_none(), "{:?}", list.error());
        assert_eq!(list.text(), expected);
        let list = told(demo(), "--store-path /s --list-services=json");
        let list: Value = serde_json::from_str(list.text()).expect("JSON");
        let of = |name| list.as_array()?.iter().find(|one| one["name"] == name);
        assert_eq!(of("tick").map(|one| &one["set"]), Some(&json!("extras")));
        assert_eq!(of("store").map(|one| &one["set"]), Some(&Value::Null));
    });
}

struct Lost;

impl Service for Lost {
    const SPEC: Spec = Spec::new("lost", file!(), line!()).after(&["stroe"]);
    fn launch(self) -> Launch {
        Launch::new(Smol, async || unreachable!("a check starts nothing"))
    }
}

struct Round;

impl Service for Round {
    const SPEC: Spec = Spec::new("round", file!(), line!());
    fn launch(self) -> Launch {
        Launch::new(Thread, || unreachable!("a check starts nothing"))
    }
}

struct Tick;

impl Service for Tick {
    const SPEC: Spec = Spec::new("tick", file!(), line!());
    fn launch(self) -> Launch {
        Launch::repeat(Thread, || unreachable!("a list starts nothing"))
    }
}

#[test]
fn a_check_tells_everything_that_is_wrong_and_starts_nothing() {
    within(LIMIT, || {
        let cli = demo().0.setup(|runner, _| {
            runner.add(Lost)?;
            anyhow::Ok(())
        });
        let error = prepare(cli, "--check --http-mode odd --store-size 0", &[]).expect_err("wrong");
        let said = error.to_string();
        for words in [
            "invalid value 'odd' for '--http-mode",
            "0 is not in 1..=100",
            "service `lost` depends on `stroe`",
        ] {
            assert!(said.contains(words), "no `{words}` in {said}");
        }
        let cli = demo().0.setup(|runner, _| {
            for (name, after) in [("a", "b"), ("b", "a")] {
                runner.service(Round).name(name).after([after]).add()?;
            }
            anyhow::Ok(())
        });
        let error = prepare(cli, "--store-path /s --check", &[]).expect_err("a ring");
        assert!(error.to_string().contains("in a ring"), "{error}");
        let flawed = || {
            demo().0.setup(|runner, _| {
                runner.service_set("extras").add()?;
                runner.service(Round).set("extras").add()?;
                anyhow::Ok(())
            })
        };
        let error = prepare(flawed(), "--store-path /s --check", &[]).expect_err("it runs once");
        let said = error.to_string();
        assert!(said.contains("service `round`, which is added at integration-tests/"), "{said}");
        assert!(
            said.contains("cannot be started: `set` needs a body that can run again"),
            "{said}"
        );
        let well = told(flawed(), "--store-path /s --without round --check");
        assert_eq!(well.text(), "demo: all is well, the order is store, http, clock");
        let well = told(demo().0, "--store-path /s --check");
        assert_eq!(well.text(), "demo: all is well, the order is store, http, clock");
    });
}

#[test]
fn what_the_setup_says_is_wrong_is_told_too() {
    within(LIMIT, || {
        let cli = demo().0.setup(|_, _| Err::<(), _>("the moon is not full"));
        let error = prepare(cli, "--store-path /s --check", &[]).expect_err("the moon");
        assert_eq!(error.to_string(), "error: the moon is not full");
    });
}
