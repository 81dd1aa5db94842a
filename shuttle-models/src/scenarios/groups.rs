//! Members that end as they are joined, stopped and let in.

use super::{Broken, Count, runner, thread};
use crate::explore::explore;
use crate::flavours::{Lane, Other, Pool};
use crate::{Context, OnFailure, TaskState};

#[test]
fn every_end_of_a_member_goes_to_one_of_those_who_join() {
    explore("group join against members ending", || {
        let runner = runner();
        let group = runner.group("crew").open().expect("the name is free");
        for number in 0..2 {
            group.task(format!("lane-{number}")).try_adopt(Lane, async || {}).expect("open");
            group.task(format!("pool-{number}")).try_adopt(Pool, || {}).expect("open");
        }
        let group = std::sync::Arc::new(group);
        let joining: Vec<_> = (0..2)
            .map(|_| {
                let group = std::sync::Arc::clone(&group);
                thread(move || {
                    let mut ends = Vec::new();
                    while let Some(end) = group.join_next().blocking().expect("no ring") {
                        assert_eq!(end.state(), TaskState::Completed);
                        ends.push(end.name().map(str::to_owned));
                    }
                    ends
                })
            })
            .collect();
        let mut ends: Vec<_> = joining.into_iter().flat_map(|one| one.join()).collect();
        ends.sort_unstable();
        ends.dedup();
        assert_eq!(ends.len(), 4, "{ends:?}");
        assert!(group.is_empty());
        drop(group);
        assert!(runner.run().failures().is_empty());
    });
}

#[test]
fn a_group_that_stops_lets_nobody_in_and_loses_nobody() {
    explore("group stop against newcomers", || {
        let runner = runner();
        let group = std::sync::Arc::new(runner.group("crew").limit(2).open().expect("free"));
        let ended = Count::default();
        let coming: Vec<_> = (0..2)
            .map(|_| {
                let (group, ended) = (std::sync::Arc::clone(&group), ended.clone());
                thread(move || {
                    let mut taken = 0;
                    for _ in 0..2 {
                        let ended = ended.clone();
                        let waits = async move || {
                            Context::current().stopped().await;
                            ended.add();
                        };
                        taken += usize::from(group.try_adopt(Other, waits).is_ok());
                    }
                    taken
                })
            })
            .collect();
        group.stop();
        let taken: usize = coming.into_iter().map(|one| one.join()).sum();
        let ends = group.join_all().blocking().expect("no ring");
        assert_eq!(ends.len(), taken);
        assert!(taken <= 2 && ended.get() <= taken);
        drop(group);
        assert!(runner.run().abandoned().is_empty());
    });
}

#[test]
fn the_member_that_fails_is_joined_before_those_that_it_stops() {
    explore("member failing against members stopped", || {
        let runner = runner();
        let group = runner.group("crew").on_failure(OnFailure::Stop).open().expect("free");
        let ready = Count::default();
        let told = ready.clone();
        let waits = async move || {
            told.add();
            Context::current().stopped().await;
            Err::<(), _>(Broken(2))
        };
        group.try_adopt(Lane, waits).expect("open");
        while ready.get() == 0 {
            crate::stand_in::thread::yield_now();
        }
        group.try_adopt(Pool, || Err::<(), _>(Broken(1))).expect("open");
        let ends = group.join_all().blocking().expect("no ring");
        let numbers: Vec<_> = ends
            .iter()
            .filter_map(|end| Some(end.failure()?.cause().downcast_ref::<Broken>()?.0))
            .collect();
        assert_eq!(numbers, [1, 2], "{ends:?}");
        drop(group);
        drop(runner);
    });
}
