//! The states of a service, and the one table that changes them.
//!
//! ```text
//!          ┌──────────────Skip──▶ Skipped
//! New ─Start▶ Starting ─Ready▶ Running ─Stop▶ Stopping ─End▶ Terminated
//!  ▲           │  ▲ └─Stop─────────┼────────────▲  └──Fail──▶ Failed
//!  │           │  │                │
//!  │           └──┼─Retry▶ Backoff ◀─Retry
//!  └─Stop▶ Terminated  └──Start──┘
//! ```

use std::fmt;

/// Where a service is in its life.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum ServiceState {
    /// Not begun: the runner does not run yet, or what the service depends on is not ready.
    New,
    /// It is being initialised or started, and is not ready.
    Starting,
    /// It is ready: whoever depends on it may start.
    Running,
    /// It is drained or asked to stop, and has not ended.
    Stopping,
    /// It has ended in good order, or was never begun.
    Terminated,
    /// It has failed, and is not restarted.
    Failed,
    /// It has ended, and waits for its restart.
    Backoff,
    /// It declined at its initialisation.
    Skipped,
}

/// What changes the state of a service.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ServiceEvent {
    Start,
    Skip,
    Ready,
    Retry,
    Stop,
    End,
    Fail,
}

impl ServiceState {
    /// The whole table. `None`: the event has no meaning here.
    #[must_use]
    pub(crate) fn on(self, event: ServiceEvent) -> Option<ServiceState> {
        use {ServiceEvent as E, ServiceState as S};
        match (self, event) {
            (S::New | S::Backoff | S::Terminated | S::Failed | S::Skipped, E::Start) => {
                Some(S::Starting)
            }
            // Also when it was asked to stop meanwhile.
            (S::Starting | S::Stopping, E::Skip) => Some(S::Skipped),
            (S::Starting, E::Ready) => Some(S::Running),
            (S::Starting | S::Running, E::Retry) => Some(S::Backoff),
            (S::Starting | S::Running, E::Stop) => Some(S::Stopping),
            // One that has no run to be stopped.
            (S::New | S::Backoff, E::Stop) => Some(S::Terminated),
            (S::Starting | S::Running | S::Stopping, E::End) => Some(S::Terminated),
            (S::New | S::Starting | S::Running | S::Stopping | S::Backoff, E::Fail) => {
                Some(S::Failed)
            }
            // Spelled out instead of `_`, so that a new state stops the build here.
            (S::Starting | S::Running | S::Stopping, E::Start) => None,
            (
                S::New | S::Running | S::Terminated | S::Failed | S::Backoff | S::Skipped,
                E::Skip | E::Ready,
            )
            | (S::Stopping, E::Ready)
            | (
                S::New | S::Stopping | S::Terminated | S::Failed | S::Backoff | S::Skipped,
                E::Retry,
            )
            | (S::Stopping | S::Terminated | S::Failed | S::Skipped, E::Stop)
            | (S::New | S::Terminated | S::Failed | S::Backoff | S::Skipped, E::End)
            | (S::Terminated | S::Failed | S::Skipped, E::Fail) => None,
        }
    }

    /// Whether nothing more happens to it by itself.
    #[must_use]
    pub fn is_final(self) -> bool {
        matches!(self, ServiceState::Terminated | ServiceState::Failed | ServiceState::Skipped)
    }

    /// Whether it is on its way to being ready.
    pub(crate) fn is_unsettled(self) -> bool {
        matches!(self, ServiceState::New | ServiceState::Starting | ServiceState::Backoff)
    }

    /// Whether it has, or may have, something that runs.
    pub(crate) fn is_active(self) -> bool {
        matches!(self, ServiceState::Starting | ServiceState::Running | ServiceState::Stopping)
    }
}

impl fmt::Display for ServiceState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            ServiceState::New => "new",
            ServiceState::Starting => "starting",
            ServiceState::Running => "running",
            ServiceState::Stopping => "stopping",
            ServiceState::Terminated => "terminated",
            ServiceState::Failed => "failed",
            ServiceState::Backoff => "in backoff",
            ServiceState::Skipped => "skipped",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_life_with_a_restart_goes_through_every_state() {
        use {ServiceEvent as E, ServiceState as S};
        let mut state = S::New;
        for (event, expected) in [
            (E::Start, S::Starting),
            (E::Ready, S::Running),
            (E::Retry, S::Backoff),
            (E::Start, S::Starting),
            (E::Ready, S::Running),
            (E::Stop, S::Stopping),
            (E::End, S::Terminated),
            (E::Start, S::Starting),
            (E::Skip, S::Skipped),
        ] {
            state = state.on(event).unwrap_or_else(|| panic!("{state} {event:?}"));
            assert_eq!(state, expected);
        }
    }

    #[test]
    fn a_stop_drops_a_pending_backoff_and_final_states_only_start() {
        use {ServiceEvent as E, ServiceState as S};
        assert_eq!(S::Backoff.on(E::Stop), Some(S::Terminated));
        for state in [S::Terminated, S::Failed, S::Skipped] {
            assert!(state.is_final());
            for event in [E::Skip, E::Ready, E::Retry, E::Stop, E::End, E::Fail] {
                assert_eq!(state.on(event), None, "{state} {event:?}");
            }
        }
    }
}
