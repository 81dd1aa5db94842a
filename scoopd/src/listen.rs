//! Binds sockets that do not block, and says why one cannot be had.

use std::{
    error, fmt, io,
    net::{SocketAddr, TcpListener, UdpSocket},
};

use socket2::SockRef;

/// Bytes of datagrams that the kernel is asked to keep while nobody reads them. What clients send in
/// one burst overflows the usual 200 KB within milliseconds.
const DATAGRAMS: usize = 4 * 1024 * 1024;

/// What is listened for, and the flag that says where.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Purpose {
    /// As in an address: `http`.
    pub(crate) what: &'static str,
    /// Such as `--http`.
    pub(crate) flag: &'static str,
}

/// HTTP.
pub(crate) const HTTP: Purpose = Purpose { what: "http", flag: "--http" };
/// statsd, line by line.
pub(crate) const TCP: Purpose = Purpose { what: "tcp", flag: "--statsd" };
/// statsd, datagram by datagram.
pub(crate) const UDP: Purpose = Purpose { what: "udp", flag: "--statsd" };

/// An address cannot be listened on.
#[derive(Debug)]
pub(crate) struct ListenError {
    purpose: Purpose,
    address: SocketAddr,
    cause: io::Error,
}

impl fmt::Display for ListenError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let ListenError { purpose: Purpose { what, flag }, address, cause } = self;
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

/// Takes an address for connections.
///
/// # Errors
///
/// It cannot be had.
pub(crate) fn tcp(purpose: Purpose, address: SocketAddr) -> Result<TcpListener, ListenError> {
    let listener = TcpListener::bind(address).and_then(|listener| {
        listener.set_nonblocking(true)?;
        Ok(listener)
    });
    listener.map_err(|cause| ListenError { purpose, address, cause })
}

/// Takes an address for datagrams.
///
/// # Errors
///
/// It cannot be had.
pub(crate) fn udp(purpose: Purpose, address: SocketAddr) -> Result<UdpSocket, ListenError> {
    let socket = UdpSocket::bind(address).and_then(|socket| {
        socket.set_nonblocking(true)?;
        Ok(socket)
    });
    let socket = socket.map_err(|cause| ListenError { purpose, address, cause })?;
    // As much as the system allows; less only means that the kernel drops datagrams sooner.
    let _ = SockRef::from(&socket).set_recv_buffer_size(DATAGRAMS);
    Ok(socket)
}
