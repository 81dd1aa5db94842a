//! Requests to load settings anew: who hears of them, how often, and until when.

use std::sync::mpsc::channel;

use integration_tests::program::Program;
use integration_tests::{LIMIT, finish, runner, within};
use spumoni::prelude::*;

#[test]
fn requests_that_come_while_the_hook_is_at_work_are_one() {
    within(LIMIT, || {
        let (runner, (begun, begins), (go, waits)) = (runner(), channel(), channel::<()>());
        let hook = move || {
            begun.send(()).expect("heard");
            waits.recv().expect("let go");
        };
        runner.on_reload(hook).expect("a thread");
        runner.reload();
        begins.recv().expect("once");
        for _ in 0..10 {
            runner.reload();
        }
        go.send(()).expect("it waits");
        begins.recv().expect("once more, for all ten");
        go.send(()).expect("it waits");
        runner.reload();
        begins.recv().expect("for this one");
        assert!(begins.try_recv().is_err(), "and for nothing else");
        go.send(()).expect("it waits");
        finish(runner);
    });
}

#[test]
fn a_hook_that_fails_or_panics_is_called_again() {
    within(LIMIT, || {
        let (runner, (told, calls)) = (runner(), channel());
        let hook = move || {
            let call = told.send(()).map(|()| "called");
            assert_eq!(call, Ok("called"));
            panic!("on purpose");
        };
        runner.on_reload::<()>(hook).expect("a thread");
        let (told, others) = channel();
        let failing = move || {
            told.send(()).expect("heard");
            anyhow::bail!("on purpose")
        };
        runner.on_reload(failing).expect("a thread");
        for _ in 0..3 {
            runner.reload();
            calls.recv().expect("called");
            others.recv().expect("called");
        }
        finish(runner);
    });
}

#[test]
fn a_reload_is_settled_when_every_hook_is_done_even_with_one_that_panics() {
    within(LIMIT, || {
        let (runner, (begun, begins), (go, waits)) = (runner(), channel(), channel::<()>());
        let hook = move || {
            begun.send(()).expect("heard");
            waits.recv().expect("let go");
        };
        runner.on_reload(hook).expect("a thread");
        runner.on_reload::<()>(|| panic!("on purpose")).expect("a thread");
        let mut reloads = runner.reloads().expect("heard");
        reloads.settled_blocking().expect("nothing was asked yet");
        let (told, settled) = channel();
        let waiting = std::thread::spawn(move || {
            reloads.next_blocking().expect("asked");
            reloads.settled_blocking().expect("done");
            told.send(()).expect("heard");
            // The stop ends a wait for a hook that does not come back.
            reloads.next_blocking().and_then(|()| reloads.settled_blocking())
        });
        runner.reload();
        begins.recv().expect("at work");
        assert!(settled.try_recv().is_err(), "it is at work");
        go.send(()).expect("it waits");
        settled.recv().expect("it is done");
        runner.reload();
        begins.recv().expect("at work");
        finish(runner);
        assert_eq!(waiting.join().expect("no panic"), Err(Stopping));
        drop(go);
    });
}

#[test]
fn every_listener_on_every_flavour_hears_of_a_request_and_of_the_stop() {
    within(LIMIT, || {
        let (runner, (told, heard)) = (runner(), channel());
        let listen = |told: std::sync::mpsc::Sender<&'static str>| {
            async move || {
                let mut reloads = Context::current().reloads()?;
                told.send("listens")?;
                while reloads.next().await.is_ok() {
                    told.send("loads")?;
                }
                told.send("ends")?;
                anyhow::Ok(())
            }
        };
        runner.adopt(Tokio, listen(told.clone())).expect("taken");
        runner.adopt(Smol, listen(told.clone())).expect("taken");
        let on_thread = move || {
            let mut reloads = Context::current().reloads()?;
            told.send("listens")?;
            while reloads.next_blocking().is_ok() {
                told.send("loads")?;
            }
            told.send("ends")?;
            anyhow::Ok(())
        };
        runner.adopt(Thread, on_thread).expect("taken");
        for words in ["listens", "loads", "ends"] {
            match words {
                "loads" => runner.reload(),
                "ends" => runner.stop(),
                _ => {}
            }
            for _ in 0..3 {
                assert_eq!(heard.recv(), Ok(words));
            }
        }
        finish(runner);
    });
}

#[test]
fn without_a_hook_sighup_does_what_it_does_by_default() {
    within(LIMIT, || {
        let mut daemon = Program::start(env!("CARGO_BIN_EXE_daemon"), &["plain"]);
        daemon.expect("ready");
        daemon.signal("HUP", 1);
        let end = daemon.end();
        assert_eq!((end.code, end.signal), (None, Some(1)), "{end:?}");
    });
}

#[test]
fn a_storm_of_signals_stops_nothing_and_is_heard() {
    within(LIMIT, || {
        let mut daemon = Program::start(env!("CARGO_BIN_EXE_operated"), &["--store-path", "/s"]);
        daemon.expect("store at /s");
        daemon.expect("http on 127.0.0.1:8080");
        daemon.signal("HUP", 50);
        daemon.expect("loaded anew");
        daemon.signal("TERM", 1);
        let end = daemon.end();
        assert_eq!(end.code, Some(0), "{end:?}");
        assert!(end.lines.len() < 50, "{end:?}");
        assert!(end.lines.iter().all(|line| line == "loaded anew"), "{end:?}");
    });
}
