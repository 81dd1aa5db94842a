//! `runtime-core/src/wait`, as far as it is modelled.

#[allow(dead_code, unnameable_types, unreachable_pub)]
#[path = "../../runtime-core/src/wait/ring.rs"]
pub(crate) mod ring;
#[allow(dead_code, unexpected_cfgs, unnameable_types, unreachable_pub)]
#[path = "../../runtime-core/src/wait/graph.rs"]
pub(crate) mod graph;
