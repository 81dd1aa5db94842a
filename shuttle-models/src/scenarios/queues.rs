//! Items that are handed over as their queue closes.

use super::{Count, runner, thread};
use crate::explore::explore;
use crate::flavours::{Lane, Pool};
use crate::{Attempt, Item};

/// What was taken is done, what was not came back.
#[test]
fn what_is_submitted_as_a_queue_closes_is_done_or_comes_back() {
    explore("submit against close", || {
        let runner = runner();
        let done = Count::default();
        let counted = done.clone();
        let work = move |item: &Item<usize>| {
            counted.add();
            Attempt::Done(**item)
        };
        let queue = runner.queue("jobs").workers(2).capacity(2).open(Pool, work).expect("free");
        let submitting: Vec<_> = (0..2)
            .map(|first| {
                let queue = queue.clone();
                thread(move || {
                    let (mut taken, mut back) = (0, 0);
                    for item in 0..2 {
                        match queue.submit_blocking(10 * first + item) {
                            Ok(handle) => {
                                assert_eq!(handle.join().ok(), Some(10 * first + item));
                                taken += 1;
                            }
                            Err(error) => {
                                assert_eq!(error.into_payload(), 10 * first + item);
                                back += 1;
                            }
                        }
                    }
                    (taken, back)
                })
            })
            .collect();
        queue.close();
        let sums: Vec<(usize, usize)> = submitting.into_iter().map(|one| one.join()).collect();
        assert_eq!(sums.iter().map(|(taken, back)| taken + back).sum::<usize>(), 4);
        assert_eq!(sums.iter().map(|(taken, _)| taken).sum::<usize>(), done.get());
        drop(queue);
        let report = runner.run();
        assert!(report.failures().is_empty() && report.abandoned().is_empty(), "{report}");
    });
}

/// The same where the whole runner stops.
#[test]
fn what_is_submitted_as_the_runner_stops_is_done_or_comes_back() {
    explore("submit against stop", || {
        let runner = runner();
        let done = Count::default();
        let counted = done.clone();
        let work = async move |_: &Item<usize>| counted.add();
        let queue = runner.queue("jobs").workers(1).open(Lane, work).expect("free");
        let submitting = thread(move || {
            let handles: Vec<_> = (0..3).map(|item| queue.submit_blocking(item)).collect();
            let joined = handles.into_iter().map(|handle| match handle {
                Ok(handle) => handle.join().is_ok(),
                Err(_) => false,
            });
            joined.filter(|is_done| *is_done).count()
        });
        let handle = runner.handle();
        let stopping = thread(move || handle.stop());
        let report = runner.run_until_stopped();
        stopping.join();
        assert_eq!(submitting.join(), done.get(), "{report}");
        assert!(report.abandoned().is_empty(), "{report}");
    });
}
