//! Reload hooks, and requests to load settings anew, in the hands of the runner's user.

use std::io;
use std::panic::Location;
use std::sync::Arc;

use crate::log;
use crate::reload::{HookProgress, Reloads};
use crate::runner::handle::Handle;
use crate::signal;
use crate::task::contract::Owner;
use crate::task::payload::Adoptable;
use crate::task::stop::StopNode;
use crate::unwind;

impl Handle {
    /// Hears of requests to load settings anew: SIGHUP (with the feature `signal`, on unix), and
    /// [`reload`](Handle::reload). Ends with the runner. In a service, take
    /// [`Context::reloads`](crate::Context::reloads), which ends with the service.
    ///
    /// As long as nobody has called this, or [`on_reload`](Handle::on_reload), SIGHUP does what it does by
    /// default: it ends the process.
    ///
    /// # Errors
    ///
    /// Signals cannot be handled: there is no thread for it, or no descriptor.
    pub fn reloads(&self) -> io::Result<Reloads> {
        self.reloads_until(self.core().root().stop())
    }

    /// Hears of requests that somebody else wants to hear of: SIGHUP does what it does without this.
    #[doc(hidden)]
    #[must_use]
    pub fn reloads_of_others(&self) -> Reloads {
        Reloads::new(&self.core().reloads, self.core().root().stop())
    }

    pub(crate) fn reloads_until(&self, stop: &Arc<StopNode>) -> io::Result<Reloads> {
        let core = self.core();
        if core.signals {
            signal::hear_reloads(&core.reloads)?;
        }
        Ok(Reloads::new(&core.reloads, stop))
    }

    /// Has `hook` called whenever settings are to be loaded anew: see [`reloads`](Handle::reloads). It is called
    /// on a thread of its own, so it may block. Requests that come meanwhile are one, for which it is called once
    /// more. An error or a panic is logged, and ends nothing: what was loaded before stays.
    ///
    /// ```
    /// use std::sync::mpsc::channel;
    /// use spumoni_core::ServiceRunner;
    ///
    /// let runner = ServiceRunner::new();
    /// let (told, loaded) = channel();
    /// runner.on_reload(move || {
    ///     let _ = told.send("loaded anew");
    /// })?;
    /// runner.reload();
    /// assert_eq!(loaded.recv(), Ok("loaded anew"));
    /// # Ok::<(), std::io::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// As [`reloads`](Handle::reloads), or there is no thread for the hook.
    ///
    /// # Cancellation
    ///
    /// A stop of the runner ends it. A call that is at work then is not waited for.
    #[track_caller]
    pub fn on_reload<R: Adoptable>(&self, hook: impl Fn() -> R + Send + 'static) -> io::Result<()> {
        let here = Location::caller();
        let mut reloads = self.reloads()?;
        let progress = HookProgress::new(&reloads);
        self.core().homes.threads().spawn("reload", move || {
            while reloads.next_blocking().is_ok() {
                match unwind::guard(|| hook().settle()) {
                    Ok(Ok(())) => log::info(format_args!("the reload hook of {here} is done")),
                    Ok(Err(error)) => log::error(format_args!(
                        "the reload hook of {here} failed, and what was loaded before stays: {error:#}"
                    )),
                    Err(panic) => log::error(format_args!(
                        "the reload hook of {here} {panic}; what was loaded before stays"
                    )),
                }
                progress.done(&reloads);
            }
            if let Err(panic) = unwind::discard(hook) {
                log::error(format_args!("the reload hook of {here}, dropped, {panic}"));
            }
        })
    }

    /// Asks for settings to be loaded anew, as SIGHUP does: whoever hears of it is told. Returns at once.
    pub fn reload(&self) {
        self.core().reloads.ask();
    }
}
