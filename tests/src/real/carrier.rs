//! Carriers between two processes, one end of which is inherited as standard input and output.

use std::fs::File;
use std::io::{self, IoSlice, Write};
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::net::UnixStream;
use std::time::{Duration, Instant};

use parking_lot::Mutex;
use rustix::pipe::{PipeFlags, fcntl_setpipe_size, pipe_with};
use wherever::{Framed, Transport};
use wherever_transports::Socket;

/// A carrier, whatever it is.
pub type Any = Box<dyn Transport>;

/// Kinds of carrier.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A Unix socket: it can be closed and woken.
    Socket,
    /// Two pipes behind `Framed`: nothing but `send` and `recv`.
    Pipes,
    /// Two pipes that hold one byte each, and frames so short that there are many parts.
    Bytes,
}

/// Longest frame where frames are short.
const SHORT: usize = 1200;

impl Kind {
    /// All kinds.
    pub const ALL: [Kind; 3] = [Kind::Socket, Kind::Pipes, Kind::Bytes];

    /// The kind of this name.
    pub fn of(name: &str) -> Self {
        match name {
            "socket" => Kind::Socket,
            "pipes" => Kind::Pipes,
            "bytes" => Kind::Bytes,
            _ => panic!("no such carrier: {name}"),
        }
    }

    /// Its name.
    pub fn name(self) -> &'static str {
        match self {
            Kind::Socket => "socket",
            Kind::Pipes => "pipes",
            Kind::Bytes => "bytes",
        }
    }

    /// A carrier: this process's end, and the other's standard input and output.
    pub fn pair(self) -> (Any, OwnedFd, OwnedFd) {
        match self {
            Kind::Socket => {
                let (near, far) = UnixStream::pair().unwrap();
                let far: OwnedFd = far.into();
                (Box::new(Socket::unix(near).unwrap()), far.try_clone().unwrap(), far)
            }
            Kind::Pipes | Kind::Bytes => {
                let ((input, theirs), (ours, output)) = (self.pipe(), self.pipe());
                (self.framed(input, output), ours, theirs)
            }
        }
    }

    /// The end that this process was started with.
    pub fn inherited(self) -> Any {
        let input = io::stdin().as_fd().try_clone_to_owned().unwrap();
        let output = io::stdout().as_fd().try_clone_to_owned().unwrap();
        match self {
            Kind::Socket => Box::new(Socket::unix(input.into()).unwrap()),
            Kind::Pipes | Kind::Bytes => self.framed(input, output),
        }
    }

    fn pipe(self) -> (OwnedFd, OwnedFd) {
        if self == Kind::Pipes {
            let (reader, writer) = io::pipe().unwrap();
            return (reader.into(), writer.into());
        }
        // Each write is a packet with a page of its own, and there is one page: a byte goes in when the last is out.
        let (reader, writer) = pipe_with(PipeFlags::CLOEXEC | PipeFlags::DIRECT).unwrap();
        assert_eq!(fcntl_setpipe_size(&writer, 4096).unwrap(), 4096);
        (reader, writer)
    }

    fn framed(self, input: OwnedFd, output: OwnedFd) -> Any {
        match self {
            Kind::Bytes => Box::new(Short(Framed::new(File::from(input), ByteByByte(output.into())))),
            _ => Box::new(Framed::new(File::from(input), File::from(output))),
        }
    }
}

/// Writes one byte at a time.
struct ByteByByte(File);

impl Write for ByteByByte {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.write(&bytes[..bytes.len().min(1)])
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// A carrier of two functions, whose frames are short.
struct Short<T>(T);

impl<T: Transport> Transport for Short<T> {
    fn send(&self, frame: &[u8]) -> io::Result<()> {
        self.0.send(frame)
    }

    fn recv(&self, frame: &mut Vec<u8>) -> io::Result<()> {
        self.0.recv(frame)
    }

    fn frame_len_max(&self) -> usize {
        SHORT
    }
}

/// A carrier that notes when its end was seen.
pub struct Noting {
    inner: Any,
    end: std::sync::Arc<Mutex<Option<Instant>>>,
}

impl Noting {
    /// The carrier, and where the moment stands.
    pub fn new(inner: Any) -> (Self, std::sync::Arc<Mutex<Option<Instant>>>) {
        let end = std::sync::Arc::new(Mutex::new(None));
        (Self { inner, end: end.clone() }, end)
    }

    fn note(&self, result: io::Result<()>) -> io::Result<()> {
        if let Err(error) = &result
            && !matches!(error.kind(), io::ErrorKind::TimedOut | io::ErrorKind::Interrupted)
        {
            self.end.lock().get_or_insert_with(Instant::now);
        }
        result
    }
}

impl Transport for Noting {
    fn send(&self, frame: &[u8]) -> io::Result<()> {
        self.note(self.inner.send(frame))
    }

    fn recv(&self, frame: &mut Vec<u8>) -> io::Result<()> {
        self.note(self.inner.recv(frame))
    }

    fn close(&self) {
        self.inner.close();
    }

    fn recv_until(&self, frame: &mut Vec<u8>, time: Option<Duration>) -> io::Result<()> {
        self.note(self.inner.recv_until(frame, time))
    }

    fn wake(&self) {
        self.inner.wake();
    }

    fn is_interruptible(&self) -> bool {
        self.inner.is_interruptible()
    }

    fn send_parts(&self, parts: &[IoSlice<'_>]) -> io::Result<()> {
        self.note(self.inner.send_parts(parts))
    }

    fn frame_len_max(&self) -> usize {
        self.inner.frame_len_max()
    }
}

#[cfg(test)]
mod tests {
    use std::io::Read;

    use rustix::fs::{OFlags, fcntl_getfl, fcntl_setfl};

    use super::*;

    #[test]
    fn a_byte_goes_in_when_the_last_is_out() {
        let (reader, writer) = Kind::Bytes.pipe();
        let flags = fcntl_getfl(&writer).unwrap();
        fcntl_setfl(&writer, flags | OFlags::NONBLOCK).unwrap();
        let (mut reader, mut writer) = (File::from(reader), ByteByByte(writer.into()));
        for _ in 0..3 {
            assert_eq!(writer.write(b"ab").unwrap(), 1);
            assert_eq!(writer.write(b"b").err().unwrap().kind(), io::ErrorKind::WouldBlock);
            assert_eq!(reader.read(&mut [0; 16]).unwrap(), 1);
        }
    }
}
