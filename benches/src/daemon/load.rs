//! The client: connections that are kept, one request in flight on each, answers read to their end.
//!
//! One thread, and no more HTTP than it needs: what it uses of the machine the collector has not.

use std::io;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::runtime::Builder;

use super::folder::Stored;

/// Connections, each with one request in flight.
pub(super) const CONNECTIONS: u64 = 64;
/// How the collector is driven.
#[derive(Clone, Copy, Debug)]
pub(super) struct Load {
    /// Records of one request, which come in one transaction or not at all.
    pub(super) body: u64,
    /// How long it is driven before anything counts.
    pub(super) warm: Duration,
    /// How long it is measured.
    pub(super) span: Duration,
}

/// What came of it.
#[derive(Debug, Default)]
pub(super) struct Driven {
    /// What was told to be stored, connection by connection, warming up included.
    pub(super) stored: Vec<Stored>,
    /// Records that were told to be stored in a second.
    pub(super) rate: f64,
    /// How long each request took, sorted, in nanoseconds.
    pub(super) latencies: Vec<u64>,
}

/// What the records of one connection are called.
pub(super) fn name(connection: u64) -> String {
    format!("load.{connection}")
}

/// Drives the collector.
pub(super) fn drive(http: SocketAddr, load: Load) -> io::Result<Driven> {
    let runtime = Builder::new_current_thread().enable_io().build()?;
    runtime.block_on(async {
        let from = Instant::now() + load.warm;
        let clients = (0..CONNECTIONS).map(|number| client(http, number, load, from));
        let clients: Vec<_> = clients.map(tokio::spawn).collect();
        let mut driven = Driven::default();
        for client in clients {
            let client = client.await.map_err(io::Error::other)??;
            driven.stored.push(client.stored);
            driven.latencies.extend(client.latencies);
        }
        driven.rate = (driven.latencies.len() as u64 * load.body) as f64 / load.span.as_secs_f64();
        driven.latencies.sort_unstable();
        Ok(driven)
    })
}

/// What one connection has to tell.
#[derive(Debug, Default)]
struct Client {
    stored: Stored,
    latencies: Vec<u64>,
}

/// Posts numbered bodies until the span is over. What is answered from `from` on is measured.
async fn client(http: SocketAddr, number: u64, load: Load, from: Instant) -> io::Result<Client> {
    let to = from + load.span;
    let mut stream = TcpStream::connect(http).await?;
    stream.set_nodelay(true)?;
    let (name, mut client) = (name(number), Client::default());
    let mut answer = Vec::with_capacity(1024);
    for body in 0.. {
        let asked = Instant::now();
        if asked >= to {
            break;
        }
        stream.write_all(request(&name, body, load.body).as_bytes()).await?;
        read_answer(&mut stream, &mut answer).await?;
        let answered = Instant::now();
        client.stored.records += load.body;
        client.stored.sum += load.body * body;
        if (from..to).contains(&answered) {
            client.latencies.push((answered - asked).as_nanos() as u64);
        }
    }
    Ok(client)
}

fn request(name: &str, body: u64, records: u64) -> String {
    let lines = format!("{name}:{body}|c|#host:a,zone:b\n").repeat(records as usize);
    let length = lines.len();
    format!("POST /ingest HTTP/1.1\r\nHost: bench\r\nContent-Length: {length}\r\n\r\n{lines}")
}

/// Reads one answer to its end. Everything but a 200 is an error: nothing here is to be refused.
async fn read_answer(stream: &mut TcpStream, answer: &mut Vec<u8>) -> io::Result<()> {
    answer.clear();
    loop {
        if stream.read_buf(answer).await? == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        let Some(head) = answer.windows(4).position(|end| end == b"\r\n\r\n") else { continue };
        let text = String::from_utf8_lossy(&answer[..head]);
        if !text.starts_with("HTTP/1.1 200") {
            return Err(io::Error::other(String::from_utf8_lossy(answer).into_owned()));
        }
        let length = text.lines().find_map(|line| {
            let (name, value) = line.split_once(": ")?;
            name.eq_ignore_ascii_case("content-length").then(|| value.parse::<usize>().ok())?
        });
        if length.is_some_and(|length| answer.len() >= head + 4 + length) {
            return Ok(());
        }
    }
}
