//! `docs/faults.md` and the tests say the same: every fault has a row, and every row its tests or a reason.
//!
//! The numbers in the names of the tests are the source (`f016_f018_…` shows two rows), the fourth column of
//! the table comes out of them.

use std::collections::{BTreeMap, BTreeSet};

use integration_tests::page::{Page, Shown, Test, Tests, cells};

/// The numbers of all faults. Those that are not there were given to none.
const FAULTS: &str = "1 2 3 5 7 8 9 10 11 13 14 16 17 18 19 20 21 22 24 25 26 27 28 \
    29 30 31 32 33 34 36 37 38 39a 39b \
    39 40 41 42 43 44 45 46 48 49 50 51 52 \
    53 54 55 56 57 58 61 62a \
    62 64 65 66 67 68 69 70 71 72 73 74 75 76 77 79 80 81 81a \
    82 83 84 85 86 87 88 89 91 92 93 94 95 96 97 \
    99 100 102 104 105 106 107 108 108a \
    110 111 112 114 115 116 117 118 \
    120 121 122 123 125 126 127 128 129";

/// What the state of a row may begin with, and whether something has to show it.
const STATES: [(&str, bool); 4] =
    [("held", true), ("abort, documented", true), ("documented", false), ("open: ", false)];

#[test]
fn every_fault_has_one_row_with_its_tests_and_a_state() {
    // As it ought to be: whether it is so is the next test's question.
    let page = ought(&page());
    let rows: Vec<Row<'_>> = page.lines().filter_map(Row::of).collect();
    let named: Vec<&str> = rows.iter().map(|row| row.fault).collect();
    let once: BTreeSet<&str> = named.iter().copied().collect();
    assert_eq!(named.len(), once.len(), "a fault has two rows");
    assert_eq!(once, FAULTS.split_whitespace().collect(), "the rows are not those of the list");
    let mut states = BTreeMap::<&str, usize>::new();
    for row in &rows {
        assert!(!row.asked.is_empty() && !row.here.is_empty(), "row {} says nothing", row.fault);
        let state = STATES.iter().find(|(state, _)| row.state.starts_with(state));
        let Some((state, shown)) = state else { panic!("row {}: {}", row.fault, row.state) };
        assert!(
            !shown || !row.tests.is_empty(),
            "row {} is {state}, and no test shows it",
            row.fault
        );
        *states.entry(state.trim_end_matches(": ")).or_default() += 1;
    }
    let counts: Vec<String> =
        states.iter().map(|(state, rows)| format!("{rows} {state}")).collect();
    println!("faults: {} rows, {}", rows.len(), counts.join(", "));
}

#[test]
fn the_tests_of_every_row_are_those_with_its_number() {
    let shown = shown();
    let known: BTreeSet<&str> = FAULTS.split_whitespace().collect();
    let unknown: Vec<_> = shown.rows().filter(|row| !known.contains(row)).collect();
    assert!(unknown.is_empty(), "the names of tests have numbers of no fault: {unknown:?}");
    let page = page();
    page.hold(&ought(&page));
}

#[test]
fn every_test_that_a_row_of_the_faults_names_exists() {
    let page = page();
    let gone = page.names_in_vain(&tests());
    assert!(gone.is_empty(), "no such test: {gone:#?}");
}

#[test]
fn the_numbers_are_read_out_of_the_name() {
    let read = |name: &str| {
        let test = Test { path: String::new(), name: name.to_owned(), doc: String::new() };
        faults_in(&test)
    };
    assert_eq!(read("f016_f018_a_task_that_holds_its_thread"), ["16", "18"]);
    assert_eq!(read("f039a_two_stops_are_one"), ["39a"]);
    assert_eq!(read("f7_x"), [""; 0]);
    assert_eq!(read("fork_f016_is_no_number"), [""; 0]);
}

fn page() -> Page {
    Page::read("faults.md", "UPDATE_FAULTS")
}

fn tests() -> Tests {
    Tests::read(&[
        ("", "tests"),
        ("contract/", "src/contract"),
        ("loom-models/", "../loom-models/src"),
        ("shuttle-models/", "../shuttle-models/src"),
        ("runtime-core/", "../runtime-core/src"),
    ])
}

/// The tests of each fault.
fn shown() -> Shown {
    tests().by_row(faults_in)
}

/// The page as it ought to be.
fn ought(page: &Page) -> String {
    let shown = shown();
    page.with(|line| {
        let Row { fault, asked, here, tests, state } = Row::of(line)?;
        let tests = shown.cell(fault, tests);
        Some(format!("| {fault} | {asked} | {here} | {tests} | {state} |"))
    })
}

/// The numbers in front of a test's name: `f039a_` is 39a.
fn faults_in(test: &Test) -> Vec<String> {
    let number = |part: &str| {
        let number = part.strip_prefix('f')?;
        let digits = number.trim_end_matches(|c: char| c.is_ascii_lowercase());
        let is_one = digits.len() == 3 && digits.bytes().all(|digit| digit.is_ascii_digit());
        is_one.then(|| number.trim_start_matches('0').to_owned())
    };
    test.name.split('_').map_while(number).collect()
}

/// A row of the page.
struct Row<'a> {
    fault: &'a str,
    asked: &'a str,
    here: &'a str,
    tests: &'a str,
    state: &'a str,
}

impl<'a> Row<'a> {
    fn of(line: &'a str) -> Option<Self> {
        let [fault, asked, here, tests, state] = *cells(line)? else { return None };
        fault.starts_with(|c: char| c.is_ascii_digit()).then_some(Row {
            fault,
            asked,
            here,
            tests,
            state,
        })
    }
}
