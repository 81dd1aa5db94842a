//! What a contestant has to say for itself: one method for each kind of case.

use std::sync::OnceLock;
use std::thread;
use std::time::{Duration, Instant};

use super::facts::note;
use super::payload::Payload;

/// One who is tried. A method that answers `None` says that there is no such thing there.
pub(crate) trait Adapter: Sync {
    fn name(&self) -> &'static str;

    /// How it is used here, in one sentence.
    fn about(&self) -> &'static str;

    /// Whether tasks have names there.
    fn has_names(&self) -> bool {
        true
    }

    /// Runs the payloads until all have ended, one has failed, or a stop is asked, and tells the script
    /// ([`Script::returned`]) what the API gave back.
    fn run(&self, script: &Script) -> Option<()>;

    /// Starts a task that panics, lets go of its handle, and runs on for a while.
    fn lets_go_of_a_handle(&self) -> Option<String>;

    /// Reads a handle that has given its value already; gives what that said.
    fn reads_a_handle_twice(&self) -> Option<String>;

    /// Has a task await its own handle; gives what it was answered.
    fn awaits_its_own_handle(&self) -> Option<String>;

    /// Has a task block on another task of the same executor of one thread; gives what it was answered.
    fn blocks_on_its_own_lane(&self) -> Option<String>;

    /// Hands over one more task while a stop is under way; gives what was answered, and notes `ran` if the
    /// task runs after all, `back` if the payload comes back.
    fn submits_while_stopping(&self) -> Option<String>;

    /// Starts what it needs where there are no descriptors left; gives what was answered.
    fn starts_without_descriptors(&self) -> Option<String>;

    /// Is made, used and dropped by async code of tokio's.
    fn lives_inside_tokio(&self) -> Option<String>;
}

/// What is to be run.
#[derive(Clone, Debug)]
pub(crate) struct Script {
    pub(crate) payloads: Vec<Payload>,
    /// Whether they are calls that block, for the contestant's threads, and no async code.
    pub(crate) blocking: bool,
    /// Whether the executor is to have a single thread.
    pub(crate) alone: bool,
    pub(crate) stop: Stop,
    /// How long a stop may take.
    pub(crate) deadline: Duration,
    /// How long the program lives on afterwards.
    pub(crate) linger: Duration,
}

/// Who asks for the stop.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Stop {
    /// Nobody: a failure ends it.
    Nobody,
    /// So many plain threads at the same time, when the payloads have had time to start.
    Threads(u32),
    /// A plain thread, and again a little later.
    Twice,
    /// SIGINTs from outside.
    Signal,
}

/// How long payloads get to start.
const HEAD_START: Duration = Duration::from_millis(60);
const BETWEEN: Duration = Duration::from_millis(30);

static ASKED: OnceLock<Instant> = OnceLock::new();

impl Script {
    /// Has `ask` called as the script says, by plain threads.
    pub(crate) fn ask_later(&self, ask: impl Fn() + Clone + Send + 'static) {
        let (threads, again) = match self.stop {
            Stop::Nobody | Stop::Signal => return,
            Stop::Threads(threads) => (threads, false),
            Stop::Twice => (1, true),
        };
        for _ in 0..threads {
            let ask = ask.clone();
            thread::spawn(move || {
                thread::sleep(HEAD_START);
                ASKED.get_or_init(Instant::now);
                ask();
                note("asked", "");
                if again {
                    thread::sleep(BETWEEN);
                    ask();
                    note("asked again", "");
                }
            });
        }
    }

    /// Notes that the contestant has come back to the program, and with what.
    pub(crate) fn returned(&self, told: &str) {
        let since = ASKED.get().map_or(0, |asked| asked.elapsed().as_millis());
        note("returned", &since.to_string());
        note("told", told);
        thread::sleep(self.linger);
    }
}
