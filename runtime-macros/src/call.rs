//! How the body is called: what its signature must look like, and what we keep of it.

use proc_macro2::Span;
use quote::ToTokens;
use syn::spanned::Spanned;
use syn::{
    Error, FnArg, GenericParam, PatType, ReceiverKind, Result, ReturnType, Safety, Signature, Type,
};

use crate::errors::Errors;
use crate::flavour::Flavour;
use crate::item::{bare, is_path_to};

/// A call of the body.
pub(crate) struct Call {
    /// How it takes `self`; `None` for a free function.
    pub(crate) receiver: Option<Passing>,
    pub(crate) context: Option<Context>,
    pub(crate) options: Option<Options>,
    pub(crate) output: Output,
}

/// How `self` is handed over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Passing {
    Value,
    Ref,
    RefMut,
}

/// How the body takes its context, and where it says so.
#[derive(Debug)]
pub(crate) struct Context {
    pub(crate) by_reference: bool,
    pub(crate) at: Span,
}

/// How the body takes its options, and where it says so.
#[derive(Debug)]
pub(crate) struct Options {
    /// Else in an `Arc`.
    pub(crate) by_reference: bool,
    pub(crate) at: Span,
}

/// From where to where the return type stands: what is wrong with it is told there.
#[derive(Clone, Copy)]
pub(crate) struct Output {
    pub(crate) first: Span,
    pub(crate) last: Span,
}

impl Call {
    /// The call of a free function.
    pub(crate) fn of_function(
        signature: &Signature,
        flavour: Option<Flavour>,
        with_options: bool,
    ) -> Result<Self> {
        let mut errors = Errors::default();
        plain(signature, flavour, &mut errors);
        let more = "what else it needs can be `options = …`, or fields of a type, with `#[service]` on its `impl`";
        let taken = errors.keep(arguments(signature, with_options, more));
        let (context, options) = taken.unwrap_or_default();
        errors.or(Self { receiver: None, context, options, output: Output::of(signature) })
    }

    /// The call of a method.
    pub(crate) fn of_method(
        signature: &Signature,
        flavour: Option<Flavour>,
        with_options: bool,
    ) -> Result<Self> {
        let mut errors = Errors::default();
        plain(signature, flavour, &mut errors);
        let receiver = errors.keep(receiver(signature));
        let more = "what else it needs can be fields of the type";
        let taken = errors.keep(arguments(signature, with_options, more));
        let (context, options) = taken.unwrap_or_default();
        errors.or(Self { receiver, context, options, output: Output::of(signature) })
    }

    /// Whether the generated call is the same for both.
    pub(crate) fn is_like(&self, other: &Self) -> bool {
        let by_reference = |call: &Self| call.context.as_ref().map(|context| context.by_reference);
        let options = |call: &Self| call.options.as_ref().map(|options| options.by_reference);
        self.receiver == other.receiver
            && by_reference(self) == by_reference(other)
            && options(self) == options(other)
    }
}

impl Output {
    fn of(signature: &Signature) -> Self {
        let tokens = match &signature.output {
            ReturnType::Type(_, ty) => ty.to_token_stream(),
            ReturnType::Default => signature.ident.to_token_stream(),
        };
        let first = tokens.span();
        Self { first, last: tokens.into_iter().last().map_or(first, |token| token.span()) }
    }
}

/// Checks what stands before the arguments: nothing but `async fn name` or `fn name`.
fn plain(signature: &Signature, flavour: Option<Flavour>, errors: &mut Errors) {
    let name = &signature.ident;
    match (flavour.map(Flavour::is_async), &signature.asyncness) {
        (Some(false), Some(asyncness)) => errors.push(Error::new(
            asyncness.span,
            format!(
                "the `thread` flavour calls a plain function: make it `fn {name}`, \
                 or choose `tokio`, `smol` or `async-std`"
            ),
        )),
        (Some(true), None) => errors.push(Error::new(
            signature.fn_token.span,
            format!(
                "this flavour awaits the body: make it `async fn {name}`, \
                 or choose the `thread` flavour"
            ),
        )),
        (Some(true), Some(_)) | (Some(false), None) | (None, _) => {}
    }
    for (word, at) in qualifiers(signature) {
        let refused = format!("the body of a service cannot be `{word}`; remove the word");
        errors.push(Error::new(at, refused));
    }
    for parameter in &signature.generics.params {
        if !matches!(parameter, GenericParam::Lifetime(_)) {
            let refused = format!(
                "`{name}` cannot be generic, for nobody says with which type it runs; \
                 write the type out"
            );
            errors.push(Error::new_spanned(parameter, refused));
        }
    }
}

