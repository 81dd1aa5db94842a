//! spumoni's own figures: one file for each kind of measurement, and the list of all.

pub(crate) mod measured;
pub(crate) mod command;
pub(crate) mod gate;
pub(crate) mod figure;
pub(crate) mod overshoot;
pub(crate) mod failure;
pub(crate) mod startup;
pub(crate) mod leftovers;
pub(crate) mod memory;
pub(crate) mod documents;
pub(crate) mod list;

pub(crate) use figure::{Figure, How};
pub(crate) use gate::Gate;
pub(crate) use list::all;
pub(crate) use measured::{Measured, Pace};
