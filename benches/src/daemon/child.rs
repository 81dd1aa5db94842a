//! A program that runs: started, spoken to, stopped.

use std::error::Error;
use std::io::{BufRead as _, BufReader, Read as _};
use std::net::SocketAddr;
use std::process::{Child, ChildStdout, Command, Stdio};

use rustix::process::{Pid, Signal, kill_process};

use super::folder::Folder;
use super::programs::Program;

/// A collector that listens; killed if it is dropped before it was stopped.
#[derive(Debug)]
pub(super) struct Collector {
    child: Child,
    out: BufReader<ChildStdout>,
    pub(super) http: SocketAddr,
}

impl Collector {
    /// Starts it, and waits until it says where it listens.
    pub(super) fn start(program: &Program, folder: &Folder) -> Result<Collector, Box<dyn Error>> {
        let mut command = Command::new(&program.path);
        command.args(["--http", "127.0.0.1:0", "--statsd", "127.0.0.1:0", "--db"]);
        command.arg(folder.database()).args(program.flags);
        let mut child = command.stdin(Stdio::null()).stdout(Stdio::piped()).spawn()?;
        let out = child.stdout.take().ok_or("a child without output")?;
        let http = SocketAddr::from(([0; 4], 0));
        let mut collector = Collector { child, out: BufReader::new(out), http };
        collector.http = collector.announced()?;
        Ok(collector)
    }

    fn announced(&mut self) -> Result<SocketAddr, Box<dyn Error>> {
        let mut line = String::new();
        self.out.read_line(&mut line)?;
        let address = line.trim().strip_prefix("http listening on http://");
        Ok(address.ok_or_else(|| format!("no address in `{line}`"))?.parse()?)
    }

    /// Asks it to stop, and waits for its end; how many records it says it has written.
    pub(super) fn stop(mut self) -> Result<u64, Box<dyn Error>> {
        if let Some(pid) = Pid::from_raw(self.child.id().cast_signed()) {
            kill_process(pid, Signal::TERM)?;
        }
        let mut told = String::new();
        self.out.read_to_string(&mut told)?;
        let status = self.child.wait()?;
        if !status.success() {
            return Err(format!("{status}, having said\n{told}").into());
        }
        let last = told.lines().last().unwrap_or_default();
        let written = last.split(", ").find_map(|part| part.strip_prefix("written ")?.parse().ok());
        written.ok_or_else(|| format!("no figures in `{last}`").into())
    }
}

impl Drop for Collector {
    fn drop(&mut self) {
        let _ = self.child.kill(); // It has ended already unless something failed.
        let _ = self.child.wait();
    }
}
