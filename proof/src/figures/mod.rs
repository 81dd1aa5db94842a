//! spumoni's own figures: one file for each kind of measurement, and the list of all.

pub(crate) mod figure;
pub(crate) mod overshoot;
pub(crate) mod failure;
pub(crate) mod startup;
pub(crate) mod leftovers;
pub(crate) mod memory;
pub(crate) mod command;
pub(crate) mod documents;
pub(crate) mod list;

pub(crate) use figure::{Figure, How, Measured, Pace};
pub(crate) use list::all;
