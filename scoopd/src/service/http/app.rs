//! What the handlers of requests share.

use std::sync::Arc;

use spumoni::prelude::*;
use tokio::sync::Mutex;

use crate::{
    counters::Counters, database::Reader, queue::QueueHandle, service::probes::Probes,
    totals::Totals,
};

/// One for all of them; cheap to clone.
#[derive(Clone, Debug)]
pub(super) struct App {
    pub(super) queue: QueueHandle,
    pub(super) counters: Arc<Counters>,
    pub(super) totals: Arc<Totals>,
    pub(super) reader: Arc<Mutex<Reader>>,
    pub(super) probes: Arc<Probes>,
    /// The HTTP service's own: knows of a stop, and the runner.
    pub(super) cx: Context,
}
