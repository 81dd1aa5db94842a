//! What arguments and item mean together: every check, and the plan that comes of them.

use proc_macro2::{Span, TokenStream, TokenTree};
use quote::ToTokens;
use syn::{Attribute, Error, GenericParam, Generics, Ident, LitStr, Result, Signature, Type};

use crate::args::{Arg, Args};
use crate::call::Call;
use crate::errors::Errors;
use crate::flavour::Flavour;
use crate::item::{Block, Kind, Other, Service, last_ident};
use crate::name;
use crate::path::Facade;
use crate::terms::{self, Terms};

/// All that `expand` needs to know; there is nothing left to decide or to refuse.
pub(crate) struct Plan {
    pub(crate) place: Place,
    pub(crate) flavour: Flavour,
    /// Where the user wrote the flavour.
    pub(crate) flavour_at: Span,
    pub(crate) name: LitStr,
    /// `None` if it runs nothing.
    pub(crate) call: Option<Call>,
    /// The type of its options.
    pub(crate) options: Option<Type>,
    pub(crate) terms: Terms,
}

/// What comes of a check.
pub(crate) type Verdict = std::result::Result<Plan, Box<Refusal>>;

/// What is wrong with one use, all of it.
pub(crate) struct Refusal {
    pub(crate) errors: Error,
    /// What would have become a service, if that much is sound.
    pub(crate) place: Option<Place>,
}

/// What becomes a service, and what the generated code around it needs.
pub(crate) struct Place {
    pub(crate) facade: Facade,
    pub(crate) attrs: Vec<Attribute>,
    pub(crate) target: Target,
}

/// What becomes a service.
pub(crate) enum Target {
    /// A type, through its block at `at`.
    Type { at: Span, generics: Generics, ty: Box<Type> },
    /// A free function, which is registered too.
    Function(Ident),
}

impl From<Error> for Box<Refusal> {
    fn from(errors: Error) -> Self {
        Self::new(Refusal { errors, place: None })
    }
}

/// Checks everything, then makes the plan or tells all that is wrong.
pub(crate) fn check(mut args: Args, item: Service) -> Verdict {
    let mut errors = std::mem::take(&mut args.errors);
    let terms = terms::check(&mut args, &mut errors);
    let flavour = errors.keep(flavour(std::mem::take(&mut args.flavour))).flatten();
    let chosen = errors.keep(chosen_name(std::mem::take(&mut args.name))).flatten();
    let colour = flavour.map(|(flavour, _)| flavour);
    let options = std::mem::take(&mut args.options);
    // What is broken was told; the body is judged as if it were not.
    let with_options = !matches!(options, Arg::Absent);
    let call = match args.idle.given() {
        Some(idle) => errors.keep(runs_nothing(&item.kind, idle)).map(|()| None),
        None => errors.keep(call(&item.kind, colour, with_options)).flatten().map(Some),
    };
    if let Some(Some(call)) = &call {
        terms::check_call(&terms, &args, call, &mut errors);
    }
    let target = errors.keep(target(item.kind));
    let facade = facade(std::mem::take(&mut args.facade));
    let place = target.zip(facade).map(|((target, default_name), facade)| {
        (Place { facade, attrs: item.attrs, target }, default_name)
    });
    if let Some((place, default_name)) = &place
        && let Some(own) = place.target.ident()
    {
        terms::check_after(&terms, chosen.as_ref().unwrap_or(default_name), own, &mut errors);
    }
    match (errors.all(), flavour, call, place) {
        (None, Some((flavour, flavour_at)), Some(call), Some((place, default_name))) => {
            let name = chosen.unwrap_or(default_name);
            let options = match options {
                Arg::Given(options) => Some(options),
                Arg::Absent | Arg::Broken => None,
            };
            Ok(Plan { place, flavour, flavour_at, name, call, options, terms })
        }
        (errors, _, _, place) => Err(Box::new(Refusal {
            // Whatever is missing has left an error; were it not so, refuse rather than panic.
            errors: errors.unwrap_or_else(|| Error::new(Span::call_site(), "`#[service]` failed")),
            place: place.map(|(place, _)| place),
        })),
    }
}

impl Target {
    /// The name of the type or function.
    fn ident(&self) -> Option<&Ident> {
        match self {
            Target::Type { ty, .. } => last_ident(ty),
            Target::Function(ident) => Some(ident),
        }
    }
}

/// What is `idle` has no body.
fn runs_nothing(kind: &Kind, idle: &Ident) -> Result<()> {
    match kind {
        Kind::Impl(block) => match block.runs.first() {
            Some(run) => {
                let odd = "an `idle` service runs nothing; remove `run`, or `idle`";
                Err(Error::new(run.ident.span(), odd))
            }
            None => Ok(()),
        },
        Kind::Function(_) => {
            let odd = "a function is a body, and an `idle` service runs nothing; \
                       put it on the `impl` block of a type";
            Err(Error::new(idle.span(), odd))
        }
        Kind::Other(_) => Ok(()),
    }
}

