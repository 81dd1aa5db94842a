//! What is known of a service before it runs: what stands in the parentheses of `#[service(…)]`.

use std::fmt;

/// What a service is called and where it stands. Built by the attribute, or by hand.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Spec {
    name: &'static str,
    file: &'static str,
    line: u32,
}

impl Spec {
    /// A service of this name, defined there: `Spec::new("sampler", file!(), line!())`.
    #[must_use]
    pub const fn new(name: &'static str, file: &'static str, line: u32) -> Self {
        Spec { name, file, line }
    }

    /// The service's name.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        self.name
    }

    /// The file in which it stands.
    #[must_use]
    pub const fn file(&self) -> &'static str {
        self.file
    }

    /// The line at which it stands.
    #[must_use]
    pub const fn line(&self) -> u32 {
        self.line
    }
}

impl fmt::Display for Spec {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "service `{}` at {}:{}", self.name, self.file, self.line)
    }
}

impl fmt::Debug for Spec {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Spec({} at {}:{})", self.name, self.file, self.line)
    }
}
