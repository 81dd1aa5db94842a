//! Where generated code finds the façade: `::spumoni`, or what `crate = …` says.

use proc_macro2::{Span, TokenStream};
use quote::{ToTokens, quote_spanned};
use syn::{Ident, Path};

/// The path of the façade crate.
pub(crate) struct Facade(Option<Path>);

impl Facade {
    pub(crate) fn new(path: Option<Path>) -> Self {
        Self(path)
    }

    /// The door for generated code, as part of what stands at `at`.
    ///
    /// The name of the façade itself stands at one place, the attribute: if it cannot be found,
    /// the compiler says so once and not for each mention.
    pub(crate) fn private(&self, at: Span) -> TokenStream {
        let facade = match &self.0 {
            Some(path) => path.to_token_stream(),
            None => {
                let spumoni = Ident::new("spumoni", Span::call_site());
                quote_spanned!(at=> ::#spumoni)
            }
        };
        quote_spanned!(at=> #facade::__private)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use quote::quote;
    use syn::parse_quote;

    #[test]
    fn private_is_absolute_unless_the_user_names_a_path() {
        for (path, expected) in [
            (None, quote!(::spumoni::__private)),
            (Some(parse_quote!(crate)), quote!(crate::__private)),
            (Some(parse_quote!(::ice::cream)), quote!(::ice::cream::__private)),
        ] {
            let private = Facade::new(path).private(Span::call_site());
            assert_eq!(private.to_string(), expected.to_string());
        }
    }
}
