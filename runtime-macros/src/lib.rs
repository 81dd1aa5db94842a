//! The attribute macro of spumoni. Use it through the façade, `spumoni::service`, whose
//! documentation explains it in full.
//!
//! The way of one use: `args` and `item` read, `valid` judges and makes a plan, `expand` writes
//! the plan down. Generated code names nothing but the façade's hidden `__private` module.
//! A module uses only those listed before it.

#![forbid(unsafe_code)]

mod errors; // collects mistakes; the "did you mean" hint
mod path; // where generated code finds the façade
mod name; // names of services: the rule and the default
mod flavour; // the four flavours
mod args; // what stands in the parentheses
mod item; // the annotated item, as far as we look at it
mod call; // how the body is called, read off its signature
mod valid; // meaning: from arguments and item to a plan
mod expand; // from plan to tokens

use proc_macro::TokenStream;

/// Makes a service of an `impl` block or a free function.
///
/// On an inherent `impl` block the method `run` is the body and the type becomes a service. A free
/// function is the body itself and is registered, so that the runner finds it unlisted.
///
/// | argument | value |
/// |---|---|
/// | `flavour` | `"tokio"`, `"smol"` or `"async-std"` for an `async fn`, `"thread"` for a plain `fn` |
/// | `name` | what reports call it; by default the name of the type or function, `HttpApi` as `http-api` |
/// | `crate` | the path of the façade, if it is not `::spumoni` |
///
/// ```ignore
/// #[service(flavour = "tokio", name = "api")]
/// impl Api {
///     async fn run(&self, cx: &Context) -> anyhow::Result<()> { /* … */ }
/// }
/// ```
#[proc_macro_attribute]
pub fn service(args: TokenStream, input: TokenStream) -> TokenStream {
    let input = input.into();
    match plan(args, &input) {
        Ok(plan) => expand::service(&plan, &input),
        Err(refusal) => expand::fallback(&refusal, &input),
    }
    .into()
}

fn plan(args: TokenStream, input: &proc_macro2::TokenStream) -> valid::Verdict {
    let args = syn::parse::<args::Args>(args)?;
    let item = syn::parse2::<item::Service>(input.clone())?;
    valid::check(args, item)
}
