//! Every figure, in the order of the page.

use super::startup::When;
use super::{Figure, Gate, How, documents, failure, gate, leftovers, memory, overshoot, startup};
use crate::way::Way;

/// All of them.
pub(crate) fn all() -> Vec<Figure> {
    let mut all = measured();
    all.extend(read());
    all.extend(counted());
    all
}

fn measured() -> Vec<Figure> {
    vec![
        Figure {
            key: "overshoot-tokio",
            title: "stop past its deadline, tokio lane",
            goal: "< 5, < 20, < 50 ms",
            explained: "A task of the lane spins and never yields; it asks for a stop with a deadline, and the time is taken from there until `run` has given the report, less the deadline. A runner keeps the last tenth of the time for its report, so a stop that comes back before its deadline counts as 0.",
            how: How::Short(|pace| overshoot::measure(Way::Tokio, pace)),
        },
        Figure {
            key: "overshoot-smol",
            title: "stop past its deadline, smol lane",
            goal: "< 5, < 20, < 50 ms",
            explained: "The same on the smol lane.",
            how: How::Short(|pace| overshoot::measure(Way::Smol, pace)),
        },
        Figure {
            key: "overshoot-thread",
            title: "stop past its deadline, thread",
            goal: "< 5, < 20, < 50 ms",
            explained: "The same with a call on a thread of the pool.",
            how: How::Short(|pace| overshoot::measure(Way::Thread, pace)),
        },
        Figure {
            key: "failure-tokio",
            title: "from a failure to the end of `run`, tokio lane",
            goal: "p99 < 5 ms",
            explained: "A task returns an error while one task of each flavour waits for the stop; the time is taken from just before the return until `run` has given the report, with all lanes ended.",
            how: How::Short(|pace| failure::measure(Way::Tokio, pace)),
        },
        Figure {
            key: "failure-smol",
            title: "from a failure to the end of `run`, smol lane",
            goal: "p99 < 5 ms",
            explained: "The same where the task that fails is on the smol lane.",
            how: How::Short(|pace| failure::measure(Way::Smol, pace)),
        },
        Figure {
            key: "failure-thread",
            title: "from a failure to the end of `run`, thread",
            goal: "p99 < 5 ms",
            explained: "The same where it is on a thread of the pool.",
            how: How::Short(|pace| failure::measure(Way::Thread, pace)),
        },
        Figure {
            key: "sigterm-start",
            title: "SIGTERMs lost in the first 12 ms after spawn",
            goal: "≤ 3 of 200",
            explained: "A daemon whose first statement is `spumoni::signal::hold()` gets a SIGTERM at a random moment, and is lost if the signal kills it instead of ending it in good order. The goal is from the list of faults, where another program, which blocked its signals first, lost 3 of 200. It is not met here: about as many are lost by the bare handler below, at the same moments, so they come before `main`, while the kernel and the loader start the program, and no statement of a program could mend that.",
            how: How::Short(|pace| startup::measure("spumoni", When::WhileItStarts, pace)),
        },
        Figure {
            key: "sigterm-guard",
            title: "SIGTERMs lost after `hold()`",
            goal: "0",
            explained: "The same, but the signal is sent when the daemon has said that `hold()` has returned, before it has made a runner.",
            how: How::Short(|pace| startup::measure("spumoni", When::AfterTheGuard, pace)),
        },
        Figure {
            key: "sigterm-start-handler",
            title: "for comparison: a bare handler, first 12 ms",
            goal: "",
            explained: "A program whose first statement in `main` registers a handler that sets a flag, at the same moments: nothing in `main` can be sooner, so what it loses came before `main`, while the program was loaded.",
            how: How::Short(|pace| startup::measure("handler", When::WhileItStarts, pace)),
        },
        Figure {
            key: "sigterm-start-tokio",
            title: "for comparison: a plain tokio program, first 12 ms",
            goal: "",
            explained: "A program on a multi-thread tokio runtime whose first statement in `block_on` is `signal(SignalKind::terminate())`, at the same moments.",
            how: How::Short(|pace| startup::measure("tokio", When::WhileItStarts, pace)),
        },
        Figure {
            key: "sigterm-guard-tokio",
            title: "for comparison: a plain tokio program, after that statement",
            goal: "",
            explained: "The same, but the signal is sent when the program has said that its handler is there.",
            how: How::Short(|pace| startup::measure("tokio", When::AfterTheGuard, pace)),
        },
        Figure {
            key: "leftovers",
            title: "left after 1,000 runners",
            goal: "0, 0",
            explained: "Each runner runs one task on each flavour and ends; counted in `/proc` is what there is more of than after the first one, which brings smol's `async-io` thread.",
            how: How::Short(leftovers::measure),
        },
        Figure {
            key: "memory-tokio",
            title: "memory growth per million tasks, tokio lane",
            goal: "< 1 %",
            explained: "Resident memory of the process after a million adopted tasks that have ended, and after eight million more; an eighth of the difference. It comes in steps of about 64 KiB whatever the number of tasks, which are the allocator's.",
            how: How::Short(|pace| memory::measure(Way::Tokio, pace)),
        },
        Figure {
            key: "memory-thread",
            title: "memory growth per million tasks, thread",
            goal: "< 1 %",
            explained: "The same on the pool.",
            how: How::Short(|pace| memory::measure(Way::Thread, pace)),
        },
    ]
}

