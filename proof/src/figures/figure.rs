//! What a figure is: its key, its words, and how it is had.

use super::gate::Gate;
use super::{Measured, Pace};
use crate::Error;

/// One line of the first table.
pub(crate) struct Figure {
    pub(crate) key: &'static str,
    pub(crate) title: &'static str,
    /// What is to come out; empty where there is no goal.
    pub(crate) goal: &'static str,
    /// One sentence for the page.
    pub(crate) explained: &'static str,
    pub(crate) how: How,
}

/// How a figure is had.
pub(crate) enum How {
    /// It is measured in seconds.
    Short(fn(&Pace) -> Result<Measured, Error>),
    /// A script counts it: in minutes, and only with `--all` or when it is asked for by its key; or in hours, and only
    /// by its key.
    Script(Gate),
}
