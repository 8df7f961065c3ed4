//! The carrier over a stream socket: a Unix socket, or TCP.

use std::fs::File;
use std::io::{self, IoSlice};
use std::net::{SocketAddr, TcpStream};
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering};
use std::time::Duration;

use parking_lot::Mutex;
use rustix::io::Errno;
use rustix::net::{RecvFlags, SendAncillaryBuffer, SendFlags, Shutdown, recv, send, sendmsg, shutdown, sockopt};
use wherever::Transport;
use wherever::transport::FRAMED_LEN_MAX;

use crate::closable::closed;
use crate::inlet::Inlet;
use crate::outlet::{UNHEARD_MAX, write_frame};

/// Silence after which the system asks the other side of a TCP connection whether it is there.
pub const KEEP_ALIVE_IDLE: Duration = Duration::from_secs(15);
/// Time between such questions.
pub const KEEP_ALIVE_INTERVAL: Duration = Duration::from_secs(10);
/// Such questions without an answer that end the connection: 45 seconds after it fell silent.
pub const KEEP_ALIVE_PROBES: u32 = 3;

/// Time that one address has for taking a TCP connection.
const CONNECT_TIME: Duration = Duration::from_secs(20);

/// A connected stream socket as a carrier: a Unix socket, or TCP. Each frame stands behind its length, as with
/// [`wherever::Framed`], and is one system call to send, and one to receive where it is short and comes alone.
///
/// Clones are the same socket.
///
/// - [`Transport::close`] shuts the socket down both ways: a `send` or `recv` that is blocked returns at once.
/// - The first few `send`s to a side that is gone do not fail, so that what it said last is still received, and the end
///   after it.
/// - TCP sends without delay, and keeps alive: after [`KEEP_ALIVE_IDLE`] of silence it asks, every
///   [`KEEP_ALIVE_INTERVAL`], [`KEEP_ALIVE_PROBES`] times. While sent bytes are not acknowledged, the system's own limit
///   for sending again holds instead, which is longer.
#[derive(Clone)]
pub struct Socket(Arc<Inner>);

struct Inner {
    inlet: Inlet,
    /// One at a time, or frames would be mixed up.
    sending: Mutex<()>,
    closed: AtomicBool,
    /// Sends that have found the other side gone.
    unheard: AtomicU32,
    /// How long a read waits at most, in nanoseconds; 0 is for ever.
    read_time: AtomicU64,
}

impl Socket {
    /// Connects to a Unix socket.
    ///
    /// # Errors
    /// What the system says.
    pub fn connect_unix(path: impl AsRef<Path>) -> io::Result<Self> {
        Self::unix(UnixStream::connect(path)?)
    }

    /// Connects by TCP, to the first of the addresses that can be connected to.
    ///
    /// # Errors
    /// What the system says of the last address.
    pub fn connect_tcp(addresses: &[SocketAddr]) -> io::Result<Self> {
        let mut last = io::Error::new(io::ErrorKind::NotFound, "no address to connect to");
        for address in addresses {
            match TcpStream::connect_timeout(address, CONNECT_TIME) {
                Ok(stream) => return Self::tcp(stream),
                Err(error) => last = error,
            }
        }
        Err(last)
    }

    /// A connected Unix socket.
    ///
    /// # Errors
    /// What the system says, if it has no more descriptors: a second one is needed.
    pub fn unix(stream: UnixStream) -> io::Result<Self> {
        stream.set_nonblocking(false)?;
        Self::new(stream.into())
    }

    /// A connected TCP socket, whose options are set as this type says.
    ///
    /// # Errors
    /// What the system says.
    pub fn tcp(stream: TcpStream) -> io::Result<Self> {
        stream.set_nonblocking(false)?;
        stream.set_nodelay(true)?;
        sockopt::set_socket_keepalive(&stream, true)?;
        // Elsewhere the system's own times hold.
        #[cfg(any(target_os = "linux", target_os = "android", target_os = "freebsd", target_os = "netbsd"))]
        {
            sockopt::set_tcp_keepidle(&stream, KEEP_ALIVE_IDLE)?;
            sockopt::set_tcp_keepintvl(&stream, KEEP_ALIVE_INTERVAL)?;
            sockopt::set_tcp_keepcnt(&stream, KEEP_ALIVE_PROBES)?;
        }
        Self::new(stream.into())
    }

    fn new(socket: OwnedFd) -> io::Result<Self> {
        Ok(Self(Arc::new(Inner {
            inlet: Inlet::read_by(File::from(socket), read)?,
            sending: Mutex::default(),
            closed: AtomicBool::new(false),
            unheard: AtomicU32::new(0),
            read_time: AtomicU64::new(0),
        })))
    }

    pub(crate) fn inlet(&self) -> &Inlet {
        &self.0.inlet
    }

    fn open(&self) -> io::Result<()> {
        if self.0.closed.load(Ordering::Acquire) { Err(closed()) } else { Ok(()) }
    }

