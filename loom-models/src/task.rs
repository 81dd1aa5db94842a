//! `runtime-core/src/task`, as far as it is modelled.

#[allow(dead_code, unexpected_cfgs, unnameable_types, unreachable_pub)]
#[path = "../../runtime-core/src/task/state.rs"]
pub(crate) mod state;
#[allow(dead_code, unexpected_cfgs, unnameable_types, unreachable_pub)]
#[path = "../../runtime-core/src/task/lifecycle.rs"]
pub(crate) mod lifecycle;
