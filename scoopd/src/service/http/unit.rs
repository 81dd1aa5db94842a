//! The service: where it listens, and what each run of it works with.

use std::{
    net::{self, SocketAddr},
    sync::{
        Arc, OnceLock,
        atomic::{AtomicU32, Ordering::Relaxed},
    },
};

use anyhow::{Context as _, anyhow};
use spumoni::{OnFailure, cli, prelude::*};
use tokio::{net::TcpListener, sync::Mutex};

use super::{app::App, routes::router, server::Server};
use crate::{
    counters::Counters,
    doors::Doors,
    options::Options,
    service::{group_name, probes::Probes, store::Store},
    values,
};

/// Where requests come in.
#[derive(Debug, clap::Args)]
pub(crate) struct HttpOptions {
    /// Where to listen for HTTP; port 0 takes a free one
    #[arg(
        long,
        visible_alias = "http",
        value_name = "ADDR",
        default_value = "127.0.0.1:8080",
        value_parser = values::address,
    )]
    listen: SocketAddr,
}

/// Answers HTTP, on the tokio flavour.
#[derive(Debug)]
pub(crate) struct Http {
    options: HttpOptions,
    doors: Doors,
    counters: Arc<Counters>,
    /// Bound before anything starts, and kept over restarts.
    listener: OnceLock<net::TcpListener>,
    runs: AtomicU32,
}

#[service(
    flavour = "tokio",
    name = "http",
    after = [Store, Probes],
    notify,
    init = Self::bind,
    restart = "on-failure"
)]
impl Http {
    async fn bind(&self) -> anyhow::Result<()> {
        let _ = self.listener.set(self.doors.http(self.options.listen)?);
        Ok(())
    }

    async fn run(&self, cx: Context) -> anyhow::Result<()> {
        const CANNOT: &str = "cannot listen for HTTP";
        let store = cx.service::<Store>()?;
        let patience = cli::options::<Options>()?.grace / 2;
        let listener = self.listener.get().context(CANNOT)?.try_clone().context(CANNOT)?;
        let listener = TcpListener::from_std(listener).context(CANNOT)?;
        let group = cx.handle().group(group_name(&cx, self.runs.fetch_add(1, Relaxed)));
        let group = group.on_failure(OnFailure::Continue).forget_ends().grace(patience);
        let connections = group.open().map_err(|reason| anyhow!("{reason}"))?;
        let router = router(App {
            queue: store.queue(),
            counters: self.counters.clone(),
            totals: store.totals(),
            reader: Arc::new(Mutex::new(store.reader()?)),
            probes: cx.service::<Probes>()?,
            cx: cx.clone(),
        });
        cx.ready();
        let server = Server::new(listener, router, connections, cx);
        server.serve().await;
        server.see_off(patience).await;
        Ok(())
    }
}

impl Http {
    /// Where the options say, or where systemd has opened a socket already.
    pub(crate) fn new(options: HttpOptions, doors: Doors, counters: Arc<Counters>) -> Http {
        Http { options, doors, counters, listener: OnceLock::new(), runs: AtomicU32::new(0) }
    }
}
