//! Keys that only one item of a queue may have at a time.

use std::collections::HashSet;
use std::fmt::Debug;
use std::hash::Hash;
use std::sync::Arc;

use crate::sync::Mutex;
use crate::unwind;

/// Whose keys are unique, whatever the type of the keys.
pub(super) trait Unique<I>: Send + Sync {
    /// Claims the item's key; if another item has it, the key for people.
    fn claim(&self, item: &I) -> Result<Claim, String>;
}

/// A key that nobody else gets; free again when this is dropped.
pub(super) struct Claim(#[allow(dead_code, reason = "it is there to be dropped")] Box<dyn Send>);

/// Keys out of items.
pub(super) struct Keys<K, F> {
    key: F,
    taken: Arc<Mutex<HashSet<K>>>,
}

impl<K, F> Keys<K, F> {
    pub(super) fn new(key: F) -> Self {
        Keys { key, taken: Arc::default() }
    }
}

impl<I, K, F> Unique<I> for Keys<K, F>
where
    K: Hash + Eq + Clone + Debug + Send + 'static,
    F: Fn(&I) -> K + Send + Sync,
{
    fn claim(&self, item: &I) -> Result<Claim, String> {
        // The key's own code runs here, on the thread of whoever submits: a panic of it is theirs.
        let key = (self.key)(item);
        if !self.taken.lock().insert(key.clone()) {
            return Err(format!("{key:?}"));
        }
        let taken = Arc::clone(&self.taken);
        Ok(Claim(Box::new(Taken { key, taken })))
    }
}

struct Taken<K: Hash + Eq> {
    key: K,
    taken: Arc<Mutex<HashSet<K>>>,
}

impl<K: Hash + Eq> Drop for Taken<K> {
    fn drop(&mut self) {
        let gone = unwind::guard(|| self.taken.lock().take(&self.key));
        let _ = unwind::discard(gone);
    }
}
