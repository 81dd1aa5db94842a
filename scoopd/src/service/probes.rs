//! Looks how the runner is, for supervisors and people: on a thread of its own, which no lane that hangs can hold up,
//! and no flood of questions can multiply.

use crossbeam_channel::{Receiver, Sender};
use spumoni::{Health, prelude::*};
use tokio::sync::oneshot; // Tied to no runtime: the thread answers.

/// Answers who asks; `None` ends it.
type Question = Option<oneshot::Sender<Health>>;

/// Looks when somebody asks, once for all who ask meanwhile.
#[derive(Debug)]
pub(crate) struct Probes {
    questions: Sender<Question>,
    asked: Receiver<Question>,
}

#[service(flavour = "thread", name = "probes", on_stop = Self::end, restart = "on-failure")]
impl Probes {
    fn run(&self, cx: &Context) {
        let handle = cx.handle();
        while let Ok(first) = self.asked.recv() {
            let questions: Vec<Question> =
                std::iter::once(first).chain(self.asked.try_iter()).collect();
            let health = handle.health();
            for question in questions.into_iter().flatten() {
                let _ = question.send(health.clone()); // Who has gone wants no answer.
            }
            if cx.is_stopping() {
                return;
            }
        }
    }

    /// Wakes the thread, which sees the stop itself.
    fn end(&self) {
        let _ = self.questions.send(None); // The other end is here too.
    }
}

impl Probes {
    /// Nobody has asked yet.
    pub(crate) fn new() -> Probes {
        let (questions, asked) = crossbeam_channel::unbounded();
        Probes { questions, asked }
    }

    /// How the runner is now; `None` if nobody is there to look any more.
    ///
    /// # Cancellation
    ///
    /// May be asked again.
    pub(crate) async fn health(&self) -> Option<Health> {
        let (question, answer) = oneshot::channel();
        let _ = self.questions.send(Some(question));
        answer.await.ok()
    }
}
