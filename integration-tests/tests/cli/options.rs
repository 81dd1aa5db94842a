//! Where values come from, what counts, and what is said of those that are wrong.

use std::fs;
use std::path::PathBuf;

use integration_tests::{LIMIT, within};
use spumoni::cli::{Cli, Prepared, Source};
use spumoni::prelude::*;
use spumoni::{Launch, Registration, Spec};

use super::{HttpOptions, StoreOptions, demo, http, prepare, told, wrong};

/// A file of this test's own.
struct File(PathBuf);

impl File {
    fn new(name: &str, text: &str) -> File {
        let file = format!("spumoni-cli-{}-{name}.toml", std::process::id());
        let path = std::env::temp_dir().join(file);
        fs::write(&path, text).expect("written");
        File(path)
    }

    fn flag(&self) -> String {
        format!("--config {}", self.0.display())
    }
}

impl Drop for File {
    fn drop(&mut self) {
        let _ = fs::remove_file(&self.0);
    }
}

/// S2: declared defaults.
#[test]
fn options_that_nobody_gives_have_their_defaults() {
    within(LIMIT, || {
        let options = http("", &[]);
        assert_eq!(options.listen, ([127, 0, 0, 1], 8080).into());
        assert_eq!((options.banner, options.quiet, options.verbose), (None, false, 0));
        assert_eq!((options.tags, options.mode.as_str()), (Vec::new(), "fast"));
    });
}

/// S3, S5, S10: the command line, with the service's name before each flag.
#[test]
fn flags_of_every_kind_arrive_under_the_name_of_their_service() {
    within(LIMIT, || {
        let line = "--http-listen 0.0.0.0:1 --http-banner=x --http-verbose --http-verbose \
                    --http-tags a,b --http-tags c --http-mode slow";
        let options = http(line, &[]);
        let expected = HttpOptions {
            listen: ([0, 0, 0, 0], 1).into(),
            banner: Some("x".into()),
            quiet: false,
            verbose: 2,
            tags: ["a", "b", "c"].map(String::from).into(),
            mode: "slow".into(),
        };
        assert_eq!(options, expected);
    });
}

/// S2, S3: each source before the next one.
#[test]
fn the_command_line_goes_before_the_environment_before_the_file_before_the_default() {
    within(LIMIT, || {
        let file = File::new(
            "order",
            "[http]\nlisten = '1.1.1.1:3'\nverbose = 3\ntags = ['f']\nquiet = true\n",
        );
        let environment = [
            ("DEMO_HTTP_LISTEN", "1.1.1.1:2"),
            ("DEMO_HTTP_VERBOSE", "2"),
            ("DEMO_HTTP_QUIET", "no"),
        ];
        let options = http(&format!("{} --http-listen 1.1.1.1:1", file.flag()), &environment);
        assert_eq!(options.listen.port(), 1);
        assert_eq!(options.verbose, 2);
        assert_eq!(options.tags, ["f"]);
        assert!(!options.quiet, "the environment says no, so the file is not asked");
        assert_eq!(options.mode, "fast");
    });
}

#[test]
fn the_environment_names_the_file_and_one_that_is_usual_need_not_be_there() {
    within(LIMIT, || {
        let file = File::new("named", "[http]\nmode = 'slow'\n");
        let path = file.0.display().to_string();
        assert_eq!(http("", &[("DEMO_CONFIG", &path)]).mode, "slow");
        let cli = demo().0.config_file("/nowhere/at/all.toml");
        assert!(prepare(cli, "--store-path /s", &[]).is_ok());
        let said = wrong("--store-path /s --config /nowhere/at/all.toml", &[]);
        assert!(said[0].contains("cannot read the configuration file /nowhere/at/all.toml"));
    });
}

#[test]
fn values_that_do_not_parse_are_all_told_with_where_they_come_from() {
    within(LIMIT, || {
        let file = File::new("bad", "[store]\nsize = 1000\n[http]\nverbose = 'much'\n");
        let line = format!("--store-path /s --http-mode odd {}", file.flag());
        let environment = [("DEMO_HTTP_LISTEN", "here")];
        let error = prepare(demo().0, &line, &environment).expect_err("all wrong");
        let sources: Vec<_> = error.problems().iter().map(|one| one.source().cloned()).collect();
        let said: Vec<_> = error.problems().iter().map(ToString::to_string).collect();
        assert_eq!(said.len(), 4, "{said:#?}");
        assert!(said[0].contains("'here' for '--http-listen"), "{said:#?}");
        assert!(said[0].ends_with("(from the environment variable `DEMO_HTTP_LISTEN`)"));
        assert!(said[1].contains("`much` is no count"), "{said:#?}");
        assert!(said[2].contains("possible values: fast, slow"), "{said:#?}");
        assert_eq!(sources[2], Some(Source::CommandLine));
        assert!(said[3].contains("1000 is not in 1..=100"), "{said:#?}");
        assert!(said[3].contains("(from `store.size` in /"), "{said:#?}");
    });
}

