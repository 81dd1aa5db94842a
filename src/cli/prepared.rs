//! What a command line comes to: a runner, or something to say.

use spumoni_core::ServiceRunner;

use crate::cli::error::CliError;

/// What the command line asks for.
#[derive(Debug)]
#[non_exhaustive]
pub enum Prepared {
    /// To run, with these services.
    Run(ServiceRunner),
    /// To say something, and to run nothing.
    Told(Told),
}

/// What a daemon says that runs nothing: help, its version, its services, or that all is well.
#[derive(Clone, Debug)]
pub struct Told {
    pub(super) text: String,
    pub(super) error: Option<CliError>,
}

impl Told {
    /// For standard output.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }

    /// What is wrong all the same: services can be listed that could not start.
    #[must_use]
    pub fn error(&self) -> Option<&CliError> {
        self.error.as_ref()
    }
}
