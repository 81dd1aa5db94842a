//! Puts the daemon together, and takes it down to its last line.

use std::{process::ExitCode, sync::Arc};

use spumoni::{
    ServiceView,
    cli::{Cli, OptionsError},
    prelude::*,
};

use crate::{
    counters::Counters,
    database::OpenError,
    doors::Doors,
    options::Options,
    say::{complain, say},
    service::{
        Http, HttpOptions, Probes, StatsdTcp, StatsdTcpOptions, StatsdUdp, StatsdUdpOptions, Store,
        StoreOptions,
    },
};

/// Something did not work.
const FAILED: u8 = 1;
/// What the options ask for cannot be had: `EX_CONFIG` of sysexits.
const BAD_CONFIG: u8 = 78;

/// Read at the start, and again at a SIGHUP, if it is there.
const CONFIG: &str = "/etc/scoopd.toml";

const AFTER_HELP: &str = "\
Exit codes:
  0    ended in good order
  1    an address cannot be listened on, or something failed while running
  2    an option is wrong
  78   the database cannot be used: not writable, or no database of scoopd
  Others come from spumoni, which runs it: see the list in its README.

Send: curl -d 'coffee:1|c' http://127.0.0.1:8080/ingest
Read: curl 'http://127.0.0.1:8080/query?name=coffee'
Look: /metrics /status /livez /readyz /startupz

The configuration file is /etc/scoopd.toml, if that is there. A SIGHUP reads it again; options of
retention hold at once then, the others after the next start.";

/// Does what the command line says: runs until a stop is asked or something fails, most of all.
pub(crate) fn run() -> ExitCode {
    match prepare() {
        Ok(doors) => {
            let counters = Arc::new(Counters::default());
            let cli = cli(&doors, &counters);
            cli.run_with(|runner| finish(&serve(runner, doors), &counters))
        }
        Err(error) => {
            complain(format_args!("{error:#}"));
            ExitCode::from(FAILED)
        }
    }
}

/// First of all, so that a signal that comes early is a stop too, and systemd's sockets go to nobody else.
fn prepare() -> anyhow::Result<Doors> {
    #[cfg(unix)]
    spumoni::signal::hold()?;
    Doors::new()
}

fn cli(doors: &Doors, counters: &Arc<Counters>) -> Cli {
    // What each service gets beside its options.
    let with = || (doors.clone(), counters.clone());
    let [store, http, udp, tcp] = [with(), with(), with(), with()];
    Cli::new("scoopd")
        .version(env!("CARGO_PKG_VERSION"))
        .about("Collects metrics in statsd lines, over HTTP, UDP and TCP, into a SQLite file")
        .after_help(AFTER_HELP)
        .config_file(CONFIG)
        .daemon_options::<Options>()
        .configure(|builder, given| {
            let grace = given.daemon_options::<Options>()?.grace;
            Ok::<_, OptionsError>(builder.grace(grace).stop_timeout(grace))
        })
        .setup(|runner, _| runner.add(Probes::new()).map_err(|refused| refused.to_string()))
        .service(|options: StoreOptions| Store::new(options, store.0, store.1))
        .service(|options: HttpOptions| Http::new(options, http.0, http.1))
        .service(|options: StatsdUdpOptions| StatsdUdp::new(options, udp.0, udp.1))
        .service(|options: StatsdTcpOptions| StatsdTcp::new(options, tcp.0, tcp.1))
}

/// Runs it, and tells systemd how it is, if that is who started it.
fn serve(runner: ServiceRunner, doors: Doors) -> StopReport {
    let announcement = runner.task("announcement").transient().adopt(Smol, async move || {
        let cx = Context::current();
        let handle = cx.handle();
        let ready = handle.services_until(|all| !all.all().iter().any(ServiceView::is_awaited));
        if cx.run_until_stopped(ready).await.is_ok() {
            say(doors.announcement());
            for name in doors.unused() {
                complain(format_args!("nobody takes the socket `{name}` of systemd"));
            }
        }
    });
    if let Err(refused) = announcement {
        complain(format_args!("nothing is announced: {refused}"));
    }
    #[cfg(unix)]
    return spumoni::systemd::run(runner);
    #[cfg(not(unix))]
    runner.run()
}

/// Prints the report, and the figures if anything has begun, and gives the exit code.
fn finish(report: &StopReport, counters: &Counters) -> ExitCode {
    if report.is_clean() {
        say(report);
    } else {
        complain(report);
    }
    let figures = counters.read();
    if !report.services().started().is_empty() {
        say(figures);
    }
    ExitCode::from(match report.exit_code() {
        0 if figures.missing() > 0 => FAILED,
        FAILED if report.failures().iter().any(is_about_the_database) => BAD_CONFIG,
        code => code,
    })
}

/// The file that was chosen will not do.
fn is_about_the_database(failure: &spumoni::Failure) -> bool {
    failure.cause().downcast_ref::<OpenError>().is_some()
}

#[cfg(test)]
mod tests;
