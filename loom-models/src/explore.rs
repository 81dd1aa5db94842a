//! How far a model is explored, and how much that was.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use loom::model::Builder;

/// Explores every interleaving of a model of two threads.
pub(crate) fn two_threads(name: &str, model: impl Fn() + Send + Sync + 'static) {
    explore(name, None, model);
}

/// Explores a model of three threads, up to three preemptions.
pub(crate) fn three_threads(name: &str, model: impl Fn() + Send + Sync + 'static) {
    explore(name, Some(3), model);
}

fn explore(name: &str, preemptions: Option<usize>, model: impl Fn() + Send + Sync + 'static) {
    let explored = Arc::new(AtomicU64::new(0));
    let count = Arc::clone(&explored);
    let mut builder = Builder::new();
    // Whatever the environment says: a model that ran in part only would look like one that holds.
    builder.preemption_bound = preemptions;
    builder.max_permutations = None;
    builder.max_duration = None;
    builder.checkpoint_file = None;
    builder.check(move || {
        count.fetch_add(1, Ordering::Relaxed);
        model();
    });
    let explored = explored.load(Ordering::Relaxed);
    let bound = match preemptions {
        None => "all".to_owned(),
        Some(most) => format!("up to {most} preemptions"),
    };
    println!("loom: {name}: {explored} interleavings ({bound})");
    assert!(explored > 1, "{name}: the threads of this model never meet");
}