fn read() -> Vec<Figure> {
    vec![
        Figure {
            key: "durability",
            title: "records of scoopd after kills",
            goal: "all found",
            explained: "The daemon gets `kill -9` at random moments under load and is started again; every record whose request was answered with 200 is looked for in the database. What is found beyond those had been written, but not answered, when the kill came.",
            how: How::Script(Gate::minutes("ci/kills.sh").with("SCOOPD_KILLS", "200")),
        },
        Figure {
            key: "soak",
            title: "soak of scoopd",
            goal: "all found, nothing grows",
            explained: "The daemon under random clients, good and bad, while its services are restarted at random, it is frozen and its file is locked by somebody else, and under kills; its threads, descriptors and memory are looked at all the time. Of a request that a restart left unanswered the records may be there or not; all others are there.",
            how: How::Script(Gate::minutes("ci/soak.sh").with("SCOOPD_SOAK", "600")),
        },
        Figure {
            key: "unsafe",
            title: "`unsafe` code",
            goal: "1 file",
            explained: "Blocks, implementations and functions marked `unsafe` in what ships, and the arguments that stand beside them.",
            how: How::Short(documents::unsafe_code),
        },
        Figure {
            key: "loom",
            title: "loom",
            goal: "no failure",
            explained: "Models of the core's protocols, and the interleavings that loom has run them in.",
            how: How::Script(Gate::minutes("ci/loom.sh")),
        },
        Figure {
            key: "planted",
            title: "planted faults found",
            goal: "all",
            explained: "Wrong lines that are built in one after the other, each of which has to turn the named level of tests red.",
            how: How::Script(Gate::minutes("ci/planted.sh").read_by(gate::planted)),
        },
        Figure {
            key: "faults",
            title: "rows of the fault matrix",
            goal: "all held or documented",
            explained: "Faults that were thought of, by what happens here: held by a test on every flavour it applies to, an abort that is documented, or open.",
            how: How::Short(documents::faults),
        },
        Figure {
            key: "behaviours",
            title: "rows of the behaviours",
            goal: "none open",
            explained: "What the three systems whose ideas spumoni unites do, case by case, and whether a test shows it here.",
            how: How::Short(documents::behaviours),
        },
    ]
}

fn counted() -> Vec<Figure> {
    vec![
        Figure {
            key: "shuttle",
            title: "shuttle",
            goal: "no failure",
            explained: "Scenarios of the whole core and the pool in random schedules of their threads. What is made of locks and channels, and is no model of loom's, is here: the first of many failures, stops against stops, groups against joins, restarts against stops, pools that close.",
            how: How::Script(Gate::minutes("ci/shuttle.sh")),
        },
        Figure {
            key: "proptest",
            title: "proptest",
            goal: "no failure",
            explained: "Random steps on a runner, which is held against a reference model after each: what is alive, states, names, ends of groups, failures, the report.",
            how: How::Script(Gate::minutes("ci/model.sh").with("PROPTEST_CASES", "20000")),
        },
        Figure {
            key: "fuzz",
            title: "fuzz runs",
            goal: "no failure",
            explained: "Random bytes as operations on a runner, names, durations, graphs of dependencies, and lines that the daemon reads.",
            how: How::Script(Gate::minutes("ci/fuzz.sh").with("FUZZ_SECONDS", "60")),
        },
        Figure {
            key: "tsan",
            title: "ThreadSanitizer",
            goal: "no race of ours",
            explained: "Reports whose first frames are ours, after the triage of those that std brings; and whether a planted race is found.",
            how: How::Script(Gate::minutes("ci/tsan.sh")),
        },
        Figure {
            key: "asan",
            title: "AddressSanitizer and leaks",
            goal: "none",
            explained: "Errors and leaks in the test suite.",
            how: How::Script(Gate::minutes("ci/asan.sh")),
        },
        Figure {
            key: "valgrind",
            title: "valgrind",
            goal: "none",
            explained: "Errors of memcheck in the tests of the file that has `unsafe` code.",
            how: How::Script(Gate::minutes("ci/valgrind.sh")),
        },
        Figure {
            key: "mutants",
            title: "mutants of the core, killed of viable",
            goal: "> 90 %",
            explained: "Random changes of a few files of the core, and whether the quickest tests that cover them notice.",
            how: How::Script(Gate::hours("ci/mutants.sh")),
        },
        Figure {
            key: "flaky",
            title: "flaky tests in 500 rounds",
            goal: "none",
            explained: "Tests that fail once in so many rounds, every second one on a busy machine.",
            how: How::Script(Gate::hours("ci/rounds.sh").with("ROUNDS", "500")),
        },
    ]
}
