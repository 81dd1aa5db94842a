//! Copies the properties and the model out of the tests, whose functions are called here by their names.

use std::env;
use std::error::Error;
use std::fs;
use std::path::{Path, PathBuf};

const TESTS: &str = "../integration-tests/tests";
/// The files, below `TESTS`.
const FILES: [&str; 8] = [
    "properties/durations.rs",
    "properties/graphs.rs",
    "properties/names.rs",
    "model/step.rs",
    "model/payload.rs",
    "model/reference.rs",
    "model/handing_over.rs",
    "model/driver.rs",
];

fn main() -> Result<(), Box<dyn Error>> {
    let out = PathBuf::from(env::var("OUT_DIR")?);
    println!("cargo::rerun-if-changed=build.rs");
    let mut root = String::new();
    for file in FILES.iter().chain(&["model/ending.rs"]) {
        let from = Path::new(TESTS).join(file);
        println!("cargo::rerun-if-changed={}", from.display());
        let text =
            fs::read_to_string(&from).map_err(|error| format!("{}: {error}", from.display()))?;
        let path = Path::new(file);
        let name =
            path.file_stem().and_then(|name| name.to_str()).ok_or("a file without a name")?;
        let to = out.join(format!("{name}.rs"));
        fs::write(&to, text.replace("#[test]\nfn ", "pub(crate) fn "))?;
        // The strategies of the properties are not used here.
        root.push_str(&format!("#[allow(dead_code)]\n#[path = {to:?}]\nmod {name};\n"));
    }
    fs::write(out.join("tests.rs"), root)?;
    Ok(())
}
