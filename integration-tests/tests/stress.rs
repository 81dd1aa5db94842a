//! Everybody at once: eight threads submit on all flavours, four stop handles, drop them or join them,
//! one stops the runner; and every payload is accounted for exactly once.
//!
//! FAULTS 53, 54, 58 (P1); PEERS test list 5; rules 9, 10, 15.

use std::future::pending;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;
use std::time::Duration;

use crossbeam_channel::{Receiver, Sender};
use integration_tests::calls::Calls;
use integration_tests::each::{Any, Lane};
use integration_tests::fake::{Each, Fake};
use integration_tests::gate::Gate;
use integration_tests::{LIMIT, until, within};
use spumoni::prelude::*;
use spumoni::{ExecuteError, JoinError, StopReason};

/// How many payloads are submitted before the runner is stopped; the rest comes while it stops.
const BEFORE: u64 = 4000;

/// What became of all payloads.
#[derive(Debug, Default)]
struct Tally {
    submitted: AtomicU64,
    /// Payloads by their own account: begun, or dropped without.
    began: AtomicU64,
    never: AtomicU64,
    /// Payloads by what whoever submitted them was told.
    adopted: AtomicU64,
    refused: AtomicU64,
    value: AtomicU64,
    stopped: AtomicU64,
    unread: AtomicU64,
}

fn count(which: &AtomicU64) {
    which.fetch_add(1, Ordering::Relaxed);
}

fn sum<const N: usize>(which: [&AtomicU64; N]) -> u64 {
    which.map(|one| one.load(Ordering::Relaxed)).iter().sum()
}

/// Goes along in a payload, and tells at its end whether that began.
struct Token {
    tally: Arc<Tally>,
    begun: bool,
}

impl Token {
    fn new(tally: &Arc<Tally>) -> Self {
        count(&tally.submitted);
        Token { tally: Arc::clone(tally), begun: false }
    }

    fn begin(mut self) -> Self {
        self.begun = true;
        self
    }
}

impl Drop for Token {
    fn drop(&mut self) {
        count(if self.begun { &self.tally.began } else { &self.tally.never });
    }
}

/// One thread that submits, as long as anything is taken.
struct Submitter {
    handle: Handle,
    tally: Arc<Tally>,
    handles: Sender<TaskHandle<()>>,
    random: u64,
}

impl Submitter {
    fn run(mut self) {
        // Some more than what is refused first: a cleanup may be taken in between.
        let mut refusals = 0;
        while refusals < 20 {
            self.random = self.random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            let taken = match (self.random >> 33) % 6 {
                0 => self.on_lane(Tokio),
                1 => self.on_lane(Smol),
                2 => self.on_lane(AsyncStd),
                3 => self.on_lane(Fake),
                4 => self.on_any(Thread),
                _ => self.on_any(Each),
            };
            refusals += u32::from(!taken);
        }
    }

    /// What only async payloads can do: wait for ever, and be dropped at that.
    fn on_lane<F: Lane + Any>(&self, flavour: F) -> bool {
        if !(self.random >> 40).is_multiple_of(8) {
            return self.on_any(flavour);
        }
        let token = Token::new(&self.tally);
        let waits = async move || {
            let _token = token.begin();
            pending::<()>().await
        };
        self.keep(self.handle.spawn(flavour, waits))
    }

    fn on_any<F: Any>(&self, flavour: F) -> bool {
        let token = Token::new(&self.tally);
        let call = move || drop(token.begin());
        match (self.random >> 50) % 4 {
            0 => {
                let adopted = self.handle.adopt(flavour, F::Mode::payload(call));
                self.tell(adopted, &self.tally.adopted)
            }
            1 => self.execute(flavour, F::Mode::payload(call)),
            2 => {
                // Ends when it is asked, by its handle or with all others.
                let waits = F::Mode::until_stopped(&Gate::default(), call);
                self.keep(self.handle.spawn(flavour, waits))
            }
            _ => self.keep(self.handle.spawn(flavour, F::Mode::payload(call))),
        }
    }

    fn keep<P>(&self, spawned: Result<TaskHandle<()>, spumoni::Refused<P>>) -> bool {
        match spawned {
            Ok(handle) => {
                let _ = self.handles.send(handle);
                true
            }
            Err(refused) => self.tell(Err::<(), _>(refused), &self.tally.refused),
        }
    }

    fn tell<T, P>(&self, outcome: Result<T, spumoni::Refused<P>>, taken: &AtomicU64) -> bool {
        match outcome {
            Ok(_) => count(taken),
            Err(refused) => {
                assert!(refused.is_stopping(), "{refused}");
                count(&self.tally.refused);
                return false;
            }
        }
        true
    }

    fn execute<F: Any>(
        &self,
        flavour: F,
        payload: impl spumoni::Payload<F::Mode, Output = ()>,
    ) -> bool {
        match self.handle.execute(flavour, payload) {
            Ok(()) => count(&self.tally.value),
            Err(ExecuteError::Stopped) => count(&self.tally.stopped),
            Err(ExecuteError::Refused(refused)) => {
                return self.tell(Err::<(), _>(refused), &self.tally.refused);
            }
            Err(other) => panic!("{other}"),
        }
        true
    }
}

