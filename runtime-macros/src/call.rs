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

/// From where to where the return type stands: what is wrong with it is told there.
#[derive(Clone, Copy)]
pub(crate) struct Output {
    pub(crate) first: Span,
    pub(crate) last: Span,
}

impl Call {
    /// The call of a free function.
    pub(crate) fn of_function(signature: &Signature, flavour: Option<Flavour>) -> Result<Self> {
        let mut errors = Errors::default();
        plain(signature, flavour, &mut errors);
        let more = "what else it needs can be fields of a type, with `#[service]` on its `impl`";
        let context = errors.keep(context(signature, more)).flatten();
        errors.or(Self { receiver: None, context, output: Output::of(signature) })
    }

    /// The call of a method.
    pub(crate) fn of_method(signature: &Signature, flavour: Option<Flavour>) -> Result<Self> {
        let mut errors = Errors::default();
        plain(signature, flavour, &mut errors);
        let receiver = errors.keep(receiver(signature));
        let more = "what else it needs can be fields of the type";
        let context = errors.keep(context(signature, more)).flatten();
        errors.or(Self { receiver, context, output: Output::of(signature) })
    }

    /// Whether the generated call is the same for both.
    pub(crate) fn is_like(&self, other: &Self) -> bool {
        let by_reference = |call: &Self| call.context.as_ref().map(|context| context.by_reference);
        self.receiver == other.receiver && by_reference(self) == by_reference(other)
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

/// The context argument, the only one there may be. `more` is for who wants another.
fn context(signature: &Signature, more: &str) -> Result<Option<Context>> {
    let args: Vec<&PatType> = signature.inputs.iter().filter_map(typed).collect();
    match args[..] {
        [] => Ok(None),
        [arg] => context_type(&arg.ty).map(Some).ok_or_else(|| {
            let odd = "a service takes nothing but its context, as `Context` or `&Context`";
            Error::new_spanned(&arg.ty, format!("{odd}; {more}"))
        }),
        [first, second, ..] => {
            let extra = if context_type(&first.ty).is_some() { second } else { first };
            let odd = "a service takes nothing but one `Context` or `&Context`; remove this";
            Err(Error::new_spanned(extra, format!("{odd}; {more}")))
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
        Call::of_method(&syn::parse_str(signature).expect(signature), Some(flavour))
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
            assert!(Call::of_method(&syn::parse_str(signature).unwrap(), None).is_ok());
        }
    }
}
