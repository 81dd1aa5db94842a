//! How long it pays to look before one sleeps.
//!
//! Looking pays where what one waits for comes sooner than a sleeper could be woken, and what a wake-up
//! costs differs tenfold from machine to machine. So whoever waits learns how long its waits take, and
//! looks for about twice that long: hardly at all where waits take longer than looking is worth, and not
//! at all on one core.

use std::cell::Cell;
use std::hint;
use std::sync::OnceLock;
use std::thread;
use std::time::{Duration, Instant};

/// The shortest look, so that one notices when waits become short.
const SHORTEST: Duration = Duration::from_micros(1);

/// How many pauses lie between two looks at the clock.
const LOOKS: u32 = 16;

/// See the module.
pub(crate) struct Typical {
    /// How long waits took of late.
    lately: Cell<Duration>,
    /// The longest look, and the longest wait that looking is good for.
    longest: Duration,
}

fn one_core() -> bool {
    static ONE: OnceLock<bool> = OnceLock::new();
    *ONE.get_or_init(|| thread::available_parallelism().is_ok_and(|cores| cores.get() == 1))
}

impl Typical {
    pub(crate) const fn new(longest: Duration) -> Self {
        Typical { lately: Cell::new(SHORTEST), longest }
    }

    /// Looks whether `done`, for a time that began at `begin`, with so many of the processor's pauses
    /// between two looks. `false`: it is time to sleep.
    pub(crate) fn look(&self, begin: Instant, pauses: u32, done: impl Fn() -> bool) -> bool {
        if one_core() {
            return done();
        }
        let lately = self.lately.get();
        let limit = if lately > self.longest { SHORTEST } else { lately * 2 };
        let limit = limit.clamp(SHORTEST, self.longest);
        loop {
            for _ in 0..LOOKS.div_ceil(pauses) {
                if done() {
                    return true;
                }
                (0..pauses).for_each(|_| hint::spin_loop());
            }
            if begin.elapsed() > limit {
                return false;
            }
        }
    }

    /// The wait that began at `begin` is over.
    pub(crate) fn learn(&self, begin: Instant) {
        // A single long one must not be remembered for many short ones.
        let took = begin.elapsed().min(self.longest * 4);
        self.lately.set((self.lately.get() * 3 + took) / 4);
    }
}
