//! From plan to tokens. Nothing is decided here, and nothing is named but the user's own item,
//! `::core` and the façade's `__private`.
//!
//! All generated tokens are looked up at the macro's site, so no local name can meet a user's,
//! but stand where the user wrote what they come from: errors and `line!()` point there.

use proc_macro2::{Delimiter, Group, Span, TokenStream};
use quote::{quote, quote_spanned};
use syn::Ident;

use crate::call::{Context, Passing};
use crate::valid::{Place, Plan, Refusal, Target};

/// The item, and beside it what makes it a service.
pub(crate) fn service(plan: &Plan, item: &TokenStream) -> TokenStream {
    let service = match &plan.place.target {
        Target::Type { at, .. } => {
            let launch = launch(plan, &quote_spanned!(site(plan.call.output.first)=> Self::run));
            implementation(&plan.place, &spec(plan, *at), &launch)
        }
        Target::Function(ident) => registration(plan, ident),
    };
    quote!(#item #service)
}

/// The item as it was, and the errors. A type counts as a service all the same: who adds it to a
/// runner shall not be told that it is none.
pub(crate) fn fallback(refusal: &Refusal, item: &TokenStream) -> TokenStream {
    let errors = refusal.errors.to_compile_error();
    let service = refusal.place.as_ref().map(|place| {
        let private = place.facade.private(site(Span::call_site()));
        let spec = quote!(#private::Spec::new("", "", 0));
        implementation(place, &spec, &quote!(::core::unreachable!()))
    });
    quote!(#item #errors #service)
}

/// Makes the target a service, if it is a type.
fn implementation(place: &Place, spec: &TokenStream, launch: &TokenStream) -> TokenStream {
    let Target::Type { at, generics, ty } = &place.target else {
        return TokenStream::new();
    };
    let site = site(*at);
    let private = place.facade.private(site);
    let attrs = &place.attrs;
    let (impl_generics, _, where_clause) = generics.split_for_impl();
    quote_spanned! {site=>
        #(#attrs)*
        #[automatically_derived]
        impl #impl_generics #private::Service for #ty #where_clause {
            const SPEC: #private::Spec = #spec;
            fn launch(self) -> #private::Launch {
                #launch
            }
        }
    }
}

fn registration(plan: &Plan, ident: &Ident) -> TokenStream {
    let site = site(ident.span());
    let private = plan.place.facade.private(site);
    let attrs = &plan.place.attrs;
    let spec = spec(plan, ident.span());
    let launch = launch(plan, &quote!(#ident));
    quote_spanned! {site=>
        #(#attrs)*
        const _: () = {
            #private::inventory::submit! {
                #private::Registration::new(#spec, || #launch)
            }
        };
    }
}

/// What is known before the service runs; file and line are those of `at`.
fn spec(plan: &Plan, at: Span) -> TokenStream {
    let site = site(at);
    let private = plan.place.facade.private(site);
    let name = &plan.name;
    // The user's own span: at the macro's site these would tell the line of the attribute.
    let place = quote_spanned!(at=> ::core::file!(), ::core::line!());
    quote_spanned!(site=> #private::Spec::new(#name, #place))
}

/// The flavour with the payload that calls the body, `callee`.
fn launch(plan: &Plan, callee: &TokenStream) -> TokenStream {
    let output = plan.call.output;
    let site = site(output.first);
    let private = plan.place.facade.private(site);
    let flavour = Ident::new(plan.flavour.value(), self::site(plan.flavour_at));
    let is_async = plan.flavour.is_async();
    let colour = is_async.then(|| quote_spanned!(site=> async));
    let wait = is_async.then(|| quote_spanned!(site=> .await));
    let receiver = plan.call.receiver;
    let capture = receiver.map(|_| quote_spanned!(site=> move));
    let bind =
        (receiver == Some(Passing::RefMut)).then(|| quote_spanned!(site=> let mut __this = self;));
    let this = receiver.map(|passing| match passing {
        Passing::Value => quote_spanned!(site=> self),
        Passing::Ref => quote_spanned!(site=> &self),
        Passing::RefMut => quote_spanned!(site=> &mut __this),
    });
    let context = plan.call.context.as_ref();
    let context = context.map(|context| self::context(plan, context));
    let args = this.into_iter().chain(context);
    let call = quote_spanned!(site=> #bind #callee(#(#args),*) #wait);
    // Ends where the return type ends: what is wrong with the payload is told of the whole type.
    let mut body = Group::new(Delimiter::Brace, call);
    body.set_span(self::site(output.last));
    quote_spanned! {site=>
        #private::Launch::new(#private::flavour::#flavour, #colour #capture || #body)
    }
}

fn context(plan: &Plan, context: &Context) -> TokenStream {
    let site = site(context.at);
    let private = plan.place.facade.private(site);
    let reference = context.by_reference.then(|| quote_spanned!(site=> &));
    quote_spanned!(site=> #reference #private::Context::current())
}

/// Where generated tokens stand: looked up at the macro's site, shown at `at`.
fn site(at: Span) -> Span {
    Span::mixed_site().located_at(at)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What stands beside the item in the expansion; compared as text, for spans do not compare.
    fn expanded(args: TokenStream, item: &TokenStream) -> String {
        let plan = crate::valid::check(
            syn::parse2(args).expect("arguments"),
            syn::parse2(item.clone()).expect("an item"),
        );
        let all = match plan {
            Ok(plan) => service(&plan, item),
            Err(refusal) => fallback(&refusal, item),
        };
        let all = all.to_string();
        all.strip_prefix(&item.to_string()).expect("the item unchanged").trim().to_owned()
    }

    #[test]
    fn a_type_becomes_a_service_with_its_generics_and_attributes() {
        let item = quote! {
            #[cfg(unix)]
            #[doc = "not repeated"]
            #[allow(dead_code)]
            impl<T: Send> Api<T> where T: Copy { async fn run(&self, cx: &Context) -> u8 { 1 } }
        };
        let expected = quote! {
            #[cfg(unix)]
            #[allow(dead_code)]
            #[automatically_derived]
            impl<T: Send> ::spumoni::__private::Service for Api<T> where T: Copy {
                const SPEC: ::spumoni::__private::Spec =
                    ::spumoni::__private::Spec::new("api", ::core::file!(), ::core::line!());
                fn launch(self) -> ::spumoni::__private::Launch {
                    ::spumoni::__private::Launch::new(
                        ::spumoni::__private::flavour::Tokio,
                        async move || {
                            Self::run(&self, &::spumoni::__private::Context::current()).await
                        }
                    )
                }
            }
        };
        assert_eq!(expanded(quote!(flavour = "tokio"), &item), expected.to_string());
    }

    #[test]
    fn a_function_is_registered_under_its_attributes() {
        let item = quote!(
            #[cfg(unix)]
            #[inline]
            fn tidy_up(cx: Context) {}
        );
        let expected = quote! {
            #[cfg(unix)]
            const _: () = {
                crate::ice::__private::inventory::submit! {
                    crate::ice::__private::Registration::new(
                        crate::ice::__private::Spec::new("tidy", ::core::file!(), ::core::line!()),
                        || crate::ice::__private::Launch::new(
                            crate::ice::__private::flavour::Thread,
                            || { tidy_up(crate::ice::__private::Context::current()) }
                        )
                    )
                }
            };
        };
        let args = quote!(flavour = "thread", name = "tidy", crate = crate::ice);
        assert_eq!(expanded(args, &item), expected.to_string());
    }

    #[test]
    fn the_payload_passes_what_the_signature_wants_on_every_flavour() {
        for (flavour, run, expected) in [
            ("thread", quote!(fn run(self)), quote!(flavour::Thread, move || { Self::run(self) })),
            (
                "smol",
                quote!(async fn run(&self)),
                quote!(flavour::Smol, async move || { Self::run(&self).await }),
            ),
            (
                "async-std",
                quote!(async fn run(&mut self)),
                quote!(flavour::AsyncStd, async move || {
                    let mut __this = self;
                    Self::run(&mut __this).await
                }),
            ),
        ] {
            let expanded = expanded(quote!(flavour = #flavour), &quote!(impl A { #run {} }));
            assert!(expanded.contains(&expected.to_string()), "{flavour}: {expanded}");
        }
    }

    #[test]
    fn a_refused_type_counts_as_a_service_all_the_same() {
        let item = quote!(impl Api { async fn run(&self, n: u8) {} });
        let expanded = expanded(quote!(flavour = "tokio"), &item);
        assert!(expanded.starts_with(":: core :: compile_error !"), "{expanded}");
        assert!(expanded.contains(":: spumoni :: __private :: Service for Api"), "{expanded}");
        assert!(expanded.contains(":: core :: unreachable ! ()"), "{expanded}");
    }

    #[test]
    fn a_refused_function_and_a_bad_facade_leave_the_item_and_the_errors() {
        for (args, item) in [
            (
                quote!(flavour = "tokio"),
                quote!(
                    fn api() {}
                ),
            ),
            (quote!(flavour = "tokio", crate = "x"), quote!(impl A { async fn run(self) {} })),
        ] {
            let expanded = expanded(args, &item);
            assert_eq!(expanded.matches("compile_error").count(), 1, "{expanded}");
            assert!(!expanded.contains("__private"), "{expanded}");
        }
    }
}
