//! Every name that the façade and its prelude re-export is there, once, under the feature that brings it.

use std::fmt::Debug;

fn debug<T: Debug + ?Sized>() {}
fn send_and_sync<T: Send + Sync>() {}

#[test]
fn types_are_there_and_can_be_debugged() {
    debug::<spumoni::AddError<()>>();
    debug::<spumoni::AdoptError<()>>();
    debug::<spumoni::Attempt<()>>();
    debug::<spumoni::Backoff>();
    debug::<spumoni::Barrier>();
    debug::<spumoni::BuildError>();
    debug::<spumoni::BusyView>();
    debug::<spumoni::Cause>();
    debug::<spumoni::Context>();
    debug::<spumoni::Elapsed>();
    debug::<spumoni::Event>();
    debug::<spumoni::ExecuteError<()>>();
    debug::<spumoni::Exclusive<()>>();
    debug::<spumoni::Failure>();
    debug::<spumoni::FlavourId>();
    debug::<spumoni::ForkError<()>>();
    debug::<spumoni::Group>();
    debug::<spumoni::ChildBuilder<'static>>();
    debug::<spumoni::GroupBuilder>();
    debug::<spumoni::LocalHandle<u8>>();
    debug::<spumoni::GroupView>();
    debug::<spumoni::Handle>();
    debug::<spumoni::Health>();
    debug::<spumoni::HomeView>();
    debug::<spumoni::Intensity>();
    debug::<spumoni::Item<()>>();
    debug::<spumoni::ItemError<()>>();
    debug::<spumoni::ItemHandle<(), ()>>();
    debug::<spumoni::ItemReason>();
    debug::<spumoni::Join<'static, ()>>();
    debug::<spumoni::JoinGroupError>();
    debug::<spumoni::JoinError>();
    debug::<spumoni::LaneHealth>();
    debug::<spumoni::Launch>();
    debug::<spumoni::OnServiceExit>();
    debug::<spumoni::Restart>();
    debug::<spumoni::ServiceBuilder<'static, ()>>();
    debug::<spumoni::ServiceError>();
    debug::<spumoni::ServiceList>();
    debug::<spumoni::ServiceState>();
    debug::<spumoni::ServiceView>();
    debug::<spumoni::Skip>();
    debug::<spumoni::Strategy>();
    debug::<spumoni::Turn<'static, ()>>();
    debug::<spumoni::Member>();
    debug::<spumoni::MemberBuilder<'static>>();
    debug::<spumoni::MemberEnd>();
    debug::<spumoni::MemberView>();
    debug::<spumoni::MissedTicks>();
    debug::<spumoni::OnExit>();
    debug::<spumoni::OnFailure>();
    debug::<spumoni::OnStop>();
    debug::<spumoni::PanicInfo>();
    debug::<spumoni::Overlap>();
    debug::<spumoni::PeriodicBuilder<'static>>();
    debug::<spumoni::Permit>();
    debug::<spumoni::Probe>();
    debug::<spumoni::Queue<(), ()>>();
    debug::<spumoni::QueueBuilder<()>>();
    debug::<spumoni::QueueCounters>();
    debug::<spumoni::Reason>();
    debug::<spumoni::Refused<()>>();
    debug::<spumoni::Registration>();
    debug::<spumoni::Reloads>();
    debug::<spumoni::ResultError>();
    debug::<spumoni::ResultOf<'static, ()>>();
    debug::<spumoni::Ring>();
    debug::<spumoni::RunCounters>();
    debug::<spumoni::RunError>();
    debug::<spumoni::RunWait>();
    debug::<spumoni::RunnerBuilder>();
    debug::<spumoni::Runs>();
    debug::<spumoni::ScopeError>();
    debug::<spumoni::Semaphore>();
    debug::<spumoni::ServiceRunner>();
    debug::<spumoni::Signal>();
    debug::<spumoni::Spec>();
    debug::<spumoni::StopReason>();
    debug::<spumoni::StopReport>();
    debug::<spumoni::Stopped>();
    debug::<spumoni::Stopping>();
    debug::<spumoni::Straggler>();
    debug::<spumoni::SubmitError<()>>();
    debug::<spumoni::TaskBuilder<'static>>();
    debug::<spumoni::TaskError>();
    debug::<spumoni::TaskHandle<()>>();
    debug::<spumoni::TaskId>();
    debug::<spumoni::TaskLabel>();
    debug::<spumoni::TaskState>();
    debug::<spumoni::TaskView>();
    debug::<spumoni::Ticks>();
    debug::<spumoni::TimedOut>();
    debug::<spumoni::Tree>();
    debug::<spumoni::TryLater>();
    debug::<spumoni::ZeroInterval>();
    debug::<spumoni::flavour::FlavourKey>();
}

