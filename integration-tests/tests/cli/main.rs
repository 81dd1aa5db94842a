//! Options of services from the command line, the environment and a file, and the flags of every daemon.

mod options;
mod choice;
mod process;
mod attribute;
mod reload;

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::mpsc::Sender;

use spumoni::cli::{Cli, CliError, Prepared, Told};
use spumoni::prelude::*;
use spumoni::{Launch, Spec};

/// With everything that options can have.
#[derive(clap::Args, Clone, Debug, PartialEq)]
struct HttpOptions {
    /// Where to listen
    #[arg(short, long, default_value = "127.0.0.1:8080")]
    listen: SocketAddr,
    /// What to be called
    #[arg(long, conflicts_with = "quiet")]
    banner: Option<String>,
    /// Says less
    #[arg(long)]
    quiet: bool,
    /// Says more
    #[arg(long, action = clap::ArgAction::Count)]
    verbose: u8,
    /// For whom
    #[arg(long, value_delimiter = ',')]
    tags: Vec<String>,
    /// How
    #[arg(long, value_parser = ["fast", "slow"], default_value = "fast")]
    mode: String,
}

#[derive(clap::Args, Clone, Debug, PartialEq)]
struct StoreOptions {
    /// Where it is
    #[arg(long)]
    path: PathBuf,
    /// How large it may be
    #[arg(long, default_value_t = 10, value_parser = clap::value_parser!(u32).range(1..=100))]
    size: u32,
}

/// Tells its options and ends.
struct Http(HttpOptions, Sender<HttpOptions>);

impl Service for Http {
    const SPEC: Spec = Spec::new("http", file!(), line!()).after(&["store"]).oneshot();
    fn launch(self) -> Launch {
        Launch::new(Tokio, async move || {
            let _ = self.1.send(self.0);
        })
    }
}

struct Store(#[expect(dead_code, reason = "that it was made is enough")] StoreOptions);

impl Service for Store {
    const SPEC: Spec = Spec::new("store", file!(), line!()).oneshot();
    fn launch(self) -> Launch {
        Launch::new(Thread, || ())
    }
}

/// Depends on nothing and needs nothing.
struct Clock;

impl Service for Clock {
    const SPEC: Spec = Spec::new("clock", file!(), line!()).oneshot();
    fn launch(self) -> Launch {
        Launch::new(Smol, async || ())
    }
}

#[derive(clap::Args)]
struct NoOptions {}

/// The daemon `demo`, and its `http`'s options as they arrive.
fn demo() -> (Cli, std::sync::mpsc::Receiver<HttpOptions>) {
    let (to, options) = std::sync::mpsc::channel();
    let builder = ServiceRunner::builder().signals(false);
    let cli = Cli::new("demo").discover(false).builder(builder);
    let cli = cli
        .service(|options: HttpOptions| Http(options, to))
        .service(Store)
        .service(|_: NoOptions| Clock);
    (cli, options)
}

fn prepare(cli: Cli, line: &str, environment: &[(&str, &str)]) -> Result<Prepared, CliError> {
    let environment: BTreeMap<_, _> = environment.iter().copied().collect();
    let words = ["demo"].into_iter().chain(line.split_whitespace()).map(OsString::from);
    cli.prepare(words, &|name| environment.get(name).map(OsString::from))
}

/// The options of `http` in a run of `demo`.
fn http(line: &str, environment: &[(&str, &str)]) -> HttpOptions {
    let (cli, options) = demo();
    match prepare(cli, &format!("--store-path /s {line}"), environment) {
        Ok(Prepared::Run(runner)) => integration_tests::finish(runner),
        other => panic!("{other:?}"),
    }
    options.recv().expect("it ran")
}

/// What is wrong with this command line of `demo`.
fn wrong(line: &str, environment: &[(&str, &str)]) -> Vec<String> {
    match prepare(demo().0, line, environment) {
        Err(error) => error.problems().iter().map(ToString::to_string).collect(),
        Ok(other) => panic!("{other:?}"),
    }
}

fn told(cli: Cli, line: &str) -> Told {
    match prepare(cli, line, &[]) {
        Ok(Prepared::Told(told)) => told,
        other => panic!("{other:?}"),
    }
}
