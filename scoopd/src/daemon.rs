//! Puts the daemon together, and takes it down to its last line.

use std::{path::Path, process::ExitCode, sync::Arc};

use anyhow::anyhow;
use spumoni::prelude::*;

use crate::{
    config::Config,
    counters::Counters,
    listen::Sockets,
    queue::queue,
    say::{complain, say},
    service::{Http, Rollup, StatsdTcp, StatsdUdp, Writer},
    store::{OpenError, Store},
    totals::Totals,
};

/// Records that may wait for their commit. A body may go beyond it; see `queue::room`.
const QUEUE: usize = 65_536;
/// Something did not work.
const FAILED: u8 = 1;
/// What the flags ask for cannot be had: `EX_CONFIG` of sysexits.
const BAD_CONFIG: u8 = 78;

/// Runs until a stop is asked or something fails.
pub(crate) fn run(config: &Config) -> ExitCode {
    match try_run(config) {
        Ok(code) => ExitCode::from(code),
        Err(error) => {
            complain(format_args!("{error:#}"));
            ExitCode::from(if error.is::<OpenError>() { BAD_CONFIG } else { FAILED })
        }
    }
}

fn try_run(config: &Config) -> anyhow::Result<u8> {
    // First of all, so that a signal that comes early is a stop too.
    #[cfg(unix)]
    spumoni::signal::hold()?;
    let runner = ServiceRunner::builder()
        .name("scoopd")
        .grace(config.grace)
        .stop_timeout(config.grace)
        .build()?;
    let store = Store::open(&config.db)?;
    let sockets = Sockets::bind(config)?;
    let counters = Arc::new(Counters::default());
    let announcement = announcement(&sockets, &config.db)?;
    add_services(&runner, config, store, sockets, counters.clone())?;
    say(announcement);

    let report = supervised(runner);
    let figures = counters.read();
    if report.is_clean() {
        say(&report);
    } else {
        complain(&report);
    }
    say(figures);
    let lost = figures.missing() > 0 && report.exit_code() == 0;
    Ok(if lost { FAILED } else { report.exit_code() })
}

/// Runs it, and tells systemd how it is, if that is who started it.
fn supervised(runner: ServiceRunner) -> StopReport {
    #[cfg(unix)]
    return spumoni::systemd::run(runner);
    #[cfg(not(unix))]
    runner.run()
}

fn add_services(
    runner: &ServiceRunner,
    config: &Config,
    store: Store,
    sockets: Sockets,
    counters: Arc<Counters>,
) -> anyhow::Result<()> {
    let totals = Arc::new(Totals::default());
    let Sockets { http, tcp, udp } = sockets;
    // The writer ends when the last clone of `queue` is gone. So none stays here.
    let (queue, inbox) = queue(QUEUE, counters.clone());
    add(
        runner,
        Http {
            listener: http,
            queue: queue.clone(),
            counters: counters.clone(),
            totals: totals.clone(),
            reader: store.reader()?,
            grace: config.grace,
        },
    )?;
    add(runner, StatsdTcp { listener: tcp, queue: queue.clone(), counters: counters.clone() })?;
    add(runner, StatsdUdp { socket: udp, queue: queue.clone(), counters: counters.clone() })?;
    add(runner, Rollup { queue })?;
    add(runner, Writer { inbox, store, counters, totals, grace: config.grace })
}

fn add<S: Service>(runner: &ServiceRunner, service: S) -> anyhow::Result<()> {
    runner.add(service).map_err(|error| anyhow!("{error}"))
}

fn announcement(sockets: &Sockets, db: &Path) -> anyhow::Result<String> {
    let addresses = sockets.announcement()?;
    let http = sockets.http.local_addr()?;
    Ok(format!(
        "{addresses}\n\
         database {}\n\
         try it:\n\
         curl -d 'coffee:1|c' http://{http}/ingest\n\
         curl 'http://{http}/query?name=coffee'",
        db.display()
    ))
}
