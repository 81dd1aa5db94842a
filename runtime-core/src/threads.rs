//! How the runner's threads are made and named.

use std::any::Any;
use std::io;
use std::thread::Builder;

use crate::unwind;

/// What every thread of a runner has in common.
pub(crate) struct Threads {
    pub(crate) name: String,
    pub(crate) stack_size: Option<usize>,
    /// Called where a thread is made; what it gives is called first on the thread itself.
    pub(crate) enter: Box<dyn Fn() -> Enter + Send + Sync>,
}

/// Makes a new thread one of the runner's. What it gives is held for as long as the thread works.
pub(crate) type Enter = Box<dyn FnOnce() -> Box<dyn Any> + Send>;

impl Threads {
    /// Makes a thread that may run payloads.
    pub(crate) fn spawn(
        &self,
        suffix: &str,
        body: impl FnOnce() + Send + 'static,
    ) -> io::Result<()> {
        let mut builder = Builder::new().name(thread_name(&self.name, suffix));
        if let Some(size) = self.stack_size {
            builder = builder.stack_size(size);
        }
        let enter = (self.enter)();
        builder.spawn(move || {
            let held = enter();
            body();
            // It may be the last to hold things of the user's.
            let _ = unwind::discard(held);
        })?;
        Ok(())
    }
}

/// `<runner>/<suffix>`, without what no thread name may have.
pub(crate) fn thread_name(runner: &str, suffix: &str) -> String {
    format!("{runner}/{suffix}").replace('\0', "")
}
