//! The end of a run, for everybody who waits for it.

use std::sync::OnceLock;

use event_listener::{Event, Listener};

use crate::report::StopReport;

/// The report, once it is made.
#[derive(Default)]
pub(crate) struct Ending {
    report: OnceLock<StopReport>,
    made: Event,
}

impl Ending {
    pub(crate) fn report(&self) -> Option<&StopReport> {
        self.report.get()
    }

    pub(crate) fn set(&self, report: StopReport) {
        let _ = self.report.set(report);
        self.made.notify(usize::MAX);
    }

    pub(crate) async fn wait(&self) -> StopReport {
        loop {
            // Listen first, look then.
            let made = self.made.listen();
            if let Some(report) = self.report() {
                return report.clone();
            }
            made.await;
        }
    }

    pub(crate) fn wait_blocking(&self) -> StopReport {
        loop {
            let made = self.made.listen();
            if let Some(report) = self.report() {
                return report.clone();
            }
            made.wait();
        }
    }
}
