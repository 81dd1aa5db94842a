//! Random services with random failures, hangs and stops, beside a model of what may happen.
//!
//! Each begin and each end of a body is a step, and is held against the model when it happens: nobody runs
//! before what it depends on, or after it, and nobody twice. The end is held against what was asked for.

use std::collections::BTreeSet;
use std::future::pending;
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use integration_tests::{LIMIT, within};
use parking_lot::Mutex;
use proptest::prelude::*;
use spumoni::prelude::*;
use spumoni::{Launch, ServiceState, Skip, StopReport};

use crate::Made;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Init {
    None,
    Good,
    Fails,
    Skips,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Body {
    /// Ends when it is asked.
    Stays,
    /// Ends when its grace is over.
    IsDeaf,
    /// Fails at its begin.
    Fails,
    /// Stays on a thread.
    Blocks,
}

#[derive(Clone, Debug)]
struct Plan {
    init: Init,
    body: Body,
    after: BTreeSet<usize>,
}

/// When the stop is asked.
#[derive(Clone, Copy, Debug)]
enum Until {
    /// Before anything can have begun, or at any time after.
    Soon,
    /// When so many have begun, if so many can.
    Begun(usize),
}

/// What runs now, as the bodies tell it.
struct Model {
    plans: Vec<Plan>,
    up: BTreeSet<usize>,
    begun: BTreeSet<usize>,
    wrong: Vec<String>,
}

type Shared = Arc<Mutex<Model>>;

impl Model {
    /// One step: this one has begun.
    fn begins(&mut self, who: usize) {
        if !self.begun.insert(who) {
            self.wrong.push(format!("{who} began twice"));
        }
        for above in &self.plans[who].after {
            // One that fails is ready as soon as it has begun, and may be gone by now.
            let Plan { init, body, .. } = self.plans[*above];
            let gone = init == Init::Skips || body == Body::Fails;
            if !gone && !self.up.contains(above) {
                self.wrong.push(format!("{who} began without {above}; up: {:?}", self.up));
            }
        }
        self.up.insert(who);
    }

    /// One step: this one has ended.
    fn ends(&mut self, who: usize) {
        self.up.remove(&who);
        // One that failed ends before those that depend on it can know; one that is deaf is not waited for
        // after its grace.
        if self.plans[who].body == Body::Fails {
            return;
        }
        for below in self.up.iter().filter(|below| self.plans[**below].after.contains(&who)) {
            if self.plans[*below].body != Body::IsDeaf {
                self.wrong.push(format!("{who} ended before {below}"));
            }
        }
    }

    /// Those whose initialisation is reached and fails.
    fn failing_inits(&self) -> BTreeSet<usize> {
        let mut reached = Vec::new();
        for plan in &self.plans {
            // Each depends on earlier ones only.
            let above = plan.after.iter().all(|above| reached[*above]);
            reached.push(above && plan.init != Init::Fails);
        }
        let tried = |who: &usize| self.plans[*who].after.iter().all(|above| reached[*above]);
        (0..self.plans.len())
            .filter(|who| self.plans[*who].init == Init::Fails && tried(who))
            .collect()
    }

    /// Those that can begin at all.
    fn possible(&self) -> BTreeSet<usize> {
        let mut serves = Vec::new();
        let mut possible = BTreeSet::new();
        for (who, plan) in self.plans.iter().enumerate() {
            let above = plan.after.iter().all(|above| serves[*above]);
            let begins = above && plan.init != Init::Skips;
            if begins {
                possible.insert(who);
            }
            serves.push(plan.init == Init::Skips || begins);
        }
        possible
    }
}

/// Tells of the end however it comes.
struct Up(Shared, usize);

impl Up {
    fn begin(model: &Shared, who: usize) -> Self {
        model.lock().begins(who);
        // Not before it is noted.
        Context::current().ready();
        Up(Arc::clone(model), who)
    }
}

impl Drop for Up {
    fn drop(&mut self) {
        self.0.lock().ends(self.1);
    }
}

fn launch(model: &Shared, who: usize, plan: &Plan) -> Launch {
    let (body, of_run) = (plan.body, Arc::clone(model));
    let launch = if body == Body::Blocks {
        Launch::repeat(Thread, move || {
            let _up = Up::begin(&of_run, who);
            Context::current().stopped_blocking();
        })
    } else if who.is_multiple_of(2) {
        Launch::repeat(Smol, async move || run(&of_run, who, body).await)
    } else {
        Launch::repeat(Tokio, async move || run(&of_run, who, body).await)
    };
    match plan.init {
        Init::None => launch,
        init => launch.init(Smol, async move || match init {
            Init::Fails => anyhow::bail!("no init"),
            Init::Skips => Err(Skip::because("nothing to do").into()),
            Init::None | Init::Good => Ok(()),
        }),
    }
}

async fn run(model: &Shared, who: usize, body: Body) -> anyhow::Result<()> {
    let _up = Up::begin(model, who);
    match body {
        Body::Fails => anyhow::bail!("no body"),
        Body::IsDeaf => pending().await,
        Body::Stays | Body::Blocks => Context::current().stopped().await,
    }
    Ok(())
}

fn plans() -> impl Strategy<Value = Vec<Plan>> {
    let init = prop_oneof![
        6 => Just(Init::None), 3 => Just(Init::Good), 1 => Just(Init::Fails), 1 => Just(Init::Skips),
    ];
    let body = prop_oneof![
        6 => Just(Body::Stays), 3 => Just(Body::Blocks), 1 => Just(Body::IsDeaf), 1 => Just(Body::Fails),
    ];
    let one = (init, body, prop::collection::vec(any::<prop::sample::Index>(), 0..3));
    prop::collection::vec(one, 1..9).prop_map(|all| {
        let plans = all.into_iter().enumerate().map(|(who, (init, body, after))| {
            let after = after.iter().filter(|_| who > 0).map(|at| at.index(who));
            Plan { init, body, after: after.collect() }
        });
        plans.collect()
    })
}

fn until() -> impl Strategy<Value = Until> {
    prop_oneof![Just(Until::Soon), (0..9_usize).prop_map(Until::Begun)]
}

/// Runs the services and gives what came of it.
fn played(plans: &[Plan], until: Until) -> (StopReport, Shared) {
    let (up, begun) = (BTreeSet::new(), BTreeSet::new());
    let model = Model { plans: plans.to_vec(), up, begun, wrong: Vec::new() };
    let most = model.possible().len();
    let model = Arc::new(Mutex::new(model));
    let builder = ServiceRunner::builder().signals(false).grace(Duration::from_secs(10));
    let runner = builder.build().expect("good settings");
    // Given the other way round: the order is the runner's to find.
    for (who, plan) in plans.iter().enumerate().rev() {
        let service = runner.service(Made(launch(&model, who, plan))).name(format!("s{who}"));
        let service = service.notify();
        let service = service.after(plan.after.iter().map(|above| format!("s{above}")));
        let deaf = plan.body == Body::IsDeaf;
        let service = if deaf { service.grace(Duration::from_millis(20)) } else { service };
        service.add().expect("taken");
    }
    let handle = runner.handle();
    let running = thread::spawn(move || runner.run());
    if let Until::Begun(many) = until {
        let many = many.min(most);
        let reached = handle.services_until_blocking(LIMIT, |list| {
            handle.is_stopping()
                || list.all().iter().all(|one| one.state().is_final())
                || list.started().len() >= many
        });
        assert!(reached.is_some(), "{plans:?}:\n{}", handle.services());
    }
    handle.stop();
    (running.join().expect("no panic"), model)
}

fn judge(plans: &[Plan], until: Until) {
    let (report, model) = played(plans, until);
    let model = model.lock();
    let told = || format!("{until:?} {plans:#?}\n{report}\n{}", report.services());
    assert!(model.wrong.is_empty(), "{:?}: {}", model.wrong, told());
    assert!(model.up.is_empty(), "still up: {:?}: {}", model.up, told());
    assert!(model.begun.is_subset(&model.possible()), "{:?}: {}", model.begun, told());
    assert!(report.abandoned().is_empty(), "{}", told());
    let failed: BTreeSet<_> =
        report.failures().iter().filter_map(|one| one.task().name()).collect();
    let inits = model.failing_inits();
    let all: BTreeSet<usize> = if inits.is_empty() { model.begun.clone() } else { inits.clone() };
    for (who, plan) in plans.iter().enumerate() {
        let name = format!("s{who}");
        let state = report.services().get(&name).expect("it is there").state();
        assert!(state.is_final(), "{name} is {state}: {}", told());
        let fails = plan.init == Init::Fails && inits.contains(&who)
            || plan.body == Body::Fails && inits.is_empty();
        let fails = fails && all.contains(&who);
        assert_eq!(failed.contains(&*name), state == ServiceState::Failed, "{name}: {}", told());
        if !fails {
            assert_ne!(state, ServiceState::Failed, "{name}: {}", told());
        } else if plan.body == Body::Fails && plan.init != Init::Fails {
            assert_eq!(state, ServiceState::Failed, "{name}: {}", told());
        }
    }
    if !inits.is_empty() {
        assert!(model.begun.is_empty(), "something began: {}", told());
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 96, failure_persistence: None, ..ProptestConfig::default() })]

    /// S75, S79, S80, S82: whatever the services do, the order holds and nobody is forgotten.
    #[test]
    fn random_services_keep_their_order_whatever_they_do(plans in plans(), until in until()) {
        within(LIMIT, move || judge(&plans, until));
    }
}
