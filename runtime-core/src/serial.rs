//! The report and the tree as data: `serde::Serialize`, with durations in seconds.

use std::sync::Arc;
use std::time::Duration;

use serde::ser::{Serialize, SerializeStruct, Serializer};

use crate::failure::{Failure, TaskLabel};
use crate::inspect::{BusyView, GroupView, HomeView, TaskView, Tree};
use crate::queue::QueueCounters;
use crate::report::{StopReport, Straggler};
use crate::runner::health::{Health, LaneHealth};
use crate::runner::runs::RunCounters;
use crate::service::set_view::ServiceSetView;
use crate::service::view::{ServiceList, ServiceView};
use crate::service::warning::ServiceWarning;
use crate::unwind::PanicInfo;

/// Serialises a type as a struct of the given fields, each an expression over `$this`.
macro_rules! fields {
    ($type:ty, |$this:ident| { $($name:literal: $value:expr),+ $(,)? }) => {
        impl Serialize for $type {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                let $this = self;
                let count = [$($name),+].len();
                let mut fields = serializer.serialize_struct(stringify!($type), count)?;
                $(fields.serialize_field($name, &$value)?;)+
                fields.end()
            }
        }
    };
}

fn seconds(duration: Duration) -> f64 {
    duration.as_secs_f64()
}

fields!(TaskLabel, |it| {
    "id": it.id.as_u64(),
    "name": it.name(),
    "path": it.path(),
    "flavour": it.flavour.as_str(),
    "spawned_at": it.spawned_at.to_string(),
});

fields!(TaskView, |it| {
    "task": it.label,
    "state": it.state.to_string(),
    "age": it.age.map(seconds),
    "polls": it.polls,
});

fields!(BusyView, |it| {
    "task": it.task,
    "held": seconds(it.held),
});

fields!(HomeView, |it| {
    "flavour": it.flavour.as_str(),
    "waiting": it.waiting,
    "answered": it.answered,
    "busy": it.busy,
    "tasks": it.tasks,
});

fields!(GroupView, |it| {
    "group": it.label,
    "body": it.body.map(|state| state.to_string()),
    "children": it.children,
    "stopping": it.stopping,
    "alive": it.alive,
    "limit": it.limit,
    "waiting": it.waiting,
    "ended": it.ended,
    "groups": it.groups,
});

fields!(Tree, |it| {
    "runner": it.runner,
    "age": seconds(it.age),
    "stopping": it.stopping,
    "alive": it.alive,
    "groups": it.groups,
    "homes": it.homes,
});

fields!(PanicInfo, |it| {
    "text": it.text(),
    "location": it.location(),
    "thread": it.thread(),
});

fields!(Failure, |it| {
    "task": it.task,
    "cause": it.cause.to_string(),
    "panic": it.cause.as_panic(),
    "at": seconds(it.age),
});

fields!(Straggler, |it| {
    "task": it.task,
    "held": seconds(it.held),
});

fields!(ServiceWarning, |it| {
    "key": it.key(),
    "text": it.text(),
    "at": seconds(it.at()),
});

fields!(ServiceView, |it| {
    "name": it.name(),
    "flavour": it.flavour.as_str(),
    "file": it.spec.file(),
    "line": it.spec.line(),
    "added_at": it.added_at.to_string(),
    "state": it.state.to_string(),
    "ready": it.ready,
    "set": it.set.as_deref(),
    "after": texts(&it.after),
    "waits_for": texts(&it.waits_for),
    "workers": it.workers,
    "restarts": it.restarts,
    "failure": it.failure,
    "warnings": it.warnings,
    "unhealthy": it.unhealthy,
    "failed_checks": it.failed_checks,
    "skipped": it.skipped,
    "ready_after": it.ready_after.map(seconds),
    "stop_took": it.stop_took.map(seconds),
});

fields!(ServiceSetView, |it| {
    "name": it.name(),
    "within": it.within(),
    "restarting": it.restarting,
    "failed": it.failed,
    "restarts": it.restarts,
    "failure": it.failure,
});

fields!(ServiceList, |it| {
    "services": it.services,
    "sets": it.sets,
    "started": texts(&it.started),
    "stopped": texts(&it.stopped),
});

fn texts(names: &[Arc<str>]) -> Vec<&str> {
    names.iter().map(|name| &**name).collect()
}

fields!(LaneHealth, |it| {
    "flavour": it.flavour.as_str(),
    "answered": it.answered,
    "busy": it.busy,
});

fields!(Health, |it| {
    "live": it.is_live(),
    "ready": it.is_ready(),
    "started": it.is_started(),
    "stopping": it.stopping,
    "lanes": it.lanes,
    "services": it.services.services,
});

fields!(StopReport, |it| {
    "runner": it.runner(),
    "reason": it.reason().to_string(),
    "exit_code": it.exit_code(),
    "forced": it.is_forced(),
    "asked_at": seconds(it.asked_at()),
    "took": seconds(it.took()),
    "failures": it.failures(),
    "abandoned": it.abandoned(),
    "left": it.left(),
    "contained": it.contained(),
    "services": it.services(),
});

fields!(QueueCounters, |it| {
    "submitted": it.submitted(),
    "waiting": it.waiting(),
    "delayed": it.delayed(),
    "running": it.running(),
    "done": it.done(),
    "failed": it.failed(),
    "cancelled": it.cancelled(),
    "not_done": it.not_done(),
    "attempts": it.attempts(),
    "later": it.later(),
    "refused": it.refused(),
    "busy": seconds(it.busy()),
    "longest": seconds(it.longest()),
    "waited": seconds(it.waited()),
    "longest_wait": seconds(it.longest_wait()),
});

fields!(RunCounters, |it| {
    "runs": it.runs(),
    "failed": it.failed(),
    "slow": it.slow(),
    "later": it.later(),
    "busy": seconds(it.busy()),
    "longest": seconds(it.longest()),
    "last": seconds(it.last()),
});
