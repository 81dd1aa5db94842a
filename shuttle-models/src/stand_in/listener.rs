//! event-listener's event, as a list behind a lock.

use std::collections::BTreeMap;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};

use super::lock::Mutex;

#[derive(Default)]
struct List {
    next: u64,
    listeners: BTreeMap<u64, Entry>,
}

#[derive(Default)]
struct Entry {
    notified: bool,
    waker: Option<Waker>,
}

/// As event-listener's.
#[derive(Default)]
pub struct Event(Arc<Mutex<List>>);

/// As event-listener's.
pub struct EventListener {
    list: Arc<Mutex<List>>,
    id: u64,
}

/// As event-listener's: waits of threads.
pub(crate) trait Listener {
    fn wait(self);
}

impl Listener for EventListener {
    fn wait(self) {
        shuttle::future::block_on(self);
    }
}

impl Event {
    pub(crate) fn new() -> Self {
        Self::default()
    }

    pub(crate) fn listen(&self) -> EventListener {
        let mut list = self.0.lock();
        let id = list.next;
        list.next += 1;
        list.listeners.insert(id, Entry::default());
        EventListener { list: Arc::clone(&self.0), id }
    }

    /// Sees to it that so many are notified.
    pub(crate) fn notify(&self, many: usize) -> usize {
        self.notify_among(|list| Box::new(list.take(many)))
    }

    /// Notifies so many who are not yet.
    pub(crate) fn notify_additional(&self, many: usize) -> usize {
        self.notify_among(|list| Box::new(list.filter(|entry| !entry.notified).take(many)))
    }

    fn notify_among(
        &self,
        choose: impl for<'a> FnOnce(
            &'a mut dyn Iterator<Item = &'a mut Entry>,
        ) -> Box<dyn Iterator<Item = &'a mut Entry> + 'a>,
    ) -> usize {
        let (mut count, mut wakers) = (0, Vec::new());
        for entry in choose(&mut self.0.lock().listeners.values_mut()) {
            count += usize::from(!std::mem::replace(&mut entry.notified, true));
            wakers.extend(entry.waker.take());
        }
        wakers.into_iter().for_each(Waker::wake);
        count
    }
}

impl std::fmt::Debug for Event {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Event").finish_non_exhaustive()
    }
}

impl std::fmt::Debug for EventListener {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("EventListener").finish_non_exhaustive()
    }
}

impl Future for EventListener {
    type Output = ();

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let mut list = self.list.lock();
        let Some(entry) = list.listeners.get_mut(&self.id) else { return Poll::Ready(()) };
        if entry.notified {
            list.listeners.remove(&self.id);
            return Poll::Ready(());
        }
        let before = entry.waker.replace(cx.waker().clone());
        drop(list);
        drop(before);
        Poll::Pending
    }
}

impl Drop for EventListener {
    fn drop(&mut self) {
        let (gone, next) = {
            let mut list = self.list.lock();
            let gone = list.listeners.remove(&self.id);
            // One that was notified and goes without having seen it hands it on.
            let unseen = gone.as_ref().is_some_and(|entry| entry.notified);
            let next = list.listeners.values_mut().find(|entry| unseen && !entry.notified);
            let next = next.and_then(|entry| {
                entry.notified = true;
                entry.waker.take()
            });
            (gone, next)
        };
        drop(gone);
        next.into_iter().for_each(Waker::wake);
    }
}
