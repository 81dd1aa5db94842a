//! The order of services: who comes after whom, and what is wrong with that.
//!
//! Nothing here calls itself, so a chain of any length is no problem for the stack.

use std::cmp::Reverse;
use std::collections::{BTreeSet, BinaryHeap, HashMap};
use std::sync::Arc;

use crate::group::names;
use crate::service::error::ServiceError;

/// A service as far as its place in the order goes.
pub(crate) struct Given<'a> {
    pub(crate) name: &'a Arc<str>,
    pub(crate) after: &'a [Arc<str>],
    pub(crate) phase: i32,
}

/// Who comes after whom, by their places in what was given.
#[derive(Debug)]
pub(crate) struct Graph {
    /// On whom each depends.
    pub(crate) after: Vec<Vec<usize>>,
    /// An order in which all can start.
    pub(crate) order: Vec<usize>,
}

/// Links services to what they depend on, or tells all that is wrong.
pub(crate) fn link(given: &[Given<'_>]) -> Result<Graph, Vec<ServiceError>> {
    let places: HashMap<&str, usize> =
        given.iter().enumerate().map(|(place, one)| (&**one.name, place)).collect();
    let mut errors = Vec::new();
    let mut after = Vec::with_capacity(given.len());
    for one in given {
        let mut mine = BTreeSet::new();
        for dependency in one.after {
            match places.get(&**dependency) {
                Some(_) if dependency == one.name => {
                    errors.push(ServiceError::Itself { service: Arc::clone(one.name) });
                }
                Some(place) if given[*place].phase > one.phase => {
                    errors.push(ServiceError::LaterPhase {
                        service: Arc::clone(one.name),
                        dependency: Arc::clone(dependency),
                    });
                }
                Some(place) => {
                    mine.insert(*place);
                }
                None => errors.push(ServiceError::Missing {
                    service: Arc::clone(one.name),
                    dependency: Arc::clone(dependency),
                    nearest: nearest(dependency, given),
                }),
            }
        }
        after.push(mine.into_iter().collect::<Vec<_>>());
    }
    let order = order(given, &after);
    if order.len() < given.len() && errors.is_empty() {
        errors.push(ServiceError::Cycle { path: ring(given, &after, &order) });
    }
    if errors.is_empty() { Ok(Graph { after, order }) } else { Err(errors) }
}

pub(crate) fn nearest(name: &str, given: &[Given<'_>]) -> Option<Arc<str>> {
    names::nearest(name, given.iter().map(|one| Arc::clone(one.name)))
}

/// Those that can start one after the other: lower phases first, then as they were given.
fn order(given: &[Given<'_>], after: &[Vec<usize>]) -> Vec<usize> {
    let mut before = vec![Vec::new(); given.len()];
    for (place, mine) in after.iter().enumerate() {
        for dependency in mine {
            before[*dependency].push(place);
        }
    }
    let mut missing: Vec<usize> = after.iter().map(Vec::len).collect();
    let free = (0..given.len()).filter(|place| missing[*place] == 0);
    let mut free: BinaryHeap<_> = free.map(|place| Reverse((given[place].phase, place))).collect();
    let mut order = Vec::with_capacity(given.len());
    while let Some(Reverse((_, place))) = free.pop() {
        order.push(place);
        for next in &before[place] {
            missing[*next] -= 1;
            if missing[*next] == 0 {
                free.push(Reverse((given[*next].phase, *next)));
            }
        }
    }
    order
}

/// The names along one ring, the first one again at its end.
fn ring(given: &[Given<'_>], after: &[Vec<usize>], order: &[usize]) -> Vec<Arc<str>> {
    let done: BTreeSet<usize> = order.iter().copied().collect();
    let stuck = |place: &usize| !done.contains(place);
    // Each that is stuck depends on another that is, so the walk comes round.
    let mut way: Vec<usize> = Vec::new();
    let mut seen = HashMap::new();
    let mut next = (0..given.len()).find(stuck);
    while let Some(place) = next {
        if let Some(first) = seen.insert(place, way.len()) {
            way.drain(..first);
            way.push(place);
            break;
        }
        way.push(place);
        next = after[place].iter().copied().find(stuck);
    }
    way.into_iter().map(|place| Arc::clone(given[place].name)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn linked(services: &[(&str, &[&str], i32)]) -> Result<Vec<String>, Vec<String>> {
        let owned: Vec<(Arc<str>, Vec<Arc<str>>, i32)> = services
            .iter()
            .map(|(name, after, phase)| {
                (Arc::from(*name), after.iter().map(|name| Arc::from(*name)).collect(), *phase)
            })
            .collect();
        let given: Vec<Given<'_>> =
            owned.iter().map(|(name, after, phase)| Given { name, after, phase: *phase }).collect();
        match link(&given) {
            Ok(graph) => Ok(graph.order.iter().map(|at| owned[*at].0.to_string()).collect()),
            Err(errors) => Err(errors.iter().map(ToString::to_string).collect()),
        }
    }

    #[test]
    fn dependencies_and_lower_phases_come_first_and_else_the_given_order_holds() {
        let order = linked(&[("c", &["a"], 0), ("b", &[], 1), ("a", &[], 0), ("d", &[], -1)]);
        assert_eq!(order.expect("sound"), ["d", "a", "c", "b"]);
    }

    #[test]
    fn everything_that_is_wrong_is_told_at_once() {
        let errors =
            linked(&[("store", &["store"], 0), ("http", &["stroe", "log"], 0), ("log", &[], 1)])
                .expect_err("unsound");
        assert_eq!(errors.len(), 3, "{errors:?}");
        assert!(errors[0].contains("depends on itself"), "{errors:?}");
        assert!(errors[1].contains("did you mean `store`?"), "{errors:?}");
        assert!(errors[2].contains("later phase"), "{errors:?}");
    }

    #[test]
    fn a_ring_is_told_as_its_way_and_nothing_beside_it() {
        let errors = linked(&[
            ("tail", &["a"], 0),
            ("a", &["b"], 0),
            ("b", &["c"], 0),
            ("c", &["a"], 0),
            ("x", &[], 0),
        ])
        .expect_err("a ring");
        assert_eq!(errors.len(), 1);
        assert!(errors[0].contains("`a` after `b` after `c` after `a`"), "{errors:?}");
    }

    #[test]
    fn a_chain_of_a_hundred_thousand_needs_no_deep_stack() {
        let names: Vec<Arc<str>> = (0..100_000).map(|n| n.to_string().into()).collect();
        let after: Vec<Vec<Arc<str>>> =
            (0..names.len()).map(|n| names.get(n + 1).cloned().into_iter().collect()).collect();
        let given: Vec<Given<'_>> =
            names.iter().zip(&after).map(|(name, after)| Given { name, after, phase: 0 }).collect();
        let graph = link(&given).expect("sound");
        assert_eq!(graph.order.first(), Some(&(names.len() - 1)));
    }
}
