//! The queue from both ends, without a writer.

use std::{sync::Arc, thread, time::Duration};

use futures_lite::future::{block_on, poll_once};

use super::{Forgotten, Inbox, QueueHandle, Taken, Work, handle::Refused, queue};
use crate::{
    counters::Counters,
    statsd::{Record, parse_line},
};

const SOON: Duration = Duration::from_secs(30);

fn records(n: usize) -> Vec<Record> {
    (0..n).map(|i| parse_line(format!("r{i}:1|c").as_bytes()).unwrap()).collect()
}

fn small() -> (QueueHandle, Inbox, Arc<Counters>) {
    let counters = Arc::new(Counters::default());
    let (handle, inbox) = queue(4, counters.clone());
    (handle, inbox, counters)
}

fn commit_all(inbox: &mut Inbox) -> usize {
    let Taken::Work(Work { batches, .. }) = inbox.take(SOON) else { panic!("nothing to take") };
    batches.into_iter().map(|batch| (batch.records().len(), batch.commit()).0).sum()
}

#[test]
fn a_batch_is_answered_after_its_commit_and_not_before() {
    let (handle, mut inbox, counters) = small();
    let mut receipt = handle.try_push(records(2)).unwrap();
    assert_eq!(block_on(poll_once(receipt.committed())), None);
    assert_eq!((counters.read().accepted, handle.held()), (2, 2));
    assert_eq!(commit_all(&mut inbox), 2);
    assert_eq!(block_on(receipt.committed()), Ok(()));
    assert_eq!(handle.held(), 0);
}

#[test]
fn a_full_queue_takes_nothing_and_counts_it_as_refused() {
    let (handle, _inbox, counters) = small();
    // One body may be larger than the whole queue, if it comes while there is room at all.
    let _receipt = handle.try_push(records(9)).unwrap();
    assert_eq!(handle.try_push(records(1)).unwrap_err(), Refused::Full);
    assert_eq!((counters.read().accepted, counters.read().refused), (9, 1));
}

#[test]
fn a_push_waits_for_room_and_goes_on_after_a_commit() {
    let (handle, mut inbox, counters) = small();
    let _receipt = handle.try_push(records(4)).unwrap();
    thread::scope(|scope| {
        let pushing = scope.spawn(|| block_on(handle.push(records(3))));
        // The commit makes room, whether the push waits already or comes later.
        assert_eq!(commit_all(&mut inbox), 4);
        assert_eq!(commit_all(&mut inbox), 3);
        assert!(pushing.join().unwrap().is_ok());
    });
    assert_eq!(counters.read().accepted, 7);
}

#[test]
fn those_that_wait_for_room_leave_some_to_those_that_wait_for_an_answer() {
    let (handle, _inbox, _) = small();
    block_on(handle.push(records(1))).unwrap();
    assert!(block_on(poll_once(handle.push(records(1)))).is_none(), "its share is full");
    let _receipt = handle.try_push(records(1)).unwrap();
}

#[test]
fn a_push_that_waits_is_released_when_the_writer_ends() {
    let (handle, inbox, counters) = small();
    let mut receipt = handle.try_push(records(4)).unwrap();
    thread::scope(|scope| {
        let pushing = scope.spawn(|| block_on(handle.push(records(3))));
        drop(inbox);
        assert_eq!(pushing.join().unwrap(), Err(Refused::Closed));
    });
    assert_eq!(handle.try_push(records(1)).unwrap_err(), Refused::Closed);
    assert_eq!(counters.read().missing(), 7);
    drop(handle);
    assert!(block_on(receipt.committed()).is_err(), "what stays in the queue is not stored");
}

#[test]
fn a_withdrawn_batch_cannot_be_claimed_and_a_claimed_one_not_withdrawn() {
    let (handle, mut inbox, counters) = small();
    let first = handle.try_push(records(2)).unwrap();
    let second = handle.try_push(records(1)).unwrap();
    handle.ask_rollup();
    assert!(first.withdraw());
    let Taken::Work(Work { batches, rollup, .. }) = inbox.take(SOON) else {
        panic!("nothing to take")
    };
    let claims = |_| batches.iter().map(|batch| batch.claim()).collect::<Vec<_>>();
    assert_eq!(([1, 2].map(claims), rollup), ([[false, true]; 2].map(Vec::from), true));
    assert!(!second.withdraw());
    assert_eq!((counters.read().accepted, counters.read().refused), (1, 2));
    drop(batches);
    assert_eq!(handle.held(), 0);
}

#[test]
fn who_asks_to_forget_is_told_when_it_is_done_or_that_nobody_does_it() {
    let (handle, mut inbox, _) = small();
    let [first, second] = [1, 2].map(|before| handle.ask_forget(before).unwrap());
    let Taken::Work(Work { forget, .. }) = inbox.take(SOON) else { panic!("nothing to take") };
    let told = Forgotten { records: 7, more: true };
    for (before, one) in (1..).zip(forget) {
        assert_eq!(one.before(), before);
        if before == 1 {
            one.done(told);
        }
    }
    assert_eq!(block_on(first), Ok(told));
    assert!(block_on(second).is_err());
}

#[test]
fn a_queue_that_is_closed_gives_what_is_left_and_then_ends() {
    let (handle, mut inbox, _) = small();
    block_on(handle.push(records(1))).unwrap();
    handle.close();
    let _receipt = handle.try_push(records(2)).unwrap(); // Late, and taken all the same.
    assert_eq!(commit_all(&mut inbox), 3);
    assert!(matches!(inbox.take(SOON), Taken::Closed), "at once");
}

#[test]
fn the_queue_is_closed_when_the_last_handle_is_gone_and_all_is_taken() {
    let (handle, mut inbox, _) = small();
    assert!(matches!(inbox.take(Duration::ZERO), Taken::Nothing));
    let other = handle.clone();
    block_on(other.push(records(1))).unwrap();
    drop((handle, other));
    assert_eq!(commit_all(&mut inbox), 1);
    assert!(matches!(inbox.take(SOON), Taken::Closed));
}
