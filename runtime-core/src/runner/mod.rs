//! The runner as users see it.

pub(crate) mod core;
pub(crate) mod member;
pub(crate) mod group;
pub(crate) mod fork;
pub(crate) mod scope;
pub(crate) mod race;
pub(crate) mod section;
pub(crate) mod runs;
pub(crate) mod run;
pub(crate) mod periodic;
pub(crate) mod finished;
pub(crate) mod handle;
pub(crate) mod task_builder;
pub(crate) mod local;
pub(crate) mod child;
pub(crate) mod services;
pub(crate) mod service_set;
pub(crate) mod health;
pub(crate) mod reloading;
pub(crate) mod builder;
pub(crate) mod service_runner;
