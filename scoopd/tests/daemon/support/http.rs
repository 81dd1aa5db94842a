//! As much of an HTTP client as the tests need, with nothing between them and the socket.

use std::{
    io::{self, BufRead as _, BufReader, Read as _, Write as _},
    net::{SocketAddr, TcpStream},
};

use super::DEADLINE;

/// A connection that is kept.
#[derive(Debug)]
pub(crate) struct Client {
    stream: BufReader<TcpStream>,
}

/// What came back.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) head: String,
    pub(crate) body: String,
}

impl Client {
    pub(crate) fn connect(address: SocketAddr) -> io::Result<Client> {
        let stream = TcpStream::connect(address)?;
        stream.set_read_timeout(Some(DEADLINE))?;
        stream.set_write_timeout(Some(DEADLINE))?;
        stream.set_nodelay(true)?;
        Ok(Client { stream: BufReader::new(stream) })
    }

    /// Sends bytes as they are.
    pub(crate) fn send(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.stream.get_mut().write_all(bytes)
    }

    /// Sends a request and reads the answer to it.
    pub(crate) fn ask(&mut self, line: &str, headers: &str, body: &[u8]) -> io::Result<Answer> {
        let length = body.len();
        let head =
            format!("{line} HTTP/1.1\r\nHost: scoopd\r\nContent-Length: {length}\r\n{headers}\r\n");
        self.send(&[head.as_bytes(), body].concat())?;
        self.answer()
    }

    /// Reads one answer.
    pub(crate) fn answer(&mut self) -> io::Result<Answer> {
        let mut head = String::new();
        while !head.ends_with("\r\n\r\n") {
            if self.stream.read_line(&mut head)? == 0 {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
        }
        let head = head.to_lowercase();
        let status = head.split(' ').nth(1).and_then(|status| status.parse().ok());
        let length =
            head.lines().find_map(|line| line.strip_prefix("content-length: ")?.parse().ok());
        let (Some(status), Some(length)) = (status, length) else {
            return Err(io::Error::other(head));
        };
        let mut body = vec![0; length];
        self.stream.read_exact(&mut body)?;
        let body = String::from_utf8(body).map_err(io::Error::other)?;
        Ok(Answer { status, head, body })
    }

    /// Waits for the other side to close, whatever it says before.
    pub(crate) fn wait_for_close(mut self) {
        let _ = io::copy(&mut self.stream, &mut io::sink());
    }
}

/// Asks once, on a connection of its own.
#[track_caller]
pub(crate) fn get(address: SocketAddr, path: &str) -> Answer {
    ask_once(address, &format!("GET {path}"), "", b"")
}

/// Posts once, on a connection of its own.
#[track_caller]
pub(crate) fn post(address: SocketAddr, body: impl AsRef<[u8]>) -> Answer {
    ask_once(address, "POST /ingest", "", body.as_ref())
}

#[track_caller]
fn ask_once(address: SocketAddr, line: &str, headers: &str, body: &[u8]) -> Answer {
    let mut client = Client::connect(address).expect("a connection");
    client.ask(line, headers, body).expect(line)
}
