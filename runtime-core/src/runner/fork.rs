//! Members that leave their result with the group, and how it is asked for by name.

use std::future::Future;
use std::panic::Location;

use crate::error::{ForkError, Refused};
use crate::flavour::Flavour;
use crate::group::kept::Forked;
use crate::group::names;
use crate::group::result::{ResultError, ResultOf};
use crate::group::view::MemberView;
use crate::id::TaskId;
use crate::runner::core::Core;
use crate::runner::group::Group;
use crate::runner::member::MemberBuilder;
use crate::submit::{self, Options};
use crate::task::payload::{Adopted, Payload};

impl Group {
    /// Runs a named function as a member of the function's name, without its being named twice. Its value
    /// stays with the group until [`result`](Group::result) takes it. A panic is the group's, as of an
    /// adopted member; an `Err` that it *returns* is a value like any other.
    ///
    /// Where the group has a limit, waits for a place; nothing is handed over before the future is awaited.
    /// What a member of the same name left before, and nobody has taken, is dropped.
    ///
    /// # Errors
    ///
    /// [`ForkError`] with the payload, if it is not taken: the group stops, say, or a member of that name
    /// lives. [`Reason::BadName`](crate::Reason::BadName) for a closure, which has no name: start it by
    /// [`task`](Group::task) and [`MemberBuilder::fork`].
    ///
    /// # Cancellation
    ///
    /// Dropping the wait takes no place; the payload is dropped with it. A stop of the group ends it.
    ///
    /// # Examples
    ///
    /// ```
    /// # mod plain { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc/plain.rs")); }
    /// # use plain::Plain;
    /// use spumoni_core::{Handle, ServiceRunner};
    ///
    /// async fn users() -> Vec<&'static str> {
    ///     vec!["ada", "grace"]
    /// }
    ///
    /// let runner = ServiceRunner::new();
    /// let count = runner.execute(Plain, async || {
    ///     let group = Handle::current().group("start").open()?;
    ///     group.fork(Plain, users).await?;
    ///     let users = group.result::<Vec<&str>>("users").await?;
    ///     anyhow::Ok(users.len())
    /// })??;
    /// assert_eq!(count, 2);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[track_caller]
    pub fn fork<F, P>(
        &self,
        flavour: F,
        function: P,
    ) -> impl Future<Output = Result<TaskId, ForkError<P>>> + Send + use<'_, F, P>
    where
        F: Flavour,
        P: Payload<F::Mode>,
        P::Output: Send,
    {
        let here = Location::caller();
        async move {
            match names::of_function::<P>() {
                Ok(name) => self.task(name).fork_at(flavour, function, here).await,
                Err(reason) => Err(Refused::new(reason, function)),
            }
        }
    }

    /// The twin of [`fork`](Group::fork) for plain threads.
    ///
    /// # Errors
    ///
    /// As there, and [`Reason::WouldDeadlock`](crate::Reason::WouldDeadlock) on a lane whose own tasks
    /// have all the places.
    #[track_caller]
    pub fn fork_blocking<F, P>(&self, flavour: F, function: P) -> Result<TaskId, ForkError<P>>
    where
        F: Flavour,
        P: Payload<F::Mode>,
        P::Output: Send,
    {
        match names::of_function::<P>() {
            Ok(name) => self.task(name).fork_blocking(flavour, function),
            Err(reason) => Err(Refused::new(reason, function)),
        }
    }

    /// As [`fork`](Group::fork), without waiting.
    ///
    /// # Errors
    ///
    /// As there, and [`Reason::GroupFull`](crate::Reason::GroupFull) if no place is free.
    #[track_caller]
    pub fn try_fork<F, P>(&self, flavour: F, function: P) -> Result<TaskId, ForkError<P>>
    where
        F: Flavour,
        P: Payload<F::Mode>,
        P::Output: Send,
    {
        match names::of_function::<P>() {
            Ok(name) => self.task(name).try_fork(flavour, function),
            Err(reason) => Err(Refused::new(reason, function)),
        }
    }

