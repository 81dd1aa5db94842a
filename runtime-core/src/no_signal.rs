//! Stands in for `signal` where signals are not handled: nobody subscribes to anything.

use std::sync::Arc;

use crate::group::root::RootGroup;

/// What a subscription would be.
pub(crate) enum Subscription {}

pub(crate) fn subscribe(_root: Arc<RootGroup>) -> Option<Subscription> {
    None
}
