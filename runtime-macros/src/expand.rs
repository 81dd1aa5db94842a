//! From plan to tokens. Nothing is decided here, and nothing is named but the user's own item,
//! `::core` and the façade's `__private`.
//!
//! All generated tokens are looked up at the macro's site, so no local name can meet a user's,
//! but stand where the user wrote what they come from: errors and `line!()` point there.

use proc_macro2::{Delimiter, Group, Span, TokenStream};
use quote::{ToTokens, quote, quote_spanned};
use syn::Ident;
use syn::spanned::Spanned;

use crate::call::{Call, Context, Options, Passing};
use crate::chain;
use crate::valid::{Place, Plan, Refusal, Target};

/// The item, and beside it what makes it a service.
pub(crate) fn service(plan: &Plan, item: &TokenStream) -> TokenStream {
    let service = match &plan.place.target {
        Target::Type { at, .. } => {
            implementation(&plan.place, &spec(plan, *at), &launch_type(plan, *at))
        }
        Target::Function(ident) => registration(plan, ident),
    };
    let options = options(plan);
    quote!(#item #service #options)
}

/// The flags of its options, declared for every daemon that it is linked into.
fn options(plan: &Plan) -> TokenStream {
    let Some(options) = &plan.options else { return TokenStream::new() };
    let site = site(options.span());
    let private = plan.place.facade.private(site);
    let (attrs, name) = (&plan.place.attrs, &plan.name);
    quote_spanned!(site=> #(#attrs)* #private::declare_options! { #options, #name })
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
    let launch = launch_function(plan, ident);
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
    let chain = chain::chain(&plan.terms, &private.to_token_stream());
    quote_spanned!(site=> #private::Spec::new(#name, #place) #chain)
}

/// How a type is launched: what becomes of `self`, and what is called with it.
fn launch_type(plan: &Plan, at: Span) -> TokenStream {
    let Some(call) = &plan.call else {
        return launch_idle(plan, at);
    };
    let site = site(call.output.first);
    let private = plan.place.facade.private(site);
    let callee = quote_spanned!(site=> Self::run);
    match call.receiver {
        Some(Passing::Ref) => {
            let body = payload(plan, call, &callee, Some(&quote_spanned!(site=> &__this)));
            let more = hooks(plan, site, Some(&quote_spanned!(site=> &__this)));
            quote_spanned! {site=>
                let __this = ::std::sync::Arc::new(self);
                #private::Launch::repeat(#body) #more .share(__this)
            }
        }
        Some(Passing::RefMut) => {
            let body = payload(plan, call, &callee, Some(&quote_spanned!(site=> &mut __turn)));
            let more = hooks(plan, site, Some(&quote_spanned!(site=> &mut __this.turn())));
            quote_spanned! {site=>
                let __this = #private::Exclusive::new(self);
                #private::Launch::repeat(#body) #more
            }
        }
        Some(Passing::Value) | None => {
            let body = payload(plan, call, &callee, Some(&quote_spanned!(site=> self)));
            quote_spanned!(site=> #private::Launch::new(#body))
        }
    }
}

fn launch_function(plan: &Plan, ident: &Ident) -> TokenStream {
    // A function always has a body.
    let Some(call) = &plan.call else { return TokenStream::new() };
    let site = site(call.output.first);
    let private = plan.place.facade.private(site);
    let body = payload(plan, call, &quote!(#ident), None);
    let more = hooks(plan, site, None);
    quote_spanned!(site=> #private::Launch::repeat(#body) #more)
}

/// A service that runs nothing.
fn launch_idle(plan: &Plan, at: Span) -> TokenStream {
    let site = site(at);
    let private = plan.place.facade.private(site);
    let flavour = flavour(plan);
    let more = hooks(plan, site, Some(&quote_spanned!(site=> &__this)));
    quote_spanned! {site=>
        let __this = ::std::sync::Arc::new(self);
        #private::Launch::idle(#private::flavour::#flavour) #more .share(__this)
    }
}

/// What is called before the start and at the stop, with `this`, if there is one.
fn hooks(plan: &Plan, site: Span, this: Option<&TokenStream>) -> TokenStream {
    let private = plan.place.facade.private(site);
    let flavour = flavour(plan);
    let (colour, wait) = colour(plan, site);
    let clone =
        this.map(|_| quote_spanned!(site=> let __this = ::core::clone::Clone::clone(&__this);));
    let capture = this.map(|_| quote_spanned!(site=> move));
    let init = plan.terms.init.as_ref().map(|init| {
        quote_spanned! {site=>
            .init(#private::flavour::#flavour, { #clone #colour #capture || { #init(#this) #wait } })
        }
    });
    let health = plan.terms.health.as_ref().map(|health| {
        quote_spanned! {site=>
            .health(#private::flavour::#flavour, { #clone #colour #capture || { #health(#this) #wait } })
        }
    });
    let on_stop = plan
        .terms
        .on_stop
        .as_ref()
        .map(|hook| quote_spanned!(site=> .on_stop({ #clone #capture || { #hook(#this) } })));
    quote_spanned!(site=> #init #health #on_stop)
}

/// The flavour, and the payload that calls the body, `callee`, with `this`.
fn payload(
    plan: &Plan,
    call: &Call,
    callee: &TokenStream,
    this: Option<&TokenStream>,
) -> TokenStream {
    let site = site(call.output.first);
    let private = plan.place.facade.private(site);
    let flavour = flavour(plan);
    let (colour, wait) = colour(plan, site);
    let capture = call.receiver.map(|_| quote_spanned!(site=> move));
    let clone = matches!(call.receiver, Some(Passing::Ref | Passing::RefMut))
        .then(|| quote_spanned!(site=> let __this = ::core::clone::Clone::clone(&__this);));
    let turn = (call.receiver == Some(Passing::RefMut))
        .then(|| quote_spanned!(site=> let mut __turn = __this.turn();));
    let context = call.context.as_ref().map(|context| self::context(plan, context));
    // Asked for before each call, since they may have changed since the last one.
    let take = call.options.as_ref().zip(plan.options.as_ref());
    let options = take.map(|(options, _)| self::taken(options));
    let take = take.map(|(_, ty)| {
        let site = self::site(ty.span());
        quote_spanned!(site=> let __options = #private::options::<#ty>()?;)
    });
    let args = this.cloned().into_iter().chain(context).chain(options);
    let once = quote_spanned!(site=> #callee(#(#args),*) #wait);
    let body = match (&plan.terms.worker_init, plan.terms.every, take) {
        (None, None, None) => once,
        (first, every, take) => {
            let first = first
                .as_ref()
                .map(|first| quote_spanned!(site=> #private::settle(#first(#this) #wait)?;));
            let run = match every {
                None => quote_spanned!(site=> #take #private::settle(#once)?;),
                Some(every) => {
                    let every = chain::duration(every);
                    let tick = if plan.flavour.is_async() {
                        quote_spanned!(site=> __ticks.tick().await)
                    } else {
                        quote_spanned!(site=> __ticks.tick_blocking())
                    };
                    quote_spanned! {site=>
                        let mut __ticks = #private::Context::current().every(#every)?;
                        while #tick.is_ok() {
                            #take
                            #private::settle(#once)?;
                        }
                    }
                }
            };
            quote_spanned!(site=> #first #run #private::Settled::Ok(()))
        }
    };
    // Ends where the return type ends: what is wrong with the payload is told of the whole type.
    let mut body = Group::new(Delimiter::Brace, quote_spanned!(site=> #turn #body));
    body.set_span(self::site(call.output.last));
    let closure = quote_spanned!(site=> #colour #capture || #body);
    let closure = match clone {
        Some(clone) => quote_spanned!(site=> { #clone #closure }),
        None => closure,
    };
    quote_spanned!(site=> #private::flavour::#flavour, #closure)
}

fn flavour(plan: &Plan) -> Ident {
    Ident::new(plan.flavour.value(), site(plan.flavour_at))
}

/// What an async flavour has before its closures and after its calls.
fn colour(plan: &Plan, site: Span) -> (Option<TokenStream>, Option<TokenStream>) {
    let is_async = plan.flavour.is_async();
    let colour = is_async.then(|| quote_spanned!(site=> async));
    (colour, is_async.then(|| quote_spanned!(site=> .await)))
}

fn context(plan: &Plan, context: &Context) -> TokenStream {
    let site = site(context.at);
    let private = plan.place.facade.private(site);
    let reference = context.by_reference.then(|| quote_spanned!(site=> &));
    quote_spanned!(site=> #reference #private::Context::current())
}

/// The options as the body wants them.
fn taken(options: &Options) -> TokenStream {
    let site = site(options.at);
    if options.by_reference {
        quote_spanned!(site=> &__options)
    } else {
        quote_spanned!(site=> ::core::clone::Clone::clone(&__options))
    }
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
                    let __this = ::std::sync::Arc::new(self);
                    ::spumoni::__private::Launch::repeat(
                        ::spumoni::__private::flavour::Tokio,
                        {
                            let __this = ::core::clone::Clone::clone(&__this);
                            async move || {
                                Self::run(&__this, &::spumoni::__private::Context::current()).await
                            }
                        }
                    )
                    .share(__this)
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
                        || crate::ice::__private::Launch::repeat(
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
                quote!(async move || { Self::run(&__this).await }),
            ),
            (
                "async-std",
                quote!(async fn run(&mut self)),
                quote!(async move || {
                    let mut __turn = __this.turn();
                    Self::run(&mut __turn).await
                }),
            ),
        ] {
            let expanded = expanded(quote!(flavour = #flavour), &quote!(impl A { #run {} }));
            assert!(expanded.contains(&expected.to_string()), "{flavour}: {expanded}");
        }
    }

    #[test]
    fn settings_follow_on_the_spec_and_hooks_on_the_launch() {
        let item = quote!(impl Api { fn run(&self) {} });
        let args = quote!(
            flavour = "thread",
            after = [Store, "log"],
            workers = 4,
            restart = "on-failure",
            backoff = "1s",
            grace = "1.5s",
            phase = -2,
            init = Self::open,
            on_stop = close
        );
        let expanded = expanded(args, &item);
        for expected in [
            quote!(&[<Store as ::spumoni::__private::Service>::SPEC.name(), "log"]),
            quote!(.workers(4u32 as ::core::primitive::usize)),
            quote!(.restart(::spumoni::__private::Restart::OnFailure)),
            quote!(.grace(::core::time::Duration::new(1u64, 500000000u32))),
            quote!(.phase(-2i32)),
            quote!(move || { Self::open(&__this) }),
            quote!(move || { close(&__this) }),
        ] {
            assert!(expanded.contains(&expected.to_string()), "{expected}: {expanded}");
        }
    }

    #[test]
    fn options_are_declared_under_the_name_and_taken_before_each_call() {
        let item = quote!(
            async fn http(cx: Context, options: &HttpOptions) {}
        );
        let expanded = expanded(quote!(flavour = "tokio", options = HttpOptions), &item);
        let context = quote!(::spumoni::__private::Context::current());
        for expected in [
            quote!(::spumoni::__private::declare_options! { HttpOptions, "http" }),
            quote!(let __options = ::spumoni::__private::options::<HttpOptions>()?;),
            quote!(::spumoni::__private::settle(http(#context, &__options).await)?;),
        ] {
            assert!(expanded.contains(&expected.to_string()), "{expected}: {expanded}");
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