    /// What came of receiving; whatever it is after a close, it is that.
    fn received(&self, received: io::Result<()>) -> io::Result<()> {
        if received.is_err() {
            self.open()?;
        }
        received
    }
}

/// One write, which raises no signal.
fn write(socket: &File, slices: &[IoSlice<'_>]) -> io::Result<usize> {
    #[cfg(not(target_vendor = "apple"))]
    let flags = SendFlags::NOSIGNAL;
    // There the standard library has set it for the socket.
    #[cfg(target_vendor = "apple")]
    let flags = SendFlags::empty();
    // The plain call is the quicker one.
    Ok(match slices {
        [slice] => send(socket, slice, flags)?,
        _ => sendmsg(socket, slices, &mut SendAncillaryBuffer::default(), flags)?,
    })
}

/// One read. It takes the system less than one of just any file.
fn read(socket: &File, space: &mut [u8]) -> io::Result<usize> {
    let (count, _) = recv(socket, space, RecvFlags::empty())?;
    Ok(count)
}

fn is_gone(error: &io::Error) -> bool {
    let errno = error.raw_os_error().map(Errno::from_raw_os_error);
    matches!(errno, Some(Errno::PIPE | Errno::CONNRESET | Errno::TIMEDOUT))
}

impl Transport for Socket {
    fn send(&self, frame: &[u8]) -> io::Result<()> {
        self.send_parts(&[IoSlice::new(frame)])
    }

    fn recv(&self, frame: &mut Vec<u8>) -> io::Result<()> {
        self.open()?;
        self.received(self.0.inlet.recv(frame))
    }

    fn close(&self) {
        if !self.0.closed.swap(true, Ordering::AcqRel) {
            // It fails only if the other side has done so.
            let _ = shutdown(self.0.inlet.file(), Shutdown::Both);
            self.0.inlet.wake();
        }
    }

    fn recv_until(&self, frame: &mut Vec<u8>, time: Option<Duration>) -> io::Result<()> {
        self.open()?;
        self.received(self.0.inlet.recv_until(frame, time))
    }

    fn recv_for(&self, frame: &mut Vec<u8>, time: Duration) -> io::Result<()> {
        self.open()?;
        let inner = &self.0;
        if inner.read_time.swap(time.as_nanos() as u64, Ordering::Relaxed) != time.as_nanos() as u64 {
            // Other reads come back after this time too, and wait on in another way.
            sockopt::set_socket_timeout(inner.inlet.file(), sockopt::Timeout::Recv, Some(time))?;
        }
        self.received(inner.inlet.recv_once(frame))
    }

    fn wake(&self) {
        self.0.inlet.wake();
    }

    fn is_interruptible(&self) -> bool {
        true
    }

    fn send_parts(&self, parts: &[IoSlice<'_>]) -> io::Result<()> {
        let inner = &self.0;
        self.open()?;
        let _alone = inner.sending.lock();
        let Err(error) = write_frame(parts, |slices| write(inner.inlet.file(), slices)) else { return Ok(()) };
        self.open()?;
        if !is_gone(&error) {
            return Err(error);
        }
        // Whoever sends much and never receives must be told in the end.
        if inner.unheard.fetch_add(1, Ordering::Relaxed) < UNHEARD_MAX {
            return Ok(());
        }
        Err(io::Error::new(io::ErrorKind::UnexpectedEof, "the other side is gone"))
    }

    fn frame_len_max(&self) -> usize {
        FRAMED_LEN_MAX
    }
}

#[cfg(test)]
mod tests {
    use std::net::TcpListener;

    use super::*;

    #[test]
    fn tcp_sends_without_delay_and_asks_whether_the_other_side_is_there() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let socket = Socket::connect_tcp(&[listener.local_addr().unwrap()]).unwrap();
        let file = socket.inlet().file();
        assert!(sockopt::tcp_nodelay(file).unwrap());
        assert!(sockopt::socket_keepalive(file).unwrap());
        #[cfg(target_os = "linux")]
        {
            assert_eq!(sockopt::tcp_keepidle(file).unwrap(), KEEP_ALIVE_IDLE);
            assert_eq!(sockopt::tcp_keepintvl(file).unwrap(), KEEP_ALIVE_INTERVAL);
            assert_eq!(sockopt::tcp_keepcnt(file).unwrap(), KEEP_ALIVE_PROBES);
        }
    }

    #[test]
    fn the_next_address_is_tried_when_one_refuses() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        // Taken by one that connects, so that nobody listens there meanwhile.
        let taken = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
        let closed = taken.local_addr().unwrap();
        assert!(Socket::connect_tcp(&[closed, listener.local_addr().unwrap()]).is_ok());
        assert_eq!(Socket::connect_tcp(&[closed]).err().unwrap().kind(), io::ErrorKind::ConnectionRefused);
        assert_eq!(Socket::connect_tcp(&[]).err().unwrap().kind(), io::ErrorKind::NotFound);
    }
}
