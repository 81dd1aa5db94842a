//! Replays the committed inputs of each target, and inputs that are made from them: FUZZ_RUNS for each target, 300 if
//! that is not set, the same ones each time unless FUZZ_SEED says otherwise.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use integration_tests::within;
use spumoni_fuzz::{TARGETS, Target, named};

/// The longest input that is made.
const LONGEST: usize = 4096;

/// A small generator of our own, so that an input is the same with every version of every crate.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    fn below(&mut self, bound: usize) -> usize {
        usize::try_from(self.next() >> 16).unwrap_or(0) % bound.max(1)
    }

    fn bytes(&mut self, many: usize) -> Vec<u8> {
        (0..many).map(|_| self.next().to_le_bytes()[3]).collect()
    }
}

fn number(variable: &str, usual: u64) -> u64 {
    std::env::var(variable).ok().and_then(|text| text.parse().ok()).unwrap_or(usual)
}

fn inputs(target: Target) -> Vec<(PathBuf, Vec<u8>)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("corpus").join(target.name);
    let mut files: Vec<PathBuf> = fs::read_dir(&folder)
        .unwrap_or_else(|error| panic!("{}: {error}", folder.display()))
        .map(|entry| entry.expect("a readable folder").path())
        .collect();
    files.sort();
    files.into_iter().map(|file| (file.clone(), fs::read(&file).expect("readable"))).collect()
}

/// One input changed, two put together, or one of its own.
fn made(random: &mut Random, corpus: &[(PathBuf, Vec<u8>)]) -> Vec<u8> {
    let length = 1 + random.below(600);
    if corpus.is_empty() || random.below(8) == 0 {
        return random.bytes(length);
    }
    let mut input = corpus[random.below(corpus.len())].1.clone();
    for _ in 0..=random.below(4) {
        let at = random.below(input.len() + 1);
        match random.below(5) {
            0 if at < input.len() => input[at] = random.next().to_le_bytes()[2],
            1 => {
                let many = 1 + random.below(16);
                let new = random.bytes(many);
                input.splice(at..at, new);
            }
            2 => drop(input.drain(at..(at + random.below(16)).min(input.len()))),
            3 => {
                let other = &corpus[random.below(corpus.len())].1;
                input.truncate(at);
                input.extend(&other[random.below(other.len() + 1)..]);
            }
            _ if at < input.len() => input[at] ^= 1 << random.below(8),
            _ => {}
        }
    }
    input.truncate(LONGEST);
    input
}

fn replay(name: &str) {
    let target = named(name).expect("it is one of them");
    let runs = number("FUZZ_RUNS", 300);
    let limit = Duration::from_secs(120)
        + Duration::from_millis(500) * u32::try_from(runs).unwrap_or(u32::MAX);
    within(limit, move || {
        let corpus = inputs(target);
        assert!(!corpus.is_empty(), "{} has no inputs", target.name);
        for (file, input) in &corpus {
            println!("fuzz: {}", file.display());
            (target.run)(input);
        }
        let mut random = Random(number("FUZZ_SEED", 0x5eed) | 1);
        for _ in 0..runs {
            let input = made(&mut random, &corpus);
            let tried = std::panic::catch_unwind(|| (target.run)(&input));
            if let Err(panic) = tried {
                let file = std::env::temp_dir().join(format!("spumoni-fuzz-{}", target.name));
                fs::write(&file, &input).expect("writable");
                println!("fuzz: {} fails, the input is in {}", target.name, file.display());
                std::panic::resume_unwind(panic);
            }
        }
        println!("fuzz: {}: {} inputs, {runs} made from them", target.name, corpus.len());
    });
}

#[test]
fn operations_do_what_the_model_says() {
    replay("operations");
}

#[test]
fn names_are_taken_or_clearly_refused() {
    replay("names");
}

#[test]
fn no_duration_makes_anything_panic() {
    replay("durations");
}

#[test]
fn graphs_have_an_order_or_are_clearly_refused() {
    replay("graphs");
}

#[test]
fn no_line_makes_the_daemons_parser_panic() {
    replay("lines");
}

#[test]
fn every_target_is_replayed() {
    let here = include_str!("corpus.rs");
    for target in TARGETS {
        assert!(here.contains(&format!("replay({:?})", target.name)), "{}", target.name);
    }
}