/// The words that no body may have.
fn qualifiers(signature: &Signature) -> impl Iterator<Item = (&'static str, Span)> {
    let constness = signature.constness.map(|word| ("const", word.span));
    let safety = match &signature.safety {
        Safety::Unsafe(word) => Some(("unsafe", word.span)),
        Safety::Safe(word) => Some(("safe", word.span)),
        Safety::Default => None,
    };
    let abi = signature.abi.as_ref().map(|abi| ("extern", abi.extern_token.span));
    [constness, safety, abi].into_iter().flatten()
}

fn receiver(signature: &Signature) -> Result<Passing> {
    let Some(receiver) = signature.receiver() else {
        let missing = "`run` is called on the service: \
                       make `self`, `&self` or `&mut self` its first argument";
        return Err(Error::new(signature.ident.span(), missing));
    };
    let passing = match &receiver.kind {
        ReceiverKind::Value => Some(Passing::Value),
        ReceiverKind::Reference(_, _, mutability) => Some(reference(mutability.is_some())),
        ReceiverKind::Typed(_, ty) => match bare(ty) {
            Type::Reference(ty) if is_path_to(&ty.elem, "Self") => {
                Some(reference(ty.mutability.is_some()))
            }
            ty => is_path_to(ty, "Self").then_some(Passing::Value),
        },
        _ => None,
    };
    passing.ok_or_else(|| {
        let odd = "`run` takes the service itself: write `self`, `&self` or `&mut self`";
        Error::new_spanned(receiver, odd)
    })
}

fn reference(mutable: bool) -> Passing {
    if mutable { Passing::RefMut } else { Passing::Ref }
}

/// The context argument and, where there are options, theirs behind it. `more` is for who wants another.
fn arguments(
    signature: &Signature,
    with_options: bool,
    more: &str,
) -> Result<(Option<Context>, Option<Options>)> {
    let args: Vec<&PatType> = signature.inputs.iter().filter_map(typed).collect();
    let first = args.first().and_then(|first| context_type(&first.ty));
    let behind = if first.is_some() { &args[1..] } else { &args[..] };
    match (behind, with_options) {
        ([], _) => Ok((first, None)),
        ([taken], true) => options_type(&taken.ty).map(|options| (first, Some(options))),
        ([extra], false) if first.is_none() => {
            let odd = "a service takes nothing but its context, as `Context` or `&Context`";
            Err(Error::new_spanned(&extra.ty, format!("{odd}; {more}")))
        }
        ([.., extra], true) => {
            let odd =
                "a service takes its context, then its options, and nothing else; remove this";
            Err(Error::new_spanned(extra, odd))
        }
        ([extra, ..], false) => {
            let odd = "a service takes nothing but one `Context` or `&Context`; remove this";
            Err(Error::new_spanned(extra, format!("{odd}; {more}")))
        }
    }
}

/// Several runs may share the options, so none can have them for itself.
fn options_type(ty: &Type) -> Result<Options> {
    let at = ty.span();
    match bare(ty) {
        Type::Reference(reference) if reference.mutability.is_none() => {
            Ok(Options { by_reference: true, at })
        }
        Type::Path(path) if path.path.segments.last().is_some_and(|last| last.ident == "Arc") => {
            Ok(Options { by_reference: false, at })
        }
        _ => {
            let odd = "a service shares its options with its other runs: \
                       take them as `&HttpOptions` or `Arc<HttpOptions>`, behind the context";
            Err(Error::new(at, odd))
        }
    }
}

fn typed(arg: &FnArg) -> Option<&PatType> {
    match arg {
        FnArg::Typed(arg) => Some(arg),
        FnArg::Receiver(_) => None,
    }
}

