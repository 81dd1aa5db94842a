//! Puts the collector together, and takes it down to its last line.

use std::{
    io,
    net::{TcpListener, UdpSocket},
    process::ExitCode,
    sync::Arc,
};

use anyhow::Context as _;
use tokio::{
    runtime::{Builder, Runtime},
    task::{JoinHandle, JoinSet},
};

use crate::{
    counters::Counters,
    database::{Database, OpenError},
    flags::{Flags, Flavour},
    http::{self, Shared},
    listen::{self, HTTP, ListenError, TCP, UDP},
    queue::queue,
    rollup,
    say::{complain, say},
    statsd_tcp, statsd_udp,
    stop::{self, Stop},
    totals::Totals,
    writer::Writer,
};

/// Records that may wait for their commit, as in scoopd.
const QUEUE: usize = 65_536;
/// The exit codes are scoopd's too.
const FAILED: u8 = 1;
const BAD_CONFIG: u8 = 78;

/// Runs until a stop is asked or something fails.
pub(crate) fn run(flags: &Flags) -> ExitCode {
    match try_run(flags) {
        Ok(0) => ExitCode::SUCCESS,
        Ok(_lost) => ExitCode::from(FAILED),
        Err(error) => {
            complain(format_args!("{error:#}"));
            ExitCode::from(if error.is::<OpenError>() { BAD_CONFIG } else { FAILED })
        }
    }
}

/// How many records were lost.
fn try_run(flags: &Flags) -> anyhow::Result<u64> {
    let runtime = make(flags.runtime)?;
    let database = Database::open(&flags.db)?;
    let sockets = Sockets::bind(flags)?;
    let announcement = sockets.announcement()?;
    let counters = Arc::new(Counters::default());
    let stop = Stop::new(flags.grace);
    let ended = runtime.block_on(async {
        let (sources, writer) = start(sockets, flags, database, &counters, &stop)?;
        say(announcement);
        end(sources, writer, &stop).await
    });
    let figures = counters.read();
    say(figures);
    ended?;
    Ok(figures.missing())
}

/// What the collector is reached by.
struct Sockets {
    http: TcpListener,
    tcp: TcpListener,
    udp: UdpSocket,
}

impl Sockets {
    fn bind(flags: &Flags) -> Result<Sockets, ListenError> {
        Ok(Sockets {
            http: listen::tcp(HTTP, flags.http)?,
            udp: listen::udp(UDP, flags.statsd)?,
            tcp: listen::tcp(TCP, flags.statsd)?,
        })
    }

    fn announcement(&self) -> io::Result<String> {
        let (http, udp, tcp) =
            (self.http.local_addr()?, self.udp.local_addr()?, self.tcp.local_addr()?);
        Ok(format!(
            "http listening on http://{http}\n\
             statsd listening on udp://{udp}\n\
             statsd listening on tcp://{tcp}"
        ))
    }
}

fn make(flavour: Flavour) -> std::io::Result<Runtime> {
    let mut builder = match flavour {
        Flavour::MultiThread => Builder::new_multi_thread(),
        Flavour::CurrentThread => Builder::new_current_thread(),
    };
    builder.enable_all().build()
}

type Sources = JoinSet<anyhow::Result<()>>;
type Writing = JoinHandle<anyhow::Result<()>>;

fn start(
    sockets: Sockets,
    flags: &Flags,
    database: Database,
    counters: &Arc<Counters>,
    stop: &Stop,
) -> anyhow::Result<(Sources, Writing)> {
    let Sockets { http, tcp, udp } = sockets;
    let totals = Arc::new(Totals::default());
    // The writer ends when the last clone of `queue` is gone. So none stays here.
    let (queue, inbox) = queue(QUEUE, counters.clone());
    let shared = Shared {
        queue: queue.clone(),
        counters: counters.clone(),
        totals: totals.clone(),
        reader: Arc::new(tokio::sync::Mutex::new(Database::reader(&flags.db)?)),
        stop: stop.clone(),
    };
    let mut sources = JoinSet::new();
    sources.spawn(http::run(http, shared));
    sources.spawn(statsd_tcp::run(tcp, queue.clone(), counters.clone(), stop.clone()));
    sources.spawn(statsd_udp::run(udp, queue.clone(), counters.clone(), stop.clone()));
    sources.spawn(rollup::run(queue, stop.clone()));
    sources.spawn(stop::on_signal(stop.clone()));
    let writer = Writer { inbox, database, counters: counters.clone(), totals, stop: stop.clone() };
    let writer = tokio::task::spawn_blocking(move || writer.run());
    Ok((sources, writer))
}

/// Whatever ends first ends the others: no source ends before a stop unless something is wrong.
async fn end(mut sources: Sources, mut writer: Writing, stop: &Stop) -> anyhow::Result<()> {
    let mut first = None;
    let mut written = None;
    while written.is_none() || !sources.is_empty() {
        let ended = tokio::select! {
            Some(ended) = sources.join_next() => ended,
            ended = &mut writer, if written.is_none() => {
                written = Some(());
                ended
            }
        };
        stop.ask();
        let outcome = ended.context("a panic").flatten();
        first = first.or(outcome.err());
    }
    first.map_or(Ok(()), Err)
}
