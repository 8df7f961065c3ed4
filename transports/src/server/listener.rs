//! What a server listens on, and whom a connection comes from.

use std::fs::{self, File, TryLockError};
use std::io::{self, Write};
use std::net::{IpAddr, Ipv6Addr, SocketAddr, TcpListener, TcpStream, ToSocketAddrs};
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::fs::{FileTypeExt, MetadataExt, PermissionsExt};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};
use std::thread;
use std::time::Duration;

use rustix::io::Errno;
use rustix::net::{AddressFamily, SocketAddrUnix, SocketType};

use crate::Socket;
use crate::inherited::Marked;
use crate::server::ServeError;
use crate::url::Url;

/// Connections that the system keeps for us until we take them.
const BACKLOG: i32 = 128;

/// Tries to be alone in a directory, and the time between two of them.
const LOCK_TRIES: u32 = 500;
const LOCK_PAUSE: Duration = Duration::from_millis(10);

/// Whom a connection comes from, as far as limits tell callers apart.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Source {
    /// A user of this machine.
    User(u32),
    /// Another machine, or, of IPv6, a network: whoever has one address there has them all.
    Address(IpAddr),
    /// This machine, where the system does not tell which user.
    Local,
}

/// A connection that nobody has looked at yet.
pub(crate) enum Stream {
    Unix(UnixStream),
    Tcp(TcpStream),
}

/// A socket that is listened on.
pub(crate) struct Listener {
    socket: Listening,
    url: String,
}

enum Listening {
    Unix(Marked<UnixListener>, SocketFile),
    Tcp(Marked<TcpListener>),
}

/// The file of a Unix socket, which goes with it.
struct SocketFile {
    path: PathBuf,
    /// Device and number of the file that we made, and its owner.
    identity: (u64, u64),
    owner: u32,
}

impl Listener {
    pub(crate) fn open(url: &Url) -> Result<Self, ServeError> {
        let failed = |error| ServeError::Failed { url: url.to_string(), error };
        match url {
            Url::Unix(path) => {
                let (listener, file) = listen_unix(url, path)?;
                Ok(Self { socket: Listening::Unix(Marked::new(listener), file), url: url.to_string() })
            }
            Url::Tcp { host, port, insecure } => {
                let addresses: Vec<_> = (host.as_str(), *port).to_socket_addrs().map_err(failed)?.collect();
                if !insecure && let Some(open) = addresses.iter().find(|address| !is_here(address)) {
                    return Err(ServeError::Insecure { url: url.to_string(), address: open.ip() });
                }
                let listener = TcpListener::bind(&addresses[..]).map_err(|error| match error.kind() {
                    io::ErrorKind::AddrInUse => ServeError::InUse { url: url.to_string() },
                    _ => failed(error),
                })?;
                listener.set_nonblocking(true).map_err(failed)?;
                let url = format!("tcp://{}", listener.local_addr().map_err(failed)?);
                Ok(Self { socket: Listening::Tcp(Marked::new(listener)), url })
            }
            Url::Exec(_) | Url::Stdio => Err(ServeError::NotListening { url: url.to_string() }),
        }
    }

    pub(crate) fn url(&self) -> &str {
        &self.url
    }

    /// The next connection, if there is one. Never waits.
    pub(crate) fn accept(&self) -> io::Result<(Stream, Source)> {
        match &self.socket {
            Listening::Unix(listener, _) => {
                let (stream, _) = listener.accept()?;
                let source = user_of(&stream)?;
                Ok((Stream::Unix(stream), source))
            }
            Listening::Tcp(listener) => {
                let (stream, address) = listener.accept()?;
                Ok((Stream::Tcp(stream), source_of(address.ip())))
            }
        }
    }

    /// Whether this one may connect at all: on a Unix socket its owner, and root.
    pub(crate) fn admits(&self, source: &Source) -> bool {
        match (&self.socket, source) {
            (Listening::Unix(_, file), Source::User(user)) => *user == file.owner || *user == 0,
            _ => true,
        }
    }
}

impl AsFd for Listener {
    fn as_fd(&self) -> BorrowedFd<'_> {
        match &self.socket {
            Listening::Unix(listener, _) => listener.as_fd(),
            Listening::Tcp(listener) => listener.as_fd(),
        }
    }
}

fn is_here(address: &SocketAddr) -> bool {
    address.ip().to_canonical().is_loopback()
}

#[cfg(any(target_os = "linux", target_os = "android"))]
fn user_of(stream: &UnixStream) -> io::Result<Source> {
    Ok(Source::User(rustix::net::sockopt::socket_peercred(stream)?.uid.as_raw()))
}

#[cfg(not(any(target_os = "linux", target_os = "android")))]
fn user_of(_stream: &UnixStream) -> io::Result<Source> {
    Ok(Source::Local)
}

fn source_of(address: IpAddr) -> Source {
    Source::Address(match address.to_canonical() {
        IpAddr::V6(address) => Ipv6Addr::from_bits(address.to_bits() & !u128::from(u64::MAX)).into(),
        address => address,
    })
}

