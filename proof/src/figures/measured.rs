//! What a measurement is told, and what it gives.

/// How much of everything.
pub(crate) struct Pace {
    pub(crate) quick: bool,
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
