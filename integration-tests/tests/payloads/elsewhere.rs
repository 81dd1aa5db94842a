//! What one runtime brings, on the lane of another.

use std::io::Write;
use std::panic;

use integration_tests::each::{Any, Lane};
use integration_tests::fake::Fake;
use integration_tests::{LIMIT, finish, runner, within};
use spumoni::prelude::*;

use super::{SHORT, on, takes_short};

/// More messages than tokio lets one task have in a turn: nobody starves, nothing hangs.
#[test]
fn the_channels_of_tokio_work_on_all_lanes() {
    const MESSAGES: usize = 10_000;
    async fn sum(mut from: tokio::sync::mpsc::Receiver<usize>) -> usize {
        let mut sum = 0;
        while let Some(one) = from.recv().await {
            sum += one;
        }
        sum
    }
    fn between<F: Lane, G: Lane>(runner: &Handle, one: F, other: G) {
        let (to, from) = tokio::sync::mpsc::channel(16);
        let sends = runner.spawn(one, async move || {
            for message in 0..MESSAGES {
                to.send(message).await.unwrap();
            }
        });
        let sum = runner.execute(other, async || sum(from).await);
        assert_eq!(sum.unwrap(), MESSAGES * (MESSAGES - 1) / 2);
        sends.unwrap().join().unwrap();
    }
    within(LIMIT, || {
        let runner = runner();
        between(&runner, Tokio, Tokio);
        between(&runner, Tokio, Smol);
        between(&runner, Smol, AsyncStd);
        between(&runner, AsyncStd, Fake);
        between(&runner, Fake, Tokio);
        finish(runner);
    });
}

/// Row 121: they bring a thread of their own.
#[test]
fn f121_timers_and_sockets_of_smol_and_async_std_work_on_all_lanes() {
    async fn all() {
        use smol::io::AsyncReadExt;
        takes_short(smol::Timer::after(SHORT)).await;
        takes_short(async_std::task::sleep(SHORT)).await;
        let listener = smol::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let server = listener.local_addr().unwrap();
        let writes = smol::unblock(move || {
            std::net::TcpStream::connect(server).unwrap().write_all(b"ping").unwrap();
        });
        let (mut stream, _) = listener.accept().await.unwrap();
        let mut word = String::new();
        stream.read_to_string(&mut word).await.unwrap();
        writes.await;
        assert_eq!(word, "ping");
    }
    on(Tokio, all);
    on(Smol, all);
    on(AsyncStd, all);
    on(Fake, all);
}

/// Row 120: its lane goes on, and the message says what is missing.
#[test]
fn f120_a_timer_of_tokio_on_another_lane_is_a_failure_of_its_task_that_says_why() {
    fn misplaced<F: Lane>(flavour: F) {
        let runner = runner();
        let sleeps = async || tokio::time::sleep(SHORT).await;
        let failed = runner.execute(flavour, sleeps).unwrap_err();
        let text = failed.as_panic().unwrap().text();
        assert!(text.contains("there is no reactor running"), "{text}");
        assert_eq!(runner.execute(flavour, async || 7).unwrap(), 7);
        runner.task("misplaced").adopt(flavour, sleeps).unwrap();
        let report = runner.run();
        let [failure] = report.failures() else { panic!("{report}") };
        assert_eq!(failure.task().name(), Some("misplaced"));
        assert_eq!(failure.task().flavour(), flavour.key().id());
        let text = report.to_string();
        assert!(text.contains(flavour.name()) && text.contains("no reactor running"), "{text}");
    }
    within(LIMIT, || {
        misplaced(Smol);
        misplaced(AsyncStd);
        misplaced(Fake);
    });
}

/// The way out: a task on the lane where it belongs.
#[test]
fn what_belongs_on_another_lane_is_awaited_there() {
    on(Smol, async || {
        let there = Handle::current().spawn(Tokio, async || {
            takes_short(tokio::time::sleep(SHORT)).await;
            7
        });
        assert_eq!(there.unwrap().await, Ok(7));
    });
}