/// One thread that has handles, until there are no more.
fn handle_all(number: u64, handles: &Receiver<TaskHandle<()>>, tally: &Tally) {
    for (turn, handle) in (number..).zip(handles) {
        let outcome = match turn % 5 {
            0 => {
                count(&tally.unread);
                drop(handle);
                continue;
            }
            1 => {
                handle.stop();
                count(&tally.unread);
                drop(handle);
                continue;
            }
            2 => {
                handle.stop();
                handle.join()
            }
            3 => {
                handle.stop();
                smol::block_on(handle)
            }
            _ => match handle.join_timeout(Duration::from_micros(50)) {
                Ok(outcome) => outcome,
                Err(handle) => {
                    handle.stop();
                    handle.join()
                }
            },
        };
        match outcome {
            Ok(()) => count(&tally.value),
            Err(JoinError::Stopped) => count(&tally.stopped),
            Err(other) => panic!("{other}"),
        }
    }
}

fn everybody_at_once(round: u64) {
    let runner = ServiceRunner::builder()
        .signals(false)
        .grace(Duration::from_millis(1))
        .pool_size(4)
        .build()
        .expect("good settings");
    let tally = Arc::<Tally>::default();
    let (handles, all) = crossbeam_channel::unbounded();
    let submitters: Vec<_> = (0..8)
        .map(|number| {
            let submitter = Submitter {
                handle: runner.handle(),
                tally: Arc::clone(&tally),
                handles: handles.clone(),
                random: round * 100 + number,
            };
            thread::spawn(move || submitter.run())
        })
        .collect();
    drop(handles);
    let handlers: Vec<_> = (0..4)
        .map(|number| {
            let (all, tally) = (all.clone(), Arc::clone(&tally));
            thread::spawn(move || handle_all(number, &all, &tally))
        })
        .collect();
    let stopper = {
        let (handle, tally) = (runner.handle(), Arc::clone(&tally));
        thread::spawn(move || {
            until(|| tally.submitted.load(Ordering::Relaxed) >= BEFORE);
            handle.stop();
        })
    };
    let report = runner.run_until_stopped();
    for thread in submitters.into_iter().chain(handlers).chain([stopper]) {
        thread.join().expect("no panic");
    }
    assert!(matches!(report.reason(), StopReason::Requested { .. }), "{report}");
    assert!(report.is_clean(), "{report}");
    assert!(report.contained().is_empty() && report.late_failures().is_empty());
    let submitted = tally.submitted.load(Ordering::Relaxed);
    assert!(submitted >= BEFORE);
    // By what was told: nothing is lost and nothing comes twice.
    let told = [&tally.adopted, &tally.refused, &tally.value, &tally.stopped, &tally.unread];
    assert_eq!(sum(told), submitted, "{tally:?}");
    // By the payloads themselves.
    until(|| sum([&tally.began, &tally.never]) >= submitted);
    assert_eq!(sum([&tally.began, &tally.never]), submitted, "{tally:?}");
    assert!(tally.refused.load(Ordering::Relaxed) >= 8 * 20, "{tally:?}");
}

#[test]
fn f058_every_payload_is_accounted_for_once_whatever_everybody_does() {
    within(LIMIT, || {
        for round in 0..20 {
            everybody_at_once(round);
        }
    });
}

/// FAULTS 54: adopted or refused, and what was adopted before the stop either ran or was dropped.
#[test]
fn f054_an_adopt_that_races_with_a_stop_is_taken_or_comes_back() {
    within(LIMIT, || {
        for round in 0..200_u64 {
            let runner = ServiceRunner::builder().signals(false).build().expect("good settings");
            let tally = Arc::<Tally>::default();
            let (handle, mine) = (runner.handle(), Arc::clone(&tally));
            let adopter = thread::spawn(move || {
                for _ in 0..20 {
                    let token = Token::new(&mine);
                    match handle.adopt(Smol, async move || drop(token.begin())) {
                        Ok(_) => count(&mine.adopted),
                        Err(_) => count(&mine.refused),
                    }
                }
            });
            until(|| tally.submitted.load(Ordering::Relaxed) >= round % 20);
            runner.stop();
            let report = runner.run();
            adopter.join().expect("no panic");
            assert!(report.is_clean(), "{report}");
            until(|| sum([&tally.began, &tally.never]) >= 20);
            assert_eq!(sum([&tally.adopted, &tally.refused]), 20, "{tally:?}");
            assert!(tally.began.load(Ordering::Relaxed) <= tally.adopted.load(Ordering::Relaxed));
        }
    });
}

/// A168.
/// Lives and deaths of runners from many threads: no stop is lost in a start.
#[test]
fn a_stop_that_races_with_a_start_is_never_lost() {
    within(LIMIT, || {
        for _ in 0..200 {
            let runner = ServiceRunner::builder().signals(false).build().expect("good settings");
            let handle = runner.handle();
            let adopter = {
                let handle = handle.clone();
                thread::spawn(move || handle.adopt(Tokio, pending::<()>).is_ok())
            };
            let stopper = thread::spawn(move || handle.stop_within(Duration::from_millis(100)));
            let report = runner.run_until_stopped();
            assert!(matches!(report.reason(), StopReason::Requested { .. }), "{report}");
            adopter.join().expect("no panic");
            stopper.join().expect("no panic");
        }
    });
}
