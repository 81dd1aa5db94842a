//! What does not compile, and what the compiler then says; what does compile although it looks odd.
//!
//! The texts are those of one compiler. `TRYBUILD=overwrite` writes them anew; look at the difference. A
//! flavour whose feature is off is in `ci/features.sh`: in this workspace all features are on.

use std::process::Command;

/// The compiler whose words stand in `ui/fail/*.stderr`.
const COMPILER: &str = "rustc 1.95.";

#[test]
fn f129_mistakes_are_told_in_a_way_that_helps_and_sound_code_compiles() {
    let version = Command::new(std::env::var_os("RUSTC").unwrap_or_else(|| "rustc".into()))
        .arg("-V")
        .output();
    let version = String::from_utf8(version.expect("a compiler").stdout).expect("its version");
    let cases = trybuild::TestCases::new();
    cases.pass("tests/ui/pass/*.rs");
    if version.starts_with(COMPILER) {
        cases.compile_fail("tests/ui/fail/*.rs");
    } else {
        println!("ui: {version} words its errors in its own way; only what compiles is checked");
    }
}
