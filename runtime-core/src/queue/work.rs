//! What a queue does with an item: a function of either mode.

use std::future::Future;

use crate::queue::item::Item;
use crate::task::payload::{Async, Blocking, Mode};
use crate::tools::attempt::{Attempt, Attempted};

/// What a queue's workers do with each item: on an async flavour `async |item: &Item<I>| { … }`, on a
/// blocking one `|item: &Item<I>| { … }`.
///
/// Each worker has a clone of its own. What it returns is [`Attempted`].
#[diagnostic::on_unimplemented(
    message = "`{Self}` is no work of a queue of this flavour for items of type `{I}`",
    label = "not the work of such a queue",
    note = "an async flavour takes `async |item: &Item<{I}>| {{ … }}`, the `Thread` flavour `|item: &Item<{I}>| {{ … }}`; both are `Clone + Send + 'static`",
    note = "the item's type has to be written out, as `&Item<…>`"
)]
pub trait Work<M: Mode, I>: Clone + Send + 'static {
    /// What the handle of an item gets.
    type Value: 'static;

    /// Begins one attempt.
    #[doc(hidden)]
    fn attempt(
        &self,
        item: &Item<I>,
    ) -> impl Future<Output = Result<Attempt<Self::Value>, anyhow::Error>>;
}

impl<F, I, R> Work<Async, I> for F
where
    F: AsyncFn(&Item<I>) -> R + Clone + Send + 'static,
    R: Attempted,
{
    type Value = R::Value;

    async fn attempt(&self, item: &Item<I>) -> Result<Attempt<R::Value>, anyhow::Error> {
        self(item).await.attempted()
    }
}

impl<F, I, R> Work<Blocking, I> for F
where
    F: Fn(&Item<I>) -> R + Clone + Send + 'static,
    R: Attempted,
{
    type Value = R::Value;

    async fn attempt(&self, item: &Item<I>) -> Result<Attempt<R::Value>, anyhow::Error> {
        self(item).attempted()
    }
}
