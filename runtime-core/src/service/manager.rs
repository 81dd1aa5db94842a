//! The services of a runner, for whoever asks, and for the controller, which does what is to be done.
//!
//! Anybody may say what is wanted, under the lock; only the controller acts on it, so that what is done to
//! services is done one after the other.

use std::any::{Any, TypeId};
use std::panic::Location;
use std::sync::Arc;
use std::time::{Duration, Instant};

use event_listener::Event as Bell;

use crate::error::Reason;
use crate::event::{Event, FromService};
use crate::failure::{Cause, Failure};
use crate::group::root::RootGroup;
use crate::service::error::ServiceError;
use crate::service::launch::Launch;
use crate::service::node;
use crate::service::roster::{Choice, Ending, Roster};
use crate::service::set::Set;
use crate::service::spec::Settings;
use crate::service::unit::{Hold, Unit};
use crate::service::view::ServiceList;
use crate::service::wish::{Meant, Wanted};
use crate::sync::Mutex;
use crate::task::contract::Owner;

/// See the module.
pub(crate) struct Services {
    pub(super) root: Arc<RootGroup>,
    pub(super) grace: Duration,
    pub(super) roster: Mutex<Roster>,
    /// Some state has changed.
    pub(super) changed: Bell,
}

impl Services {
    pub(crate) fn new(root: Arc<RootGroup>, choice: Choice, grace: Duration) -> Arc<Self> {
        let roster = Mutex::new(Roster::new(Arc::clone(&root), choice, grace));
        Arc::new(Services { root, grace, roster, changed: Bell::new() })
    }

    /// Takes a service, which is launched if it may come. While the runner runs it begins.
    pub(crate) fn add(
        &self,
        settings: Settings,
        launch: impl FnOnce() -> Launch,
        here: &'static Location<'static>,
    ) -> Result<(), Reason> {
        settings.check(true, false, false)?;
        let hold = Hold::new(Arc::clone(&self.root));
        let waiting = {
            let roster = self.roster.lock();
            roster.check(&settings, here)?;
            roster.is_waiting()
        };
        let mut undo = Undo { root: &self.root, hold: &hold, name: None };
        if !waiting {
            // Named and counted before anything of the user's is called.
            self.take_in(&settings, &hold, here)?;
            undo.name = Some(&settings.name);
        }
        let launch = launch();
        let (idle, is_checked) = (launch.body.is_none(), launch.health.is_some());
        let flaw = settings.check(launch.repeats, idle, is_checked).err();
        let mut roster = self.roster.lock();
        // Somebody may have been quicker, with the same name.
        roster.check(&settings, here)?;
        let runs = !roster.is_waiting();
        if runs {
            flaw.map_or(Ok(()), Err)?;
            if waiting {
                // `run` has begun meanwhile, and has not seen this one.
                self.take_in(&settings, &hold, here)?;
            }
        } else if let Some(flaw) = flaw {
            // Told by whoever checks, and by `run`.
            roster.add_flaw(&settings.name, flaw.to_string(), here);
        }
        std::mem::forget(undo);
        roster.add(settings, launch, hold, here);
        drop(roster);
        if runs {
            self.root.tell(Event::Services);
        }
        Ok(())
    }

    /// A service that was not added, for this reason: told by whoever checks, and by `run`.
    pub(crate) fn add_flaw(&self, name: &str, why: String, here: &'static Location<'static>) {
        self.roster.lock().add_flaw(name, why, here);
    }

    pub(crate) fn add_set(&self, set: Set) -> Result<(), ServiceError> {
        self.roster.lock().add_set(set)
    }

    /// Counts a service that comes while the runner runs, and takes its name.
    fn take_in(
        &self,
        settings: &Settings,
        hold: &Hold,
        here: &'static Location<'static>,
    ) -> Result<(), Reason> {
        if !hold.take(false, settings.terms.transient) {
            return Err(Reason::Stopping);
        }
        self.root.names().take(node::label(Arc::clone(&settings.name), here))
    }

