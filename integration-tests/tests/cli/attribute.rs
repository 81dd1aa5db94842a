//! `#[service(options = …)]`: flags that are declared beside the service, and options that its body takes.

use std::sync::mpsc::{Sender, channel};
use std::sync::{Arc, Mutex};
use std::{fs, thread};

use integration_tests::{LIMIT, within};
use spumoni::cli::{Cli, Prepared};
use spumoni::prelude::*;

use super::{prepare, told};

#[derive(clap::Args, Clone, Debug)]
struct DialOptions {
    /// Whom to call
    #[arg(long, default_value = "nobody")]
    number: String,
}

#[service(flavour = "thread", name = "dial-thread", oneshot, options = DialOptions)]
fn on_a_thread(options: &DialOptions) -> anyhow::Result<()> {
    anyhow::ensure!(options.number == "1", "{options:?}");
    Ok(())
}

#[service(flavour = "tokio", name = "dial-tokio", oneshot, options = DialOptions)]
async fn on_tokio(cx: Context, options: Arc<DialOptions>) {
    assert_eq!((cx.name(), &*options.number), ("dial-tokio", "2"));
}

#[derive(clap::Args)]
struct Needed {
    #[arg(long)]
    word: String,
}

#[service(flavour = "smol", name = "dial-needed", oneshot, options = Needed)]
async fn needed(options: &Needed) {
    assert_eq!(options.word, "word");
}

/// Its flags are there wherever it is linked; it is started where it is added.
struct Switchboard {
    lines: usize,
}

#[service(flavour = "smol", init = Self::open, workers = 2, oneshot, options = DialOptions)]
impl Switchboard {
    async fn open(&self) -> anyhow::Result<()> {
        anyhow::ensure!(spumoni::cli::options::<DialOptions>()?.number == "3");
        Ok(())
    }

    async fn run(&self, cx: &Context, options: &DialOptions) {
        assert_eq!((self.lines, &*options.number), (4, "3"));
        assert!(cx.name().starts_with("switchboard-"));
    }
}

/// Whom the periodic service has called.
static CALLED: Mutex<Option<Sender<String>>> = Mutex::new(None);

#[service(flavour = "thread", name = "dial-often", every = "1ms", options = DialOptions)]
fn often(options: &DialOptions) {
    if let Some(told) = CALLED.lock().expect("nobody panics").as_ref() {
        let _ = told.send(options.number.clone());
    }
}

#[test]
fn a_service_with_an_interval_takes_the_options_that_hold_at_each_turn() {
    within(LIMIT, || {
        let (told, called) = channel();
        *CALLED.lock().expect("nobody panics") = Some(told);
        let file = format!("spumoni-attribute-{}.toml", std::process::id());
        let file = std::env::temp_dir().join(file);
        fs::write(&file, "[dial-often]\nnumber = 'first'").expect("written");
        let line = format!("--only dial-often --config {}", file.display());
        let Ok(Prepared::Run(runner)) = prepare(cli(), &line, &[]) else { panic!("it runs") };
        let handle = runner.handle();
        let running = thread::spawn(move || runner.run());
        assert_eq!(called.recv().expect("called"), "first");
        fs::write(file.with_extension("new"), "[dial-often]\nnumber = 'second'").expect("written");
        fs::rename(file.with_extension("new"), &file).expect("in place");
        handle.reload();
        while called.recv().expect("called") != "second" {}
        handle.stop();
        let report = running.join().expect("no panic");
        assert!(report.is_clean(), "{report}");
        let _ = fs::remove_file(&file);
    });
}

fn cli() -> Cli {
    Cli::new("demo").builder(ServiceRunner::builder().signals(false))
}

const LINE: &str = "--dial-thread-number 1 --dial-tokio-number 2 --switchboard-number 3";
const ONLY: &str = "--only switchboard,dial-thread,dial-tokio,dial-needed";

#[test]
fn a_body_takes_its_options_on_every_flavour_as_they_were_given() {
    within(LIMIT, || {
        let cli = cli().setup(|runner, _| {
            runner.add(Switchboard { lines: 4 }).map_err(|refused| refused.to_string())
        });
        match prepare(cli, &format!("{LINE} --dial-needed-word word {ONLY}"), &[]) {
            Ok(Prepared::Run(runner)) => {
                let report = runner.run();
                assert!(report.is_clean(), "{report}");
                assert_eq!(report.services().started().len(), 4);
            }
            other => panic!("{other:?}"),
        }
    });
}

#[test]
fn flags_of_the_attribute_are_in_the_help_and_what_is_missing_is_told() {
    within(LIMIT, || {
        let help = told(cli(), "--help").text().to_owned();
        assert!(help.contains("Service `dial-tokio`:"), "{help}");
        assert!(help.contains("Whom to call [env: DEMO_DIAL_THREAD_NUMBER]"), "{help}");
        let said = prepare(cli(), "--only dial-needed", &[]).expect_err("missing").to_string();
        assert!(said.contains("service `dial-needed`: the following required"), "{said}");
        assert!(prepare(cli(), "--only dial-thread", &[]).is_ok(), "it is not wanted");
    });
}

#[test]
fn without_a_command_line_the_body_fails_and_says_what_is_not_there() {
    within(LIMIT, || {
        let builder = ServiceRunner::builder().discover(true).only(["dial-thread"]);
        let report = builder.signals(false).build().expect("built").run();
        assert!(report.to_string().contains("a runner that `Cli` has made"), "{report}");
    });
}
