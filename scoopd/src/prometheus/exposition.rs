//! Families of samples, kept apart where their names would fall together.
//!
//! # Invariants
//! 1. A name on the page belongs to one family only, the `_sum` and `_count` of a summary included.
//! 2. A family has one type, and of each set of labels one sample.

use std::{
    collections::{BTreeMap, HashSet},
    fmt::Write as _,
};

/// A page being put together.
#[derive(Debug, Default)]
pub(super) struct Exposition {
    families: BTreeMap<String, Family>,
    /// Every name that stands, or will stand, at the beginning of a line.
    taken: HashSet<String>,
}

#[derive(Debug)]
struct Family {
    kind: FamilyKind,
    help: String,
    samples: BTreeMap<String, Sample>,
}

/// The types of families that are used here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum FamilyKind {
    /// A sum.
    Counter,
    /// A level.
    Gauge,
    /// A count and a sum.
    Summary,
}

/// What stands behind one set of labels. Adding joins two whose names and labels fell together.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Sample {
    /// How many; of summaries only.
    pub(super) count: f64,
    /// The value.
    pub(super) sum: f64,
}

impl FamilyKind {
    fn word(self) -> &'static str {
        match self {
            FamilyKind::Counter => "counter",
            FamilyKind::Gauge => "gauge",
            FamilyKind::Summary => "summary",
        }
    }

    /// What is put after the family's name on a line.
    fn endings(self) -> &'static [&'static str] {
        match self {
            FamilyKind::Counter | FamilyKind::Gauge => &[""],
            FamilyKind::Summary => &["", "_sum", "_count"],
        }
    }
}

impl Exposition {
    /// Adds a sample. Where `name` is another type's already, the type is put behind it.
    pub(super) fn add(&mut self, name: &str, kind: FamilyKind, help: &str, at: &str, new: Sample) {
        let mut name = name.to_owned();
        while !self.may_hold(&name, kind) {
            name = format!("{name}_{}", kind.word());
        }
        self.taken.extend(kind.endings().iter().map(|ending| format!("{name}{ending}")));
        let samples = BTreeMap::new();
        let family =
            self.families.entry(name).or_insert(Family { kind, help: help.to_owned(), samples });
        let sample = family.samples.entry(at.to_owned()).or_default();
        sample.count += new.count;
        sample.sum += new.sum;
    }

    fn may_hold(&self, name: &str, kind: FamilyKind) -> bool {
        match self.families.get(name) {
            Some(family) => family.kind == kind,
            None => kind.endings().iter().all(|end| !self.taken.contains(&format!("{name}{end}"))),
        }
    }

    /// The whole page.
    pub(super) fn into_text(self) -> String {
        let mut text = String::new();
        for (name, family) in &self.families {
            let _ = writeln!(text, "# HELP {name} {}", family.help); // A String takes everything.
            let _ = writeln!(text, "# TYPE {name} {}", family.kind.word());
            for (labels, sample) in &family.samples {
                let _ = match family.kind {
                    FamilyKind::Counter | FamilyKind::Gauge => {
                        writeln!(text, "{name}{labels} {}", sample.sum)
                    }
                    FamilyKind::Summary => writeln!(
                        text,
                        "{name}_sum{labels} {}\n{name}_count{labels} {}",
                        sample.sum, sample.count
                    ),
                };
            }
        }
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn families_of_different_types_never_share_a_name() {
        let mut page = Exposition::default();
        let one = Sample { count: 1.0, sum: 2.0 };
        page.add("a", FamilyKind::Summary, "h", "", one);
        page.add("a", FamilyKind::Gauge, "h", "", one);
        page.add("a_sum", FamilyKind::Counter, "h", "", one);
        page.add("a_sum", FamilyKind::Counter, "h", "", one);
        let text = page.into_text();
        let lines: Vec<_> = text.lines().filter(|line| !line.starts_with('#')).collect();
        assert_eq!(lines, ["a_sum 2", "a_count 1", "a_gauge 2", "a_sum_counter 4"]);
    }
}
