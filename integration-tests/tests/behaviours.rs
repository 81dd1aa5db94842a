//! `docs/behaviours.md` and the tests say the same: every case has a row, and every row its tests.
//!
//! The numbers in the tests' doc comments are the source, the last column of the table comes out of them.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::{env, fs};

/// Letter, the highest number, and the numbers below that were given to no case.
const CASES: [(char, u32, &[u32]); 3] = [
    ('O', 39, &[9, 12, 21, 33, 36]),
    (
        'A',
        169,
        &[
            7, 12, 23, 31, 34, 41, 47, 60, 66, 72, 77, 83, 88, 95, 99, 104, 110, 118, 125, 131,
            138, 145, 152, 159, 164,
        ],
    ),
    ('T', 122, &[6, 18, 34, 46, 53, 55, 73, 74, 75, 76, 86, 92, 96, 101, 105, 110, 113, 118, 119]),
];

/// What stands in the last column of a case that nothing shows yet.
const OPEN: &str = "open: ";

#[test]
fn every_case_has_one_row_and_every_row_a_test_or_a_reason() {
    // As it ought to be: whether it is so is the next test's question.
    let page = Cited::read().page(&fs::read_to_string(page()).unwrap());
    let rows: Vec<Row<'_>> = page.lines().filter_map(Row::of).collect();
    let named: Vec<&str> = rows.iter().map(|row| row.case).filter(|case| is_case(case)).collect();
    let once: BTreeSet<&str> = named.iter().copied().collect();
    assert_eq!(named.len(), once.len(), "a case has two rows");
    let missing: Vec<String> = cases().filter(|case| !once.contains(case.as_str())).collect();
    assert!(missing.is_empty(), "no row: {missing:?}");
    let unknown: Vec<&&str> =
        once.iter().filter(|case| !cases().any(|known| known == ***case)).collect();
    assert!(unknown.is_empty(), "no such case: {unknown:?}");
    let empty: Vec<&str> =
        rows.iter().filter(|row| row.last.is_empty()).map(|row| row.case).collect();
    assert!(empty.is_empty(), "neither test nor reason: {empty:?}");
    let open = rows.iter().filter(|row| row.last.starts_with(OPEN)).count();
    println!("behaviours: {} rows, {open} open", rows.len());
}

#[test]
fn the_tests_of_every_row_are_those_that_cite_its_case() {
    let page = fs::read_to_string(page()).unwrap();
    let cited = Cited::read();
    let unknown: Vec<_> =
        cited.cases.keys().filter(|case| !cases().any(|known| known == **case)).collect();
    assert!(unknown.is_empty(), "doc comments cite what is no case: {unknown:?}");
    let now = cited.page(&page);
    if now == page {
        return;
    }
    if env::var_os("UPDATE_BEHAVIOURS").is_some() {
        fs::write(self::page(), now).unwrap();
        return;
    }
    let stale: Vec<_> = page.lines().zip(now.lines()).filter(|(was, is)| was != is).collect();
    panic!("set UPDATE_BEHAVIOURS=1 and run this again to mend docs/behaviours.md: {stale:#?}");
}

#[test]
fn every_test_that_a_row_names_exists() {
    let page = fs::read_to_string(page()).unwrap();
    let cited = Cited::read();
    let gone: Vec<&str> = page
        .split('`')
        .filter(|text| text.contains(".rs::"))
        .filter(|test| !cited.tests.contains(*test))
        .collect();
    assert!(gone.is_empty(), "no such test: {gone:#?}");
}

/// A row of the page.
struct Row<'a> {
    case: &'a str,
    asked: &'a str,
    last: &'a str,
}

impl<'a> Row<'a> {
    fn of(line: &'a str) -> Option<Self> {
        let mut cells = line.strip_prefix("| ")?.strip_suffix('|')?.split(" | ").map(str::trim);
        let (case, asked, last) = (cells.next()?, cells.next()?, cells.next()?);
        case.ends_with(|c: char| c.is_ascii_digit()).then_some(Row { case, asked, last })
    }
}

