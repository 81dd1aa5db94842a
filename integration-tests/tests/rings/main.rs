//! Waits that could never end are refused at once and name every member; all others get an answer.
//!
//! FAULTS 39 to 42 and 52, PEERS test list 13.

mod own_lane;
mod lanes;
mod pool;
mod answers;
mod groups;

use integration_tests::each::Any;
use spumoni::{ExecuteError, JoinError, Ring};

/// The members of a ring: who waits, and for what.
fn members(ring: &Ring) -> Vec<(&str, &str)> {
    let members = ring.members().iter();
    members.map(|member| (member.task(), member.waits_for())).collect()
}

fn task(flavour: impl Any, name: &str) -> String {
    format!("{} task `{name}`", flavour.name())
}

fn lane(flavour: impl Any) -> String {
    format!("the {} lane", flavour.name())
}

/// The ring of a refused `execute`, and its payload.
fn refused<T: std::fmt::Debug, P>(outcome: Result<T, ExecuteError<P>>) -> (Ring, P) {
    let error = outcome.expect_err("a ring");
    let ring = error.as_ring().expect("a ring").clone();
    for member in ring.members() {
        let text = error.to_string();
        assert!(text.contains(member.task()), "{text}");
        assert!(text.contains(member.waits_for()), "{text}");
    }
    (ring, error.into_payload().expect("it never ran"))
}

/// The ring of a refused `join`.
fn unjoined<T: std::fmt::Debug>(outcome: Result<T, JoinError>) -> Ring {
    match outcome.expect_err("a ring") {
        JoinError::WouldDeadlock(ring) => *ring,
        other => panic!("{other}"),
    }
}
