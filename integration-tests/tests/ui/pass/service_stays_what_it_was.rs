//! The attribute leaves documentation, visibility and attributes alone, and the body callable.
#![deny(missing_docs, unused, unreachable_pub)]

mod inner {
    use spumoni::prelude::*;

    /// Doubles.
    #[derive(Debug)]
    pub(crate) struct Doubler {
        /// What to double.
        pub(crate) value: u32,
    }

    #[service(flavour = "thread", name = "doubles")]
    impl Doubler {
        /// Works where there is no runner.
        #[must_use = "an error stops the runner"]
        pub(crate) fn run(&self) -> Result<(), std::fmt::Error> {
            if self.double() == 0 { Err(std::fmt::Error) } else { Ok(()) }
        }

        /// Any other method.
        pub(crate) const fn double(&self) -> u32 {
            self.value * 2
        }
    }

    #[service(flavour = "thread")]
    pub(crate) fn nothing() {}
}

fn main() {
    inner::nothing();
    let doubler = inner::Doubler { value: 2 };
    assert_eq!((doubler.run(), doubler.double()), (Ok(()), 4));
    assert_eq!(<inner::Doubler as spumoni::Service>::SPEC.name(), "doubles");
}
