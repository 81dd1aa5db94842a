//! The line that `systemctl status` shows.

use std::sync::Arc;

use spumoni_core::{ServiceList, ServiceState, ServiceView};

/// How many names are shown of a kind.
const SHOWN: usize = 5;

/// The services in one line: `3 services ready`, `2 of 3 services ready; waiting for http`.
pub(super) fn line(services: &ServiceList, stopping: bool) -> String {
    let all = services.all();
    let names = |wanted: &dyn Fn(&ServiceView) -> bool| -> Vec<&str> {
        all.iter().filter(|one| wanted(one)).map(ServiceView::name).collect()
    };
    if stopping {
        let left = names(&|one| {
            use ServiceState::{Running, Starting, Stopping};
            matches!(one.state(), Running | Starting | Stopping)
        });
        return match left.len() {
            0 => "stopping".to_owned(),
            count => format!("stopping, {count} services left: {}", few(&left)),
        };
    }
    let at_rest = names(&|one| !one.is_ready() && !one.is_awaited());
    let ready = names(&|one| one.is_ready() && !one.is_awaited()).len();
    let waiting = names(&ServiceView::is_awaited);
    let plural = if all.len() == 1 { "" } else { "s" };
    let mut line = match waiting.len() {
        0 if ready == all.len() => format!("{ready} service{plural} ready"),
        _ => format!("{ready} of {} service{plural} ready", all.len()),
    };
    for (what, names) in [("waiting for", waiting), ("without", at_rest)] {
        if !names.is_empty() {
            line.push_str(&format!("; {what} {}", few(&names)));
        }
    }
    line
}

/// Whether the start is over: every service is ready, or at rest.
pub(super) fn is_ready(services: &ServiceList) -> bool {
    !services.all().iter().any(ServiceView::is_awaited)
}

/// What the line depends on: the state of each.
pub(super) type Seen = Vec<(Arc<str>, ServiceState, bool)>;

pub(super) fn seen(services: &ServiceList) -> Seen {
    services.all().iter().map(|one| (one.name().into(), one.state(), one.is_ready())).collect()
}

fn few(names: &[&str]) -> String {
    match names.len() {
        0..=SHOWN => names.join(", "),
        count => format!("{} and {} more", names[..SHOWN].join(", "), count - SHOWN),
    }
}
