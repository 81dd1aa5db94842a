//! The settings of a service as tokens: what follows on `Spec::new(…)`.

use proc_macro2::TokenStream;
use quote::quote;
use syn::Ident;

use crate::args::Dependency;
use crate::terms::Terms;

/// The calls that say what was given, each after the one before it.
pub(crate) fn chain(terms: &Terms, private: &TokenStream) -> TokenStream {
    let after = (!terms.after.is_empty()).then(|| {
        let names = terms.after.iter().map(|dependency| match dependency {
            Dependency::Name(name) => quote!(#name),
            Dependency::Type(path) => quote!(<#path as #private::Service>::SPEC.name()),
        });
        quote!(.after({ const AFTER: &[&::core::primitive::str] = &[#(#names),*]; AFTER }))
    });
    let workers =
        terms.workers.map(|workers| quote!(.workers(#workers as ::core::primitive::usize)));
    let flags = [
        terms.oneshot.then(|| quote!(.oneshot())),
        terms.notify.then(|| quote!(.notify())),
        terms.transient.then(|| quote!(.transient())),
    ];
    let variants = [
        variant(private, "restart", "Restart", terms.restart),
        variant(private, "strategy", "Strategy", terms.strategy),
        variant(private, "on_exit", "OnServiceExit", terms.on_exit),
        variant(private, "on_failure", "OnFailure", terms.on_failure),
    ];
    let backoff = terms.backoff.map(|(first, most)| {
        let (first, most) = (duration(first), duration(most));
        quote!(.backoff(#private::Backoff::new(#first, #most)))
    });
    let intensity = terms.intensity.map(|(restarts, window)| {
        let window = duration(window);
        quote!(.intensity(#private::Intensity::new(#restarts, #window)))
    });
    let times = [
        time("grace", terms.grace),
        time("init_timeout", terms.init_timeout),
        time("start_timeout", terms.start_timeout),
        time("drain", terms.drain),
        time("health_every", terms.health_every),
        time("health_timeout", terms.health_timeout),
    ];
    let set = terms.set.as_ref().map(|set| quote!(.set(#set)));
    let failures = terms.health_failures.map(|failures| quote!(.health_failures(#failures)));
    let phase = terms.phase.map(|phase| quote!(.phase(#phase)));
    let (flags, variants) = (flags.into_iter().flatten(), variants.into_iter().flatten());
    let times = times.into_iter().flatten();
    quote!(#after #set #workers #(#flags)* #(#variants)* #backoff #intensity #(#times)* #failures #phase)
}

fn variant(
    private: &TokenStream,
    method: &str,
    ty: &str,
    variant: Option<&str>,
) -> Option<TokenStream> {
    let [method, ty, variant] = [method, ty, variant?].map(ident);
    Some(quote!(.#method(#private::#ty::#variant)))
}

fn time(method: &str, nanos: Option<u128>) -> Option<TokenStream> {
    let (method, time) = (ident(method), duration(nanos?));
    Some(quote!(.#method(#time)))
}

/// A duration as a constant expression.
pub(crate) fn duration(nanos: u128) -> TokenStream {
    const SECOND: u128 = 1_000_000_000;
    let seconds = u64::try_from(nanos / SECOND).unwrap_or(u64::MAX);
    let rest = u32::try_from(nanos % SECOND).unwrap_or(0);
    quote!(::core::time::Duration::new(#seconds, #rest))
}

fn ident(name: &str) -> Ident {
    Ident::new(name, proc_macro2::Span::mixed_site())
}
