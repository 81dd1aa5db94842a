//! Standing warnings: what a service has to say while it runs that is no failure.

use std::sync::Arc;
use std::time::Duration;

/// A standing warning of a service: from [`Context::warn`](crate::Context::warn) until it is cleared, or the
/// service begins anew.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ServiceWarning {
    key: Arc<str>,
    text: Arc<str>,
    at: Duration,
}

impl ServiceWarning {
    /// What it is cleared by.
    #[must_use]
    pub fn key(&self) -> &str {
        &self.key
    }

    /// What is to be known.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Since when it stands, counted from the start of the runner. Another text does not change that.
    #[must_use]
    pub fn at(&self) -> Duration {
        self.at
    }
}

/// Those of one service, in the order in which they came.
#[derive(Default)]
pub(super) struct Warnings(pub(super) Vec<ServiceWarning>);

impl Warnings {
    /// `false`: it stands already, with this text.
    pub(super) fn set(&mut self, key: &str, text: &str, at: Duration) -> bool {
        match self.0.iter_mut().find(|one| *one.key == *key) {
            Some(one) if *one.text == *text => false,
            Some(one) => {
                one.text = text.into();
                true
            }
            None => {
                self.0.push(ServiceWarning { key: key.into(), text: text.into(), at });
                true
            }
        }
    }

    /// Clears one, or all. Gives how many there were.
    pub(super) fn clear(&mut self, key: Option<&str>) -> usize {
        let before = self.0.len();
        self.0.retain(|one| key.is_some_and(|key| *one.key != *key));
        before - self.0.len()
    }
}
