//! A pool as the core sees it: jobs to run, the threads that run them, and the home of both.

pub(crate) mod contract;
pub(crate) mod home;
pub(crate) mod worker;
