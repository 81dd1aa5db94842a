//! The routes: what is measured, of whom, and in which unit.

mod call;
mod outstanding;
mod adopt;
mod hop;
mod memory;
mod stop;
mod lifetime;
mod scale;
mod groups;
mod services;

use crate::measure::Route;

/// All of them, in the order of the table.
pub(crate) fn all() -> Vec<Route> {
    vec![
        call::idle(),
        call::hot(),
        call::thread_idle(),
        call::thread_hot(),
        outstanding::lanes(),
        outstanding::threads(),
        adopt::one(),
        adopt::four(),
        adopt::sixty_four(),
        hop::idle(),
        memory::empty(),
        memory::bytes_128(),
        memory::pending_allocations(),
        memory::adopted_allocations(),
        stop::million(),
        lifetime::one_task(),
        scale::adopt(),
        scale::pending(),
        scale::stop(),
        groups::joined(),
        groups::stopped(),
        groups::many(),
        services::started_and_stopped(),
    ]
}
