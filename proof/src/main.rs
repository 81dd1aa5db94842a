//! Measures what `docs/reliability.md` tells and writes that page: spumoni's own figures, and the same faults
//! tried on its peers. One command: `cargo run --release -p spumoni-proof -- --write docs/reliability.md`.
//!
//! What must be fresh, or is to be killed, is a child: this same program, called with `child` first.
//! Linux only: it reads `/proc`.
#![forbid(unsafe_code)]

#[cfg(not(target_os = "linux"))]
compile_error!("the proof reads /proc; it runs on Linux only");

mod date;
mod spread;
mod machine;
mod record;
mod child;
mod way;
mod figures;
mod peers;
mod roles;
mod page;
mod flags;
mod session;

use std::process::ExitCode;

use clap::Parser;

type Error = Box<dyn std::error::Error + Send + Sync>;

fn main() -> ExitCode {
    // Before anything else: for some children every microsecond until their first statement counts.
    let mut args = std::env::args().skip(1);
    if args.next().as_deref() == Some(child::ROLE) {
        return roles::play(args);
    }
    match session::run(&flags::Flags::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("spumoni-proof: {error}");
            ExitCode::from(2)
        }
    }
}
