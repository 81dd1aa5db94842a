//! One lane: a thread, the executor it owns, and the channels in front of both.
//!
//! Only a lane polls its payloads. Everybody else holds a `Lane` and pushes tasks into its inbox or
//! sends it an `Order`; the flavour's executor drives the `LaneLoop`, which takes them out again on the
//! lane's own thread.
//!
//! # Invariants
//! 1. A task taken out of a queue is run or ended, never dropped unseen.
//! 2. What is woken on the lane's own thread goes through the local queue, everything else through the
//!    inbox; both get the same share of a turn.
//! 3. A turn is bounded, so that the reactor, the timers and the orders get theirs under any load.
//! 4. The list of kept tasks is touched by the lane alone.

pub(crate) mod bell;
pub(crate) mod order;
pub(crate) mod kept;
pub(crate) mod spent;
pub(crate) mod inbox;
pub(crate) mod drive;
