//! The local executor of the lane whose thread this is.

use std::cell::RefCell;
use std::future::Future;
use std::rc::Rc;

use async_executor::{LocalExecutor, Task};

thread_local! {
    static HERE: RefCell<Option<Rc<LocalExecutor<'static>>>> = const { RefCell::new(None) };
}

/// Makes the executor that of the calling thread's lane, until the guard is dropped.
pub(crate) struct Inside;

impl Inside {
    pub(crate) fn of(executor: &Rc<LocalExecutor<'static>>) -> Self {
        HERE.set(Some(Rc::clone(executor)));
        Inside
    }
}

impl Drop for Inside {
    fn drop(&mut self) {
        let _ = HERE.try_with(RefCell::take);
    }
}

/// Spawns a future that need not be `Send` on the lane whose payload calls this. The runner does not
/// track it; what it should track is adopted or spawned with a handle.
///
/// # Panics
///
/// Off the lanes of the smol and async-std flavours.
///
/// # Cancellation
///
/// Dropping the task cancels it, as everywhere in smol; `detach` lets it go on. With the lane it is
/// dropped.
#[track_caller]
pub fn spawn_local<T: 'static>(future: impl Future<Output = T> + 'static) -> Task<T> {
    let executor = HERE.with_borrow(Clone::clone);
    match executor {
        Some(executor) => executor.spawn(future),
        None => panic!(
            "`spawn_local` was called off the smol and async-std lanes; call it in a payload of these flavours"
        ),
    }
}