fn flavour(arg: Arg<LitStr>) -> Result<Option<(Flavour, Span)>> {
    match arg {
        Arg::Given(name) => Flavour::named(&name).map(|flavour| Some((flavour, name.span()))),
        Arg::Absent => {
            let missing = "a service needs a flavour: \
                           `flavour = \"tokio\"`, `\"smol\"`, `\"async-std\"` or `\"thread\"`";
            Err(Error::new(Span::call_site(), missing))
        }
        Arg::Broken => Ok(None),
    }
}

fn chosen_name(arg: Arg<LitStr>) -> Result<Option<LitStr>> {
    match arg {
        Arg::Given(name) => name::check(&name).map(|()| Some(name)),
        Arg::Absent | Arg::Broken => Ok(None),
    }
}

fn facade(arg: Arg<syn::Path>) -> Option<Facade> {
    match arg {
        Arg::Given(path) => Some(Facade::new(Some(path))),
        Arg::Absent => Some(Facade::new(None)),
        Arg::Broken => None,
    }
}

/// How the body is called; nothing if the item is in the wrong place, which `target` tells.
fn call(kind: &Kind, flavour: Option<Flavour>, with_options: bool) -> Result<Option<Call>> {
    match kind {
        Kind::Impl(block) if block.of_trait.is_none() => run(block, flavour, with_options),
        Kind::Function(signature) if signature.receiver().is_none() => {
            Call::of_function(signature, flavour, with_options).map(Some)
        }
        Kind::Impl(_) | Kind::Function(_) | Kind::Other(_) => Ok(None),
    }
}

fn run(block: &Block, flavour: Option<Flavour>, with_options: bool) -> Result<Option<Call>> {
    if block.runs.is_empty() {
        return Err(without_run(block, flavour));
    }
    let mut errors = Errors::default();
    let mut first: Option<Call> = None;
    for run in &block.runs {
        match (&first, errors.keep(Call::of_method(run, flavour, with_options))) {
            (None, call) => first = call,
            (Some(first), Some(call)) if !first.is_like(&call) => {
                let odd = "each `run` must take its arguments in the same way";
                errors.push(Error::new(run.ident.span(), odd));
            }
            (Some(_), Some(_) | None) => {}
        }
    }
    errors.or(first)
}

fn without_run(block: &Block, flavour: Option<Flavour>) -> Error {
    let colour = if flavour.is_none_or(Flavour::is_async) { "async fn" } else { "fn" };
    let missing = "the service has no body; add a method to this block:";
    Error::new(block.at, format!("{missing} `{colour} run(&self, cx: &Context) {{ … }}`"))
}

/// What becomes a service, and its default name.
fn target(kind: Kind) -> Result<(Target, LitStr)> {
    match kind {
        Kind::Impl(block) => block_target(block),
        Kind::Function(signature) => function_target(&signature),
        Kind::Other(other) => Err(misplaced(other)),
    }
}

fn block_target(Block { at, generics, of_trait, ty, .. }: Block) -> Result<(Target, LitStr)> {
    if let Some(path) = of_trait {
        let odd = "`#[service]` does not work on a trait's `impl` block; \
                   move `run` to a block of the type's own: `impl Type { … }`";
        return Err(Error::new_spanned(path, odd));
    }
    let Some(ident) = last_ident(&ty) else {
        let odd = "only a struct, an enum or a union of your own can be a service";
        return Err(Error::new_spanned(ty, odd));
    };
    if let Some(at) = borrowed(&generics, &ty) {
        let odd = "a service lives as long as its runner, so it cannot borrow; \
                   let it own what it uses, or write `'static`";
        return Err(Error::new(at, odd));
    }
    let name = name::of(ident);
    Ok((Target::Type { at, generics, ty }, name))
}

/// Where the type says that it borrows for less than `'static`.
fn borrowed(generics: &Generics, ty: &Type) -> Option<Span> {
    let parameter = generics.params.iter().find_map(|parameter| match parameter {
        // With a bound it may be `'static` in the end; that is for the compiler to say.
        GenericParam::Lifetime(parameter) if parameter.bounds.is_empty() => {
            Some(parameter.lifetime.span())
        }
        GenericParam::Lifetime(_) | GenericParam::Type(_) | GenericParam::Const(_) => None,
    });
    parameter.or_else(|| elided(ty.to_token_stream()))
}

/// Where the tokens hold a `'_`.
fn elided(tokens: TokenStream) -> Option<Span> {
    let mut after_quote = false;
    tokens.into_iter().find_map(|tree| match tree {
        TokenTree::Ident(ident) if after_quote && ident == "_" => Some(ident.span()),
        TokenTree::Group(group) => elided(group.stream()),
        TokenTree::Punct(punct) => {
            after_quote = punct.as_char() == '\'';
            None
        }
        TokenTree::Ident(_) | TokenTree::Literal(_) => {
            after_quote = false;
            None
        }
    })
}

