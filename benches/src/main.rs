//! Measures spumoni's public API beside the physical limit and the routes that one would write without
//! it. One command: `cargo run --release -p spumoni-bench`; `docs/performance.md` explains each route.
//!
//! Whatever a ratio compares was measured in one process, in turns. Linux only: the limits are its
//! futex and its eventfd.
#![deny(unsafe_code)]

#[cfg(not(target_os = "linux"))]
compile_error!("the benchmark measures against Linux's futex and eventfd; it runs nowhere else");

mod counting;
mod gate;
mod place;
mod record;
mod machine;
mod measure;
mod peers;
mod routes;
mod daemon;
mod goals;
mod table;
mod picture;
mod flags;
mod session;

use std::process::ExitCode;

use clap::Parser;

fn main() -> ExitCode {
    match session::run(&flags::Flags::parse()) {
        Ok(code) => code,
        Err(error) => {
            eprintln!("spumoni-bench: {error}");
            ExitCode::from(2)
        }
    }
}
