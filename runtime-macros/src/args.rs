//! What stands in the parentheses of `#[service(…)]`, as far as syntax goes.
//!
//! A new argument is a line in `KNOWN`, a field of [`Args`] and an arm of `Args::read`; what its
//! value means is for `valid` to say.

use proc_macro2::Span;
use syn::ext::IdentExt;
use syn::parse::{Parse, ParseStream, Parser};
use syn::{Error, Ident, LitInt, LitStr, Path, Result, Token, Type, token};

use crate::errors::{Errors, nearest, unknown};

const KNOWN: &[&str] = &[
    "flavour",
    "name",
    "after",
    "workers",
    "every",
    "oneshot",
    "idle",
    "notify",
    "transient",
    "init",
    "worker_init",
    "on_stop",
    "options",
    "restart",
    "backoff",
    "intensity",
    "strategy",
    "on_exit",
    "on_failure",
    "grace",
    "init_timeout",
    "start_timeout",
    "drain",
    "health",
    "health_every",
    "health_timeout",
    "health_failures",
    "phase",
    "set",
    "crate",
];

/// The arguments of one use. Reading them never fails: mistakes are collected beside them.
#[derive(Default)]
pub(crate) struct Args {
    pub(crate) flavour: Arg<LitStr>,
    pub(crate) name: Arg<LitStr>,
    pub(crate) after: Arg<Vec<Dependency>>,
    pub(crate) workers: Arg<LitInt>,
    pub(crate) every: Arg<LitStr>,
    pub(crate) oneshot: Arg<Ident>,
    pub(crate) idle: Arg<Ident>,
    pub(crate) notify: Arg<Ident>,
    pub(crate) transient: Arg<Ident>,
    pub(crate) init: Arg<Path>,
    pub(crate) worker_init: Arg<Path>,
    pub(crate) on_stop: Arg<Path>,
    pub(crate) options: Arg<Type>,
    pub(crate) restart: Arg<LitStr>,
    pub(crate) backoff: Arg<LitStr>,
    pub(crate) intensity: Arg<LitStr>,
    pub(crate) strategy: Arg<LitStr>,
    pub(crate) on_exit: Arg<LitStr>,
    pub(crate) on_failure: Arg<LitStr>,
    pub(crate) grace: Arg<LitStr>,
    pub(crate) init_timeout: Arg<LitStr>,
    pub(crate) start_timeout: Arg<LitStr>,
    pub(crate) drain: Arg<LitStr>,
    pub(crate) health: Arg<Path>,
    pub(crate) health_every: Arg<LitStr>,
    pub(crate) health_timeout: Arg<LitStr>,
    pub(crate) health_failures: Arg<LitInt>,
    pub(crate) phase: Arg<Phase>,
    pub(crate) set: Arg<LitStr>,
    pub(crate) facade: Arg<Path>,
    pub(crate) errors: Errors,
}

/// A service on which this one depends: by its type, or by its name.
pub(crate) enum Dependency {
    Type(Path),
    Name(LitStr),
}

/// A whole number that may be negative.
pub(crate) struct Phase {
    pub(crate) number: i32,
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
            "after" => self.after.read(&key, input, dependencies),
            "workers" => self.workers.read(&key, input, number),
            "every" => self.every.read(&key, input, string),
            "oneshot" => self.oneshot.read_flag(&key, input),
            "idle" => self.idle.read_flag(&key, input),
            "notify" => self.notify.read_flag(&key, input),
            "transient" => self.transient.read_flag(&key, input),
            "init" => self.init.read(&key, input, function),
            "worker_init" => self.worker_init.read(&key, input, function),
            "on_stop" => self.on_stop.read(&key, input, function),
            "options" => self.options.read(&key, input, ty),
            "restart" => self.restart.read(&key, input, string),
            "backoff" => self.backoff.read(&key, input, string),
            "intensity" => self.intensity.read(&key, input, string),
            "strategy" => self.strategy.read(&key, input, string),
            "on_exit" => self.on_exit.read(&key, input, string),
            "on_failure" => self.on_failure.read(&key, input, string),
            "grace" => self.grace.read(&key, input, string),
            "init_timeout" => self.init_timeout.read(&key, input, string),
            "start_timeout" => self.start_timeout.read(&key, input, string),
            "drain" => self.drain.read(&key, input, string),
            "health" => self.health.read(&key, input, function),
            "health_every" => self.health_every.read(&key, input, string),
            "health_timeout" => self.health_timeout.read(&key, input, string),
            "health_failures" => self.health_failures.read(&key, input, number),
            "phase" => self.phase.read(&key, input, phase),
            "set" => self.set.read(&key, input, string),
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

