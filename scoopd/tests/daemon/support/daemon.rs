//! The child process: started, watched, stopped, and killed if a test fails.

use std::{
    ffi::OsStr,
    io::{BufRead as _, BufReader, Read},
    net::SocketAddr,
    process::{Child, ChildStderr, ChildStdout, Command, Stdio},
    sync::mpsc::{Receiver, channel},
    thread,
    time::{Duration, Instant},
};

use super::{DEADLINE, Folder, until};

const PROGRAM: &str = env!("CARGO_BIN_EXE_scoopd");

/// A daemon that listens on ports of its own.
#[derive(Debug)]
pub(crate) struct Daemon {
    child: Child,
    out: Receiver<String>,
    err: Receiver<String>,
    pub(crate) announced: Vec<String>,
    pub(crate) http: SocketAddr,
    pub(crate) udp: SocketAddr,
    pub(crate) tcp: SocketAddr,
}

/// What is left of a daemon that has ended.
#[derive(Debug)]
pub(crate) struct Ended {
    pub(crate) code: Option<i32>,
    pub(crate) out: String,
    pub(crate) err: String,
    /// Since the stop was asked.
    pub(crate) took: Duration,
}

impl Daemon {
    pub(crate) fn start(folder: &Folder) -> Daemon {
        Daemon::start_with(folder, &[])
    }

    pub(crate) fn start_with(folder: &Folder, flags: &[&str]) -> Daemon {
        Daemon::start_as(command(PROGRAM), folder, flags)
    }

    /// Starts it with this in its environment.
    pub(crate) fn start_in(folder: &Folder, environment: &[(&str, &str)]) -> Daemon {
        let mut program = command(PROGRAM);
        program.envs(environment.iter().copied());
        Daemon::start_as(program, folder, &[])
    }

    /// Starts it where no process may have more than so many descriptors.
    pub(crate) fn start_with_descriptors(folder: &Folder, descriptors: u32) -> Daemon {
        let mut shell = command("sh");
        shell.arg("-c").arg(format!("ulimit -n {descriptors} && exec \"$0\" \"$@\"")).arg(PROGRAM);
        Daemon::start_as(shell, folder, &[])
    }

    /// Starts it as systemd does that has opened two sockets, in this order: a shell puts them in place, of which
    /// one comes as its standard error, so the daemon has none.
    #[cfg(unix)]
    pub(crate) fn start_activated(
        folder: &Folder,
        sockets: [std::os::fd::OwnedFd; 2],
        names: &str,
    ) -> Daemon {
        let mut shell = command("sh");
        shell.arg("-c").arg(
            "export LISTEN_PID=$$ LISTEN_FDS=2 && exec \"$0\" \"$@\" 3<&0 4<&2 0</dev/null 2>/dev/null",
        );
        let [first, second] = sockets;
        shell.arg(PROGRAM).env("LISTEN_FDNAMES", names).stdin(first).stderr(second);
        Daemon::start_as(shell, folder, &[])
    }

    fn start_as(mut command: Command, folder: &Folder, flags: &[&str]) -> Daemon {
        command.args(["--http", "127.0.0.1:0", "--statsd", "127.0.0.1:0", "--db"]);
        command.arg(folder.db()).args(flags);
        let mut child = command.spawn().expect("the daemon");
        let out = lines(child.stdout.take().expect("its stdout"));
        let err = child.stderr.take().map_or_else(|| channel().1, lines);
        let announced: Vec<String> =
            (0..7).map_while(|_| out.recv_timeout(DEADLINE).ok()).collect();
        let address = |start: &str| {
            let found = announced.iter().find_map(|line| line.strip_prefix(start)?.parse().ok());
            found.unwrap_or_else(|| panic!("no `{start}…` in {announced:?}, {:?}", rest(&err)))
        };
        let http = address("http listening on http://");
        let udp = address("statsd listening on udp://");
        let tcp = address("statsd listening on tcp://");
        Daemon { child, out, err, announced, http, udp, tcp }
    }

    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Sends a signal; the answer comes through the child's output and its end.
    pub(crate) fn signal(&self, name: &str) {
        let pid = self.pid().to_string();
        let sent = Command::new("kill").args([&format!("-{name}"), &pid]).status();
        assert!(sent.expect("kill").success(), "the daemon is gone");
    }

    /// Waits until it says so on standard error.
    pub(crate) fn wait_for_error(&self, words: &str) {
        while !self.err.recv_timeout(DEADLINE).expect(words).contains(words) {}
    }

    /// How many lines with these words it has said on standard error since it was last asked for them, or so.
    pub(crate) fn heard(&self, words: &str) -> u64 {
        self.err.try_iter().filter(|line| line.contains(words)).count() as u64
    }

    /// Asks it to stop, and waits for its end.
    pub(crate) fn stop(self) -> Ended {
        self.stop_by("TERM")
    }

    pub(crate) fn stop_by(self, signal: &str) -> Ended {
        let asked = Instant::now();
        self.signal(signal);
        self.wait_since(asked)
    }

    /// Waits for an end that was asked for at `asked`.
    pub(crate) fn wait_since(mut self, asked: Instant) -> Ended {
        let code = wait(&mut self.child);
        Ended { code, out: rest(&self.out), err: rest(&self.err), took: asked.elapsed() }
    }
}

impl Drop for Daemon {
    fn drop(&mut self) {
        let _ = self.child.kill(); // It has ended already unless the test has failed.
        let _ = self.child.wait();
    }
}

impl Ended {
    /// `accepted`, `written` and `lost` of the last line.
    #[track_caller]
    pub(crate) fn figures(&self) -> [u64; 3] {
        let last = self.out.lines().last().unwrap_or_default();
        let mut words = last.split(", ");
        ["accepted ", "written ", "lost "].map(|word| {
            let figure = words.next().and_then(|text| text.strip_prefix(word)?.parse().ok());
            figure.unwrap_or_else(|| panic!("no figures at the end of {self:?}"))
        })
    }

    /// The daemon ended in good order and lost nothing; how many records it has written.
    #[track_caller]
    pub(crate) fn assert_clean(&self) -> u64 {
        assert_eq!(self.code, Some(0), "{self:?}");
        let [accepted, written, lost] = self.figures();
        assert_eq!((written, lost), (accepted, 0), "{self:?}");
        written
    }
}

/// Runs the daemon with exactly these flags; for those it does not start with.
pub(crate) fn run_to_end<S: AsRef<OsStr>>(flags: &[S]) -> Ended {
    let asked = Instant::now();
    let mut child = command(PROGRAM).args(flags).spawn().expect("the daemon");
    let out = lines::<ChildStdout>(child.stdout.take().expect("its stdout"));
    let err = lines::<ChildStderr>(child.stderr.take().expect("its stderr"));
    let code = wait(&mut child);
    Ended { code, out: rest(&out), err: rest(&err), took: asked.elapsed() }
}

fn command(program: &str) -> Command {
    let mut command = Command::new(program);
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

fn wait(child: &mut Child) -> Option<i32> {
    let status = until("the daemon's end", || child.try_wait().expect("a status"));
    status.code()
}

fn lines<R: Read + Send + 'static>(pipe: R) -> Receiver<String> {
    let (sender, receiver) = channel();
    thread::spawn(move || {
        BufReader::new(pipe).lines().map_while(Result::ok).try_for_each(|line| sender.send(line))
    });
    receiver
}

/// All that comes until the pipe is closed.
fn rest(lines: &Receiver<String>) -> String {
    let mut text = String::new();
    while let Ok(line) = lines.recv_timeout(DEADLINE) {
        text.push_str(&line);
        text.push('\n');
    }
    text
}
