//! Services that depend on one another at random: the order keeps to it, or all that is wrong is named.

use std::collections::BTreeSet;
use std::sync::Arc;

use integration_tests::runner;
use proptest::collection::vec;
use proptest::prelude::*;
use spumoni::prelude::*;
use spumoni::{Launch, Reason, ServiceError, Spec};

use crate::holds;

/// As many names as there may be; the last of them is never given to a service.
pub(crate) const NAMES: usize = 9;

/// A service: its name, the names that it is after, its phase.
type Given = (usize, Vec<usize>, i32);

/// Runs nothing, but takes part in the order.
struct Idle;

impl Service for Idle {
    const SPEC: Spec = Spec::new("idle", file!(), line!());

    fn launch(self) -> Launch {
        Launch::idle(Smol)
    }
}

fn name(number: usize) -> String {
    format!("service-{number}")
}

/// Graphs as they come, and such as have no ring.
fn graphs() -> impl Strategy<Value = Vec<Given>> {
    let wild = vec((0..NAMES - 1, vec(0..NAMES, 0..3), 0..2), 0..10);
    let sound =
        vec((vec(any::<proptest::sample::Index>(), 0..4), -1..2), 0..NAMES - 1).prop_map(|nodes| {
            let nodes = nodes.into_iter().enumerate();
            nodes
                .map(|(place, (after, phase))| {
                    let after =
                        after.iter().filter(|_| place > 0).map(|one| one.index(place.max(1)));
                    (place, after.collect(), phase)
                })
                .rev()
                .collect()
        });
    prop_oneof![wild, sound]
}

/// Adds all, of which those with a name that is there are refused; gives those that were taken.
fn add(runner: &ServiceRunner, given: Vec<Given>) -> Result<Vec<Given>, TestCaseError> {
    let (mut taken, mut names) = (Vec::new(), BTreeSet::new());
    for one in given {
        let (own, after, phase) = &one;
        let after: Vec<String> = after.iter().map(|one| name(*one)).collect();
        let added = runner.service(Idle).name(name(*own)).after(after).phase(*phase).add();
        let is_new = names.insert(*own);
        match added {
            Ok(()) => prop_assert!(is_new, "twice {}", own),
            Err(refused) => {
                let duplicate = matches!(refused.reason(), Reason::DuplicateName { .. });
                prop_assert!(!is_new && duplicate, "{}", refused);
                continue;
            }
        }
        taken.push(one);
    }
    Ok(taken)
}

/// What is wrong but for rings: who, and with whom.
fn wrong(given: &[Given]) -> BTreeSet<(&'static str, String, String)> {
    let phase_of = |number: usize| given.iter().find(|one| one.0 == number).map(|one| one.2);
    let mut wrong = BTreeSet::new();
    for (own, after, phase) in given {
        for one in after {
            let what = match phase_of(*one) {
                Some(_) if one == own => "itself",
                Some(of) if of > *phase => "later",
                Some(_) => continue,
                None => "missing",
            };
            wrong.insert((what, name(*own), name(*one)));
        }
    }
    wrong
}

/// The same as the runner tells it; rings are held against the graph.
fn told(
    errors: &[ServiceError],
    given: &[Given],
) -> Result<BTreeSet<(&'static str, String, String)>, TestCaseError> {
    let mut told = BTreeSet::new();
    for error in errors {
        let (what, service, dependency) = match error {
            ServiceError::Missing { service, dependency, .. } => ("missing", service, dependency),
            ServiceError::LaterPhase { service, dependency } => ("later", service, dependency),
            ServiceError::Itself { service } => ("itself", service, service),
            ServiceError::Cycle { path } => {
                prop_assert!(path.len() > 2 && path.first() == path.last(), "{}", error);
                let names: BTreeSet<&str> = path[1..].iter().map(|name| &**name).collect();
                prop_assert_eq!(names.len(), path.len() - 1, "{}", error);
                for pair in path.windows(2) {
                    prop_assert!(depends(given, &pair[0], &pair[1]), "{}", error);
                }
                continue;
            }
            other => return Err(TestCaseError::fail(format!("{other}"))),
        };
        told.insert((what, service.to_string(), dependency.to_string()));
    }
    Ok(told)
}

fn depends(given: &[Given], service: &str, on: &str) -> bool {
    given
        .iter()
        .any(|(own, after, _)| name(*own) == service && after.iter().any(|one| name(*one) == on))
}

/// Whether so many go one after the other; found by taking away whoever waits for nobody.
fn is_ringless(given: &[Given]) -> bool {
    let mut left: Vec<&Given> = given.iter().collect();
    loop {
        let names: BTreeSet<usize> = left.iter().map(|one| one.0).collect();
        let before = left.len();
        left.retain(|(_, after, _)| after.iter().any(|one| names.contains(one)));
        if left.is_empty() || left.len() == before {
            return left.is_empty();
        }
    }
}

/// Everybody once, later phases after earlier ones, and after those on whom they depend.
fn keeps_to(order: &[Arc<str>], given: &[Given]) -> bool {
    let place = |number: usize| order.iter().position(|one| **one == *name(number));
    order.len() == given.len()
        && given.iter().all(|(own, after, phase)| {
            let own = place(*own);
            let earlier = given.iter().filter(|one| one.2 < *phase).map(|one| one.0);
            own.is_some() && after.iter().copied().chain(earlier).all(|one| place(one) < own)
        })
}

fn order_or_errors(given: Vec<Given>) -> Result<(), TestCaseError> {
    let runner = runner();
    let given = add(&runner, given)?;
    let wrong = wrong(&given);
    let is_sound = wrong.is_empty() && is_ringless(&given);
    match runner.check() {
        Ok(order) => prop_assert!(is_sound && keeps_to(&order, &given), "{:?}", order),
        Err(errors) => {
            prop_assert!(!is_sound, "{:?}", errors);
            prop_assert_eq!(told(&errors, &given)?, wrong);
        }
    }
    // What `check` says is what happens.
    let report = runner.run();
    let started = report.services().started();
    prop_assert_eq!(report.failures().is_empty(), is_sound, "{}", report);
    if is_sound {
        prop_assert!(keeps_to(started, &given), "{:?}", started);
    } else {
        prop_assert!(started.is_empty(), "{:?}", started);
    }
    Ok(())
}

/// Rule 24.
#[test]
fn random_services_start_in_an_order_that_keeps_to_their_graph_or_not_at_all() {
    holds("graphs of services", graphs(), order_or_errors);
}
