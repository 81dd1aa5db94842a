//! The stop: asked once, heard by everybody, over when its grace is.

use std::{
    sync::{Arc, OnceLock},
    time::{Duration, Instant},
};

use tokio::signal::unix::{SignalKind, signal};
use tokio_util::sync::CancellationToken;

/// What every task holds a copy of.
#[derive(Clone, Debug)]
pub(crate) struct Stop {
    token: CancellationToken,
    end: Arc<OnceLock<Instant>>,
    grace: Duration,
}

impl Stop {
    pub(crate) fn new(grace: Duration) -> Stop {
        Stop { token: CancellationToken::new(), end: Arc::default(), grace }
    }

    /// Asks, from anywhere; the first time counts.
    pub(crate) fn ask(&self) {
        self.end.get_or_init(|| Instant::now() + self.grace);
        self.token.cancel();
    }

    pub(crate) fn is_asked(&self) -> bool {
        self.token.is_cancelled()
    }

    /// Resolves when it is asked.
    pub(crate) async fn asked(&self) {
        self.token.cancelled().await;
    }

    /// How long a stop may take in all.
    pub(crate) fn grace(&self) -> Duration {
        self.grace
    }

    /// What is left of the grace, once it is asked.
    pub(crate) fn time_left(&self) -> Option<Duration> {
        self.end.get().map(|end| end.saturating_duration_since(Instant::now()))
    }
}

/// Asks when the process is told to end.
pub(crate) async fn on_signal(stop: Stop) -> anyhow::Result<()> {
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    tokio::select! {
        _ = terminate.recv() => {}
        _ = interrupt.recv() => {}
        () = stop.asked() => {}
    }
    stop.ask();
    Ok(())
}
