//! How it all ended: who began it, why, every failure, everyone who did not stop.

use std::fmt;
use std::io::{self, Write};
use std::process::{ExitCode, Termination};
use std::sync::Arc;
use std::time::Duration;

use crate::failure::{Cause, Failure, TaskLabel};
use crate::group::root::RootGroup;
use crate::id::FlavourId;
use crate::reason::{Signal, StopReason};
use crate::service::view::ServiceList;

/// The text form shows no more entries of a kind than this; the report has them all.
const MOST_SHOWN: usize = 50;

/// How a run ended. All who asked for the stop, and `run`, get the same one.
///
/// It prints as a tree for people. Returned from `main` it prints itself to standard error and sets the
/// exit code ([`exit_code`](StopReport::exit_code)).
#[derive(Clone)]
#[must_use = "the report says whether something failed"]
pub struct StopReport {
    inner: Arc<Inner>,
}

pub(crate) struct Inner {
    pub(crate) runner: String,
    pub(crate) reason: StopReason,
    pub(crate) failures: Vec<Failure>,
    pub(crate) contained: Vec<Failure>,
    pub(crate) abandoned: Vec<Straggler>,
    /// Tasks that did not end because their lane or pool was held by somebody else.
    pub(crate) left: u64,
    /// When the stop was asked, from the start of the runner.
    pub(crate) asked: Duration,
    pub(crate) took: Duration,
    /// What made the stop a forced one.
    pub(crate) forced: Option<StopReason>,
    pub(crate) services: ServiceList,
    pub(crate) root: Arc<RootGroup>,
}

/// A task that did not stop in time.
#[derive(Clone, Debug)]
pub struct Straggler {
    pub(crate) task: TaskLabel,
    pub(crate) held: Duration,
}

impl Straggler {
    /// The task.
    #[must_use]
    pub fn task(&self) -> &TaskLabel {
        &self.task
    }

    /// The flavour whose thread it holds.
    #[must_use]
    pub fn flavour(&self) -> FlavourId {
        self.task.flavour
    }

    /// For how long it has held its thread, at the time of the report.
    #[must_use]
    pub fn held(&self) -> Duration {
        self.held
    }
}

impl fmt::Display for Straggler {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Straggler { task, held } = self;
        write!(f, "{task}")?;
        if task.name.is_some() {
            write!(f, " from {}", task.spawned_at)?;
        }
        write!(f, " has held its thread for {held:.1?}")
    }
}

impl StopReport {
    pub(crate) fn new(inner: Inner) -> Self {
        StopReport { inner: Arc::new(inner) }
    }

    /// The name of the runner.
    #[must_use]
    pub fn runner(&self) -> &str {
        &self.inner.runner
    }

    /// Why the runner stopped, and who began it.
    #[must_use]
    pub fn reason(&self) -> &StopReason {
        &self.inner.reason
    }

    /// Every failure, in the order in which the controller heard of them. When the reason is
    /// [`StopReason::Failure`], the first one is the root cause.
    #[must_use]
    pub fn failures(&self) -> &[Failure] {
        &self.inner.failures
    }

    /// The failure that ended the run, if one did.
    #[must_use]
    pub fn root_cause(&self) -> Option<&Failure> {
        match self.inner.reason {
            StopReason::Failure => self.inner.failures.first(),
            _ => None,
        }
    }

    /// Failures that came when the report was made already, from tasks that were given up.
    #[must_use]
    pub fn late_failures(&self) -> Vec<Failure> {
        self.inner.root.late_failures()
    }

    /// Panics of destructors. They were contained and ended nothing.
    #[must_use]
    pub fn contained(&self) -> &[Failure] {
        &self.inner.contained
    }

    /// Who did not stop in time: the tasks that held a lane or a thread.
    #[must_use]
    pub fn abandoned(&self) -> &[Straggler] {
        &self.inner.abandoned
    }

    /// How many more tasks could not be ended, because a straggler held their lane or pool.
    #[must_use]
    pub fn left(&self) -> u64 {
        self.inner.left
    }

    /// The services as they were at the end: what became of each, in which order they started and stopped,
    /// and how long each took.
    #[must_use]
    pub fn services(&self) -> &ServiceList {
        &self.inner.services
    }

