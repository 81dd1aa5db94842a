//! Options that a service follows while it runs.

use std::fmt;
use std::marker::PhantomData;
use std::sync::Arc;

use clap::Args;
use spumoni_core::{Context, Reloads, Stopping};

use crate::cli::error::OptionsError;
use crate::cli::given::{self, Given};

/// The options of a service, followed while it runs: from [`changes`].
pub struct Changes<O> {
    given: Arc<Given>,
    index: usize,
    /// Of what the service has seen last.
    version: u64,
    reloads: Reloads,
    of: PhantomData<fn() -> O>,
}

/// Follows the options of the service that calls this, as [`options`](crate::cli::options) finds them. They change
/// when the configuration file is read again: at a SIGHUP, and by [`Handle::reload`](crate::Handle::reload). What the
/// command line or the environment says stays. Where the daemon has no configuration file, nothing changes.
///
/// ```standalone_crate
/// use spumoni::cli::{Cli, Prepared};
/// use spumoni::prelude::*;
///
/// #[derive(clap::Args)]
/// struct Limits {
///     /// How many
///     #[arg(long, default_value_t = 3)]
///     count: u32,
/// }
///
/// #[service(flavour = "tokio", options = Limits)]
/// async fn limiter(cx: Context) -> anyhow::Result<()> {
///     let mut limits = spumoni::cli::changes::<Limits>()?;
///     assert_eq!(limits.now()?.count, 3);
/// #   std::fs::write(file(), "limiter.count = 4")?;
/// #   cx.handle().reload();
///     // The file has been edited, and a SIGHUP sent.
///     while let Ok(limits) = limits.next().await {
///         println!("{} from now on", limits.count);
/// #       assert_eq!(limits.count, 4);
/// #       cx.handle().stop();
///     }
///     Ok(())
/// }
/// # fn file() -> std::path::PathBuf {
/// #     std::env::temp_dir().join(format!("spumoni-changes-{}.toml", std::process::id()))
/// # }
///
/// # let _ = std::fs::remove_file(file());
/// # let cli = Cli::new("demo").config_file(file());
/// # let cli = cli.builder(ServiceRunner::builder().signals(false));
/// # match cli.prepare(["demo"].map(Into::into), &|_| None)? {
/// #     Prepared::Run(runner) => assert!(runner.run().is_clean()),
/// #     other => panic!("{other:?}"),
/// # }
/// # std::fs::remove_file(file()).ok();
/// # Ok::<(), spumoni::cli::CliError>(())
/// ```
///
/// # Errors
///
/// As [`options`](crate::cli::options).
pub fn changes<O: Args + Send + Sync + 'static>() -> Result<Changes<O>, OptionsError> {
    let given = given::of_current()?;
    let cx = Context::try_current().ok_or(OptionsError::NoCli)?;
    let index = given.of_caller::<O>()?;
    // Listen first, look then.
    let reloads = cx.reloads_of_others();
    let (_, version) = given.at::<O>(index)?;
    Ok(Changes { given, index, version, reloads, of: PhantomData })
}

impl<O: Args + Send + Sync + 'static> Changes<O> {
    /// Those that hold now; [`next`](Changes::next) waits for others.
    ///
    /// # Errors
    ///
    /// [`OptionsError::Withheld`] if something that the service must be given is missing.
    pub fn now(&mut self) -> Result<Arc<O>, OptionsError> {
        let (options, version) = self.given.at(self.index)?;
        self.version = version;
        Ok(options)
    }

    /// Waits until others hold than those that were seen last. Several changes while nobody waits are one.
    ///
    /// # Errors
    ///
    /// [`Stopping`] as soon as a stop is asked.
    ///
    /// # Cancellation
    ///
    /// Dropping the wait loses nothing.
    pub async fn next(&mut self) -> Result<Arc<O>, Stopping> {
        loop {
            // What was heard of last may be at work still, where a wait for it was dropped.
            self.reloads.settled().await?;
            if let Some(options) = self.changed() {
                return Ok(options);
            }
            self.reloads.next().await?;
        }
    }

    /// The twin of [`next`](Changes::next) for plain threads.
    ///
    /// # Errors
    ///
    /// As there.
    pub fn next_blocking(&mut self) -> Result<Arc<O>, Stopping> {
        loop {
            self.reloads.settled_blocking()?;
            if let Some(options) = self.changed() {
                return Ok(options);
            }
            self.reloads.next_blocking()?;
        }
    }

    /// What holds now, if it has not been seen yet.
    fn changed(&mut self) -> Option<Arc<O>> {
        let (options, version) = self.given.at(self.index).ok()?;
        let is_new = std::mem::replace(&mut self.version, version) != version;
        is_new.then_some(options)
    }
}

impl<O> fmt::Debug for Changes<O> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Values are not shown: there may be secrets among them.
        f.debug_struct("Changes").field("version", &self.version).finish_non_exhaustive()
    }
}
