//! What the tests need: the child, its files, and a small client.

mod daemon;
mod folder;
mod http;
mod time;

pub(crate) use daemon::{Daemon, Ended, run_to_end};
pub(crate) use folder::Folder;
pub(crate) use http::{Answer, Client, get, post};
pub(crate) use time::{DEADLINE, until};
