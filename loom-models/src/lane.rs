//! `runtime-core/src/lane`, as far as it is modelled.

#[allow(dead_code, unexpected_cfgs, unnameable_types, unreachable_pub)]
#[path = "../../runtime-core/src/lane/bell.rs"]
pub(crate) mod bell;
