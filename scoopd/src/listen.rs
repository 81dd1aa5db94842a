//! Takes the addresses before anything else runs, so that a taken one is an ordinary error.

use std::{
    error, fmt, io,
    net::{SocketAddr, TcpListener, UdpSocket},
};

use socket2::SockRef;

use crate::config::Config;

/// Bytes of datagrams that the kernel is asked to keep while nobody reads them. What clients send in
/// one burst overflows the usual 200 KB within milliseconds.
const DATAGRAMS: usize = 4 * 1024 * 1024;

/// The sockets the daemon is reached by; none of them blocks.
#[derive(Debug)]
pub(crate) struct Sockets {
    /// HTTP.
    pub(crate) http: TcpListener,
    /// statsd, line by line.
    pub(crate) tcp: TcpListener,
    /// statsd, datagram by datagram.
    pub(crate) udp: UdpSocket,
}

/// An address cannot be listened on.
#[derive(Debug)]
pub(crate) struct ListenError {
    what: &'static str,
    flag: &'static str,
    address: SocketAddr,
    cause: io::Error,
}

impl fmt::Display for ListenError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let ListenError { what, flag, address, cause } = self;
        write!(f, "cannot listen on {what}://{address}: ")?;
        match cause.kind() {
            io::ErrorKind::AddrInUse => write!(f, "another program has the port")?,
            io::ErrorKind::AddrNotAvailable => write!(f, "this machine has no such address")?,
            io::ErrorKind::PermissionDenied => write!(f, "not permitted for this user")?,
            _ => write!(f, "{cause}")?,
        }
        write!(f, "; choose another with {flag} ADDR")
    }
}

impl error::Error for ListenError {
    fn source(&self) -> Option<&(dyn error::Error + 'static)> {
        Some(&self.cause)
    }
}

impl Sockets {
    /// Takes all three addresses.
    ///
    /// # Errors
    ///
    /// The first one that cannot be had; the others are free again.
    pub(crate) fn bind(config: &Config) -> Result<Sockets, ListenError> {
        let http = tcp(config.http).map_err(error("http", "--http", config.http))?;
        let udp = udp(config.statsd).map_err(error("udp", "--statsd", config.statsd))?;
        let tcp = tcp(config.statsd).map_err(error("tcp", "--statsd", config.statsd))?;
        Ok(Sockets { http, tcp, udp })
    }

    /// Lines that tell where the daemon is reached, with the real ports.
    ///
    /// # Errors
    ///
    /// If the system does not know a socket's own address.
    pub(crate) fn announcement(&self) -> io::Result<String> {
        let (http, udp, tcp) =
            (self.http.local_addr()?, self.udp.local_addr()?, self.tcp.local_addr()?);
        Ok(format!(
            "http listening on http://{http}\n\
             statsd listening on udp://{udp}\n\
             statsd listening on tcp://{tcp}"
        ))
    }
}

fn tcp(address: SocketAddr) -> io::Result<TcpListener> {
    let listener = TcpListener::bind(address)?;
    listener.set_nonblocking(true)?;
    Ok(listener)
}

fn udp(address: SocketAddr) -> io::Result<UdpSocket> {
    let socket = UdpSocket::bind(address)?;
    socket.set_nonblocking(true)?;
    // As much as the system allows; less only means that the kernel drops datagrams sooner.
    let _ = SockRef::from(&socket).set_recv_buffer_size(DATAGRAMS);
    Ok(socket)
}

fn error(
    what: &'static str,
    flag: &'static str,
    address: SocketAddr,
) -> impl FnOnce(io::Error) -> ListenError {
    move |cause| ListenError { what, flag, address, cause }
}
