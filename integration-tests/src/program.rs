//! A program of `src/bin` as a child process: its lines, its standard input, its signals, its end.

use std::io::{BufRead, BufReader, Read, Write};
use std::os::unix::process::ExitStatusExt;
use std::process::{self, Command, Stdio};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use crossbeam_channel::Receiver;

/// A running program. Dropped before its end it is killed.
#[derive(Debug)]
pub struct Program {
    process: process::Child,
    begun: Instant,
    lines: Receiver<String>,
    errors: Option<JoinHandle<String>>,
}

/// How a program ended.
#[derive(Debug)]
pub struct End {
    /// Its exit code, if it was not killed.
    pub code: Option<i32>,
    /// The signal that killed it.
    pub signal: Option<i32>,
    /// The lines that nobody had read.
    pub lines: Vec<String>,
    /// All that it wrote to standard error.
    pub errors: String,
    /// How long it lived.
    pub lived: Duration,
}

impl Program {
    /// Starts the program.
    #[must_use]
    pub fn start(program: &str, args: &[&str]) -> Program {
        Program::of(Command::new(program).args(args))
    }

    /// Starts the command with its three streams ours.
    #[must_use]
    pub fn of(command: &mut Command) -> Program {
        let command = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut process = command.spawn().expect("a child");
        let output = process.stdout.take().expect("piped");
        let mut errors = process.stderr.take().expect("piped");
        let (to, lines) = crossbeam_channel::unbounded();
        thread::spawn(move || {
            for line in BufReader::new(output).lines().map_while(Result::ok) {
                let _ = to.send(line);
            }
        });
        let errors = thread::spawn(move || {
            let mut all = Vec::new();
            let _ = errors.read_to_end(&mut all);
            String::from_utf8_lossy(&all).into_owned()
        });
        Program { process, begun: Instant::now(), lines, errors: Some(errors) }
    }

    /// Its process id.
    #[must_use]
    pub fn id(&self) -> u32 {
        self.process.id()
    }

    /// Waits for its next line.
    ///
    /// # Panics
    ///
    /// It ended instead.
    #[must_use]
    pub fn line(&mut self) -> String {
        match self.lines.recv() {
            Ok(line) => line,
            Err(_) => {
                let errors = self.errors.take().map(JoinHandle::join);
                panic!("the child ended and said: {errors:?}")
            }
        }
    }

    /// Waits for its next line, which must be this one.
    ///
    /// # Panics
    ///
    /// It is another one.
    pub fn expect(&mut self, line: &str) {
        assert_eq!(self.line(), line);
    }

    /// Writes a line to its standard input.
    pub fn say(&mut self, line: &str) {
        let input = self.process.stdin.as_mut().expect("piped");
        writeln!(input, "{line}").expect("the child reads");
    }

    /// Sends it so many signals in a row, with the shell's own `kill`: `TERM`, say.
    pub fn signal(&self, name: &str, count: u32) {
        signal(self.id(), name, count);
    }

    /// Waits for its end.
    #[must_use]
    pub fn end(mut self) -> End {
        drop(self.process.stdin.take());
        let status = self.process.wait().expect("a child to wait for");
        let lived = self.begun.elapsed();
        let errors = self.errors.take().map(JoinHandle::join);
        End {
            code: status.code(),
            signal: status.signal(),
            lines: self.lines.iter().collect(),
            errors: errors.and_then(Result::ok).unwrap_or_default(),
            lived,
        }
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// Sends a process so many signals in a row, all by one call of the shell's own `kill`.
///
/// # Panics
///
/// The process is gone.
pub fn signal(process: u32, name: &str, count: u32) {
    let targets = (0..count).map(|_| process.to_string());
    let mut shell = Command::new("sh");
    shell.args(["-c", "kill \"$@\"", "sh", &format!("-{name}")]).args(targets);
    let status = shell.status().expect("a shell");
    assert!(status.success(), "kill -{name} {process}");
}