fn context_type(ty: &Type) -> Option<Context> {
    let (by_reference, inner) = match bare(ty) {
        Type::Reference(reference) if reference.mutability.is_some() => return None,
        Type::Reference(reference) => (true, &*reference.elem),
        ty => (false, ty),
    };
    is_path_to(inner, "Context").then(|| Context { by_reference, at: ty.span() })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn method(signature: &str, flavour: Flavour) -> Result<Call> {
        Call::of_method(&syn::parse_str(signature).expect(signature), Some(flavour), false)
    }

    fn with_options(signature: &str) -> Result<Call> {
        Call::of_method(&syn::parse_str(signature).expect(signature), Some(Flavour::Thread), true)
    }

    #[test]
    fn options_stand_behind_the_context_and_are_shared() {
        for (signature, context, options) in [
            ("fn run(&self)", false, None),
            ("fn run(&self, cx: &Context)", true, None),
            ("fn run(&self, options: &Http)", false, Some(true)),
            ("fn run(&self, cx: Context, options: Arc<Http>)", true, Some(false)),
            ("fn run(&self, cx: Context, _: &a::Http<u8>)", true, Some(true)),
        ] {
            let call = with_options(signature).unwrap_or_else(|e| panic!("{signature}: {e}"));
            assert_eq!(call.context.is_some(), context, "{signature}");
            assert_eq!(call.options.map(|options| options.by_reference), options, "{signature}");
        }
        for (signature, expected) in [
            ("fn run(&self, options: Http)", "take them as `&HttpOptions`"),
            ("fn run(&self, options: &mut Http)", "take them as `&HttpOptions`"),
            ("fn run(&self, options: &Http, cx: Context)", "its context, then its options"),
            ("fn run(&self, cx: Context, options: &Http, n: u8)", "and nothing else"),
        ] {
            let error = with_options(signature).err().expect(signature).to_string();
            assert!(error.contains(expected), "{signature}: {error}");
        }
    }

    #[test]
    fn receiver_and_context_are_passed_as_the_signature_wants() {
        for (signature, receiver, by_reference) in [
            ("fn run(self)", Passing::Value, None),
            ("fn run(mut self, cx: Context)", Passing::Value, Some(false)),
            ("fn run(&self, _: &spumoni::Context)", Passing::Ref, Some(true)),
            ("fn run<'a>(&'a mut self, cx: &'a (Context))", Passing::RefMut, Some(true)),
            ("fn run(self: Self) -> u8", Passing::Value, None),
            ("fn run(self: &Self)", Passing::Ref, None),
            ("fn run(self: &mut Self)", Passing::RefMut, None),
        ] {
            let call = method(signature, Flavour::Thread).unwrap_or_else(|e| panic!("{e}"));
            assert_eq!(call.receiver, Some(receiver));
            assert_eq!(call.context.map(|context| context.by_reference), by_reference);
        }
    }

    #[test]
    fn each_wrong_signature_has_its_message() {
        for (signature, expected) in [
            ("async fn run(&self)", "make it `fn run`"),
            ("fn run()", "first argument"),
            ("fn run(cx: Context)", "first argument"),
            ("fn run(self: Arc<Self>)", "takes the service itself"),
            ("fn run(&self, cx: &mut Context)", "as `Context` or `&Context`"),
            ("fn run(&self, n: usize)", "as `Context` or `&Context`"),
            ("fn run(&self, n: impl Fn())", "as `Context` or `&Context`"),
            ("fn run(&self, cx: Context, n: usize)", "remove this"),
            ("fn run(&self, a: Context, b: Context)", "remove this"),
            ("fn run<T>(&self)", "cannot be generic"),
            ("fn run<const N: usize>(&self)", "cannot be generic"),
            ("const fn run(&self)", "cannot be `const`"),
            ("unsafe fn run(&self)", "cannot be `unsafe`"),
            (r#"extern "C" fn run(&self)"#, "cannot be `extern`"),
        ] {
            let Err(errors) = method(signature, Flavour::Thread) else {
                panic!("accepted: {signature}")
            };
            let errors: Vec<_> = errors.into_iter().map(|error| error.to_string()).collect();
            assert_eq!(errors.len(), 1, "{signature}: {errors:?}");
            assert!(errors[0].contains(expected), "{signature}: {}", errors[0]);
        }
    }

    #[test]
    fn only_async_flavours_await_the_body() {
        for flavour in [Flavour::Tokio, Flavour::Smol, Flavour::AsyncStd] {
            assert!(method("async fn run(&self)", flavour).is_ok());
            let error = method("fn run(&self)", flavour).err().expect("refused").to_string();
            assert!(error.contains("make it `async fn run`"), "{error}");
        }
    }

    #[test]
    fn without_a_flavour_the_colour_is_not_judged() {
        for signature in ["async fn run(&self)", "fn run(&self)"] {
            assert!(Call::of_method(&syn::parse_str(signature).unwrap(), None, false).is_ok());
        }
    }
}
