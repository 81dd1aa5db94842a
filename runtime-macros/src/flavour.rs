//! The flavours: their names for users, what body they take, their values at the façade.

use syn::{Error, LitStr, Result};

use crate::errors::unknown;

/// What executes the body.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Flavour {
    Tokio,
    Smol,
    AsyncStd,
    Thread,
}

const NAMES: &[&str] = &["tokio", "smol", "async-std", "thread"];

impl Flavour {
    pub(crate) fn named(name: &LitStr) -> Result<Self> {
        match &*name.value() {
            "tokio" => Ok(Self::Tokio),
            "smol" => Ok(Self::Smol),
            "async-std" => Ok(Self::AsyncStd),
            "thread" => Ok(Self::Thread),
            other => Err(Error::new(name.span(), unknown("flavour", other, NAMES))),
        }
    }

    /// Whether the body is an `async fn`.
    pub(crate) fn is_async(self) -> bool {
        match self {
            Self::Tokio | Self::Smol | Self::AsyncStd => true,
            Self::Thread => false,
        }
    }

    /// The name of the façade's value for it.
    pub(crate) fn value(self) -> &'static str {
        match self {
            Self::Tokio => "Tokio",
            Self::Smol => "Smol",
            Self::AsyncStd => "AsyncStd",
            Self::Thread => "Thread",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use syn::parse_quote;

    #[test]
    fn every_listed_name_is_a_flavour_and_no_other_is() {
        for name in NAMES {
            assert!(Flavour::named(&parse_quote!(#name)).is_ok(), "{name}");
        }
        let error = Flavour::named(&parse_quote!("tokyo")).unwrap_err().to_string();
        assert!(error.contains("did you mean `tokio`?"), "{error}");
        assert!(error.contains("`tokio`, `smol`, `async-std`, `thread`"), "{error}");
    }
}
