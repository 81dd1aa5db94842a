//! Options that are given anew while the daemon runs.

use std::path::PathBuf;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::time::Duration;
use std::{fs, thread};

use integration_tests::{LIMIT, within};
use spumoni::cli::{Cli, Prepared};
use spumoni::prelude::*;
use spumoni::{Launch, Spec};

use super::prepare;

#[derive(clap::Args, Debug)]
struct Size {
    #[arg(long, default_value_t = 1)]
    size: u32,
    #[arg(long, default_value_t = 1)]
    depth: u32,
    #[arg(long, value_delimiter = ',')]
    tags: Vec<String>,
}

type Told = Sender<(&'static str, u32, Vec<String>)>;

/// Tells its options at its start and whenever they change, on a lane.
struct OnALane(Told);

impl Service for OnALane {
    const SPEC: Spec =
        Spec::new("on-a-lane", file!(), line!()).restart(spumoni::Restart::OnFailure);
    fn launch(self) -> Launch {
        Launch::repeat(Smol, move || {
            let told = self.0.clone();
            async move {
                let mut changes = spumoni::cli::changes::<Size>()?;
                let mut size = changes.now()?;
                loop {
                    told.send(("lane", size.size, size.tags.clone()))?;
                    match changes.next().await {
                        Ok(other) => size = other,
                        Err(Stopping) => return anyhow::Ok(()),
                    }
                }
            }
        })
    }
}

/// The same on a thread.
struct OnAThread(Told);

impl Service for OnAThread {
    const SPEC: Spec = Spec::new("on-a-thread", file!(), line!());
    fn launch(self) -> Launch {
        Launch::new(Thread, move || {
            let mut changes = spumoni::cli::changes::<Size>()?;
            let mut size = changes.now()?;
            loop {
                self.0.send(("thread", size.size, size.tags.clone()))?;
                match changes.next_blocking() {
                    Ok(other) => size = other,
                    Err(Stopping) => return anyhow::Ok(()),
                }
            }
        })
    }
}

#[derive(clap::Args)]
struct Fixed {
    #[arg(long, default_value_t = 1)]
    size: u32,
    #[arg(long, conflicts_with = "size")]
    small: bool,
}

/// Owns its options from its start on.
struct Owner(Fixed);

impl Service for Owner {
    const SPEC: Spec = Spec::new("owner", file!(), line!());
    fn launch(self) -> Launch {
        Launch::new(Thread, move || {
            assert_eq!((self.0.size, self.0.small), (1, false));
            Context::current().stopped_blocking();
        })
    }
}

/// A running daemon and its configuration file.
struct Running {
    file: PathBuf,
    handle: Handle,
    thread: thread::JoinHandle<spumoni::StopReport>,
    told: Receiver<(&'static str, u32, Vec<String>)>,
}

impl Running {
    fn start(name: &str) -> Running {
        let file = format!("spumoni-reload-{}-{name}.toml", std::process::id());
        let file = std::env::temp_dir().join(file);
        fs::write(&file, "").expect("written");
        let (tell, told) = channel();
        let other = tell.clone();
        let builder = ServiceRunner::builder().signals(false);
        let cli = Cli::new("demo").discover(false).builder(builder).service(Owner);
        let cli = cli.options::<Size>("on-a-lane").options::<Size>("on-a-thread");
        let cli = cli.setup(move |runner, _| {
            runner.add(OnALane(tell)).map_err(|refused| refused.to_string())?;
            runner.add(OnAThread(other)).map_err(|refused| refused.to_string())
        });
        let line = format!("--config {} --on-a-thread-depth 7", file.display());
        let Ok(Prepared::Run(runner)) = prepare(cli, &line, &[("DEMO_ON_A_LANE_DEPTH", "7")])
        else {
            panic!("it runs")
        };
        let handle = runner.handle();
        let thread = thread::spawn(move || runner.run());
        let running = Running { file, handle, thread, told };
        running.expect(&[("lane", 1), ("thread", 1)]);
        running
    }

    /// Puts the file in place as a whole: the one before may be read just now.
    fn reload(&self, text: &str) {
        let new = self.file.with_extension("new");
        fs::write(&new, text).expect("written");
        fs::rename(&new, &self.file).expect("in place");
        self.handle.reload();
    }

    /// These are told, in any order.
    fn expect(&self, all: &[(&str, u32)]) {
        let mut told: Vec<_> = all.iter().map(|_| self.told.recv().expect("told")).collect();
        told.sort();
        let told: Vec<_> = told.iter().map(|(who, size, _)| (*who, *size)).collect();
        assert_eq!(told, all);
    }

    fn end(self) {
        self.handle.stop();
        let report = self.thread.join().expect("no panic");
        assert!(report.is_clean(), "{report}");
        assert!(self.told.try_recv().is_err(), "nothing else was told");
        let _ = fs::remove_file(&self.file);
    }
}

/// S40: a service that follows its options hears of others, on a lane and on a thread.
#[test]
fn options_that_are_changed_in_the_file_reach_the_services_that_follow_them_and_no_other() {
    within(LIMIT, || {
        let daemon = Running::start("changed");
        daemon.reload("on-a-lane.size = 2\non-a-lane.tags = ['a', 'b']");
        let (who, size, tags) = daemon.told.recv().expect("told");
        assert_eq!((who, size, tags), ("lane", 2, vec!["a".to_owned(), "b".to_owned()]));
        daemon.reload("on-a-lane.size = 3\non-a-thread.size = 3");
        daemon.expect(&[("lane", 3), ("thread", 3)]);
        // As it was, and what the service owns: nobody is told.
        daemon.reload("on-a-lane.size = 3\non-a-thread.size = 3\nowner.size = 4");
        // The command line and the environment go before the file: nothing has changed.
        daemon.reload("on-a-lane = { size = 3, depth = 8 }\non-a-thread = { size = 3, depth = 8 }");
        daemon.reload("");
        daemon.expect(&[("lane", 1), ("thread", 1)]);
        daemon.end();
    });
}

#[test]
fn what_is_wrong_anywhere_changes_nothing_at_all() {
    within(LIMIT, || {
        let daemon = Running::start("wrong");
        let mut reloads = daemon.handle.reloads().expect("heard");
        for wrong in [
            "on-a-lane.size = 2\non-a-thread.size = 'x'",
            "on-a-lane.size = 2\nowner = { size = 2, small = true }",
            "on-a-lane.sise = 2",
            "[",
        ] {
            daemon.reload(wrong);
            reloads.next_blocking().expect("asked");
            reloads.settled_blocking().expect("done");
        }
        fs::remove_file(&daemon.file).expect("it is there");
        daemon.handle.reload();
        reloads.next_blocking().expect("asked");
        reloads.settled_blocking().expect("done");
        daemon.reload("on-a-thread.size = 2");
        daemon.expect(&[("thread", 2)]);
        daemon.end();
    });
}

#[test]
fn a_service_that_is_restarted_begins_with_what_holds_then() {
    within(LIMIT, || {
        let daemon = Running::start("restarted");
        daemon.reload("on-a-lane.size = 5");
        daemon.expect(&[("lane", 5)]);
        daemon.handle.restart_service_blocking("on-a-lane").expect("restarted");
        daemon.expect(&[("lane", 5)]);
        daemon.end();
    });
}

/// The file is a pipe, which is read to its end when the test has written it.
#[cfg(unix)]
#[test]
fn a_wait_for_changes_that_is_dropped_loses_none() {
    within(LIMIT, || {
        let pipe = format!("spumoni-reload-{}-dropped.toml", std::process::id());
        let pipe = std::env::temp_dir().join(pipe);
        let made = std::process::Command::new("mkfifo").arg(&pipe).status().expect("mkfifo");
        assert!(made.success());
        let path = pipe.clone();
        let writing = thread::spawn(move || fs::write(path, ""));
        let cli = Cli::new("demo").discover(false).daemon_options::<Fixed>();
        let cli = cli.builder(ServiceRunner::builder().signals(false));
        let Ok(Prepared::Run(runner)) = prepare(cli, &format!("--config {}", pipe.display()), &[])
        else {
            panic!("it runs")
        };
        writing.join().expect("no panic").expect("written");
        let path = pipe.clone();
        let size = runner.execute(Smol, async move || {
            let mut changes = spumoni::cli::changes::<Fixed>()?;
            Handle::current().reload();
            // Heard, and dropped while the file is read.
            let dropped = spumoni::timeout(Duration::from_millis(20), changes.next()).await;
            assert!(dropped.is_err(), "the file is at its beginning still");
            let written = Handle::current().spawn(Thread, || fs::write(path, "size = 9"));
            written.map_err(|refused| anyhow::anyhow!("{refused}"))?.await??;
            anyhow::Ok(changes.next().await?.size)
        });
        assert_eq!(size.expect("it ran").expect("no error"), 9);
        integration_tests::finish(runner);
        let _ = fs::remove_file(&pipe);
    });
}
