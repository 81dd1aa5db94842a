//! `docs/behaviours.md` and the tests say the same: every case has a row, and every row its tests.
//!
//! The numbers in the tests' doc comments are the source, the last column of the table comes out of them.

use std::collections::BTreeSet;

use integration_tests::page::{Page, Shown, Tests, cells};

/// Letter, the highest number, and the numbers below that were given to no case.
const CASES: [(char, u32, &[u32]); 4] = [
    ('O', 39, &[9, 12, 21, 33, 36]),
    ('S', 95, &[12, 15, 23, 26, 81, 88, 89]),
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
    let page = ought(&page());
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
    let cited = cited();
    let unknown: Vec<_> =
        cited.rows().filter(|case| !cases().any(|known| known == **case)).collect();
    assert!(unknown.is_empty(), "doc comments cite what is no case: {unknown:?}");
    let page = page();
    page.hold(&ought(&page));
}

#[test]
fn every_test_that_a_row_names_exists() {
    let page = page();
    let gone = page.names_in_vain(&tests());
    assert!(gone.is_empty(), "no such test: {gone:#?}");
}

fn page() -> Page {
    Page::read("behaviours.md", "UPDATE_BEHAVIOURS")
}

fn tests() -> Tests {
    Tests::read(&[("", "tests"), ("contract/", "src/contract")])
}

/// Who proves each case.
fn cited() -> Shown {
    tests().by_row(|test| cases_in(&test.doc))
}

/// The page as it ought to be.
fn ought(page: &Page) -> String {
    let cited = cited();
    page.with(|line| {
        // Rows of other names are written by hand.
        let Row { case, asked, last } = Row::of(line).filter(|row| is_case(row.case))?;
        Some(format!("| {case} | {asked} | {} |", cited.cell(case, last)))
    })
}

/// A row of the page.
struct Row<'a> {
    case: &'a str,
    asked: &'a str,
    last: &'a str,
}

impl<'a> Row<'a> {
    fn of(line: &'a str) -> Option<Self> {
        let cells = cells(line)?;
        let [case, asked, last, ..] = *cells else { return None };
        case.ends_with(|c: char| c.is_ascii_digit()).then_some(Row { case, asked, last })
    }
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