impl Stream {
    pub(crate) fn into_socket(self) -> io::Result<Socket> {
        match self {
            Stream::Unix(stream) => Socket::unix(stream),
            Stream::Tcp(stream) => Socket::tcp(stream),
        }
    }

    /// Sends these few bytes, if they go at once, and ends the connection.
    pub(crate) fn refuse(self, words: &[u8]) {
        // Best effort: it is the caller that has no right to more.
        let _ = match self {
            Stream::Unix(mut stream) => stream.set_nonblocking(true).and_then(|()| stream.write(words)),
            Stream::Tcp(mut stream) => stream.set_nonblocking(true).and_then(|()| stream.write(words)),
        };
    }
}

/// Listens on a Unix socket that only its owner can open, in place of one that nobody listens on any more.
fn listen_unix(url: &Url, path: &Path) -> Result<(UnixListener, SocketFile), ServeError> {
    let failed = |error| ServeError::Failed { url: url.to_string(), error };
    // From bind to listen the socket looks like one that was left behind: no second server may look meanwhile.
    let _alone = alone_in(path.parent().unwrap_or(Path::new("/"))).map_err(failed)?;
    match fs::symlink_metadata(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => {}
        Err(error) => return Err(failed(error)),
        Ok(found) if !found.file_type().is_socket() => {
            return Err(ServeError::NotASocket { path: path.into() });
        }
        Ok(_) if is_live(path).map_err(failed)? => return Err(ServeError::InUse { url: url.to_string() }),
        Ok(_) => fs::remove_file(path).map_err(failed)?,
    }
    bind(path).map_err(failed)
}

fn bind(path: &Path) -> io::Result<(UnixListener, SocketFile)> {
    let socket = unix_socket()?;
    rustix::net::bind(&socket, &SocketAddrUnix::new(path)?)?;
    let found = fs::symlink_metadata(path)?;
    let file = SocketFile { path: path.into(), identity: (found.dev(), found.ino()), owner: found.uid() };
    // Before listening: until then nobody can connect.
    fs::set_permissions(path, fs::Permissions::from_mode(0o600))?;
    rustix::net::listen(&socket, BACKLOG)?;
    Ok((socket.into(), file))
}

fn unix_socket() -> io::Result<OwnedFd> {
    let socket = rustix::net::socket(AddressFamily::UNIX, SocketType::STREAM, None)?;
    rustix::io::fcntl_setfd(&socket, rustix::io::FdFlags::CLOEXEC)?;
    rustix::io::ioctl_fionbio(&socket, true)?;
    Ok(socket)
}

/// Whether somebody listens on the socket.
fn is_live(path: &Path) -> io::Result<bool> {
    match rustix::net::connect(&unix_socket()?, &SocketAddrUnix::new(path)?) {
        // Its backlog may be full.
        Ok(()) | Err(Errno::AGAIN | Errno::INPROGRESS) => Ok(true),
        Err(Errno::CONNREFUSED | Errno::NOENT) => Ok(false),
        Err(error) => Err(error.into()),
    }
}

/// The directory, locked; nothing, where it cannot be.
fn alone_in(directory: &Path) -> io::Result<Option<File>> {
    let Ok(directory) = File::open(directory) else { return Ok(None) };
    for _ in 0..LOCK_TRIES {
        match directory.try_lock() {
            Ok(()) => return Ok(Some(directory)),
            // Another server is starting here; it takes no longer than this one.
            Err(TryLockError::WouldBlock) => thread::sleep(LOCK_PAUSE),
            Err(TryLockError::Error(_)) => return Ok(None),
        }
    }
    Err(io::Error::new(io::ErrorKind::ResourceBusy, "somebody keeps the directory locked"))
}

impl Drop for SocketFile {
    fn drop(&mut self) {
        // Only if it is still ours; somebody may have put another one in its place.
        let is_ours = fs::symlink_metadata(&self.path).is_ok_and(|found| (found.dev(), found.ino()) == self.identity);
        if is_ours {
            // Whoever removed it meanwhile has done our work.
            let _ = fs::remove_file(&self.path);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_network_of_ipv6_is_one_source_and_an_address_of_ipv4_is_one_however_it_is_written() {
        let source = |text: &str| source_of(text.parse().unwrap());
        assert_eq!(source("2001:db8:1:2::1"), source("2001:db8:1:2:ffff::7"));
        assert_ne!(source("2001:db8:1:2::1"), source("2001:db8:1:3::1"));
        assert_eq!(source("192.0.2.1"), source("::ffff:192.0.2.1"));
        assert_ne!(source("192.0.2.1"), source("192.0.2.2"));
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn a_unix_socket_is_for_its_owner_and_root_even_where_its_file_is_not() {
        let path = std::env::temp_dir().join(format!("wherever-owner-{}", std::process::id()));
        let listener = Listener::open(&Url::Unix(path.clone())).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o666)).unwrap();
        let owner = fs::metadata(&path).unwrap().uid();
        let _stream = UnixStream::connect(&path).unwrap();
        let (_, source) = listener.accept().unwrap();
        assert_eq!(source, Source::User(owner));
        for (user, admitted) in [(owner, true), (0, true), (owner + 1, false)] {
            assert_eq!(listener.admits(&Source::User(user)), admitted);
        }
    }
}
