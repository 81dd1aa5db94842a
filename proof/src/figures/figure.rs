//! What a figure is: its key, its words, and how it is had.

use crate::Error;

/// One line of the first table.
pub(crate) struct Figure {
    pub(crate) key: &'static str,
    pub(crate) title: &'static str,
    /// What is to come out; empty where there is no goal.
    pub(crate) goal: &'static str,
    /// One sentence for the page.
    pub(crate) explained: &'static str,
    pub(crate) how: How,
}

/// How a figure is had.
pub(crate) enum How {
    /// It is measured in seconds.
    Short(fn(&Pace) -> Result<Measured, Error>),
    /// It is measured in minutes, and only with `--all` or when it is asked for by its key.
    Long(fn(&Pace) -> Result<Measured, Error>),
    /// Not by this program: by that command, if there is one.
    NotRun(Option<&'static str>),
}

/// How much of everything.
pub(crate) struct Pace {
    pub(crate) quick: bool,
    pub(crate) kills: u32,
    /// In seconds.
    pub(crate) soak: u32,
}

impl Pace {
    /// So much, or a tenth of it.
    pub(crate) fn of(&self, whole: u32) -> u32 {
        if self.quick { (whole / 10).max(1) } else { whole }
    }
}

/// What came out.
#[derive(Debug)]
pub(crate) struct Measured {
    pub(crate) value: String,
    pub(crate) tried: String,
}
