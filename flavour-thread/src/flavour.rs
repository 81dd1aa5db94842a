//! The value that users name, and its place in the contract.

use spumoni_core::Blocking;
use spumoni_core::flavour::{Engine, Flavour, FlavourKey};

use crate::pool::Open;

/// Payloads are called on threads: those of a pool, or, for `execute`, the caller's own.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Thread;

static KEY: FlavourKey = FlavourKey::new("thread");

impl Flavour for Thread {
    type Mode = Blocking;

    fn key(self) -> &'static FlavourKey {
        &KEY
    }

    fn engine(self) -> Engine<Blocking> {
        Engine::pool(Open)
    }
}
