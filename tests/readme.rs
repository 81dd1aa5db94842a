//! The README says what is so: its commands, its links, its tables. Its examples are run as doctests.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

fn text(path: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(path);
    fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// What stands between the two, each time.
fn between<'a>(text: &'a str, before: &str, after: &str) -> Vec<&'a str> {
    text.split(before).skip(1).filter_map(|rest| Some(rest.split_once(after)?.0)).collect()
}

/// The rows of the table under a heading: the first cell of each.
fn first_cells(text: &str, heading: &str) -> Vec<String> {
    let section = text.split(&format!("\n## {heading}\n")).nth(1).expect(heading);
    let section = section.split("\n## ").next().unwrap_or_default();
    let rows = section.lines().filter_map(|line| line.strip_prefix("| ")?.split(" | ").next());
    rows.skip(1).map(str::to_owned).collect()
}

#[test]
fn the_two_commands_stand_alone_and_are_what_ci_runs() {
    let readme = text("README.md");
    let blocks = between(&readme, "```sh\n", "```");
    assert_eq!(blocks, ["cargo run\n", "cargo test\n"]);
    assert!(text("ci/daemon.sh").contains("'cargo run' README.md"));
    assert!(text("ci/test.sh").contains("'cargo test' README.md"));
}

#[test]
fn every_relative_link_leads_somewhere() {
    for page in [
        "README.md",
        "CONTRIBUTING.md",
        "docs/design.md",
        "docs/groups.md",
        "docs/operating.md",
        "docs/services.md",
    ] {
        let text = text(page);
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join(page);
        let folder = folder.parent().unwrap();
        for link in between(&text, "](", ")") {
            if !link.starts_with("http") {
                let file = link.split('#').next().unwrap_or_default();
                assert!(folder.join(file).exists(), "{page} links to {link}");
            }
        }
    }
}

#[test]
fn every_folder_of_the_map_is_there_and_every_member_is_in_it() {
    let readme = text("README.md");
    let map = readme.split("| folder |").nth(1).expect("a map");
    for member in between(&text("Cargo.toml"), "\n    \"", "\",") {
        let name = if member == "." { "src" } else { member };
        assert!(map.contains(&format!("`{name}/`")), "{name} is not in the map");
    }
}

#[test]
fn the_table_of_features_is_that_of_the_manifest() {
    let manifest = text("Cargo.toml");
    let features = between(&manifest, "[features]\n", "\n\n")[0];
    let features: BTreeSet<_> = features
        .lines()
        .filter_map(|line| Some(format!("`{}`", line.split_once(" = [")?.0)))
        .filter(|name| name != "`default`")
        .collect();
    let told: BTreeSet<_> = first_cells(&text("README.md"), "Features").into_iter().collect();
    assert_eq!(told, features);
}

#[test]
fn the_table_of_exit_codes_is_that_of_the_report() {
    let documented = text("runtime-core/src/report.rs");
    let table = between(&documented, "/// | code | when |\n", "///\n")[0];
    let codes =
        table.lines().filter_map(|line| line.strip_prefix("    /// | ")?.split(" | ").next());
    let codes: Vec<_> = codes.map(str::to_owned).collect();
    assert_eq!(first_cells(&text("README.md"), "Exit codes"), codes);
}

#[test]
fn every_example_is_in_the_table() {
    let readme = text("README.md");
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples");
    for file in fs::read_dir(folder).unwrap().flatten() {
        let name = file.file_name().into_string().unwrap();
        assert!(readme.contains(&format!("(examples/{name})")), "{name} is not in the README");
    }
}