#[test]
fn what_goes_from_thread_to_thread_may_do_so() {
    send_and_sync::<spumoni::Handle>();
    send_and_sync::<spumoni::Context>();
    send_and_sync::<spumoni::Group>();
    // What goes through it is only `Send`.
    send_and_sync::<spumoni::Queue<std::cell::Cell<u8>, std::cell::Cell<u8>>>();
    send_and_sync::<spumoni::ItemHandle<std::cell::Cell<u8>, std::cell::Cell<u8>>>();
    send_and_sync::<spumoni::ItemError<std::cell::Cell<u8>>>();
    send_and_sync::<spumoni::RunWait>();
    send_and_sync::<spumoni::Runs>();
    send_and_sync::<spumoni::Semaphore>();
    send_and_sync::<spumoni::Permit>();
    send_and_sync::<spumoni::Barrier>();
    send_and_sync::<spumoni::Event>();
    send_and_sync::<spumoni::ServiceRunner>();
    send_and_sync::<spumoni::StopReport>();
    send_and_sync::<spumoni::Stopped>();
    send_and_sync::<spumoni::TaskHandle<String>>();
    // Whatever the payload captures: `?` into `anyhow::Error` asks for it.
    send_and_sync::<spumoni::Refused<std::sync::mpsc::Receiver<u8>>>();
}

/// A payload for each mode, by its traits.
fn adoptable<M: spumoni::Mode, P: spumoni::Payload<M>>(_: P)
where
    P::Output: spumoni::Adoptable,
{
}

/// A queue's work for each mode, by its trait.
fn work<M: spumoni::Mode, W: spumoni::Work<M, u8>>(_: W) {}

#[test]
fn traits_can_be_named_in_bounds() {
    work::<spumoni::Async, _>(async |_: &spumoni::Item<u8>| {});
    work::<spumoni::Blocking, _>(|item: &spumoni::Item<u8>| spumoni::Attempt::Done(**item));
    adoptable::<spumoni::Async, _>(async || {});
    adoptable::<spumoni::Blocking, _>(|| {});
    assert!(spumoni::registered().is_empty());
}

#[cfg(feature = "tokio")]
#[test]
fn tokio_is_a_flavour() {
    flavour::<spumoni::Tokio>(spumoni::prelude::Tokio, "tokio");
}

#[cfg(feature = "smol")]
#[test]
fn smol_is_a_flavour_with_things_of_its_own() {
    flavour::<spumoni::Smol>(spumoni::prelude::Smol, "smol");
    debug::<spumoni::smol::Task<()>>();
}

#[cfg(feature = "async-std")]
#[test]
fn async_std_is_a_flavour() {
    flavour::<spumoni::AsyncStd>(spumoni::prelude::AsyncStd, "async-std");
}

#[cfg(feature = "thread")]
#[test]
fn thread_is_a_flavour() {
    flavour::<spumoni::Thread>(spumoni::prelude::Thread, "thread");
}

#[cfg(any(feature = "tokio", feature = "smol", feature = "async-std", feature = "thread"))]
fn flavour<F: spumoni::Flavour>(flavour: F, name: &str) {
    assert_eq!(flavour.key().id().as_str(), name);
}

#[cfg(all(feature = "macros", feature = "thread"))]
#[test]
fn the_prelude_is_enough_for_a_service() {
    use spumoni::prelude::*;

    struct Sum(u32);

    #[service(flavour = "thread")]
    impl Sum {
        fn run(&self, cx: &Context) {
            assert_eq!((self.0, cx.name()), (1, "sum"));
        }
    }

    fn service<S: Service>(service: S) -> StopReport {
        let runner = ServiceRunner::new();
        runner.add(service).unwrap();
        let _: Handle = runner.handle();
        runner.run()
    }
    assert!(service(Sum(1)).is_clean());
    let _: Option<(TaskHandle<()>, Stopping)> = None;
}

#[cfg(all(unix, feature = "signal"))]
#[test]
fn signals_can_be_held_before_there_is_a_runner() {
    spumoni::signal::hold().unwrap();
}

#[cfg(feature = "cli")]
#[test]
fn the_command_line_is_there() {
    debug::<spumoni::cli::Cli>();
    debug::<spumoni::cli::CliError>();
    debug::<spumoni::cli::Given>();
    debug::<spumoni::cli::OptionsError>();
    debug::<spumoni::cli::OptionsOf>();
    debug::<spumoni::cli::Prepared>();
    debug::<spumoni::cli::Problem>();
    debug::<spumoni::cli::Source>();
    debug::<spumoni::cli::Told>();
    send_and_sync::<spumoni::cli::CliError>();
    send_and_sync::<spumoni::cli::Given>();
}

#[cfg(all(unix, feature = "systemd"))]
#[test]
fn systemd_is_there() {
    debug::<spumoni::systemd::Notifier>();
    debug::<spumoni::systemd::SocketError>();
    debug::<spumoni::systemd::Sockets>();
    send_and_sync::<spumoni::systemd::SocketError>();
}
