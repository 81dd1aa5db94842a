//! Random services in random sets, each of which fails a few times before it stays: all of them run in the end, and
//! no run ever begins beside the one before it.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use integration_tests::{LIMIT, runner, within};
use parking_lot::Mutex;
use proptest::prelude::*;
use spumoni::prelude::*;
use spumoni::{
    Backoff, Intensity, Launch, Restart, ServiceList, ServiceState, StopReason, StopReport,
    Strategy as Along,
};

use crate::Made;

const QUICK: Backoff = Backoff::new(Duration::ZERO, Duration::from_micros(500));

#[derive(Clone, Debug)]
struct Plan {
    after: BTreeSet<usize>,
    set: Option<usize>,
    /// So many of its runs fail, at their begin or when they were ready.
    fails: usize,
    late: bool,
    /// How often it is restarted by itself, until its set hears of it.
    restarts: Option<u32>,
    along: Along,
    on_a_thread: bool,
}

#[derive(Clone, Debug)]
struct Case {
    /// Within which earlier one each stands, and who goes along.
    sets: Vec<(Option<usize>, Along)>,
    plans: Vec<Plan>,
    /// A stop when so many runs have begun; else when all run.
    stop_at: Option<usize>,
}

#[derive(Default)]
struct Model {
    runs: Vec<usize>,
    up: BTreeSet<usize>,
    wrong: Vec<String>,
}

type Shared = Arc<Mutex<Model>>;

impl Model {
    /// Gives which run it is, from 0 on.
    fn begins(&mut self, who: usize) -> usize {
        if !self.up.insert(who) {
            self.wrong.push(format!("s{who} began beside itself"));
        }
        self.runs[who] += 1;
        self.runs[who] - 1
    }

    fn has_settled(&self, case: &Case) -> bool {
        self.runs.iter().zip(&case.plans).all(|(runs, plan)| *runs > plan.fails)
    }
}

/// Ends with the run, however that ends.
struct Run(Shared, usize);

impl Drop for Run {
    fn drop(&mut self) {
        self.0.lock().up.remove(&self.1);
    }
}

/// What a run does before it stays: fails, or says that it is ready.
fn begin(model: &Shared, who: usize, plan: &Plan) -> anyhow::Result<Run> {
    let number = model.lock().begins(who);
    let run = Run(Arc::clone(model), who);
    let fails = number < plan.fails;
    if !fails || plan.late {
        Context::current().ready();
    }
    anyhow::ensure!(!fails, "run {number} of s{who}");
    Ok(run)
}

fn body(model: &Shared, who: usize, plan: &Plan) -> Launch {
    let (model, plan) = (Arc::clone(model), plan.clone());
    if plan.on_a_thread {
        Launch::repeat(Thread, move || {
            let _run = begin(&model, who, &plan)?;
            Context::current().stopped_blocking();
            anyhow::Ok(())
        })
    } else {
        Launch::repeat(Smol, move || {
            let (model, plan) = (Arc::clone(&model), plan.clone());
            async move {
                let _run = begin(&model, who, &plan)?;
                Context::current().stopped().await;
                anyhow::Ok(())
            }
        })
    }
}

fn run(case: &Case) -> (StopReport, Shared) {
    let model = Shared::default();
    model.lock().runs = vec![0; case.plans.len()];
    let (runner, endless) = (runner(), Intensity::new(u32::MAX, LIMIT));
    for (at, (within, along)) in case.sets.iter().enumerate() {
        let set = runner.service_set(format!("set{at}")).backoff(QUICK).intensity(endless);
        let set = set.strategy(*along);
        let set = match within {
            Some(within) => set.within(format!("set{within}")),
            None => set,
        };
        set.add().expect("new");
    }
    for (who, plan) in case.plans.iter().enumerate() {
        let service = runner.service(Made(body(&model, who, plan))).name(format!("s{who}"));
        let service = service.after(plan.after.iter().map(|above| format!("s{above}")));
        let service = service.notify().backoff(QUICK).strategy(plan.along);
        let service = match (plan.restarts, plan.set) {
            (Some(restarts), Some(_)) => {
                service.restart(Restart::OnFailure).intensity(Intensity::new(restarts, LIMIT))
            }
            (None, Some(_)) => service,
            // Nobody else would.
            (_, None) => service.restart(Restart::OnFailure).intensity(endless),
        };
        let service = match plan.set {
            Some(set) => service.set(format!("set{set}")),
            None => service,
        };
        service.add().expect("taken");
    }
    let handle = runner.handle();
    let running = thread::spawn(move || runner.run());
    let reached = |list: &ServiceList| {
        let model = model.lock();
        match case.stop_at {
            Some(at) => model.runs.iter().sum::<usize>() >= at || model.has_settled(case),
            None => {
                let all = |one: &spumoni::ServiceView| one.state() == ServiceState::Running;
                model.has_settled(case) && list.all().iter().all(all)
            }
        }
    };
    let there = handle.services_until_blocking(LIMIT / 3, reached);
    assert!(there.is_some(), "{case:#?}\n{}", handle.services());
    handle.stop();
    (running.join().expect("no panic"), model)
}

fn along() -> impl Strategy<Value = Along> {
    prop_oneof![3 => Just(Along::One), 1 => Just(Along::Rest), 1 => Just(Along::All)]
}

fn case() -> impl Strategy<Value = Case> {
    (0..4_usize, 1..7_usize).prop_flat_map(|(sets, services)| {
        let earlier = |at: usize| {
            proptest::option::of(0..at.max(1)).prop_map(move |within| within.filter(|_| at > 0))
        };
        let sets: Vec<_> = (0..sets).map(|at| (earlier(at), along())).collect();
        let count = sets.len();
        let plans: Vec<_> = (0..services)
            .map(|who| {
                let after = proptest::collection::btree_set(0..who.max(1), 0..3);
                let after =
                    after.prop_map(move |after| after.into_iter().filter(move |it| *it < who));
                let set = proptest::option::of(0..count.max(1));
                let set = set.prop_map(move |set| set.filter(|_| count > 0));
                let restarts = proptest::option::of(0..3_u32);
                (after, set, 0..4_usize, any::<bool>(), restarts, along(), any::<bool>()).prop_map(
                    |(after, set, fails, late, restarts, along, on_a_thread)| Plan {
                        after: after.collect(),
                        set,
                        fails,
                        late,
                        restarts,
                        along,
                        on_a_thread,
                    },
                )
            })
            .collect();
        let stop_at = proptest::option::of(0..20_usize);
        (sets, plans, stop_at).prop_map(|(sets, plans, stop_at)| Case { sets, plans, stop_at })
    })
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: 96,
        // What hangs would take for ever to be made smaller.
        max_shrink_iters: 0,
        failure_persistence: None,
        ..ProptestConfig::default()
    })]

    /// Rule 25.
    #[test]
    fn random_sets_come_to_run_whatever_fails_in_them(case in case()) {
        within(LIMIT, move || {
            let (report, model) = run(&case);
            let model = model.lock();
            assert!(model.wrong.is_empty(), "{:?}\n{case:#?}", model.wrong);
            assert!(model.up.is_empty(), "{:?} run still\n{report}\n{case:#?}", model.up);
            assert!(report.abandoned().is_empty(), "{report}\n{case:#?}");
            // A failure that comes with the stop is told; the others were dealt with.
            assert!(matches!(report.reason(), StopReason::Requested { .. }), "{report}\n{case:#?}");
            if case.stop_at.is_none() {
                assert!(report.is_clean(), "{report}\n{case:#?}");
            }
        });
    }
}
