//! This program as a child: started in a role, watched, and killed when its time is over.

use std::env;
use std::io::{self, BufRead, BufReader, Read};
use std::os::unix::process::ExitStatusExt;
use std::process::{Command, ExitStatus, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};

use crate::Error;

/// The first argument of a child; its role comes next.
pub(crate) const ROLE: &str = "child";

/// How often a child is looked after.
const LOOK: Duration = Duration::from_millis(1);

/// A running child. Dropped before its end it is killed.
#[derive(Debug)]
pub(crate) struct Child {
    process: std::process::Child,
    begun: Instant,
}

/// How a child ended.
#[derive(Clone, Debug)]
pub(crate) struct End {
    pub(crate) code: Option<i32>,
    /// The signal that killed it; none if we did.
    pub(crate) signal: Option<i32>,
    /// Whether its time was over and we killed it.
    pub(crate) hung: bool,
}

/// Where a child's lines go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Output {
    /// To us.
    Read,
    Nowhere,
    /// Into pipes that nobody reads any more.
    Broken,
}

impl Child {
    pub(crate) fn start(role: &[&str], output: Output) -> Result<Self, Error> {
        let mut command = Command::new(env::current_exe()?);
        command.arg(ROLE).args(role).stdin(Stdio::null());
        // Looking for the lines of a backtrace takes longer than many a deadline here.
        command.env("RUST_BACKTRACE", "0");
        match output {
            Output::Read => command.stdout(Stdio::piped()).stderr(Stdio::null()),
            Output::Nowhere => command.stdout(Stdio::null()).stderr(Stdio::null()),
            Output::Broken => command.stdout(broken()?).stderr(broken()?),
        };
        let process = command.spawn()?;
        Ok(Child { process, begun: Instant::now() })
    }

    pub(crate) fn begun(&self) -> Instant {
        self.begun
    }

    /// Its next line; empty at its end.
    pub(crate) fn line(&mut self) -> io::Result<String> {
        let mut line = String::new();
        if let Some(output) = &mut self.process.stdout {
            // Children whose lines are waited for say one only, so nothing is lost with the buffer.
            BufReader::new(output).read_line(&mut line)?;
        }
        Ok(line)
    }

    /// Sends it a signal. One that has ended already takes no notice.
    pub(crate) fn signal(&self, signal: Signal) {
        let id = i32::try_from(self.process.id()).ok().and_then(Pid::from_raw);
        if let Some(id) = id {
            let _ = kill_process(id, signal);
        }
    }

    /// Waits for its end, or until it has lived so long, and then kills it.
    pub(crate) fn end(mut self, limit: Duration) -> io::Result<End> {
        loop {
            if let Some(status) = self.process.try_wait()? {
                return Ok(ended(status, false));
            }
            if self.begun.elapsed() > limit {
                self.process.kill()?;
                let status = self.process.wait()?;
                return Ok(ended(status, true));
            }
            thread::sleep(LOOK);
        }
    }
}

impl Drop for Child {
    fn drop(&mut self) {
        if let Ok(None) = self.process.try_wait() {
            let _ = self.process.kill();
            let _ = self.process.wait();
        }
    }
}

/// Runs a child that measures, and gives its lines.
pub(crate) fn measure(role: &[&str], limit: Duration) -> Result<Vec<String>, Error> {
    let mut child = Child::start(role, Output::Read)?;
    let output = child.process.stdout.take();
    let reader = thread::spawn(move || {
        let mut text = String::new();
        output.map_or(Ok(0), |mut output| output.read_to_string(&mut text)).map(|_| text)
    });
    let end = child.end(limit)?;
    let text = reader.join().map_err(|_| "the reader of a child panicked")??;
    if end.code != Some(0) {
        let role = role.join(" ");
        return Err(
            format!("`child {role}` ended badly: {end:?}; run it by hand to see why").into()
        );
    }
    Ok(text.lines().map(str::to_owned).collect())
}

fn ended(status: ExitStatus, hung: bool) -> End {
    let signal = if hung { None } else { status.signal() };
    End { code: status.code(), signal, hung }
}

/// The writing end of a pipe whose reading end is closed.
fn broken() -> io::Result<Stdio> {
    let (reader, writer) = io::pipe()?;
    drop(reader);
    Ok(writer.into())
}

/// The argument at this place, read as what is wanted.
pub(crate) fn arg<T: std::str::FromStr>(args: &[String], at: usize) -> Result<T, Error> {
    args.get(at)
        .and_then(|text| text.parse().ok())
        .ok_or_else(|| format!("argument {at} is missing or wrong: {args:?}").into())
}
