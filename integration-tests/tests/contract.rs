//! The contract of a flavour, for spumoni's own and for two that a third party could have written.

use integration_tests::contract;
use integration_tests::fake::{Each, Fake};
use spumoni::{AsyncStd, Smol, Thread, Tokio};

contract!(lane tokio: super::Tokio);
contract!(lane smol: super::Smol);
contract!(lane async_std: super::AsyncStd);
contract!(pool thread: super::Thread);
contract!(lane fake_lane: super::Fake);
contract!(pool fake_pool: super::Each);