/// What the sources say.
#[derive(Default)]
struct Cited {
    /// Every function with a name, as the page calls it.
    tests: BTreeSet<String>,
    /// Who proves each case.
    cases: BTreeMap<String, BTreeSet<String>>,
}

impl Cited {
    fn read() -> Self {
        let mut cited = Cited::default();
        let (tests, contract) = (root().join("tests"), root().join("src/contract"));
        for file in sources(&tests).into_iter().chain(sources(&contract)) {
            let below = if file.starts_with(&tests) { tests.clone() } else { root().join("src") };
            let name = file.strip_prefix(below).unwrap().to_str().unwrap();
            cited.take(name, &fs::read_to_string(&file).unwrap());
        }
        cited
    }

    fn take(&mut self, file: &str, source: &str) {
        let mut doc = String::new();
        for line in source.lines().map(str::trim) {
            if let Some(text) = line.strip_prefix("///") {
                doc.push_str(text);
            } else if let Some(name) = function(line) {
                let test = format!("{file}::{name}");
                for case in cases_in(&doc) {
                    self.cases.entry(case).or_default().insert(test.clone());
                }
                self.tests.insert(test);
                doc.clear();
            } else if !line.starts_with("#[") {
                doc.clear();
            }
        }
    }

    /// The page as it ought to be.
    fn page(&self, page: &str) -> String {
        page.lines().map(|line| format!("{}\n", self.line(line))).collect()
    }

    fn line(&self, line: &str) -> String {
        let Some(Row { case, asked, last }) = Row::of(line) else { return line.to_owned() };
        let tests = self.cases.get(case);
        let last = match tests {
            Some(tests) => {
                let tests: Vec<String> = tests.iter().map(|test| format!("`{test}`")).collect();
                tests.join(", ")
            }
            // The test is gone, and was no reason.
            None if is_case(case) && last.starts_with('`') && last.contains(".rs::") => {
                String::new()
            }
            None => last.to_owned(),
        };
        format!("| {case} | {asked} | {last} |")
    }
}

fn function(line: &str) -> Option<&str> {
    let line = line.strip_prefix("pub ").unwrap_or(line);
    let name = line.strip_prefix("fn ")?;
    name.split(['(', '<']).next()
}

/// The cases that a doc comment cites: `A63`, `A14–A19`, `A14 to A19`.
fn cases_in(doc: &str) -> Vec<String> {
    let words: Vec<&str> =
        doc.split([' ', ',', '.', ':', ';', '(', ')']).filter(|word| !word.is_empty()).collect();
    let mut found = Vec::new();
    for (at, word) in words.iter().enumerate() {
        let (first, last) = word.split_once('–').unwrap_or((word, word));
        let (Some(first), Some(mut last)) = (number(first), number(last)) else { continue };
        if let [_, "to", to, ..] = words[at..]
            && let Some(to) = number(to)
        {
            last = to;
        }
        found.extend((first.1..=last.1).map(|n| format!("{}{n}", first.0)).filter(|case| {
            // Ranges go over numbers that are no cases.
            first.1 == last.1 || cases().any(|known| known == *case)
        }));
    }
    found
}

fn number(word: &str) -> Option<(char, u32)> {
    let letter = word.chars().next().filter(|letter| CASES.iter().any(|of| of.0 == *letter))?;
    Some((letter, word[1..].parse().ok()?))
}

fn is_case(case: &str) -> bool {
    number(case).is_some()
}

fn cases() -> impl Iterator<Item = String> {
    CASES.into_iter().flat_map(|(letter, highest, gaps)| {
        (1..=highest).filter(|n| !gaps.contains(n)).map(move |n| format!("{letter}{n}"))
    })
}

fn sources(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).unwrap().map(Result::unwrap) {
        let path = entry.path();
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

fn page() -> PathBuf {
    root().join("../docs/behaviours.md")
}