    /// Waits for the forked member of this name to end, and takes its result. Each result is given once; one
    /// that is there already is given at once.
    ///
    /// # Errors
    ///
    /// See [`ResultError`]: at once for an unknown name (which says what is most alike) and a wrong type
    /// (which says both); later if the member panics or is stopped.
    ///
    /// # Examples
    ///
    /// ```
    /// # mod plain { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc/plain.rs")); }
    /// # use plain::Plain;
    /// use spumoni_core::ServiceRunner;
    ///
    /// let runner = ServiceRunner::new();
    /// let group = runner.group("start").open()?;
    /// group.task("limit").fork_blocking(Plain, async || 42_u64)?;
    /// let wrong = group.result::<String>("limit").blocking().unwrap_err();
    /// assert!(wrong.to_string().contains("is a `u64`"), "{wrong}");
    /// assert_eq!(group.result::<u64>("limit").blocking()?, 42);
    /// // Once: it is unknown the second time.
    /// assert!(group.result::<u64>("limit").blocking().is_err());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn result<T: Send + 'static>(&self, name: &str) -> ResultOf<'_, T> {
        ResultOf::new(self.node(), name)
    }

    /// As [`result`](Group::result), without waiting.
    ///
    /// # Errors
    ///
    /// As there, and [`ResultError::Running`] if the member has not ended.
    pub fn try_result<T: Send + 'static>(&self, name: &str) -> Result<T, ResultError> {
        self.node().take_result(name)
    }

    /// The last member of this very group with this name: the living one, or one that has ended, as long as
    /// nobody has joined its end or, if it was forked, taken its result.
    #[must_use]
    pub fn member(&self, name: &str) -> Option<MemberView> {
        self.node().member(name)
    }
}

impl<'a> MemberBuilder<'a> {
    /// As [`Group::fork`], for any payload: the name is this one.
    ///
    /// # Errors
    ///
    /// [`ForkError`] with the payload, if it is not taken.
    #[track_caller]
    pub fn fork<F, P>(
        self,
        flavour: F,
        payload: P,
    ) -> impl Future<Output = Result<TaskId, ForkError<P>>> + Send + use<'a, F, P>
    where
        F: Flavour,
        P: Payload<F::Mode>,
        P::Output: Send,
    {
        self.fork_at(flavour, payload, Location::caller())
    }

    async fn fork_at<F, P>(
        self,
        flavour: F,
        payload: P,
        here: &'static Location<'static>,
    ) -> Result<TaskId, ForkError<P>>
    where
        F: Flavour,
        P: Payload<F::Mode>,
        P::Output: Send,
    {
        let place = self.place().await;
        self.hand_over(place, payload, |core, payload, options| {
            fork_in(core, flavour, payload, options, here)
        })
    }

    /// The twin of [`fork`](MemberBuilder::fork) for plain threads.
    ///
    /// # Errors
    ///
    /// As there, and [`Reason::WouldDeadlock`](crate::Reason::WouldDeadlock) on a lane whose own tasks
    /// have all the places.
    #[track_caller]
    pub fn fork_blocking<F, P>(self, flavour: F, payload: P) -> Result<TaskId, ForkError<P>>
    where
        F: Flavour,
        P: Payload<F::Mode>,
        P::Output: Send,
    {
        let here = Location::caller();
        let place = self.place_blocking();
        self.hand_over(place, payload, |core, payload, options| {
            fork_in(core, flavour, payload, options, here)
        })
    }

    /// As [`fork`](MemberBuilder::fork), without waiting.
    ///
    /// # Errors
    ///
    /// As there, and [`Reason::GroupFull`](crate::Reason::GroupFull) if no place is free.
    #[track_caller]
    pub fn try_fork<F, P>(self, flavour: F, payload: P) -> Result<TaskId, ForkError<P>>
    where
        F: Flavour,
        P: Payload<F::Mode>,
        P::Output: Send,
    {
        let here = Location::caller();
        let place = self.try_place();
        self.hand_over(place, payload, |core, payload, options| {
            fork_in(core, flavour, payload, options, here)
        })
    }
}

fn fork_in<F, P>(
    core: &Core,
    flavour: F,
    payload: P,
    mut options: Box<Options>,
    here: &'static Location<'static>,
) -> Result<TaskId, ForkError<P>>
where
    F: Flavour,
    P: Payload<F::Mode>,
    P::Output: Send,
{
    let (forked, keep) = Forked::<P, P::Output>::new(payload);
    if let Some(member) = &mut options.member {
        member.keep = Some(keep);
    }
    let (homes, options) = (&core.homes, Some(options));
    submit::adopt::<F, Forked<P, P::Output>, Adopted>(homes, flavour, forked, options, here)
        .map_err(|refused| refused.map(Forked::into_payload))
}
