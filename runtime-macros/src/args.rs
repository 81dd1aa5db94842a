//! What stands in the parentheses of `#[service(…)]`, as far as syntax goes.
//!
//! A new argument is a line in `KNOWN`, a field of [`Args`] and an arm of `Args::read`; what its
//! value means is for `valid` to say.

use proc_macro2::Span;
use syn::ext::IdentExt;
use syn::parse::{Parse, ParseStream};
use syn::{Error, Ident, LitStr, Path, Result, Token};

use crate::errors::{Errors, nearest, unknown};

const KNOWN: &[&str] = &["flavour", "name", "crate"];

/// The arguments of one use. Reading them never fails: mistakes are collected beside them.
#[derive(Default)]
pub(crate) struct Args {
    pub(crate) flavour: Arg<LitStr>,
    pub(crate) name: Arg<LitStr>,
    pub(crate) facade: Arg<Path>,
    pub(crate) errors: Errors,
}

/// What became of one argument.
#[derive(Default)]
pub(crate) enum Arg<T> {
    #[default]
    Absent,
    /// There, or meant to be there, but unusable; an error has been noted.
    Broken,
    Given(T),
}

impl Parse for Args {
    fn parse(input: ParseStream<'_>) -> Result<Self> {
        let mut args = Self::default();
        let mut meant = Vec::new();
        while !input.is_empty() {
            if let Err(error) = args.read(input, &mut meant).and_then(|()| comma(input)) {
                args.errors.push(error);
                skip(input)?;
            }
        }
        // One mistake, one message: who writes `flavr = …` has not forgotten the flavour.
        if meant.contains(&"flavour") && matches!(args.flavour, Arg::Absent) {
            args.flavour = Arg::Broken;
        }
        Ok(args)
    }
}

impl Args {
    /// Reads one argument without its comma; notes in `meant` what an unknown one comes near to.
    fn read(&mut self, input: ParseStream<'_>, meant: &mut Vec<&'static str>) -> Result<()> {
        if !input.peek(Ident::peek_any) {
            meant.push("flavour");
            return Err(input.error("expected an argument, such as `flavour = \"tokio\"`"));
        }
        let key = input.call(Ident::parse_any)?;
        match &*key.unraw().to_string() {
            "flavour" | "flavor" => self.flavour.read(&key, input, string),
            "name" => self.name.read(&key, input, string),
            "crate" => self.facade.read(&key, input, path),
            other => {
                meant.extend(nearest(other, KNOWN));
                Err(Error::new(key.span(), unknown("argument", other, KNOWN)))
            }
        }
    }
}

