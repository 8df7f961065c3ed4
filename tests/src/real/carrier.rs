//! Carriers between two processes, one end of which is inherited as standard input and output.

use std::fs::File;
use std::io::{self, Read, Write};
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::net::UnixStream;

use rustix::pipe::{PipeFlags, fcntl_setpipe_size, pipe_with};
use wherever::{Framed, Transport};
use wherever_transports::Socket;

use super::other::die;

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

/// Where a process dies that is to: when it has read or written so many bytes of its carrier.
pub struct DiesAfter(pub usize);

impl DiesAfter {
    /// How many of these bytes may pass; at the point itself, this process is gone.
    fn pass(&mut self, wanted: usize) -> usize {
        if self.0 == 0 {
            die();
        }
        wanted.min(self.0)
    }
}

impl Kind {
    /// The end that this process was started with, by which it dies when so many bytes have come or gone. Frames are
    /// short, so that there are many parts.
    pub fn inherited_to_die(came: usize, went: usize) -> Any {
        let input = io::stdin().as_fd().try_clone_to_owned().unwrap();
        let output = io::stdout().as_fd().try_clone_to_owned().unwrap();
        Box::new(Short(Framed::new(
            Counted(File::from(input), DiesAfter(came)),
            Counted(File::from(output), DiesAfter(went)),
        )))
    }
}

/// A file that counts.
struct Counted(File, DiesAfter);

impl Read for Counted {
    fn read(&mut self, bytes: &mut [u8]) -> io::Result<usize> {
        let room = self.1.pass(bytes.len());
        let count = self.0.read(&mut bytes[..room])?;
        self.1.0 -= count;
        Ok(count)
    }
}

impl Write for Counted {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let room = self.1.pass(bytes.len());
        let count = self.0.write(&bytes[..room])?;
        self.1.0 -= count;
        Ok(count)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
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

#[cfg(test)]
mod tests {
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
