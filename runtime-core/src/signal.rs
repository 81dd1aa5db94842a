//! SIGINT and SIGTERM, for every runner of the process, and SIGHUP for those that want to hear of it.
//!
//! One thread of the process hears the signals and tells every runner that is inside `run`. For each of
//! them the first signal asks for a stop, the second one forces it, the third one ends the process.
//! Signals that follow each other closely count as one: a storm is one stop. The thread stays for the
//! rest of the process, like the handlers themselves, which cannot be taken back without losing signals;
//! when no runner listens, a signal does what it does by default.

use std::io;
use std::sync::{Arc, Weak};
use std::thread;
use std::time::{Duration, Instant};

use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
use signal_hook::iterator::{Handle, Signals};
use signal_hook::low_level;

use crate::event::{Event, StopRequest};
use crate::group::root::RootGroup;
use crate::log;
use crate::reason::{Signal, StopReason};
use crate::reload::ReloadDesk;
use crate::sync::Mutex;

/// Signals that are no further apart than this are one.
const BURST: Duration = Duration::from_millis(250);

static DESK: Mutex<Desk> = Mutex::new(Desk {
    up: None,
    held: false,
    last: None,
    early: None,
    runners: Vec::new(),
    reloads: None,
});

struct Desk {
    /// What takes on further signals, if the thread is there.
    up: Option<Handle>,
    held: bool,
    /// When the last signal came, whoever heard it.
    last: Option<Instant>,
    /// A signal that came before any runner.
    early: Option<(Signal, Instant)>,
    runners: Vec<Listener>,
    /// Who is to hear of SIGHUP; `None` as long as nobody ever was.
    reloads: Option<Vec<Weak<ReloadDesk>>>,
}

/// One runner, and how far its signals have brought it.
struct Listener {
    root: Arc<RootGroup>,
    last: Option<Instant>,
    heard: u32,
}

/// Keeps signals from now on for the first runner that runs, instead of letting them end the process at
/// once. Meant as the first statement of `main`, for a daemon that must not miss a SIGTERM while it
/// starts.
///
/// # Errors
///
/// The thread or its descriptors could not be made; signals do what they do by default.
pub fn hold() -> io::Result<()> {
    let mut desk = DESK.lock();
    desk.open()?;
    desk.held = true;
    Ok(())
}

/// While it lives, the runner hears signals.
pub(crate) struct Subscription {
    root: Weak<RootGroup>,
}

pub(crate) fn subscribe(root: Arc<RootGroup>) -> Option<Subscription> {
    let mut desk = DESK.lock();
    if let Err(error) = desk.open() {
        log::error(format_args!("signals are not handled: {error}"));
        return None;
    }
    let subscription = Subscription { root: Arc::downgrade(&root) };
    let mut listener = Listener { root, last: None, heard: 0 };
    if let Some((signal, at)) = desk.early.take() {
        listener.hear(signal, at);
        listener.last = desk.last;
    }
    desk.runners.push(listener);
    Some(subscription)
}

impl Drop for Subscription {
    fn drop(&mut self) {
        let root = self.root.as_ptr();
        DESK.lock().runners.retain(|listener| Arc::as_ptr(&listener.root) != root);
    }
}

impl Desk {
    fn open(&mut self) -> io::Result<()> {
        if self.up.is_some() {
            return Ok(());
        }
        let signals = Signals::new([SIGINT, SIGTERM])?;
        let handle = signals.handle();
        thread::Builder::new()
            .name("spumoni/signal".to_owned())
            .spawn(move || hear_all(signals))?;
        self.up = Some(handle);
        Ok(())
    }

    fn reload(&self) {
        let all = self.reloads.iter().flatten().filter_map(Weak::upgrade);
        if all.map(|reloads| reloads.ask()).count() == 0 {
            // Those that listened are gone: what would have happened without us.
            let _ = low_level::emulate_default_handler(SIGHUP);
        }
    }

    fn hear(&mut self, signal: Signal, now: Instant) {
        let burst = follows_closely(self.last.replace(now), now);
        if !self.runners.is_empty() {
            for listener in &mut self.runners {
                listener.hear(signal, now);
            }
            return;
        }
        match self.early {
            // The rest of a storm, whose first signal was kept or has ended a runner.
            _ if burst => {}
            None if self.held => self.early = Some((signal, now)),
            // Nobody listens: what would have happened without us.
            _ => drop(low_level::emulate_default_handler(signal.number())),
        }
    }
}

/// From now on SIGHUP is a request to this runner to load settings anew.
pub(crate) fn hear_reloads(reloads: &Arc<ReloadDesk>) -> io::Result<()> {
    let mut desk = DESK.lock();
    desk.open()?;
    if desk.reloads.is_none()
        && let Some(up) = &desk.up
    {
        up.add_signal(SIGHUP)?;
    }
    let all = desk.reloads.get_or_insert_default();
    all.retain(|other| other.strong_count() > 0);
    if !all.iter().any(|other| other.as_ptr() == Arc::as_ptr(reloads)) {
        all.push(Arc::downgrade(reloads));
    }
    Ok(())
}

fn follows_closely(last: Option<Instant>, now: Instant) -> bool {
    last.is_some_and(|last| now.duration_since(last) < BURST)
}

fn hear_all(mut signals: Signals) {
    for number in signals.forever() {
        let mut desk = DESK.lock();
        if number == SIGHUP {
            desk.reload();
        } else {
            desk.hear(Signal::new(number), Instant::now());
        }
    }
}

impl Listener {
    fn hear(&mut self, signal: Signal, now: Instant) {
        if follows_closely(self.last.replace(now), now) {
            return;
        }
        self.heard += 1;
        if self.heard > 2 {
            low_level::exit(128 + signal.number());
        }
        let reason = StopReason::Signal(signal);
        let force = self.heard == 2 && !cfg!(planted = "deaf-to-the-second-signal");
        self.root.tell(Event::Stop(StopRequest { reason, budget: None, force }));
    }
}
