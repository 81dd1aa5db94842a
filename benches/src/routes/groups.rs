//! Groups: the cost of a member when a group has a thousand of them and when it has a hundred thousand, and of a
//! group when there are ten thousand.

use std::time::Duration;

use spumoni::{Group, ServiceRunner, Smol, Thread, Tokio};
use tokio::task::JoinSet;

use crate::gate;
use crate::measure::{Contestant, Effort, Pace, Route, timed};
use crate::peers::{CurrentThread, Laned, Peer as _};
use crate::record::Kind::{self, Peer, Spumoni};
use crate::routes::memory::Still;

const MEMBERS: [u64; 3] = [1_000, 10_000, 100_000];
const GROUPS: [u64; 3] = [100, 1_000, 10_000];

/// Members that end by themselves: from the first to the end of the join.
pub(crate) fn joined() -> Route {
    Route {
        name: "scale-members",
        title: "members of one group, from the first submission until all are joined",
        unit: "ns a member",
        pace: Pace::Long,
        contestants: grown(
            MEMBERS,
            &[
                ("tokio JoinSet", Peer, joined_set),
                ("spumoni, group on the tokio lane", Spumoni, joined_group::<Tokio>),
                ("spumoni, group on the smol lane", Spumoni, joined_group::<Smol>),
                ("spumoni, group of all flavours", Spumoni, joined_mixed),
            ],
        ),
    }
}

/// Members that stay: from the wish until all are joined.
pub(crate) fn stopped() -> Route {
    Route {
        name: "scale-members-stop",
        title: "stopping one group, from the wish until all members are joined",
        unit: "ns a member",
        pace: Pace::Long,
        contestants: grown(
            MEMBERS,
            &[
                ("tokio JoinSet, abort_all", Peer, stopped_set),
                ("spumoni, group on the tokio lane", Spumoni, stopped_group::<Tokio>),
                ("spumoni, group on the smol lane", Spumoni, stopped_group::<Smol>),
            ],
        ),
    }
}

/// Groups of one member each, all open at the same time.
pub(crate) fn many() -> Route {
    Route {
        name: "scale-groups",
        title: "groups of one member, from the first until all are joined and dropped",
        unit: "ns a group",
        pace: Pace::Long,
        contestants: grown(
            GROUPS,
            &[
                ("tokio JoinSet", Peer, many_sets),
                ("spumoni, group on the tokio lane", Spumoni, many_groups::<Tokio>),
                ("spumoni, group on the smol lane", Spumoni, many_groups::<Smol>),
            ],
        ),
    }
}

type Row = (&'static str, Kind, fn(&Effort, u64) -> f64);

/// Each of them with each number.
fn grown(sizes: [u64; 3], rows: &[Row]) -> Vec<Contestant> {
    let with = |size: u64| {
        let row = move |&(name, kind, turn): &Row| {
            Contestant::new(name, kind, move |effort| turn(effort, size) / size as f64).of(size)
        };
        rows.iter().map(row)
    };
    sizes.into_iter().flat_map(with).collect()
}

/// A runner whose lane is there, and a group of it whose members are cancelled as soon as they are asked.
fn group_of<F: Laned>(effort: &Effort) -> (ServiceRunner, Group) {
    effort.start(|| {
        let runner = ServiceRunner::new();
        runner.execute(F::default(), async || ()).expect("it runs");
        let group = runner.group("all").grace(Duration::ZERO).open().expect("it opens");
        (runner, group)
    })
}

fn end(runner: ServiceRunner) {
    runner.stop();
    let report = runner.run();
    assert!(report.failures().is_empty(), "{report}");
}

fn joined_group<F: Laned>(effort: &Effort, members: u64) -> f64 {
    let (runner, group) = group_of::<F>(effort);
    let took = timed(|| {
        for _ in 0..members {
            let member = group.adopt_blocking(F::default(), async || gate::hit(1));
            member.expect("it is taken");
        }
        join(&group, members);
    });
    drop(group);
    end(runner);
    took
}

fn joined_mixed(effort: &Effort, members: u64) -> f64 {
    let (runner, group) = group_of::<Tokio>(effort);
    let took = timed(|| {
        for member in 0..members {
            let taken = match member % 3 {
                0 => group.adopt_blocking(Tokio, async || gate::hit(1)).is_ok(),
                1 => group.adopt_blocking(Smol, async || gate::hit(1)).is_ok(),
                _ => group.adopt_blocking(Thread, || gate::hit(1)).is_ok(),
            };
            assert!(taken);
        }
        join(&group, members);
    });
    drop(group);
    end(runner);
    took
}

fn join(group: &Group, members: u64) {
    let ends = group.join_all().blocking().expect("it ends");
    assert_eq!(ends.len() as u64, members);
}

fn stopped_group<F: Laned>(effort: &Effort, members: u64) -> f64 {
    let (runner, group) = group_of::<F>(effort);
    for _ in 0..members {
        group.adopt_blocking(F::default(), Still::<0>::new).expect("it is taken");
    }
    runner.execute(F::default(), async || ()).expect("it runs");
    let took = timed(|| {
        group.stop();
        join(&group, members);
    });
    drop(group);
    end(runner);
    took
}

fn many_groups<F: Laned>(effort: &Effort, groups: u64) -> f64 {
    let (runner, all) = group_of::<F>(effort);
    let took = timed(|| {
        let open = |number: u64| {
            let group = all.group(number.to_string()).open().expect("it opens");
            group.adopt_blocking(F::default(), async || gate::hit(1)).expect("it is taken");
            group
        };
        let groups: Vec<Group> = (0..groups).map(open).collect();
        groups.iter().for_each(|group| join(group, 1));
    });
    drop(all);
    end(runner);
    took
}

fn joined_set(effort: &Effort, members: u64) -> f64 {
    let lane = effort.start(CurrentThread::start);
    timed(|| {
        let mut set = JoinSet::new();
        for _ in 0..members {
            set.spawn_on(async { gate::hit(1) }, &lane.handle);
        }
        let ends = lane.handle.block_on(set.join_all());
        assert_eq!(ends.len() as u64, members);
    })
}

fn stopped_set(effort: &Effort, members: u64) -> f64 {
    let lane = effort.start(CurrentThread::start);
    let mut set = JoinSet::new();
    for _ in 0..members {
        set.spawn_on(Still::<0>::new(), &lane.handle);
    }
    let last = lane.handle.spawn(async {});
    lane.handle.block_on(last).expect("it ends well");
    timed(|| {
        set.abort_all();
        lane.handle.block_on(async { while set.join_next().await.is_some() {} });
    })
}

fn many_sets(effort: &Effort, groups: u64) -> f64 {
    let lane = effort.start(CurrentThread::start);
    timed(|| {
        let open = |_| {
            let mut set = JoinSet::new();
            set.spawn_on(async { gate::hit(1) }, &lane.handle);
            set
        };
        let sets: Vec<JoinSet<()>> = (0..groups).map(open).collect();
        for set in sets {
            lane.handle.block_on(set.join_all());
        }
    })
}
