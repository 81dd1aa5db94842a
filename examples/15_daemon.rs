//! A daemon with a command line: options of its services as flags, variables and a file.
//!
//! ```text
//! store keeps 3 greetings
//! hello, world
//! ```
//! It says at its end
//! ```text
//! service `greeter` ended without being asked to
//! ```
//! Exit code: 0
//!
//! Try also, after `--`: `--help`, `--greeter-whom moon`, `--list-services`, `--check`, `--only store`; and with
//! `HELLO_GREETER_WHOM=moon` in the environment.
use std::process::ExitCode;

use spumoni::cli::Cli;
use spumoni::prelude::*;

#[derive(clap::Args)]
struct StoreOptions {
    /// How many greetings to keep
    #[arg(long, default_value_t = 3, value_parser = clap::value_parser!(u32).range(1..=10))]
    size: u32,
}

// Found without being listed anywhere, and with it its flags.
#[service(flavour = "thread", oneshot, options = StoreOptions)]
fn store(options: &StoreOptions) {
    println!("store keeps {} greetings", options.size);
}

#[derive(clap::Args)]
struct GreeterOptions {
    /// Whom to greet
    #[arg(long, default_value = "world")]
    whom: String,
}

struct Greeter(GreeterOptions);

// Made of its options in `main`.
#[service(flavour = "tokio", after = ["store"])]
impl Greeter {
    async fn run(&self) {
        println!("hello, {}", self.0.whom);
    }
}

fn main() -> ExitCode {
    Cli::new("hello").about("Greets").service(Greeter).run()
}