#[test]
fn options_that_clash_are_told_with_where_the_hidden_one_comes_from() {
    within(LIMIT, || {
        let said = wrong("--store-path /s --http-banner x", &[("DEMO_HTTP_QUIET", "1")]);
        assert_eq!(said.len(), 1, "{said:?}");
        assert!(said[0].contains("cannot be used with"), "{said:?}");
        assert!(
            said[0].ends_with("`--http-quiet` is the environment variable `DEMO_HTTP_QUIET`"),
            "{said:?}"
        );
    });
}

#[test]
fn unknown_flags_sections_and_keys_are_told_with_the_nearest_name() {
    within(LIMIT, || {
        let said = wrong("--store-path /s --http-listn x", &[]);
        assert!(said[0].contains("--http-listn"), "{said:?}");
        let whole = prepare(demo().0, "--http-listn x", &[]).expect_err("unknown").to_string();
        assert!(whole.contains("--http-listen"), "{whole}");
        let file = File::new("unknown", "[htpt]\nlisten = 'x'\n[http]\nlissten = 'x'\n");
        let said = wrong(&format!("--store-path /s {}", file.flag()), &[]);
        assert!(
            said[0].contains("no service `htpt` has options; did you mean `http`?"),
            "{said:?}"
        );
        assert!(said[1].contains("no option `lissten`; did you mean `listen`?"), "{said:?}");
    });
}

#[test]
fn a_file_that_is_no_toml_is_told_with_its_line() {
    within(LIMIT, || {
        let file = File::new("broken", "[http\n");
        let said = wrong(&format!("--store-path /s {}", file.flag()), &[]);
        assert!(said[0].contains("is no TOML") && said[0].contains("line 1"), "{said:?}");
    });
}

#[test]
fn help_is_grouped_by_service_and_says_variables_defaults_and_what_is_needed() {
    within(LIMIT, || {
        let told = told(demo().0.about("Shows"), "-h");
        let help = told.text();
        for words in [
            "Shows",
            "Service `http`:",
            "Service `store`:",
            "--http-listen <LISTEN>",
            "Where to listen [env: DEMO_HTTP_LISTEN] [default: 127.0.0.1:8080]",
            "[possible values: fast, slow]",
            "Where it is [required] [env: DEMO_STORE_PATH]",
            "--list-services[=<FORMAT>]",
        ] {
            assert!(help.contains(words), "no `{words}` in {help}");
        }
        assert!(!help.contains("-l,"), "short flags are nobody's: {help}");
    });
}

#[derive(clap::Args)]
struct Place {
    path: PathBuf,
}

#[derive(clap::Args)]
struct Only {
    #[arg(long)]
    only: bool,
}

#[test]
fn options_that_no_daemon_could_have_are_told_before_anything_else() {
    within(LIMIT, || {
        let cli = || Cli::new("demo").discover(false);
        let said = prepare(cli().options::<Place>("disk"), "", &[]).expect_err("a place");
        assert!(said.to_string().contains("`path` of service `disk` has no name"), "{said}");
        let said = prepare(cli().daemon_options::<Only>(), "", &[]).expect_err("taken");
        assert!(said.to_string().contains("`--only` is a flag of every daemon"), "{said}");
        let twice = cli().options::<StoreOptions>("a").options::<StoreOptions>("a");
        let said = prepare(twice, "", &[]).expect_err("twice");
        assert!(said.to_string().contains("`--a-path` is a flag of service `a` and of"), "{said}");
    });
}

#[derive(clap::Args)]
struct Short {
    /// Where to listen
    #[arg(long, visible_alias = "http", alias = "web", default_value = "nowhere")]
    listen: String,
}

#[test]
fn an_alias_is_a_flag_of_the_daemon_as_it_stands_in_the_struct() {
    within(LIMIT, || {
        let cli = || Cli::new("demo").discover(false).options::<Short>("http");
        let listen = |line: &str| {
            let (to, given) = std::sync::mpsc::channel();
            let cli = cli().setup(move |_, given| {
                to.send(given.options::<Short>("http")?.listen.clone())?;
                anyhow::Ok(())
            });
            assert!(matches!(prepare(cli, line, &[]), Ok(Prepared::Run(_))));
            given.recv().expect("it was set up")
        };
        for line in ["--http-listen x", "--http x", "--http=x", "--web x"] {
            assert_eq!(listen(line), "x", "{line}");
        }
        let help = told(cli(), "--help").text().to_owned();
        assert!(help.contains(": --http]"), "{help}");
        let clash = cli().options::<Short>("web");
        let said = prepare(clash, "", &[]).expect_err("twice").to_string();
        assert!(
            said.contains("`--http` is a flag of service `http` and of service `web`"),
            "{said}"
        );
    });
}

