//! The command line of a daemon: options of its services, and what is to be done with them.
//!
//! Each service says its options as an ordinary `#[derive(clap::Args)]` struct that knows nothing of the
//! others. Of `listen` of the service `http` in the daemon `scoopd` comes
//!
//! | from | as |
//! |---|---|
//! | the command line | `--http-listen 0.0.0.0:80` |
//! | the environment | `SCOOPD_HTTP_LISTEN=0.0.0.0:80` |
//! | the configuration file | `listen = "0.0.0.0:80"` in the section `[http]` |
//! | the struct | `default_value = …` |
//!
//! and the first that says something counts. The file is read again when a reload is asked for: see [`changes`]. [`Cli`] puts them together, and knows the flags that every
//! daemon has: `--help`, `--config`, `--only`, `--without`, `--list-services` and `--check`.

mod error;
mod value;
mod file;
mod named;
mod form;
mod section;
mod registered;
mod given;
mod changes;
mod listing;
mod flags;
mod prepared;
mod reload;
mod plan;
mod daemon;

pub use changes::{Changes, changes};
pub use daemon::Cli;
pub use error::{CliError, OptionsError, Problem};
pub use given::{Given, options};
pub use prepared::{Prepared, Told};
pub use registered::OptionsOf;
pub use value::Source;

/// The version of clap that the options are parsed with.
pub use clap;
