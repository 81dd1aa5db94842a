//! The runner as users see it.

pub(crate) mod core;
pub(crate) mod member;
pub(crate) mod group;
pub(crate) mod fork;
pub(crate) mod scope;
pub(crate) mod race;
pub(crate) mod section;
pub(crate) mod periodic;
pub(crate) mod finished;
pub(crate) mod handle;
<<<<<<< HEAD
pub(crate) mod local;
pub(crate) mod child;
=======
pub(crate) mod services;
>>>>>>> 7b929ab (core: services have a life: init, readiness, order, supervision, and are stopped one by one)
pub(crate) mod builder;
pub(crate) mod service_runner;