    /// What was given, if it was.
    pub(crate) fn given(&self) -> Option<&T> {
        match self {
            Self::Given(value) => Some(value),
            Self::Absent | Self::Broken => None,
        }
    }
}

impl Arg<Ident> {
    /// A word that stands alone.
    fn read_flag(&mut self, key: &Ident, input: ParseStream<'_>) -> Result<()> {
        if !matches!(self, Self::Absent) {
            let twice = format!("argument `{key}` is given twice; keep one of them");
            return Err(Error::new(key.span(), twice));
        }
        *self = Self::Broken;
        if !input.is_empty() && !input.peek(Token![,]) {
            let wrong = format!("`{key}` stands alone, without a value");
            return Err(Error::new(input.span(), wrong));
        }
        *self = Self::Given(key.clone());
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

fn function(key: &Ident, input: ParseStream<'_>) -> Result<Path> {
    let wrong = format!("`{key}` takes a function, such as `{key} = Self::prepare`");
    let at = value_span(key, input);
    input.call(Path::parse_mod_style).map_err(|_| Error::new(at, wrong))
}

fn ty(key: &Ident, input: ParseStream<'_>) -> Result<Type> {
    let wrong = format!("`{key}` takes a type that derives `clap::Args`: `{key} = HttpOptions`");
    let at = value_span(key, input);
    input.parse().map_err(|_| Error::new(at, wrong))
}

fn number(key: &Ident, input: ParseStream<'_>) -> Result<LitInt> {
    let wrong = format!("`{key}` takes a whole number: `{key} = 4`");
    let at = value_span(key, input);
    input.parse().map_err(|_| Error::new(at, wrong))
}

fn phase(key: &Ident, input: ParseStream<'_>) -> Result<Phase> {
    let wrong = format!("`{key}` takes a whole number, which may be negative: `{key} = -1`");
    let at = value_span(key, input);
    let negative = input.parse::<Option<Token![-]>>()?.is_some();
    let number = input.parse::<LitInt>().and_then(|number| number.base10_parse::<i32>());
    let number = number.map_err(|_| Error::new(at, wrong))?;
    Ok(Phase { number: if negative { -number } else { number } })
}

fn dependencies(key: &Ident, input: ParseStream<'_>) -> Result<Vec<Dependency>> {
    let at = value_span(key, input);
    if !input.peek(token::Bracket) {
        return Err(Error::new(at, NO_LIST));
    }
    let list: proc_macro2::Group = input.parse()?;
    let all = |list: ParseStream<'_>| list.parse_terminated(dependency, Token![,]);
    Ok(all.parse2(list.stream())?.into_iter().collect())
}

const NO_LIST: &str = "`after` takes a list of services: `after = [Store, \"http\"]`";

fn dependency(list: ParseStream<'_>) -> Result<Dependency> {
    if list.peek(LitStr) {
        return list.parse().map(Dependency::Name);
    }
    let at = list.span();
    let path = list.parse().map_err(|_| Error::new(at, NO_LIST))?;
    Ok(Dependency::Type(path))
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
            (quote!(colour = "red"), "unknown argument `colour`"),
            (quote!(after = Other), "`after` takes a list of services"),
            (quote!(after = [3]), "`after` takes a list of services"),
            (quote!(workers = "4"), "`workers` takes a whole number"),
            (quote!(phase = x), "`phase` takes a whole number"),
            (quote!(oneshot = true), "`oneshot` stands alone"),
            (quote!(init = "open"), "`init` takes a function"),
            (quote!(options = "http"), "`options` takes a type"),
            (quote!(intensty = "5"), "unknown argument `intensty`; did you mean `intensity`?"),
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
