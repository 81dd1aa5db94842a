//! Waits for several tasks of different flavours: `gather`, `select`, `wait`, and `race`.

mod gather;
mod select;
mod wait;
mod rings;
mod race;

use integration_tests::gate::Gate;
use integration_tests::until;
use spumoni::prelude::*;

/// Three tasks that give 1, "two" and 3.0, each on a flavour of its own, when its gate is opened.
struct Three {
    handles: (TaskHandle<i32>, TaskHandle<&'static str>, TaskHandle<f64>),
    gates: [Gate; 3],
}

impl Three {
    fn of(runner: &Handle) -> Self {
        let gates = [Gate::default(), Gate::default(), Gate::default()];
        let [first, second, third] = gates.clone();
        let first = runner.task("first").spawn(Tokio, async move || {
            first.pass().await;
            1
        });
        let second = runner.task("second").spawn(Smol, async move || {
            second.pass().await;
            "two"
        });
        let third = runner.task("third").spawn(Thread, move || {
            third.pass_blocking();
            3.0
        });
        let handles = (first.expect("taken"), second.expect("taken"), third.expect("taken"));
        Three { handles, gates }
    }

    /// Opens the gates in this order, each when the task before has ended.
    fn end(&self, order: [usize; 3]) {
        for place in order {
            self.gates[place].open();
            until(|| self.is_finished(place));
        }
    }

    fn is_finished(&self, place: usize) -> bool {
        match place {
            0 => self.handles.0.is_finished(),
            1 => self.handles.1.is_finished(),
            _ => self.handles.2.is_finished(),
        }
    }
}

/// Tasks on all flavours in turn that wait each at a gate of its own and give their number.
fn many(runner: &Handle, count: usize) -> (Vec<TaskHandle<usize>>, Vec<Gate>) {
    let gates: Vec<Gate> = (0..count).map(|_| Gate::default()).collect();
    let handles = gates.iter().cloned().enumerate().map(|(n, gate)| {
        let handle = match n % 4 {
            0 => runner.spawn(Tokio, move || pass(gate, n)).map_err(drop),
            1 => runner.spawn(Smol, move || pass(gate, n)).map_err(drop),
            2 => runner.spawn(AsyncStd, move || pass(gate, n)).map_err(drop),
            _ => {
                let waits = move || {
                    gate.pass_blocking();
                    n
                };
                runner.spawn(Thread, waits).map_err(drop)
            }
        };
        handle.expect("taken")
    });
    (handles.collect(), gates)
}

async fn pass(gate: Gate, n: usize) -> usize {
    gate.pass().await;
    n
}
