//! Services: units that the runner starts, watches and stops.

pub(crate) mod spec;
pub(crate) mod launch;
pub(crate) mod registry;
pub(crate) mod unit;
