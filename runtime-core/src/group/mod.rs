//! Groups own tasks: who may come in, who is there by name, where failures go, how all are stopped.

pub(crate) mod gate;
pub(crate) mod names;
pub(crate) mod root;
pub(crate) mod policy;
pub(crate) mod end;
pub(crate) mod slots;
pub(crate) mod node;
pub(crate) mod join;