fn function_target(signature: &Signature) -> Result<(Target, LitStr)> {
    if let Some(receiver) = signature.receiver() {
        let odd = "`#[service]` does not work on a method; put it on the `impl` block around it";
        return Err(Error::new_spanned(receiver, odd));
    }
    Ok((Target::Function(signature.ident.clone()), name::of(&signature.ident)))
}

fn misplaced(Other { at, what, ty }: Other) -> Error {
    let mend = match ty {
        Some(ty) => format!("put it on the block that holds `run`: `impl {ty} {{ … }}`"),
        None => "put it on an `impl` block that holds `run`, or on a free function".to_owned(),
    };
    Error::new(at, format!("`#[service]` does not work on {what}; {mend}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn judge(args: &str, item: &str) -> Verdict {
        check(syn::parse_str(args).expect(args), syn::parse_str(item).expect(item))
    }

    /// What is told, and whether the place survives.
    fn refusal(args: &str, item: &str) -> (Vec<String>, bool) {
        let Err(refusal) = judge(args, item) else { panic!("accepted: {item}") };
        let errors = refusal.errors.into_iter().map(|error| error.to_string());
        (errors.collect(), refusal.place.is_some())
    }

    #[test]
    fn good_uses_get_their_default_name_or_the_chosen_one() {
        for (args, item, expected) in [
            ("flavour = 'tokio'", "async fn http_api() {}", "http-api"),
            ("flavour = 'thread'", "impl a::Sampler<u8> { fn run(self) {} }", "sampler"),
            ("flavour = 'thread', name = 'x'", "fn api(_: Context) {}", "x"),
            ("flavour = 'smol'", "impl<'a: 'static> A<'a> { async fn run(&self) {} }", "a"),
        ] {
            match judge(&args.replace('\'', "\""), item) {
                Ok(plan) => assert_eq!(plan.name.value(), expected),
                Err(refusal) => panic!("{item}: {}", refusal.errors),
            }
        }
    }

    #[test]
    fn each_wrong_item_has_its_message() {
        for (item, expected) in [
            ("struct Api { x: u8 }", "not work on a struct; put it on the block"),
            ("enum Api { X }", "that holds `run`: `impl Api { … }`"),
            ("mod api {}", "not work on a module"),
            ("fn api();", "not work on a function without a body"),
            ("fn api(&self) {}", "not work on a method"),
            ("impl A for Api { fn run(&self) {} }", "not work on a trait's `impl` block"),
            ("impl Api { fn ran(&self) {} }", "`fn run(&self, cx: &Context) { … }`"),
            ("impl dyn Api { fn run(&self) {} }", "only a struct, an enum or a union"),
            ("impl<'a> Api<'a> { fn run(&self) {} }", "cannot borrow"),
            ("impl Api<(X<'_>, u8)> { fn run(&self) {} }", "cannot borrow"),
            ("impl Api { fn run(&self) {} fn run(self) {} }", "in the same way"),
        ] {
            let (errors, _) = refusal(r#"flavour = "thread""#, item);
            assert_eq!(errors.len(), 1, "{item}: {errors:?}");
            assert!(errors[0].contains(expected), "{item}: {}", errors[0]);
        }
    }

    #[test]
    fn missing_and_unknown_flavours_are_told_once() {
        for (args, expected) in [
            ("", "a service needs a flavour"),
            (r#"flavour = "tokyo""#, "did you mean `tokio`?"),
            (r#"flavr = "tokio""#, "did you mean `flavour`?"),
        ] {
            let (errors, _) = refusal(args, "fn api() {}");
            assert_eq!(errors.len(), 1, "{errors:?}");
            assert!(errors[0].contains(expected), "{}", errors[0]);
        }
    }

    #[test]
    fn all_mistakes_of_one_use_are_told_at_once() {
        let args = r#"flavour = "thread", name = "", behind = [Other]"#;
        let (errors, _) = refusal(args, "impl Api { async fn run(n: u8) {} }");
        // The unknown argument, the name, `async`, the receiver, the argument of `run`.
        assert_eq!(errors.len(), 5, "{errors:?}");
    }

    #[test]
    fn the_place_survives_unless_it_is_the_mistake() {
        let (thread, lost) = (r#"flavour = "thread""#, r#"flavour = "thread", crate = "x""#);
        for (args, item, survives) in [
            (thread, "impl Api { fn run(&self, n: u8) {} }", true),
            (thread, "fn api(n: u8) {}", true),
            (lost, "impl Api { fn run(&self) {} }", false),
            (thread, "struct Api;", false),
            (thread, "impl Api<'_> { fn run(&self) {} }", false),
        ] {
            assert_eq!(refusal(args, item).1, survives, "{item}");
        }
    }
}
