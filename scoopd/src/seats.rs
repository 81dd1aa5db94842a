//! A bounded number of connections, so that nobody can take them all by keeping silent.
//!
//! Whoever comes always gets a seat. If all are taken, it is the seat of the one that has been
//! silent for longest; those that never said anything whole go first.

use std::{
    collections::HashMap,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, Ordering::SeqCst},
    },
    time::{Duration, Instant},
};

use event_listener::Event;

/// The seats of one listener.
#[derive(Clone, Debug)]
pub(crate) struct Seats {
    hall: Arc<Mutex<Hall>>,
}

/// One connection's seat; free again when dropped.
#[derive(Debug)]
#[must_use = "the seat is free again once this is dropped"]
pub(crate) struct Seat {
    id: u64,
    seats: Seats,
    leave: Arc<Leave>,
}

#[derive(Debug)]
struct Hall {
    limit: usize,
    /// Goes up by one at every event; tells who spoke later.
    clock: u64,
    guests: HashMap<u64, Guest>,
}

#[derive(Debug)]
struct Guest {
    has_spoken: bool,
    last: u64,
    /// The time of `last`.
    since: Instant,
    leave: Arc<Leave>,
}

#[derive(Debug, Default)]
struct Leave {
    asked: AtomicBool,
    event: Event,
}

impl Seats {
    /// Seats for `limit` connections, one at least.
    pub(crate) fn new(limit: usize) -> Seats {
        let hall = Hall { limit: limit.max(1), clock: 0, guests: HashMap::new() };
        Seats { hall: Arc::new(Mutex::new(hall)) }
    }

    /// Takes a seat, somebody else's if need be.
    pub(crate) fn take(&self) -> Seat {
        let mut hall = self.lock();
        while hall.guests.len() >= hall.limit
            && let Some((id, _)) = hall.most_silent()
        {
            hall.dismiss(id);
        }
        let id = hall.tick();
        let leave = Arc::new(Leave::default());
        let guest =
            Guest { has_spoken: false, last: id, since: Instant::now(), leave: leave.clone() };
        hall.guests.insert(id, guest);
        Seat { id, seats: self.clone(), leave }
    }

    /// Frees some seats of those that were silent for `long`, for want of something else that
    /// connections need. Newcomers keep theirs: they had no time to speak yet.
    pub(crate) fn free_some(&self, long: Duration) {
        const SOME: usize = 16;
        let mut hall = self.lock();
        for _ in 0..SOME {
            match hall.most_silent() {
                Some((id, since)) if since.elapsed() >= long => hall.dismiss(id),
                Some(_) | None => return,
            }
        }
    }

    fn lock(&self) -> MutexGuard<'_, Hall> {
        self.hall.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Seat {
    /// Notes that something whole has come: a request, a line.
    pub(crate) fn spoke(&self) {
        let mut hall = self.seats.lock();
        let now = hall.tick();
        if let Some(guest) = hall.guests.get_mut(&self.id) {
            (guest.has_spoken, guest.last, guest.since) = (true, now, Instant::now());
        }
    }

    /// Resolves when somebody else was given the seat.
    pub(crate) async fn lost(&self) {
        loop {
            let listener = self.leave.event.listen(); // Before the look, so that no call is missed.
            if self.leave.asked.load(SeqCst) {
                return;
            }
            listener.await;
        }
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        self.seats.lock().guests.remove(&self.id);
    }
}

impl Hall {
    fn tick(&mut self) -> u64 {
        self.clock += 1;
        self.clock
    }

    fn most_silent(&self) -> Option<(u64, Instant)> {
        let most_silent =
            self.guests.iter().min_by_key(|(_, guest)| (guest.has_spoken, guest.last));
        most_silent.map(|(id, guest)| (*id, guest.since))
    }

    fn dismiss(&mut self, id: u64) {
        if let Some(guest) = self.guests.remove(&id) {
            guest.leave.asked.store(true, SeqCst);
            guest.leave.event.notify(usize::MAX);
        }
    }
}

#[cfg(test)]
mod tests {
    use futures_lite::future::{block_on, poll_once};

    use super::*;

    fn has_lost(seat: &Seat) -> bool {
        block_on(poll_once(seat.lost())).is_some()
    }

    #[test]
    fn the_newcomer_gets_the_seat_of_whoever_was_silent_for_longest() {
        let seats = Seats::new(3);
        let (first, second, third) = (seats.take(), seats.take(), seats.take());
        first.spoke();
        third.spoke();
        let fourth = seats.take();
        assert_eq!([&first, &second, &third].map(has_lost), [false, true, false]);
        first.spoke();
        fourth.spoke();
        let _fifth = seats.take();
        assert_eq!([&first, &third, &fourth].map(has_lost), [false, true, false]);
    }

    #[test]
    fn a_seat_that_was_given_up_costs_nobody_theirs() {
        let seats = Seats::new(1);
        drop(seats.take());
        let seat = seats.take();
        assert!(!has_lost(&seat));
        let other = seats.take();
        drop(seat); // Lost already: the other's seat stays taken.
        assert!(!has_lost(&other));
        let _third = seats.take();
        assert!(has_lost(&other));
    }

    #[test]
    fn newcomers_keep_their_seats_when_some_are_freed() {
        let seats = Seats::new(9);
        let (silent, speaker) = (seats.take(), seats.take());
        speaker.spoke();
        seats.free_some(Duration::from_secs(3600));
        assert!(!has_lost(&silent) && !has_lost(&speaker));
        seats.free_some(Duration::ZERO);
        assert!(has_lost(&silent) && has_lost(&speaker));
    }
}
