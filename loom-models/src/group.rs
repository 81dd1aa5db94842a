//! `runtime-core/src/group`, as far as it is modelled.

#[allow(dead_code, unexpected_cfgs, unnameable_types, unreachable_pub)]
#[path = "../../runtime-core/src/group/gate.rs"]
pub(crate) mod gate;
