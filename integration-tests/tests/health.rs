//! What supervisors ask: whether it is alive, ready, and started.

use std::sync::mpsc::channel;
use std::time::Duration;

use integration_tests::gate::Gate;
use integration_tests::{LIMIT, finish, runner, within};
use spumoni::prelude::*;
use spumoni::{Launch, OnFailure, Probe, ServiceState, Spec};

/// Is ready when the gate opens, and is drained until the other one does.
struct Slow<F> {
    flavour: F,
    go: Gate,
}

impl<F: Flavour<Mode = spumoni::Blocking>> Service for Slow<F> {
    const SPEC: Spec = Spec::new("slow", file!(), line!()).notify();
    fn launch(self) -> Launch {
        Launch::new(self.flavour, move || {
            let cx = Context::current();
            self.go.pass_blocking();
            cx.ready();
            cx.stopped_blocking();
        })
    }
}

/// PEERS (c) 7: the three answers come from the states of the services.
/// S50: what a status endpoint answers; scoopd's are asked over HTTP, in its own tests.
#[test]
fn a_runner_is_started_and_ready_when_every_service_is_and_not_ready_once_a_stop_is_asked() {
    within(LIMIT, || {
        let (runner, go) = (runner(), Gate::default());
        runner.add(Slow { flavour: Thread, go: go.clone() }).expect("taken");
        let handle = runner.handle();
        let before = handle.health();
        assert!(before.is_live() && !before.is_started() && !before.is_ready(), "{before}");
        let other = std::thread::spawn(move || {
            let up = handle.services_until_blocking(LIMIT, |services| {
                services.get("slow").is_some_and(|one| one.state() == ServiceState::Starting)
            });
            assert!(up.is_some());
            let health = handle.health();
            assert_eq!(
                [Probe::Live, Probe::Ready, Probe::Started].map(|probe| health.status(probe)),
                [200, 503, 503],
                "{health}"
            );
            assert!(health.to_string().contains("[-] service slow: starting"), "{health}");
            go.open();
            let up = handle.services_until_blocking(LIMIT, |services| {
                services.get("slow").is_some_and(|one| one.is_ready())
            });
            assert!(up.is_some());
            let health = handle.health();
            assert!(health.passes(Probe::Ready) && health.passes(Probe::Started), "{health}");
            handle.stop();
            let health = handle.health();
            assert!(health.is_live() && health.is_started(), "{health}");
            assert!(!health.is_ready() && health.is_stopping(), "{health}");
            assert!(health.to_string().ends_with("live: yes, ready: no, started: yes"));
        });
        assert!(runner.run().failures().is_empty());
        other.join().expect("no panic");
    });
}

struct Broken;

impl Service for Broken {
    const SPEC: Spec = Spec::new("broken", file!(), line!()).on_failure(OnFailure::Continue);
    fn launch(self) -> Launch {
        Launch::new(Smol, async || Err::<(), _>(anyhow::anyhow!("broken")))
    }
}

#[test]
fn a_service_that_has_failed_and_is_not_needed_takes_no_readiness_away() {
    within(LIMIT, || {
        let runner = runner();
        runner.add(Broken).expect("taken");
        let handle = runner.handle();
        let other = std::thread::spawn(move || {
            let down = handle.services_until_blocking(LIMIT, |services| {
                services.get("broken").is_some_and(|one| one.state() == ServiceState::Failed)
            });
            assert!(down.is_some());
            let health = handle.health();
            assert!(health.is_ready() && health.is_started(), "{health}");
            assert!(health.to_string().contains("[-] service broken: failed"), "{health}");
            handle.stop();
        });
        let _ = runner.run_until_stopped();
        other.join().expect("no panic");
    });
}

#[test]
fn a_lane_that_is_held_is_told_with_who_holds_it_and_ends_the_life_after_the_limit() {
    within(LIMIT, || {
        let (runner, (held, begun), (go, waits)) = (runner(), channel(), channel::<()>());
        let hold = async move || {
            held.send(()).expect("heard");
            // Blocks its lane, as nobody should.
            let _ = waits.recv();
        };
        runner.task("holder").adopt(Tokio, hold).expect("taken");
        runner.execute(Smol, async || ()).expect("a lane that answers");
        begun.recv().expect("it holds");
        let health = runner.health();
        assert!(health.is_live(), "not for long enough: {health}");
        assert!(!health.is_live_within(Duration::ZERO), "{health}");
        assert!(!health.lanes_answer());
        let text = health.to_string();
        assert!(text.contains("[-] lane tokio: does not answer, "), "{text}");
        assert!(text.contains("holder") && text.contains("[+] lane smol: answers"), "{text}");
        let json = serde_json::to_value(&health).expect("data");
        assert_eq!(json["live"], true);
        assert_eq!(json["lanes"].as_array().map(Vec::len), Some(2));
        go.send(()).expect("it waits");
        finish(runner);
    });
}

#[test]
fn probes_have_the_paths_that_kubernetes_uses() {
    assert_eq!(Probe::of_path("/livez"), Some(Probe::Live));
    assert_eq!(Probe::of_path("/healthz"), Some(Probe::Live));
    assert_eq!(Probe::of_path("/readyz?verbose"), Some(Probe::Ready));
    assert_eq!(Probe::of_path("/startupz"), Some(Probe::Started));
    assert_eq!(Probe::of_path("/"), None);
}