    /// `run` begins: all are linked and counted, or what is wrong is told.
    pub(crate) fn open(&self) {
        let wrong = self.roster.lock().open();
        for wrong in wrong.err().into_iter().flatten() {
            self.root.failed(could_not_start(&wrong.name, wrong.why, self.root.age(), wrong.here));
        }
    }

    pub(crate) fn plan(&self) -> Result<Vec<Arc<str>>, Vec<ServiceError>> {
        self.roster.lock().plan()
    }

    pub(crate) fn list(&self) -> ServiceList {
        self.roster.lock().list()
    }

    pub(crate) fn told(&self, told: FromService) {
        self.roster.lock().told(told, Instant::now());
    }

    pub(crate) fn begin_stop(&self, ending: Ending) {
        self.roster.lock().begin_stop(ending);
    }

    pub(crate) fn hurry(&self, change: impl FnOnce(&mut Ending)) {
        self.roster.lock().hurry(change);
    }

    pub(crate) fn stop(&self, wanted: Wanted<'_>) -> Result<(), ServiceError> {
        self.want(wanted, |roster, meant| {
            roster.want_down(meant);
            Ok(())
        })
    }

    pub(crate) fn start(&self, wanted: Wanted<'_>) -> Result<(), ServiceError> {
        self.want(wanted, Roster::want_up)
    }

    pub(crate) fn restart(&self, wanted: Wanted<'_>) -> Result<(), ServiceError> {
        self.want(wanted, Roster::want_again)
    }

    fn want(
        &self,
        wanted: Wanted<'_>,
        wish: impl FnOnce(&mut Roster, &Meant) -> Result<(), ServiceError>,
    ) -> Result<(), ServiceError> {
        {
            let mut roster = self.roster.lock();
            let meant = roster.find(wanted)?;
            wish(&mut roster, &meant)?;
        }
        self.root.tell(Event::Services);
        Ok(())
    }

    /// What `read` says as soon as nothing more is to happen to those who are wanted.
    pub(crate) async fn settled<T>(
        &self,
        wanted: Wanted<'_>,
        read: impl Fn(&Roster, &Meant) -> T,
    ) -> Result<T, ServiceError> {
        loop {
            // Listen first, look then.
            let changed = self.changed.listen();
            {
                let mut roster = self.roster.lock();
                let meant = roster.find(wanted)?;
                if roster.are_settled(&meant) {
                    return Ok(read(&roster, &meant));
                }
            }
            changed.await;
        }
    }

    /// Waits until the list is as `wanted` says.
    pub(crate) async fn until(&self, mut wanted: impl FnMut(&ServiceList) -> bool) -> ServiceList {
        loop {
            let changed = self.changed.listen();
            let list = self.list();
            if wanted(&list) {
                return list;
            }
            changed.await;
        }
    }

    /// See [`Roster::warn`].
    pub(crate) fn warn(&self, by: &Unit, key: Option<&str>, text: Option<&str>) -> bool {
        let changed = self.roster.lock().warn(by, key, text);
        if changed {
            self.changed.notify(usize::MAX);
        }
        changed
    }

    pub(crate) fn instance(
        &self,
        id: TypeId,
        of: &'static str,
        name: Option<&str>,
        by: Option<&Unit>,
    ) -> Result<Arc<dyn Any + Send + Sync>, ServiceError> {
        self.roster.lock().instance(id, of, name, by)
    }
}

/// A service that could not be started.
pub(crate) fn could_not_start(
    name: &Arc<str>,
    why: String,
    age: Duration,
    here: &'static Location<'static>,
) -> Failure {
    let task = node::label(Arc::clone(name), here);
    let error = anyhow::Error::msg(why).context("it could not be started");
    Failure { task, cause: Cause::error(error), age }
}

/// Lets a service out again whose `launch` panics, or that is refused after it.
struct Undo<'a> {
    root: &'a RootGroup,
    hold: &'a Hold,
    name: Option<&'a str>,
}

impl Drop for Undo<'_> {
    fn drop(&mut self) {
        if let Some(name) = self.name {
            self.root.names().release(name);
        }
        self.hold.release();
    }
}