/// S4, S5: a service with a name of its own, underscores and all. S9, S10: options of the daemon as a whole.
#[test]
fn options_under_another_name_and_of_the_whole_have_their_defaults_and_are_set() {
    within(LIMIT, || {
        let given = |line: &str, environment: &[(&str, &str)]| {
            let (to, given) = std::sync::mpsc::channel();
            let cli = Cli::new("demo").discover(false).options::<Named>("my_Service");
            let cli = cli.daemon_options::<Named>().setup(move |_, given| {
                let (mine, whole) = (given.options("my_Service")?, given.daemon_options()?);
                let (Named { name: mine }, Named { name: whole }) = (&*mine, &*whole);
                to.send((mine.clone(), whole.clone()))?;
                anyhow::Ok(())
            });
            assert!(matches!(prepare(cli, line, environment), Ok(Prepared::Run(_))));
            let (mine, whole) = given.recv().expect("it was set up");
            format!("{mine} {whole}")
        };
        assert_eq!(given("", &[]), "nobody nobody");
        assert_eq!(given("--my-service-name a --name b", &[]), "a b");
        assert_eq!(given("", &[("DEMO_MY_SERVICE_NAME", "a"), ("DEMO_NAME", "b")]), "a b");
        let file = File::new("own", "name = 'b'\n[my_Service]\nname = 'a'\n");
        assert_eq!(given(&file.flag(), &[]), "a b");
    });
}

#[derive(clap::Args)]
struct Limits {
    #[arg(long, default_value = "20")]
    grace: u64,
    #[arg(long)]
    needed: u32,
}

#[test]
fn settings_of_the_runner_follow_from_options_and_what_is_wrong_with_them_is_told_once() {
    within(LIMIT, || {
        let cli = || {
            let cli = Cli::new("demo")
                .discover(false)
                .after_help("Exit codes: 0")
                .builder(ServiceRunner::builder().signals(false).name("kept"));
            cli.daemon_options::<Limits>().configure(|builder, given| {
                let grace = given.daemon_options::<Limits>()?.grace;
                anyhow::ensure!(grace < 100, "a grace of {grace} s is too long");
                anyhow::Ok(builder.stop_timeout(std::time::Duration::from_secs(grace)))
            })
        };
        match prepare(cli(), "--needed 1 --grace 5", &[]) {
            Ok(Prepared::Run(runner)) => assert_eq!(runner.run().runner(), "kept"),
            other => panic!("{other:?}"),
        }
        for (line, expected) in [
            ("--needed 1 --grace 200", "error: a grace of 200 s is too long"),
            ("--needed x", "error: invalid value 'x' for '--needed <NEEDED>'"),
            ("", "error: the daemon: the following required arguments were not provided: --needed"),
        ] {
            let said = prepare(cli(), line, &[]).expect_err("wrong").to_string();
            assert!(said.starts_with(expected) && said.lines().count() == 1, "{line}: {said}");
        }
        assert!(told(cli(), "--help").text().trim_end().ends_with("Exit codes: 0"));
    });
}

#[derive(clap::Args)]
struct Named {
    #[arg(long, default_value = "nobody")]
    name: String,
}

async fn west() -> anyhow::Result<()> {
    assert_eq!(spumoni::cli::options::<Named>()?.name, "west");
    Ok(())
}
spumoni::__private::inventory::submit! {
    Registration::new(
        Spec::new("registered-west", file!(), line!()).oneshot(),
        || Launch::new(Smol, west),
    )
}
spumoni::register_options!(Named, "registered-west");

fn east() -> anyhow::Result<()> {
    assert_eq!(spumoni::cli::options::<Named>()?.name, "east");
    Ok(())
}
spumoni::__private::inventory::submit! {
    Registration::new(
        Spec::new("registered-east", file!(), line!()).oneshot(),
        || Launch::new(Thread, east),
    )
}
spumoni::register_options!(Named, "registered-east");

#[test]
fn registered_services_get_their_own_options_though_the_type_is_the_same() {
    within(LIMIT, || {
        let builder = ServiceRunner::builder().signals(false);
        let cli = Cli::new("demo").builder(builder).daemon_options::<Named>().setup(|_, given| {
            assert_eq!(given.daemon_options::<Named>()?.name, "whole");
            assert_eq!(given.options::<Named>("registered-east")?.name, "east");
            assert!(given.options::<Named>("nobody").is_err());
            anyhow::Ok(())
        });
        let line = "--only registered-west,registered-east --registered-west-name west \
                    --registered-east-name=east --name whole";
        match prepare(cli, line, &[]) {
            Ok(Prepared::Run(runner)) => integration_tests::finish(runner),
            other => panic!("{other:?}"),
        }
    });
}

#[test]
fn options_outside_of_a_daemon_are_an_error_that_says_so() {
    within(LIMIT, || {
        let error = spumoni::cli::options::<Named>().err().expect("no payload");
        assert!(error.to_string().contains("a runner that `Cli` has made"), "{error}");
    });
}
