//! A target as a program for libFuzzer: the one that `FUZZ_TARGET` names.
#![no_main]

use std::sync::LazyLock;

use libfuzzer_sys::fuzz_target;
use spumoni_fuzz::{Target, named};

static TARGET: LazyLock<Target> = LazyLock::new(|| {
    let name = std::env::var("FUZZ_TARGET").unwrap_or_default();
    named(&name).unwrap_or_else(|| panic!("FUZZ_TARGET is `{name}`, and there is no such target"))
});

fuzz_target!(|bytes: &[u8]| (TARGET.run)(bytes));