impl<T> Arg<T> {
    fn read(
        &mut self,
        key: &Ident,
        input: ParseStream<'_>,
        value: fn(&Ident, ParseStream<'_>) -> Result<T>,
    ) -> Result<()> {
        if !matches!(self, Self::Absent) {
            let twice = format!("argument `{key}` is given twice; keep one of them");
            return Err(Error::new(key.span(), twice));
        }
        *self = Self::Broken;
        if input.parse::<Token![=]>().is_err() {
            return Err(Error::new(key.span(), format!("expected `{key} = …`")));
        }
        *self = Self::Given(value(key, input)?);
        Ok(())
    }
}

fn string(key: &Ident, input: ParseStream<'_>) -> Result<LitStr> {
    let wrong = format!("`{key}` takes a string literal: `{key} = \"…\"`");
    let at = value_span(key, input);
    input.parse().map_err(|_| Error::new(at, wrong))
}

fn path(key: &Ident, input: ParseStream<'_>) -> Result<Path> {
    let wrong = format!("`{key}` takes a path: `{key} = ::spumoni`");
    let at = value_span(key, input);
    input.call(Path::parse_mod_style).map_err(|_| Error::new(at, wrong))
}

/// Where the value begins; the key, if there is none.
fn value_span(key: &Ident, input: ParseStream<'_>) -> Span {
    if input.is_empty() { key.span() } else { input.span() }
}

fn comma(input: ParseStream<'_>) -> Result<()> {
    if !input.is_empty() && input.parse::<Token![,]>().is_err() {
        return Err(input.error("expected `,` between arguments"));
    }
    Ok(())
}

/// Goes on to the next argument.
fn skip(input: ParseStream<'_>) -> Result<()> {
    while !input.is_empty() && input.parse::<Option<Token![,]>>()?.is_none() {
        input.parse::<proc_macro2::TokenTree>()?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proc_macro2::TokenStream;
    use quote::{ToTokens, quote};

    fn read(tokens: TokenStream) -> (Args, Vec<String>) {
        let mut args: Args = syn::parse2(tokens).expect("reading arguments never fails");
        let errors = match std::mem::take(&mut args.errors).or(()) {
            Ok(()) => Vec::new(),
            Err(errors) => errors.into_iter().map(|error| error.to_string()).collect(),
        };
        (args, errors)
    }

    fn shown<T: ToTokens>(arg: &Arg<T>) -> String {
        match arg {
            Arg::Absent => "absent".into(),
            Arg::Broken => "broken".into(),
            Arg::Given(value) => value.to_token_stream().to_string(),
        }
    }

    #[test]
    fn good_arguments_are_read_in_any_order() {
        for (tokens, flavour, name, facade) in [
            (quote!(flavour = "tokio"), "\"tokio\"", "absent", "absent"),
            (quote!(flavor = "smol",), "\"smol\"", "absent", "absent"),
            (quote!(name = "x", crate = ::a::b, flavour = "t"), "\"t\"", "\"x\"", ":: a :: b"),
            (quote!(crate = crate), "absent", "absent", "crate"),
            (quote!(), "absent", "absent", "absent"),
        ] {
            let (args, errors) = read(tokens);
            assert_eq!(errors, [""; 0]);
            assert_eq!(shown(&args.flavour), flavour);
            assert_eq!(shown(&args.name), name);
            assert_eq!(shown(&args.facade), facade);
        }
    }

    #[test]
    fn each_mistake_has_its_message() {
        for (tokens, expected) in [
            (quote!(flavour = "a", flavour = "b"), "argument `flavour` is given twice"),
            (quote!(flavour = "a", flavor = "b"), "argument `flavor` is given twice"),
            (quote!(after = [Other]), "unknown argument `after`\nknown arguments: `flavour`"),
            (quote!(nmae = "x"), "unknown argument `nmae`; did you mean `name`?"),
            (quote!(flavour), "expected `flavour = …`"),
            (quote!(flavour = ), "`flavour` takes a string literal"),
            (quote!(flavour = tokio), "`flavour` takes a string literal"),
            (quote!(name = 3), "`name` takes a string literal"),
            (quote!(crate = "spumoni"), "`crate` takes a path"),
            (quote!(name = "a" "b"), "expected `,` between arguments"),
            (quote!("tokio"), "expected an argument"),
            (quote!(,), "expected an argument"),
        ] {
            let (_, errors) = read(tokens);
            assert_eq!(errors.len(), 1, "{errors:?}");
            assert!(errors[0].starts_with(expected), "{}", errors[0]);
        }
    }

    #[test]
    fn all_mistakes_are_told_at_once_and_the_rest_is_read() {
        let (args, errors) = read(quote!(colour = [1, 2], name = 3, flavour = "smol", crate));
        assert_eq!(errors.len(), 3, "{errors:?}");
        assert_eq!(shown(&args.flavour), "\"smol\"");
        assert_eq!(shown(&args.name), "broken");
        assert_eq!(shown(&args.facade), "broken");
    }

    #[test]
    fn a_misspelt_flavour_is_not_also_a_missing_one() {
        for tokens in [quote!(flavr = "tokio"), quote!("tokio"), quote!(flavour)] {
            assert_eq!(shown(&read(tokens).0.flavour), "broken");
        }
        assert_eq!(shown(&read(quote!(flavr = "a", flavour = "b")).0.flavour), "\"b\"");
    }
}
