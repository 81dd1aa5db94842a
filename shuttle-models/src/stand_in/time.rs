//! A clock that moves only when it is looked at, so that a schedule is the same each time.

use std::ops::{Add, AddAssign, Sub};
use std::sync::atomic::{AtomicU64, Ordering};

pub(crate) use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// Nanoseconds.
static NOW: AtomicU64 = AtomicU64::new(1_000_000_000);

/// As std's, of our clock.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Instant(Duration);

impl Instant {
    pub fn now() -> Self {
        Instant(Duration::from_nanos(NOW.fetch_add(1_000, Ordering::SeqCst)))
    }

    pub fn elapsed(&self) -> Duration {
        Self::now().saturating_duration_since(*self)
    }

    pub fn saturating_duration_since(&self, earlier: Self) -> Duration {
        self.0.saturating_sub(earlier.0)
    }

    pub fn duration_since(&self, earlier: Self) -> Duration {
        self.saturating_duration_since(earlier)
    }

    pub fn checked_duration_since(&self, earlier: Self) -> Option<Duration> {
        self.0.checked_sub(earlier.0)
    }

    pub fn checked_add(&self, span: Duration) -> Option<Self> {
        self.0.checked_add(span).map(Instant)
    }

    pub fn checked_sub(&self, span: Duration) -> Option<Self> {
        self.0.checked_sub(span).map(Instant)
    }
}

impl Add<Duration> for Instant {
    type Output = Self;

    fn add(self, span: Duration) -> Self {
        Instant(self.0 + span)
    }
}

impl AddAssign<Duration> for Instant {
    fn add_assign(&mut self, span: Duration) {
        self.0 += span;
    }
}

impl Sub<Duration> for Instant {
    type Output = Self;

    fn sub(self, span: Duration) -> Self {
        Instant(self.0 - span)
    }
}

impl Sub for Instant {
    type Output = Duration;

    fn sub(self, earlier: Self) -> Duration {
        self.saturating_duration_since(earlier)
    }
}

/// Begins again, before a schedule.
pub(crate) fn begin() {
    NOW.store(1_000_000_000, Ordering::SeqCst);
}

/// How long a wait with a limit lasts. `None`: until what is waited for has come.
pub(crate) fn patience(limit: Duration) -> Option<u32> {
    (limit < Duration::from_secs(1)).then_some(if limit.is_zero() { 0 } else { 3 })
}

/// A wait is over by its limit.
pub(crate) fn pass(limit: Duration) {
    let nanos = u64::try_from(limit.as_nanos()).unwrap_or(u64::MAX / 4);
    NOW.fetch_add(nanos, Ordering::SeqCst);
}
