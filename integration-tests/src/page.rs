//! Pages of `docs/` whose tables name tests, and the tests as their sources name them: what holds the two
//! together.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::{env, fs};

/// A function of the tests.
#[derive(Debug)]
pub struct Test {
    /// As pages call it: `stop/asked.rs::a_stop_needs_no_run`.
    pub path: String,
    /// The function alone.
    pub name: String,
    /// Its doc comment, as one line.
    pub doc: String,
}

/// Every function with a name in some folders.
#[derive(Debug, Default)]
pub struct Tests(Vec<Test>);

impl Tests {
    /// Reads the sources below the folders, each given with what pages put in front of the file's path.
    /// Folders stand below this package.
    ///
    /// # Panics
    ///
    /// A file cannot be read.
    #[must_use]
    pub fn read(folders: &[(&str, &str)]) -> Self {
        let mut tests = Tests::default();
        for (prefix, folder) in folders {
            let folder = root().join(folder);
            for file in sources(&folder) {
                let below = file.strip_prefix(&folder).expect("it was found there");
                let name = format!("{prefix}{}", below.display());
                tests.take(&name, &fs::read_to_string(&file).expect("a source"));
            }
        }
        tests
    }

    fn take(&mut self, file: &str, source: &str) {
        let mut doc = String::new();
        for line in source.lines().map(str::trim) {
            if let Some(text) = line.strip_prefix("///") {
                doc.push_str(text);
            } else if let Some(name) = function(line) {
                let doc = std::mem::take(&mut doc);
                self.0.push(Test { path: format!("{file}::{name}"), name: name.to_owned(), doc });
            } else if !line.starts_with("#[") {
                doc.clear();
            }
        }
    }

    /// Which tests show which rows, by what `rows` reads out of each.
    #[must_use]
    pub fn by_row(&self, rows: impl Fn(&Test) -> Vec<String>) -> Shown {
        let mut shown = Shown::default();
        for test in &self.0 {
            for row in rows(test) {
                shown.0.entry(row).or_default().insert(test.path.clone());
            }
        }
        shown
    }
}

fn function(line: &str) -> Option<&str> {
    let line = line.strip_prefix("pub ").unwrap_or(line);
    let name = line.strip_prefix("fn ")?;
    name.split(['(', '<']).next()
}

/// The tests of each row.
#[derive(Debug, Default)]
pub struct Shown(BTreeMap<String, BTreeSet<String>>);

impl Shown {
    /// The rows that some test shows.
    pub fn rows(&self) -> impl Iterator<Item = &str> {
        self.0.keys().map(String::as_str)
    }

    /// The cell of a row: its tests, or what stands there, unless that names tests, which are gone then.
    #[must_use]
    pub fn cell(&self, row: &str, stands: &str) -> String {
        match self.0.get(row) {
            Some(tests) => {
                let tests: Vec<String> = tests.iter().map(|test| format!("`{test}`")).collect();
                tests.join(", ")
            }
            None if names_tests(stands) => String::new(),
            None => stands.to_owned(),
        }
    }
}

fn names_tests(cell: &str) -> bool {
    cell.starts_with('`') && cell.contains(".rs::")
}

/// The cells of a table's row, if the line is one.
#[must_use]
pub fn cells(line: &str) -> Option<Vec<&str>> {
    let inner = line.strip_prefix("| ")?.strip_suffix('|')?;
    Some(inner.split(" | ").map(str::trim).collect())
}

/// A page of `docs/`.
#[derive(Debug)]
pub struct Page {
    path: PathBuf,
    /// What stands there now.
    pub text: String,
    update: &'static str,
}

impl Page {
    /// Reads `docs/NAME`. With the environment variable `update` set, [`hold`](Page::hold) mends it.
    ///
    /// # Panics
    ///
    /// There is no such page.
    #[must_use]
    pub fn read(name: &str, update: &'static str) -> Self {
        let path = root().join("../docs").join(name);
        let text = fs::read_to_string(&path).expect("the page");
        Page { path, text, update }
    }

    /// The page with each line as `line` makes it; `None` leaves it as it is.
    #[must_use]
    pub fn with(&self, line: impl Fn(&str) -> Option<String>) -> String {
        let line = |old: &str| line(old).unwrap_or_else(|| old.to_owned()) + "\n";
        self.text.lines().map(line).collect()
    }

    /// Insists that the page is as it ought to be, or makes it so if the environment asks for that.
    ///
    /// # Panics
    ///
    /// It is not, and is not to be mended.
    pub fn hold(&self, ought: &str) {
        if ought == self.text {
            return;
        }
        if env::var_os(self.update).is_some() {
            fs::write(&self.path, ought).expect("the page is written");
            return;
        }
        let lines = self.text.lines().zip(ought.lines());
        let stale: Vec<_> = lines.filter(|(was, is)| was != is).collect();
        let (update, page) = (self.update, self.path.display());
        panic!("set {update}=1 and run this again to mend {page}: {stale:#?}");
    }

    /// The tests that the page names and that are not there.
    #[must_use]
    pub fn names_in_vain(&self, tests: &Tests) -> Vec<&str> {
        let known: BTreeSet<&str> = tests.0.iter().map(|test| &*test.path).collect();
        let named = self.text.split('`').filter(|text| text.contains(".rs::"));
        named.filter(|test| !known.contains(test)).collect()
    }
}

fn sources(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        if path.is_dir() && !path.ends_with("ui") {
            found.extend(sources(&path));
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.push(path);
        }
    }
    found
}

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}
