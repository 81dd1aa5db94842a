//! The thread that tells systemd how the runner is.

use std::future::{Future as _, poll_fn};
use std::io::{self, Write as _};
use std::pin::pin;
use std::task::Poll;
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use sd_notify::NotifyState;
use spumoni_core::{Handle, Reloads, ServiceRunner, StopReport, Stopping};

use crate::systemd::status::{self, Seen};
use crate::systemd::wait::block_until;

/// Runs the runner, as [`ServiceRunner::run`] does, and tells systemd how it is.
///
/// ```
/// use spumoni::prelude::*;
///
/// let runner = ServiceRunner::new();
/// runner.adopt(Thread, || println!("works"))?;
/// assert!(spumoni::systemd::run(runner).is_clean());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Panics
///
/// As [`ServiceRunner::run`].
#[track_caller]
pub fn run(runner: ServiceRunner) -> StopReport {
    match attach(&runner) {
        Ok(notifier) => {
            let report = runner.run();
            drop(notifier);
            report
        }
        Err(error) => {
            // It runs all the same: systemd will say that it was told nothing.
            let _ = writeln!(io::stderr(), "spumoni: systemd is told nothing: {error}");
            runner.run()
        }
    }
}

/// Tells systemd how a runner is, from now on to its end. Without `NOTIFY_SOCKET` in the environment, which is
/// where systemd says that it listens, no thread is started.
///
/// A unit of `Type=notify` has started when every service is ready for the first time; a runner without services
/// is ready at once. That is for good: a service that is restarted later shows in the status only.
///
/// While the hooks of a reload are at work, systemd hears `RELOADING=1`, and `READY=1` when they are done, as a unit
/// of `Type=notify-reload` has to say.
///
/// # Errors
///
/// There is no thread for it.
pub fn attach(handle: &Handle) -> io::Result<Notifier> {
    if std::env::var_os("NOTIFY_SOCKET").is_none_or(|socket| socket.is_empty()) {
        return Ok(Notifier { handle: handle.clone(), thread: None });
    }
    let watchdog = sd_notify::watchdog_enabled().filter(|limit| !limit.is_zero());
    let teller = Teller::new(handle.clone(), watchdog);
    let thread = thread::Builder::new().name("spumoni/systemd".to_owned());
    let thread = thread.spawn(move || teller.tell_all())?;
    Ok(Notifier { handle: handle.clone(), thread: Some(thread) })
}

/// Tells systemd how a runner is: from [`attach`]. Dropped after the runner's end, it waits until systemd was
/// told the last; dropped before, it goes on.
#[derive(Debug)]
#[must_use = "dropped after the runner's end, it sees to it that systemd is told the last"]
pub struct Notifier {
    handle: Handle,
    thread: Option<JoinHandle<()>>,
}

impl Notifier {
    /// Whether systemd listens.
    #[must_use]
    pub fn is_listened_to(&self) -> bool {
        self.thread.is_some()
    }
}

impl Drop for Notifier {
    fn drop(&mut self) {
        if let Some(thread) = self.thread.take()
            && self.handle.report().is_some()
        {
            let _ = thread.join();
        }
    }
}

struct Teller {
    handle: Handle,
    watchdog: Option<Watchdog>,
    reloads: Reloads,
    /// Systemd was told that settings are loaded anew, and not yet that this is done.
    reloading: bool,
    ready: bool,
    stopping: bool,
    said: String,
    broken: bool,
}

/// Why there is something to do.
enum Woken {
    /// A service has changed, or the runner stops.
    News,
    /// Settings are to be loaded anew.
    Reload,
    /// They are.
    Reloaded,
    /// The watchdog wants to hear.
    Time,
}

struct Watchdog {
    /// How often systemd is told: three times as often as it wants.
    every: Duration,
    /// How long lanes may take to answer.
    patience: Duration,
    next: Instant,
}

