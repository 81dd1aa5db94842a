//! Groups in their owned form: policies, stops, joins, names, limits, with members of all flavours.

use std::sync::mpsc::{Receiver, Sender};

use spumoni::prelude::*;
use spumoni::{MemberEnd, TaskState};

mod failures;
mod joining;
mod keeping;
mod limits;
mod stopping;
mod taking;

fn group(handle: &Handle, name: &str) -> Group {
    handle.group(name).open().expect("the name is free")
}

/// One member of each flavour that ends when it is asked to, and tells that it has begun.
fn add_waiting(group: &Group, began: &Sender<()>) {
    let told = began.clone();
    let wait = async move || {
        told.send(()).expect("the test listens");
        Context::current().stopped().await;
    };
    group.task("tokio").try_adopt(Tokio, wait.clone()).expect("the group is open");
    group.task("smol").try_adopt(Smol, wait.clone()).expect("the group is open");
    group.task("async-std").try_adopt(AsyncStd, wait).expect("the group is open");
    let told = began.clone();
    let wait = move || {
        told.send(()).expect("the test listens");
        Context::current().stopped_blocking();
    };
    group.task("thread").try_adopt(Thread, wait).expect("the group is open");
}

fn await_begun(begun: &Receiver<()>, members: usize) {
    for _ in 0..members {
        begun.recv().expect("every member begins");
    }
}

/// Holds its thread until the test lets go of the other end.
fn await_go(gone: &Receiver<()>) {
    let _ = gone.recv();
}

fn names(ends: &[MemberEnd]) -> Vec<&str> {
    let mut names: Vec<_> = ends.iter().filter_map(MemberEnd::name).collect();
    names.sort_unstable();
    names
}

fn states(ends: &[MemberEnd]) -> Vec<(&str, TaskState)> {
    let mut states: Vec<_> =
        ends.iter().map(|end| (end.name().unwrap_or(""), end.state())).collect();
    states.sort_by_key(|(name, _)| *name);
    states
}

/// The one failure among the ends.
fn failure(ends: &[MemberEnd]) -> String {
    let failures: Vec<_> = ends.iter().filter_map(MemberEnd::failure).collect();
    assert_eq!(failures.len(), 1, "{failures:?}");
    failures[0].to_string()
}
