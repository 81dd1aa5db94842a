//! The value that users name, and its place in the contract.

use spumoni_core::Async;
use spumoni_core::flavour::{Engine, Flavour, FlavourKey};

use crate::drive::Drive;

/// Payloads run on tokio: one lane, one thread, one `LocalRuntime` for each runner.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tokio;

static KEY: FlavourKey = FlavourKey::new("tokio");

impl Flavour for Tokio {
    type Mode = Async;

    fn key(self) -> &'static FlavourKey {
        &KEY
    }

    fn engine(self) -> Engine<Async> {
        Engine::lane(Drive)
    }
}
