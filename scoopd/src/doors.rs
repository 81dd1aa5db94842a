//! Where the daemon is reached: sockets of systemd's, where it opened them, or of its own, and their addresses.

use std::{
    net::{SocketAddr, TcpListener, UdpSocket},
    path::{Path, PathBuf},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

#[cfg(unix)]
use spumoni::systemd::Sockets;

use crate::listen::{self, HTTP, TCP, UDP};

/// The names of the sockets that systemd may hand over: `FileDescriptorName=` in a `.socket` unit.
const HTTP_NAME: &str = "http";
const STATSD_NAME: &str = "statsd";

/// What the services have opened so far.
#[derive(Clone, Debug)]
pub(crate) struct Doors {
    shared: Arc<Mutex<Shared>>,
}

#[derive(Debug)]
struct Shared {
    #[cfg(unix)]
    handed_over: Sockets,
    http: Option<SocketAddr>,
    udp: Option<SocketAddr>,
    tcp: Option<SocketAddr>,
    database: Option<PathBuf>,
}

impl Doors {
    /// With what systemd has handed over, which is to be called first of all in `main`.
    ///
    /// # Errors
    ///
    /// What the environment says of that makes no sense.
    #[cfg(unix)]
    pub(crate) fn new() -> anyhow::Result<Doors> {
        let handed_over = Sockets::take()?;
        Ok(Doors::of(Shared { handed_over, http: None, udp: None, tcp: None, database: None }))
    }

    /// With nothing handed over.
    ///
    /// # Errors
    ///
    /// None.
    #[cfg(not(unix))]
    pub(crate) fn new() -> anyhow::Result<Doors> {
        Ok(Doors::of(Shared { http: None, udp: None, tcp: None, database: None }))
    }

    fn of(shared: Shared) -> Doors {
        Doors { shared: Arc::new(Mutex::new(shared)) }
    }

    /// The listener for HTTP. It does not block.
    ///
    /// # Errors
    ///
    /// The address cannot be had, or systemd's socket cannot be used.
    pub(crate) fn http(&self, address: SocketAddr) -> anyhow::Result<TcpListener> {
        let mut shared = self.lock();
        let listener = match shared.handed_over_tcp(HTTP_NAME)? {
            Some(listener) => listener,
            None => listen::tcp(HTTP, address)?,
        };
        shared.http = Some(listener.local_addr()?);
        Ok(listener)
    }

    /// The listener for statsd connections. It does not block.
    ///
    /// # Errors
    ///
    /// As for [`http`](Doors::http).
    pub(crate) fn statsd_tcp(&self, address: SocketAddr) -> anyhow::Result<TcpListener> {
        let mut shared = self.lock();
        let listener = match shared.handed_over_tcp(STATSD_NAME)? {
            Some(listener) => listener,
            None => listen::tcp(TCP, address)?,
        };
        shared.tcp = Some(listener.local_addr()?);
        Ok(listener)
    }

    /// The socket for statsd datagrams. It does not block.
    ///
    /// # Errors
    ///
    /// As for [`http`](Doors::http).
    pub(crate) fn statsd_udp(&self, address: SocketAddr) -> anyhow::Result<UdpSocket> {
        let mut shared = self.lock();
        let socket = match shared.handed_over_udp(STATSD_NAME)? {
            Some(socket) => socket,
            None => listen::udp(UDP, address)?,
        };
        shared.udp = Some(socket.local_addr()?);
        Ok(socket)
    }

    /// The database is open there.
    pub(crate) fn note_database(&self, path: &Path) {
        self.lock().database = Some(path.to_owned());
    }

    /// Lines that tell where the daemon is reached, with the real ports, and what to paste.
    pub(crate) fn announcement(&self) -> String {
        let shared = self.lock();
        let mut lines = Vec::new();
        lines.extend(shared.http.map(|http| format!("http listening on http://{http}")));
        lines.extend(shared.udp.map(|udp| format!("statsd listening on udp://{udp}")));
        lines.extend(shared.tcp.map(|tcp| format!("statsd listening on tcp://{tcp}")));
        lines.extend(shared.database.as_ref().map(|path| format!("database {}", path.display())));
        if let Some(http) = shared.http {
            lines.push("try it:".to_owned());
            lines.push(format!("curl -d 'coffee:1|c' http://{http}/ingest"));
            lines.push(format!("curl 'http://{http}/query?name=coffee'"));
        }
        lines.join("\n")
    }

    /// The names of sockets that systemd has handed over and nobody has taken.
    pub(crate) fn unused(&self) -> Vec<String> {
        #[cfg(unix)]
        return self.lock().handed_over.names().map(str::to_owned).collect();
        #[cfg(not(unix))]
        Vec::new()
    }

    fn lock(&self) -> MutexGuard<'_, Shared> {
        self.shared.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(unix)]
impl Shared {
    fn handed_over_tcp(&mut self, name: &str) -> anyhow::Result<Option<TcpListener>> {
        let listener = self.handed_over.tcp_listener(name)?;
        if let Some(listener) = &listener {
            listener.set_nonblocking(true)?;
        }
        Ok(listener)
    }

    fn handed_over_udp(&mut self, name: &str) -> anyhow::Result<Option<UdpSocket>> {
        let socket = self.handed_over.udp_socket(name)?;
        if let Some(socket) = &socket {
            socket.set_nonblocking(true)?;
        }
        Ok(socket)
    }
}

#[cfg(not(unix))]
impl Shared {
    fn handed_over_tcp(&mut self, _name: &str) -> anyhow::Result<Option<TcpListener>> {
        Ok(None)
    }

    fn handed_over_udp(&mut self, _name: &str) -> anyhow::Result<Option<UdpSocket>> {
        Ok(None)
    }
}