    /// When the stop was asked, counted from the start of the runner.
    #[must_use]
    pub fn asked_at(&self) -> Duration {
        self.inner.asked
    }

    /// How long the stop took.
    #[must_use]
    pub fn took(&self) -> Duration {
        self.inner.took
    }

    /// Whether the stop was forced, by a second signal for instance.
    #[must_use]
    pub fn is_forced(&self) -> bool {
        self.inner.forced.is_some()
    }

    /// The signal that began the stop, if one did.
    #[must_use]
    pub fn signal(&self) -> Option<Signal> {
        match self.inner.reason {
            StopReason::Signal(signal) => Some(signal),
            _ => None,
        }
    }

    /// Nothing failed, nobody was given up, nothing was forced.
    #[must_use]
    pub fn is_clean(&self) -> bool {
        self.exit_code() == 0
    }

    /// The exit code for the process:
    ///
    /// | code | when |
    /// |---|---|
    /// | 0 | everything ended in good order, by a signal too |
    /// | 1 | a task returned an error |
    /// | 101 | a task panicked |
    /// | 3 | somebody did not stop in time |
    /// | 130, 143 | a second SIGINT, SIGTERM forced the end |
    ///
    /// Where several hold, a forced end comes first, then the first failure, then the stragglers.
    #[must_use]
    pub fn exit_code(&self) -> u8 {
        let inner = &self.inner;
        if let Some(StopReason::Signal(signal)) = inner.forced {
            return u8::try_from(signal.number()).map_or(1, |number| number.saturating_add(128));
        }
        match inner.failures.first().map(Failure::cause) {
            Some(Cause::Error(_)) => 1,
            Some(Cause::Panic(_)) => 101,
            None if !inner.abandoned.is_empty() || inner.left > 0 => 3,
            None if inner.forced.is_some() => 1,
            None => 0,
        }
    }
}

impl fmt::Display for StopReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let inner = &*self.inner;
        write!(f, "{}: stopped in {:.1?}: {}", inner.runner, inner.took, inner.reason)?;
        if let Some(forced) = &inner.forced {
            write!(f, "; forced: {forced}")?;
        }
        let is_root = |index| index == 0 && inner.reason == StopReason::Failure;
        let failures = inner.failures.iter().enumerate().map(|(index, failure)| {
            let rank = if is_root(index) { "root cause, " } else { "" };
            format!("{rank}at {:.3?}: {failure}", failure.age)
        });
        let mut abandoned: Vec<String> = inner.abandoned.iter().map(ToString::to_string).collect();
        match inner.left {
            0 => {}
            1 => abandoned.push("one more task, behind these".to_owned()),
            left => abandoned.push(format!("{left} more tasks, behind these")),
        }
        let contained = inner.contained.iter().map(|failure| format!("{failure}"));
        let sections = [
            ("failed", failures.collect::<Vec<_>>()),
            ("did not stop in time", abandoned),
            ("panicked in a destructor, which was contained", contained.collect()),
        ];
        let sections: Vec<_> = sections.iter().filter(|(_, lines)| !lines.is_empty()).collect();
        for (index, (title, lines)) in sections.iter().enumerate() {
            let last = index + 1 == sections.len();
            let (branch, stem) = if last { ("└─", "  ") } else { ("├─", "│ ") };
            write!(f, "\n{branch} {title}")?;
            let more = lines.len().saturating_sub(MOST_SHOWN);
            let shown = lines.len() - more;
            for (index, line) in lines[..shown].iter().enumerate() {
                let branch = if index + 1 == lines.len() { "└─" } else { "├─" };
                write!(f, "\n{stem} {branch} {line}")?;
            }
            if more > 0 {
                write!(f, "\n{stem} └─ and {more} more")?;
            }
        }
        Ok(())
    }
}

impl fmt::Debug for StopReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("StopReport")
            .field("reason", &self.inner.reason)
            .field("failures", &self.inner.failures)
            .field("abandoned", &self.inner.abandoned)
            .field("took", &self.inner.took)
            .field("exit_code", &self.exit_code())
            .finish_non_exhaustive()
    }
}

impl Termination for StopReport {
    fn report(self) -> ExitCode {
        // A closed standard error is no reason to panic.
        let _ = writeln!(io::stderr(), "{self}");
        ExitCode::from(self.exit_code())
    }
}