impl Teller {
    fn new(handle: Handle, watchdog: Option<Duration>) -> Self {
        let watchdog = watchdog.map(|limit| Watchdog {
            every: limit / 3,
            patience: limit / 4,
            next: Instant::now(),
        });
        let reloads = handle.reloads_of_others();
        let (ready, stopping, reloading, broken) = (false, false, false, false);
        let said = String::new();
        Teller { handle, watchdog, reloads, reloading, ready, stopping, said, broken }
    }

    /// Until the report is made.
    fn tell_all(mut self) {
        let mut before = None;
        while self.handle.report().is_none() {
            let next = self.watchdog.as_ref().map(|watchdog| watchdog.next);
            match self.wait(before.as_ref(), next) {
                Woken::News => {
                    let services = self.handle.services();
                    before = Some(status::seen(&services));
                    self.tell(&services);
                }
                Woken::Reload => self.reload(),
                Woken::Reloaded => self.reloaded(),
                Woken::Time => self.feed(),
            }
        }
        // A stop that was over before it was seen.
        self.tell(&self.handle.services());
    }

    /// Waits for something to tell.
    fn wait(&mut self, before: Option<&Seen>, until: Option<Instant>) -> Woken {
        let mut changed =
            pin!(self.handle.services_until(|services| Some(&status::seen(services)) != before));
        let mut stopped = self.handle.stopped();
        let mut ended = pin!(self.handle.ended());
        let (known, reloading) = (self.stopping, self.reloading);
        let mut reload = pin!(async {
            let (heard, woken) = if reloading {
                (self.reloads.settled().await, Woken::Reloaded)
            } else {
                (self.reloads.next().await, Woken::Reload)
            };
            match heard {
                Ok(()) => woken,
                // The stop is told of by itself.
                Err(Stopping) => std::future::pending().await,
            }
        });
        let woken = block_until(
            poll_fn(|cx| {
                let asked = !known && pin!(&mut stopped).poll(cx).is_ready();
                let new = changed.as_mut().poll(cx).is_ready();
                let over = ended.as_mut().poll(cx).is_ready();
                if asked || new || over {
                    return Poll::Ready(Woken::News);
                }
                reload.as_mut().poll(cx)
            }),
            until,
        );
        woken.unwrap_or(Woken::Time)
    }

    /// Who reloads before it is ready has not started yet: that is all that systemd wants to know then.
    fn reload(&mut self) {
        self.reloading = true;
        if self.ready && !self.stopping {
            let mut states = vec![NotifyState::Reloading];
            states.extend(NotifyState::monotonic_usec_now().ok());
            notify(&states, &mut self.broken);
        }
    }

    fn reloaded(&mut self) {
        self.reloading = false;
        if self.ready && !self.stopping {
            notify(&[NotifyState::Ready], &mut self.broken);
        }
    }

    fn tell(&mut self, services: &spumoni_core::ServiceList) {
        let stops = self.handle.is_stopping() || self.handle.report().is_some();
        let line = status::line(services, stops);
        let mut states = Vec::new();
        if !self.ready && !stops && status::is_ready(services) {
            self.ready = true;
            states.push(NotifyState::Ready);
        }
        if stops && !self.stopping {
            self.stopping = true;
            states.push(NotifyState::Stopping);
        }
        if line != self.said {
            states.push(NotifyState::Status(&line));
        }
        if !states.is_empty() {
            notify(&states, &mut self.broken);
        }
        self.said = line;
    }

    /// Tells the watchdog that all is well, if every lane answers.
    fn feed(&mut self) {
        let Some(watchdog) = &mut self.watchdog else { return };
        let now = Instant::now();
        watchdog.next = now + watchdog.every;
        let until = now + watchdog.patience;
        let mut answer = self.handle.health().lanes_answer();
        while !answer && Instant::now() < until {
            answer = self.handle.health().lanes_answer();
        }
        if answer {
            notify(&[NotifyState::Watchdog], &mut self.broken);
        }
    }
}

fn notify(states: &[NotifyState<'_>], broken: &mut bool) {
    if let Err(error) = sd_notify::notify(states)
        && !std::mem::replace(broken, true)
    {
        let _ = writeln!(io::stderr(), "spumoni: systemd cannot be told how it is: {error}");
    }
}
