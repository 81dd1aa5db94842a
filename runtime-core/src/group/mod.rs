//! Groups own tasks: who may come in, who is there by name, where failures go, how all are stopped.

pub(crate) mod gate;
pub(crate) mod names;
pub(crate) mod crew;
pub(crate) mod root;
pub(crate) mod policy;
pub(crate) mod end;
pub(crate) mod slots;
mod ends;
pub(crate) mod kept;
mod account;
pub(crate) mod node;
mod census;
pub(crate) mod entry;
mod taking;
mod owner;
pub(crate) mod children;
mod stopping;
pub(crate) mod join;
pub(crate) mod result;
pub(crate) mod view;
