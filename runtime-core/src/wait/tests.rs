//! The wait-for graph without threads, and how a ring reads.

use crate::sync::Mutex;
use crate::wait::graph::{ExecutorId, Target, WaitGraph};
use crate::wait::ring::Ring;

/// Something that is there when any one of these executors gets on.
struct AnyOf(&'static str, Vec<Option<u32>>);

impl Target for AnyOf {
    fn executor(&self) -> Option<ExecutorId> {
        unreachable!("asked for each")
    }

    fn label(&self) -> String {
        self.0.to_owned()
    }

    fn each_executor(&self, visit: &mut dyn FnMut(Option<ExecutorId>)) {
        self.1.iter().for_each(|executor| visit(executor.map(ExecutorId)));
    }
}

fn enter(
    graph: &WaitGraph<AnyOf>,
    me: u32,
    target: &'static str,
    executors: &[Option<u32>],
) -> Result<(), Ring> {
    graph.enter(ExecutorId(me), format!("task {me}"), AnyOf(target, executors.to_vec()))
}

fn text(ring: &Ring) -> Vec<(&str, &str)> {
    ring.members().iter().map(|one| (one.task(), one.waits_for())).collect()
}

#[test]
fn a_ring_is_told_with_its_members_the_refused_wait_first() {
    let graph = WaitGraph::from(Mutex::new(None));
    assert_eq!(enter(&graph, 1, "b", &[Some(2)]), Ok(()));
    assert_eq!(enter(&graph, 2, "c", &[Some(3)]), Ok(()));
    let ring = enter(&graph, 3, "a", &[Some(1)]).expect_err("a ring");
    assert_eq!(text(&ring), [("task 3", "a"), ("task 1", "b"), ("task 2", "c")]);
    let read = "task 3 waits for a; task 1 waits for b; task 2 waits for c";
    assert_eq!(ring.to_string(), read);
    assert!(format!("{ring:?}").contains("task 2"), "{ring:?}");
    // Nobody was put in, and whoever leaves is gone.
    graph.leave(ExecutorId(1));
    assert_eq!(enter(&graph, 3, "a", &[Some(1)]), Ok(()));
}

#[test]
fn a_wait_for_any_of_several_is_a_ring_if_each_way_leads_back() {
    let graph = WaitGraph::from(Mutex::new(None));
    // Both wait for 4, who is told once.
    assert_eq!(enter(&graph, 4, "me", &[Some(1)]), Ok(()));
    assert_eq!(enter(&graph, 2, "d", &[Some(4)]), Ok(()));
    assert_eq!(enter(&graph, 3, "d", &[Some(4)]), Ok(()));
    let ring = enter(&graph, 1, "b or c", &[Some(2), Some(3)]).expect_err("a ring");
    let told = [("task 1", "b or c"), ("task 2", "d"), ("task 3", "d"), ("task 4", "me")];
    assert_eq!(text(&ring), told);
    // With one who blocks on nothing, or whom anybody can run, the wait can end.
    let graph = WaitGraph::from(Mutex::new(None));
    assert_eq!(enter(&graph, 2, "me", &[Some(1)]), Ok(()));
    assert_eq!(enter(&graph, 1, "b or free", &[Some(2), Some(5)]), Ok(()));
    graph.leave(ExecutorId(1));
    assert_eq!(enter(&graph, 1, "b or new", &[Some(2), None]), Ok(()));
}

#[test]
fn a_wait_beside_a_way_that_does_not_lead_back_is_no_ring() {
    let graph = WaitGraph::from(Mutex::new(None));
    assert_eq!(enter(&graph, 2, "c", &[Some(3)]), Ok(()));
    assert_eq!(enter(&graph, 1, "b", &[Some(2)]), Ok(()));
}

#[test]
fn whoever_waits_for_itself_or_its_own_group_is_told_so() {
    let one = Ring::of_one("fetch".to_owned());
    assert_eq!(text(&one), [("fetch", "fetch")]);
    let member = Ring::of_member("fetch".to_owned(), "crew".to_owned());
    assert_eq!(text(&member), [("fetch", "crew"), ("crew", "fetch")]);
}
