//! The door for what `#[service]` generates. Nothing else is reachable from macros, and nothing here is
//! for anybody else.

pub use spumoni_core::{
    Backoff, Context, Exclusive, Intensity, Launch, OnFailure, OnServiceExit, Registration,
    Restart, Service, Spec, Strategy, inventory,
};

/// What a body comes to that is called within another one.
pub type Settled = Result<(), spumoni_core::anyhow::Error>;

/// An end in good order, or the error in a form that all errors have.
///
/// # Errors
///
/// That with which the body ended.
pub fn settle<T: spumoni_core::Adoptable>(ended: T) -> Settled {
    ended.settle()
}

#[cfg(not(feature = "cli"))]
pub use crate::__cli_is_off as declare_options;
/// Declares the options of a service, by its attribute.
#[cfg(feature = "cli")]
pub use crate::register_options as declare_options;

/// The options of the service that calls this.
#[cfg(feature = "cli")]
pub use crate::cli::options;

/// There are none: `declare_options` has said so.
///
/// # Errors
///
/// Always.
#[cfg(not(feature = "cli"))]
pub fn options<O>() -> Result<std::sync::Arc<O>, spumoni_core::anyhow::Error> {
    Err(spumoni_core::anyhow::anyhow!("the feature `cli` of spumoni is off"))
}

/// Says which feature to turn on.
#[cfg(not(feature = "cli"))]
#[doc(hidden)]
#[macro_export]
macro_rules! __cli_is_off {
    ($options:ty, $service:expr) => {
        ::core::compile_error!(
            "`options = …` needs the feature `cli` of spumoni; turn it on in Cargo.toml: `spumoni = { version = \"…\", features = [\"cli\"] }`"
        );
    };
}

/// The flavours by the names that the attribute uses. One whose feature is off is there all the same, as
/// a value that is no `Flavour`: the compiler then says which feature to turn on.
pub mod flavour {
    #[cfg(feature = "async-std")]
    pub use crate::AsyncStd;
    #[cfg(feature = "smol")]
    pub use crate::Smol;
    #[cfg(feature = "thread")]
    pub use crate::Thread;
    #[cfg(feature = "tokio")]
    pub use crate::Tokio;

    /// The feature `async-std` of spumoni is off.
    #[cfg(not(feature = "async-std"))]
    #[derive(Clone, Copy, Debug)]
    pub struct AsyncStd;
    /// The feature `smol` of spumoni is off.
    #[cfg(not(feature = "smol"))]
    #[derive(Clone, Copy, Debug)]
    pub struct Smol;
    /// The feature `thread` of spumoni is off.
    #[cfg(not(feature = "thread"))]
    #[derive(Clone, Copy, Debug)]
    pub struct Thread;
    /// The feature `tokio` of spumoni is off.
    #[cfg(not(feature = "tokio"))]
    #[derive(Clone, Copy, Debug)]
    pub struct Tokio;
}
