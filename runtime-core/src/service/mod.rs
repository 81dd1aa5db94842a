//! Services: units that the runner starts, makes ready, supervises, restarts and stops.
//!
//! `graph` says in which order, `roster` who there is, `plan` which of them, `wish` what is wanted, `life` what
//! becomes of that; `manager` is the door for everybody else, and `act` does what is to be done. All of it is
//! driven by the controller.

pub(crate) mod policy;
pub(crate) mod state;
pub(crate) mod spec;
pub(crate) mod error;
pub(crate) mod graph;
pub(crate) mod exclusive;
pub(crate) mod body;
pub(crate) mod launch;
pub(crate) mod registry;
pub(crate) mod unit;
mod tally;
mod check;
pub(crate) mod warning;
pub(crate) mod set;
pub(crate) mod set_view;
pub(crate) mod node;
pub(crate) mod roster;
mod sets;
mod plan;
pub(crate) mod wish;
mod shared;
mod life;
pub(crate) mod view;
pub(crate) mod manager;
mod act;
