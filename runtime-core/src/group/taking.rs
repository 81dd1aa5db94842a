//! Who takes the ends of a group's members, and what becomes of those that nobody takes.

use crate::failure::{Cause, Failure};
use crate::group::end::MemberEnd;
use crate::group::node::GroupCore;
use crate::task::contract::Owner;
use crate::unwind;

impl GroupCore {
    /// Takes the end that came first; `None` while there is none but may be one.
    pub(crate) fn take_next(&self) -> Option<Option<MemberEnd>> {
        // Nobody alive is looked at before the ends (invariant 2).
        let over = self.kept() == 0;
        match self.account.lock().ends.take(1).pop() {
            Some(end) => Some(Some(end)),
            None => over.then_some(None),
        }
    }

    /// Takes the first `wanted` ends; fewer if nobody is alive any more. `None` while there are too few.
    pub(crate) fn take_first(&self, wanted: usize) -> Option<Vec<MemberEnd>> {
        let over = self.kept() == 0;
        let mut account = self.account.lock();
        if !over && account.ends.len() < wanted {
            return None;
        }
        Some(account.ends.take(wanted))
    }

    /// Takes all ends there are, one at least, unless nobody is alive.
    pub(crate) fn take_any(&self) -> Option<Vec<MemberEnd>> {
        let over = self.kept() == 0;
        let mut account = self.account.lock();
        (over || account.ends.len() > 0).then(|| account.ends.take(usize::MAX))
    }

    /// Takes all ends when nobody is alive any more. When only transient members are left, they are asked
    /// to stop.
    pub(crate) fn take_all(&self) -> Option<Vec<MemberEnd>> {
        if self.kept() == 0 {
            self.stop_transient();
        }
        let over = self.alive() == 0;
        over.then(|| self.account.lock().ends.take(usize::MAX))
    }

    /// Nobody joins any more. What failed and was not joined falls to the parent, as do later failures.
    pub(crate) fn release(&self) {
        let (failures, results): (Vec<Failure>, _) = {
            let mut account = self.account.lock();
            account.released = true;
            let results = std::mem::take(&mut account.results);
            let ends = account.ends.take(usize::MAX);
            let ended = ends.into_iter().flat_map(MemberEnd::into_failures);
            let failing = account.living.values_mut().flat_map(|member| {
                member.failure.take().into_iter().chain(member.stopper_failure.take())
            });
            (ended.chain(failing).collect(), results)
        };
        self.drop_results(results);
        // One counts at the root meanwhile: no report is made between the first failure and the last.
        let counted = !failures.is_empty() && self.root.admit(true, false).is_ok();
        for failure in failures {
            self.above().failed(failure);
        }
        if counted {
            self.root.let_out(false);
        }
        self.free_name();
    }

    /// Drops results that nobody took. They are the user's, so a panic in there ends nothing.
    pub(super) fn drop_results<T>(&self, results: T) {
        if let Err(info) = unwind::discard(results) {
            let (task, age) = (self.label.clone(), self.root.age());
            self.root.contained(Failure { task, cause: Cause::Panic(info), age });
        }
    }
}
