//! The layers: a module names only modules that its crate, or its folder, lists above it.
//!
//! `lib.rs` lists the modules lowest layer first, each `mod.rs` those of its folder. To know what a file
//! may touch, read the list upwards. What breaks the order is told with file and line.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

/// The crate roots whose module lists are layers.
const ROOTS: &[&str] = &[
    "runtime-core/src/lib.rs",
    "runtime-macros/src/lib.rs",
    "flavour-tokio/src/lib.rs",
    "flavour-smol/src/lib.rs",
    "flavour-thread/src/lib.rs",
    "scoopd/src/main.rs",
];

#[test]
fn every_module_names_only_modules_that_stand_above_it() {
    let workspace = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let (mut files, mut names, mut broken) = (0, 0, Vec::new());
    for root in ROOTS {
        let tree = Tree::of(&workspace.join(root));
        for file in &tree.files {
            files += 1;
            for (line, path) in named(&code(&text(&file.at))) {
                names += 1;
                if let Err(why) = tree.judge(file, &path) {
                    let at = file.at.strip_prefix(&workspace).unwrap_or(&file.at).display();
                    broken.push(format!("{at}:{line}: `{}` {why}", path.join("::")));
                }
            }
        }
    }
    println!("layers: {names} paths in {files} files looked at, {} broken", broken.len());
    assert!(names > 100, "too few paths to be true: {names}");
    assert!(broken.is_empty(), "against the layers:\n{}", broken.join("\n"));
}

#[test]
fn a_path_is_read_out_of_every_kind_of_import() {
    let text = r#"
        //! crate::not::this
        use crate::{a::b, c::{self, d::E}, f as g};
        pub(crate) use crate::h;
        fn x() { crate::i::J::new(); super::k() } // crate::nor::this
        let s = "crate::nor_this";
        #[cfg(test)]
        mod tests { use crate::z; }
    "#;
    let names: Vec<_> = named(&code(text)).into_iter().map(|(_, path)| path.join("::")).collect();
    assert_eq!(
        names,
        ["crate::a::b", "crate::c", "crate::c::d::E", "crate::f", "crate::h", "crate::i::J::new"]
    );
}

/// The modules of a crate: the place of each in the list of its parent.
struct Tree {
    /// By module path, without `crate`.
    places: BTreeMap<Vec<String>, usize>,
    files: Vec<File>,
}

struct File {
    at: PathBuf,
    module: Vec<String>,
}

impl Tree {
    fn of(root: &Path) -> Self {
        let mut tree = Tree { places: BTreeMap::new(), files: Vec::new() };
        tree.read(root, root.parent().expect("a folder of sources"), &[]);
        tree
    }

    /// Takes in the modules that the file `list` lists; those of a folder are listed by its `mod.rs`.
    fn read(&mut self, list: &Path, folder: &Path, parent: &[String]) {
        for (place, (name, file)) in listed(&text(list)).into_iter().enumerate() {
            let module = [parent, std::slice::from_ref(&name)].concat();
            // One of two files, chosen by a `cfg`: the first place counts.
            self.places.entry(module.clone()).or_insert(place);
            let (file, inner) = (folder.join(file), folder.join(&name));
            if file.exists() {
                self.files.push(File { at: file, module });
            } else {
                self.read(&inner.join("mod.rs"), &inner, &module);
            }
        }
    }

    /// Whether `file` may name `path`: where the two part, the path's module stands above the file's.
    fn judge(&self, file: &File, path: &[String]) -> Result<(), String> {
        let path = &path[1..];
        let shared = path.iter().zip(&file.module).take_while(|(a, b)| a == b).count();
        // The file's own module, or one below it.
        if shared == file.module.len() {
            return Ok(());
        }
        let Some(named) = path.get(..=shared) else {
            return Err("names a module that the file itself is part of".to_owned());
        };
        match (self.places.get(named), self.places.get(&file.module[..=shared])) {
            (Some(theirs), Some(ours)) if theirs > ours => {
                Err(format!("stands below `{}`", file.module[..=shared].join("::")))
            }
            (Some(_), Some(_)) => Ok(()),
            // An item of the parent's own. The root has only what it re-exports from below.
            (None, _) if shared > 0 => Ok(()),
            (None, _) => Err("is no module of the crate: name where the item is".to_owned()),
            (_, None) => unreachable!("every file is in the list"),
        }
    }
}

/// The modules that a root or a `mod.rs` lists, in its order, each with the file where it may be.
fn listed(text: &str) -> Vec<(String, String)> {
    let mut modules = Vec::new();
    let mut elsewhere = None;
    for line in text.lines().map(str::trim) {
        if let Some(path) = line.strip_prefix("#[path = \"") {
            elsewhere = path.strip_suffix("\"]").map(str::to_owned);
        }
        let line = line.split("//").next().unwrap_or_default().trim_end();
        let line = line.strip_prefix("pub(crate) ").or(line.strip_prefix("pub ")).unwrap_or(line);
        let name = line.strip_prefix("mod ").and_then(|line| line.strip_suffix(';'));
        if let Some(name) = name.filter(|name| *name != "tests") {
            let file = elsewhere.take().unwrap_or_else(|| format!("{name}.rs"));
            modules.push((name.to_owned(), file));
        }
    }
    modules
}

fn text(file: &Path) -> String {
    fs::read_to_string(file).unwrap_or_else(|error| panic!("{}: {error}", file.display()))
}

/// The text without comments, strings and unit tests, line for line.
fn code(text: &str) -> String {
    let mut kept = Vec::new();
    for line in text.lines() {
        if line.trim() == "#[cfg(test)]" {
            break;
        }
        let line = line.split("//").next().unwrap_or_default();
        kept.push(line.split('"').step_by(2).collect::<Vec<_>>().join("\"\""));
    }
    kept.join("\n")
}

/// Every path that begins with `crate`, groups taken apart, with its line.
fn named(code: &str) -> Vec<(usize, Vec<String>)> {
    let mut found = Vec::new();
    for (start, _) in code.match_indices("crate::") {
        let is_word = |c: char| c.is_alphanumeric() || c == '_' || c == '$';
        if code[..start].ends_with(is_word) {
            continue;
        }
        let line = code[..start].lines().count().max(1);
        let mut paths = Vec::new();
        read_path(&code[start..], &mut Vec::new(), &mut paths);
        found.extend(paths.into_iter().map(|path| (line, path)));
    }
    found
}

/// Reads one path, or the paths of a group, and gives what is left of the text.
fn read_path<'a>(text: &'a str, base: &mut Vec<String>, paths: &mut Vec<Vec<String>>) -> &'a str {
    let text = text.trim_start();
    if let Some(mut text) = text.strip_prefix('{') {
        loop {
            text = read_path(text, &mut base.clone(), paths).trim_start();
            match text.strip_prefix(',') {
                Some(rest) if !rest.trim_start().starts_with('}') => text = rest,
                rest => {
                    let text = rest.unwrap_or(text).trim_start();
                    return text.strip_prefix('}').unwrap_or(text);
                }
            }
        }
    }
    let end = text.find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(text.len());
    let (word, rest) = text.split_at(end);
    if word != "self" && !word.is_empty() {
        base.push(word.to_owned());
    }
    if let Some(rest) = rest.strip_prefix("::") {
        return read_path(rest, base, paths);
    }
    paths.push(base.clone());
    // A renamed import: `a as b`.
    match rest.trim_start().strip_prefix("as ") {
        Some(renamed) => {
            let renamed = renamed.trim_start();
            &renamed[renamed.find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(0)..]
        }
        None => rest,
    }
}
