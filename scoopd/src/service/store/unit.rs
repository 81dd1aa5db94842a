//! The service that the others depend on: they have the queue and their own view of the database from it.

use std::{
    path::PathBuf,
    sync::{Arc, Mutex, PoisonError},
};

use anyhow::{Context as _, bail};
use clap::builder::{PathBufValueParser, TypedValueParser as _};
use spumoni::{cli, prelude::*};

use super::writer::Writer;
use crate::{
    counters::Counters,
    database::{Database, Reader},
    doors::Doors,
    options::Options,
    queue::{Inbox, QueueHandle, queue},
    totals::Totals,
    values,
};

/// Records that may wait for their commit. A body may go beyond it; see `queue::room`.
const QUEUE: usize = 65_536;

/// Where the records stay.
#[derive(Debug, clap::Args)]
pub(crate) struct StoreOptions {
    /// The database file, made if it is not there
    #[arg(
        long,
        visible_alias = "db",
        value_name = "PATH",
        default_value_os_t = values::default_db(),
        value_parser = PathBufValueParser::new().try_map(values::file),
    )]
    path: PathBuf,
}

/// Writes what comes through the queue, on a thread of its own.
///
/// It is not started again when it fails: what the database refuses once it refuses the next time too, and every
/// sender is told so. A new process looks at the file anew; that is for whoever has started this one.
#[derive(Debug)]
pub(crate) struct Store {
    options: StoreOptions,
    doors: Doors,
    counters: Arc<Counters>,
    totals: Arc<Totals>,
    queue: QueueHandle,
    inbox: Mutex<Option<Inbox>>,
    database: Mutex<Option<Database>>,
}

#[service(
    flavour = "thread",
    name = "store",
    notify,
    init = Self::open,
    on_stop = Self::close
)]
impl Store {
    /// Opened before anything starts, so that a file that will not do is told at once.
    fn open(&self) -> anyhow::Result<()> {
        let database = Database::open(&self.options.path)?;
        *self.database.lock().unwrap_or_else(PoisonError::into_inner) = Some(database);
        self.doors.note_database(&self.options.path);
        Ok(())
    }

    fn run(&self, cx: &Context) -> anyhow::Result<()> {
        let inbox = self.inbox.lock().unwrap_or_else(PoisonError::into_inner).take();
        let database = self.database.lock().unwrap_or_else(PoisonError::into_inner).take();
        let (Some(inbox), Some(database)) = (inbox, database) else {
            bail!("the store has run already: restart scoopd as a whole");
        };
        let grace = cli::options::<Options>()?.grace;
        let (counters, totals) = (self.counters.clone(), self.totals.clone());
        cx.ready();
        Writer { inbox, database, counters, totals, grace }.run(cx)
    }

    /// All that could still send something has ended.
    fn close(&self) {
        self.queue.close();
    }
}

impl Store {
    /// A store that is opened when the daemon starts.
    pub(crate) fn new(options: StoreOptions, doors: Doors, counters: Arc<Counters>) -> Store {
        let (queue, inbox) = queue(QUEUE, counters.clone());
        Store {
            options,
            doors,
            counters,
            totals: Arc::default(),
            queue,
            inbox: Mutex::new(Some(inbox)),
            database: Mutex::new(None),
        }
    }

    /// The way in.
    pub(crate) fn queue(&self) -> QueueHandle {
        self.queue.clone()
    }

    /// Sums of what was written since the start.
    pub(crate) fn totals(&self) -> Arc<Totals> {
        self.totals.clone()
    }

    /// Opens the database for queries.
    ///
    /// # Errors
    ///
    /// It cannot be opened once more.
    pub(crate) fn reader(&self) -> anyhow::Result<Reader> {
        Database::reader(&self.options.path).context("queries cannot be answered")
    }
}
