//! What the payloads of the suite fail with.

use std::fmt;

use spumoni::PanicInfo;

/// An error as libraries make them.
#[derive(Debug)]
pub(super) struct Refused;

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("connection refused")
    }
}

impl std::error::Error for Refused {}

pub(super) const DRY: &str = "the pump is dry";

/// Panics with `DRY` in line `BOOM`.
pub(super) fn boom() {
    panic!("{DRY}");
}

pub(super) const BOOM: u32 = line!() - 3;

#[track_caller]
pub(super) fn assert_is_boom(info: &PanicInfo) {
    assert_eq!(info.text(), DRY);
    let place = format!("{}:{BOOM}:", file!());
    assert!(info.location().is_some_and(|it| it.starts_with(&place)), "{info:?}");
}
