//! The body of a service as a payload: it says when it begins, and can be run again.

use std::sync::Arc;

use crate::event::{Event, FromService, Happened};
use crate::group::root::RootGroup;
use crate::sync::Mutex;
use crate::task::payload::{Mode, Payload};

/// Says that a body has begun.
pub(crate) struct Begun {
    pub(crate) root: Arc<RootGroup>,
    pub(crate) service: usize,
    pub(crate) run: u64,
}

impl Begun {
    fn tell(&self) {
        let (service, run) = (self.service, self.run);
        let what = Happened::Begun;
        self.root.tell(Event::Service(FromService { service, run, what }));
    }
}

/// A payload that says when it begins, on the thread where it does.
pub(crate) struct Announced<P> {
    pub(crate) payload: P,
    /// `None`: nobody wants to know.
    pub(crate) begun: Option<Begun>,
}

impl<M: Mode, P: Payload<M>> Payload<M> for Announced<P> {
    type Output = P::Output;
    type Body = P::Body;

    fn start(self) -> P::Body {
        // Told after the user's closure was called, which makes the future or, on a thread, nothing yet.
        let body = self.payload.start();
        if let Some(begun) = self.begun {
            begun.tell();
        }
        body
    }
}

/// A payload of which each run gets a clone. It is cloned where it runs: no code of the user's runs on the
/// controller.
pub(crate) struct Again<P>(Arc<Mutex<P>>);

impl<P> Again<P> {
    pub(crate) fn new(payload: P) -> Self {
        Again(Arc::new(Mutex::new(payload)))
    }

    pub(crate) fn another(&self) -> Self {
        Again(Arc::clone(&self.0))
    }
}

impl<M: Mode, P: Payload<M> + Clone> Payload<M> for Again<P> {
    type Output = P::Output;
    type Body = P::Body;

    fn start(self) -> P::Body {
        let one = self.0.lock().clone();
        drop(self);
        one.start()
    }
}
