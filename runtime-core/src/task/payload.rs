//! What users hand over: closures that make a future, closures to call, and what may come of them.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

/// How a flavour executes: [`Async`] or [`Blocking`]. Closed: there is no third way.
pub trait Mode: sealed::Mode + Send + Sync + 'static {}

/// Payloads make a future, which a lane polls.
#[derive(Debug)]
pub enum Async {}

/// Payloads are called on a thread of their own turn.
#[derive(Debug)]
pub enum Blocking {}

impl Mode for Async {}
impl Mode for Blocking {}

#[allow(unnameable_types, reason = "that is what seals the trait")]
mod sealed {
    pub trait Mode {
        /// Whether payloads are called, and not polled.
        const BLOCKS: bool;
    }
    impl Mode for super::Async {
        const BLOCKS: bool = false;
    }
    impl Mode for super::Blocking {
        const BLOCKS: bool = true;
    }

    pub trait Returns {
        type Value;
    }
    impl<T> Returns for fn() -> T {
        type Value = T;
    }
}

/// What a runner takes: on an async flavour a `Send` closure that makes a future, on a blocking one a
/// `Send` closure to call.
///
/// Only the closure crosses threads. The future that it makes may hold an `Rc` or a guard across an
/// `.await`: it is made, polled and dropped on its lane.
///
/// Implemented for `async || { … }` and `async move || { … }`, plain `async fn` items,
/// `|| async { … }`, and for `|| { … }` and `fn` items on blocking flavours.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is no payload for this flavour",
    label = "not a payload of this flavour",
    note = "an async flavour takes a `Send + 'static` closure that makes a future: `async move || {{ … }}`; only the closure must be `Send`, so make `Rc`s and the like inside it",
    note = "the `Thread` flavour takes a `Send + 'static` closure to call: `move || {{ … }}`"
)]
pub trait Payload<M: Mode>: Send + 'static {
    /// What the payload gives when it is done.
    type Output: 'static;
    /// The body as it runs.
    #[doc(hidden)]
    type Body: Future<Output = Self::Output> + 'static;
    /// Calls the closure, on the thread where the body will run.
    #[doc(hidden)]
    fn start(self) -> Self::Body;
}

impl<F, B> Payload<Async> for F
where
    F: FnOnce() -> B + Send + 'static,
    B: Future + 'static,
    B::Output: 'static,
{
    type Output = B::Output;
    type Body = B;

    fn start(self) -> B {
        self()
    }
}

impl<F, T> Payload<Blocking> for F
where
    F: FnOnce() -> T + Send + 'static,
    T: 'static,
{
    type Output = T;
    type Body = Call<F>;

    fn start(self) -> Call<F> {
        Call(Some(self))
    }
}

/// The body of a blocking payload: a future that is ready at its first poll.
#[doc(hidden)]
#[derive(Debug)]
pub struct Call<F>(Option<F>);

impl<F> Unpin for Call<F> {}

impl<F: FnOnce() -> T, T> Future for Call<F> {
    type Output = T;

    fn poll(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<T> {
        match self.0.take() {
            Some(call) => Poll::Ready(call()),
            None => Poll::Pending,
        }
    }
}

/// What a payload that nobody waits for may give: nothing, or a failure.
///
/// Implemented for `()` and for `Result<(), E>` where `E: Into<anyhow::Error>`: every error type that
/// is `Error + Send + Sync + 'static`, and `anyhow::Error` itself. A payload that never returns, an
/// endless loop, is fine too.
#[diagnostic::on_unimplemented(
    message = "a payload that returns `{Self}` cannot be adopted: its value would be lost",
    label = "this payload is adopted, so nobody would see what it returns",
    note = "use `spawn`, whose handle gives the value, or end the payload with `()` or `Ok(())`",
    note = "an error may be anything that converts into `anyhow::Error`, that is `Error + Send + Sync + 'static`",
    note = "if it is a future, the flavour calls payloads and awaits none: choose an async one, such as `Tokio`"
)]
pub trait Adoptable: 'static {
    /// The failure, if it is one.
    ///
    /// # Errors
    ///
    /// The error that the payload ended in.
    fn settle(self) -> Result<(), anyhow::Error>;
}

impl Adoptable for () {
    fn settle(self) -> Result<(), anyhow::Error> {
        Ok(())
    }
}

// The only one for `Result`: a second would leave the compiler no way to infer `()` in a payload that
// ends in `bail!`.
impl<E: Into<anyhow::Error> + 'static> Adoptable for Result<(), E> {
    fn settle(self) -> Result<(), anyhow::Error> {
        self.map_err(Into::into)
    }
}

// What a closure that is an endless loop returns, from edition 2024 on.
impl Adoptable for Never {
    fn settle(self) -> Result<(), anyhow::Error> {
        self
    }
}

/// The type `!`, which has no name of its own on stable yet.
type Never = <fn() -> ! as sealed::Returns>::Value;

/// Where a payload's value goes: decided when it is handed over.
pub(crate) trait Route<T>: 'static {
    /// What the cell keeps for the handle.
    type Kept: Send + 'static;
    fn settle(value: T) -> Result<Self::Kept, anyhow::Error>;
}

/// Nobody waits: an error is the group's.
pub(crate) enum Adopted {}

/// A handle waits: whatever comes, an error value too, is its holder's.
pub(crate) enum Spawned {}

impl<T: Adoptable> Route<T> for Adopted {
    type Kept = ();
    fn settle(value: T) -> Result<(), anyhow::Error> {
        value.settle()
    }
}

impl<T: Send + 'static> Route<T> for Spawned {
    type Kept = T;
    fn settle(value: T) -> Result<T, anyhow::Error> {
        Ok(value)
    }
}
