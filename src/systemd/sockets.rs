//! The sockets of socket activation, taken safely and by name.

use std::fmt;
use std::io;
use std::net::{TcpListener, UdpSocket};
use std::os::unix::net::{UnixDatagram, UnixListener};

use listenfd::ListenFd;

/// The sockets that systemd opened for the process, to be taken one by one, by the names that their units give
/// them: `FileDescriptorName=http`. A unit that gives none has that of the `.socket` unit, with its ending.
///
/// ```
/// use std::net::TcpListener;
/// use spumoni::systemd::Sockets;
///
/// // First of all in `main`.
/// let mut sockets = Sockets::take()?;
/// let http = match sockets.tcp_listener("http")? {
///     Some(listener) => listener,
///     None => TcpListener::bind("127.0.0.1:0")?,
/// };
/// # drop(http);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct Sockets {
    fds: ListenFd,
    names: Vec<String>,
    /// Which are taken.
    taken: Vec<bool>,
}

impl Sockets {
    /// Takes the sockets over from the environment, which does not name them any more then: neither a child
    /// process nor a second call gets them too. Where there are none, it is empty.
    ///
    /// To be called first of all in `main`, while there is one thread: it changes the environment, which foreign
    /// code of other threads might read at that moment.
    ///
    /// # Errors
    ///
    /// What the environment says makes no sense: as many names as sockets, say, or a socket that is not open.
    pub fn take() -> Result<Self, SocketError> {
        let broken = |error| SocketError { name: None, error };
        // It checks that they are meant for this process, and keeps them from its children. With none that are,
        // names that are another's would be an error.
        let count = sd_notify::listen_fds().map_err(broken)?.len();
        let (names, fds) = match count {
            0 => (Vec::new(), ListenFd::empty()),
            _ => {
                let named = sd_notify::listen_fds_with_names().map_err(broken)?;
                (named.map(|(_, name)| name).collect::<Vec<_>>(), ListenFd::from_env())
            }
        };
        let taken = vec![false; names.len()];
        Ok(Sockets { fds, names, taken })
    }

    /// The names of those that nobody has taken yet.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        let left = self.names.iter().zip(&self.taken).filter(|(_, taken)| !**taken);
        left.map(|(name, _)| name.as_str())
    }

    /// Takes the next TCP listener of this name, if there is one. It blocks, whoever set it to what: an async
    /// runtime wants it `set_nonblocking(true)`. Sockets of other kinds may have the name as well: those of one
    /// `.socket` unit with a `ListenStream=` and a `ListenDatagram=`.
    ///
    /// # Errors
    ///
    /// There are sockets of this name that nobody has taken, and none is of this kind.
    pub fn tcp_listener(&mut self, name: &str) -> Result<Option<TcpListener>, SocketError> {
        self.next(name, ListenFd::take_tcp_listener, |socket| socket.set_nonblocking(false))
    }

    /// Takes the next UDP socket of this name, if there is one. It blocks, as
    /// [`tcp_listener`](Sockets::tcp_listener) does.
    ///
    /// # Errors
    ///
    /// As there.
    pub fn udp_socket(&mut self, name: &str) -> Result<Option<UdpSocket>, SocketError> {
        self.next(name, ListenFd::take_udp_socket, |socket| socket.set_nonblocking(false))
    }

    /// Takes the next listener on a path of this name, if there is one. It blocks, as
    /// [`tcp_listener`](Sockets::tcp_listener) does.
    ///
    /// # Errors
    ///
    /// As there.
    pub fn unix_listener(&mut self, name: &str) -> Result<Option<UnixListener>, SocketError> {
        self.next(name, ListenFd::take_unix_listener, |socket| socket.set_nonblocking(false))
    }

    /// Takes the next datagram socket on a path of this name, if there is one. It blocks, as
    /// [`tcp_listener`](Sockets::tcp_listener) does.
    ///
    /// # Errors
    ///
    /// As there.
    pub fn unix_datagram(&mut self, name: &str) -> Result<Option<UnixDatagram>, SocketError> {
        self.next(name, ListenFd::take_unix_datagram, |socket| socket.set_nonblocking(false))
    }

    fn next<T>(
        &mut self,
        name: &str,
        take: impl Fn(&mut ListenFd, usize) -> io::Result<Option<T>>,
        block: impl FnOnce(&T) -> io::Result<()>,
    ) -> Result<Option<T>, SocketError> {
        let of = |error| SocketError { name: Some(name.to_owned()), error };
        let mut other_kind = None;
        for place in 0..self.names.len() {
            if self.taken[place] || self.names[place] != name {
                continue;
            }
            match take(&mut self.fds, place) {
                Ok(socket) => {
                    self.taken[place] = true;
                    if let Some(socket) = &socket {
                        block(socket).map_err(of)?;
                    }
                    return Ok(socket);
                }
                // It stays where it is.
                Err(error) => drop(other_kind.get_or_insert(error)),
            }
        }
        other_kind.map_or(Ok(None), |error| Err(of(error)))
    }
}

impl fmt::Debug for Sockets {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.names()).finish()
    }
}

/// What systemd handed over cannot be used.
#[derive(Debug)]
pub struct SocketError {
    name: Option<String>,
    error: io::Error,
}

impl fmt::Display for SocketError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.name {
            Some(name) => write!(
                f,
                "the socket `{name}` of systemd cannot be used: {}; look at the `.socket` unit with this `FileDescriptorName=`",
                self.error
            ),
            None => write!(
                f,
                "the sockets of systemd cannot be taken: {}; look at LISTEN_FDS and LISTEN_FDNAMES in the environment",
                self.error
            ),
        }
    }
}

impl std::error::Error for SocketError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        Some(&self.error)
    }
}
