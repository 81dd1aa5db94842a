//! Stands in for `signal` where signals are not handled: nobody subscribes to anything.

use std::io;
use std::sync::Arc;

use crate::group::root::RootGroup;
use crate::reload::ReloadDesk;

/// What a subscription would be.
pub(crate) enum Subscription {}

pub(crate) fn subscribe(_root: Arc<RootGroup>) -> Option<Subscription> {
    None
}

#[expect(clippy::unnecessary_wraps, reason = "as where signals are handled")]
pub(crate) fn hear_reloads(_reloads: &Arc<ReloadDesk>) -> io::Result<()> {
    Ok(())
}
