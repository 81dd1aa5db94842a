//! How the runner's threads are made and named.

use std::io;
use std::sync::Arc;
use std::thread::Builder;

/// What every thread of a runner has in common.
pub(crate) struct Threads {
    pub(crate) name: String,
    pub(crate) stack_size: Option<usize>,
    /// Called first on each thread that runs payloads.
    pub(crate) enter: Box<dyn Fn() + Send + Sync>,
}

impl Threads {
    /// Makes a thread that may run payloads.
    pub(crate) fn spawn(
        self: &Arc<Self>,
        suffix: &str,
        body: impl FnOnce() + Send + 'static,
    ) -> io::Result<()> {
        let mut builder = Builder::new().name(thread_name(&self.name, suffix));
        if let Some(size) = self.stack_size {
            builder = builder.stack_size(size);
        }
        let threads = Arc::clone(self);
        builder.spawn(move || {
            (threads.enter)();
            // Not held while the thread works: it would keep the runner's hooks for as long.
            drop(threads);
            body();
        })?;
        Ok(())
    }
}

/// `<runner>/<suffix>`, without what no thread name may have.
pub(crate) fn thread_name(runner: &str, suffix: &str) -> String {
    format!("{runner}/{suffix}").replace('\0', "")
}
