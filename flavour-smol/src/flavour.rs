//! The value that users name, and its place in the contract.

use spumoni_core::Async;
use spumoni_core::flavour::{Engine, Flavour, FlavourKey};

use crate::drive::Drive;

/// Payloads run on smol: one lane, one thread, one local executor for each runner.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Smol;

static KEY: FlavourKey = FlavourKey::new("smol");

impl Flavour for Smol {
    type Mode = Async;

    fn key(self) -> &'static FlavourKey {
        &KEY
    }

    fn engine(self) -> Engine<Async> {
        Engine::lane(Drive)
    }
}
