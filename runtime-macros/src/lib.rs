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
mod terms; // what the arguments say of the life: values, and which of them clash
mod valid; // meaning: from arguments and item to a plan
mod chain; // the settings as tokens
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
/// | `after` | the services on which it depends, by type or by name: `[Store, "log"]`. It starts when they are ready, and stops before them |
/// | `workers` | how many run the body at the same time, as named threads or as tasks of the lane: `4`. `run` takes `&self` |
/// | `every` | the body is called at this interval, from start to start: `"30s"` |
/// | `oneshot` | it does its work and ends, which stops nobody; it is ready when it is done |
/// | `idle` | it runs nothing, and takes part in `init` and `on_stop` only; the block needs no `run` |
/// | `notify` | it is ready when it calls `cx.ready()`, and not when it has begun |
/// | `transient` | it keeps the runner not alive, and stops when nobody else is left |
/// | `init` | a method or function that is called before any service starts: `Self::open`. The error `Skip` skips the service |
/// | `worker_init` | one that each worker calls first, on its own thread or lane |
/// | `on_stop` | one that is called when the service is asked to stop, on a thread of its own |
/// | `options` | a type that derives `clap::Args` (feature `cli`): its fields become flags of the daemon, `--http-listen`, and the body may take them behind its context, as `&HttpOptions` or `Arc<HttpOptions>` |
/// | `restart` | `"never"` (default), `"on-failure"` or `"always"` |
/// | `backoff` | the pause before a restart, the first and the longest: `"100ms..30s"` (default), or one: `"1s"` |
/// | `intensity` | how many restarts are made within which time: `"5 in 60s"` (default); one more is the failure of its set, or of the runner |
/// | `strategy` | who is restarted with it: `"one"` (default), `"rest"`: those that depend on it, `"all"`: all of its set, or of the runner |
/// | `on_exit` | what an end in good order means that nobody asked for: `"stop"` (default), `"ignore"`, `"fail"` |
/// | `on_failure` | what a failure means: `"stop"` (default): its set is restarted, or the runner stops; or `"ignore"`: the others go on |
/// | `grace` | its time to clean up: `"5s"`; default: the runner's |
/// | `init_timeout`, `start_timeout` | how long its initialisation, and its start up to readiness, may take; default `"90s"` |
/// | `drain` | how long it stands as not ready before it is asked to stop; default `"0s"` |
/// | `health` | a method or function that is called again and again while it is ready, `async` on an async flavour; an error is bad health. `run` takes `&self` |
/// | `health_every` | from the start of one check to that of the next; default `"10s"` |
/// | `health_timeout` | how long a check may take; default `"1s"` |
/// | `health_failures` | how many bad checks in a row are the failure of its run; default `3` |
/// | `set` | the set of services that it is a member of, which the program adds: `"ingest"` |
/// | `phase` | lower phases start before higher ones, and stop after them; default `0` |
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
