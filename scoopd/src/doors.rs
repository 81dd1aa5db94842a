//! Where the daemon is reached: sockets of systemd's, where it opened them, or of its own, and their addresses.

use std::{
    net::{SocketAddr, TcpListener, UdpSocket},
    path::{Path, PathBuf},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use crate::listen::{self, HTTP, TCP, UDP};

/// What the services have opened so far.
#[derive(Clone, Debug, Default)]
pub(crate) struct Doors {
    shared: Arc<Mutex<Shared>>,
}

#[derive(Debug, Default)]
struct Shared {
    handed_over: HandedOver,
    http: Option<SocketAddr>,
    udp: Option<SocketAddr>,
    tcp: Option<SocketAddr>,
    database: Option<PathBuf>,
}

/// What systemd has opened.
#[derive(Debug, Default)]
struct HandedOver {
    http: Option<TcpListener>,
    tcp: Option<TcpListener>,
    udp: Option<UdpSocket>,
    /// Nobody knows what for.
    others: Vec<String>,
}

impl Doors {
    /// With what systemd has handed over, which is to be called first of all in `main`.
    ///
    /// # Errors
    ///
    /// What the environment says of that makes no sense, or a socket is of the wrong kind.
    pub(crate) fn new() -> anyhow::Result<Doors> {
        let shared = Shared { handed_over: HandedOver::take()?, ..Shared::default() };
        Ok(Doors { shared: Arc::new(Mutex::new(shared)) })
    }

    /// The listener for HTTP. It does not block.
    ///
    /// # Errors
    ///
    /// The address cannot be had.
    pub(crate) fn http(&self, address: SocketAddr) -> anyhow::Result<TcpListener> {
        let mut shared = self.lock();
        let handed_over = shared.handed_over.http.take();
        let listener = handed_over.map_or_else(|| listen::tcp(HTTP, address), Ok)?;
        shared.http = Some(listener.local_addr()?);
        Ok(listener)
    }

    /// The listener for statsd connections. It does not block.
    ///
    /// # Errors
    ///
    /// The address cannot be had.
    pub(crate) fn statsd_tcp(&self, address: SocketAddr) -> anyhow::Result<TcpListener> {
        let mut shared = self.lock();
        let handed_over = shared.handed_over.tcp.take();
        let listener = handed_over.map_or_else(|| listen::tcp(TCP, address), Ok)?;
        shared.tcp = Some(listener.local_addr()?);
        Ok(listener)
    }

    /// The socket for statsd datagrams. It does not block.
    ///
    /// # Errors
    ///
    /// The address cannot be had.
    pub(crate) fn statsd_udp(&self, address: SocketAddr) -> anyhow::Result<UdpSocket> {
        let mut shared = self.lock();
        let handed_over = shared.handed_over.udp.take();
        let socket = handed_over.map_or_else(|| listen::udp(UDP, address), Ok)?;
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

    /// The names of sockets that systemd has handed over and nobody takes.
    pub(crate) fn unused(&self) -> Vec<String> {
        self.lock().handed_over.others.clone()
    }

    fn lock(&self) -> MutexGuard<'_, Shared> {
        self.shared.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(not(unix))]
impl HandedOver {
    fn take() -> anyhow::Result<HandedOver> {
        Ok(HandedOver::default())
    }
}

#[cfg(unix)]
impl HandedOver {
    /// By the names in `FileDescriptorName=` of the `.socket` units: `http`, and `statsd` for either kind.
    fn take() -> anyhow::Result<HandedOver> {
        let mut sockets = spumoni::systemd::Sockets::take()?;
        let http = sockets.tcp_listener("http")?;
        let (tcp, udp) = match (sockets.tcp_listener("statsd"), sockets.udp_socket("statsd")) {
            // One of the kinds is enough; the other is bound as if systemd had opened nothing.
            (tcp, Ok(Some(udp))) => (tcp.unwrap_or(None), Some(udp)),
            (tcp, Ok(None)) => (tcp?, None),
            (Ok(Some(tcp)), Err(_)) => (Some(tcp), None),
            (Ok(None) | Err(_), Err(error)) => return Err(error.into()),
        };
        for listener in http.iter().chain(&tcp) {
            listener.set_nonblocking(true)?;
        }
        if let Some(udp) = &udp {
            udp.set_nonblocking(true)?;
        }
        let others = sockets.names().map(str::to_owned).collect();
        Ok(HandedOver { http, tcp, udp, others })
    }
}
