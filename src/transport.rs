//! The carrier: anything that moves frames one way and back.

use std::io::{self, Read, Write};
use std::time::Duration;

use crossbeam_channel::{Receiver, Sender, bounded};
use parking_lot::Mutex;

/// A carrier of whole frames, in order. Two functions are required; the rest are hooks without which everything works.
///
/// The end of the carrier is an error of kind [`io::ErrorKind::UnexpectedEof`].
pub trait Transport: Send + Sync + 'static {
    /// Sends one whole frame. One caller at a time. May block.
    fn send(&self, frame: &[u8]) -> io::Result<()>;

    /// Waits for one whole frame and puts it into `frame`, in place of what was there. One caller at a time.
    fn recv(&self, frame: &mut Vec<u8>) -> io::Result<()>;

    /// Ends the carrier: a `send` or `recv` that is blocked returns, and later ones fail. By default nothing happens.
    fn close(&self) {}

    /// As [`Self::recv`], but fails with [`io::ErrorKind::TimedOut`] when no frame has begun to arrive in time. The
    /// default knows no time: it waits as `recv` does, and [`Self::is_interruptible`] says so.
    fn recv_within(&self, frame: &mut Vec<u8>, time: Duration) -> io::Result<()> {
        let _ = time;
        self.recv(frame)
    }

    /// Whether [`Self::recv_within`] keeps to its time.
    fn is_interruptible(&self) -> bool {
        false
    }

    /// The longest frame that the carrier takes, in bytes. Longer messages are cut below it.
    fn frame_len_max(&self) -> usize {
        usize::MAX
    }
}

/// Frames over a byte stream: each behind its length, four bytes, little-endian.
///
/// ```
/// # use wherever::{Framed, Transport};
/// let (reader, writer) = std::io::pipe()?;
/// let carrier = Framed::new(reader, writer);
/// carrier.send(b"a frame")?;
/// let mut frame = Vec::new();
/// carrier.recv(&mut frame)?;
/// assert_eq!(frame, b"a frame");
/// # Ok::<(), std::io::Error>(())
/// ```
pub struct Framed<R, W> {
    reader: Mutex<R>,
    writer: Mutex<W>,
}

/// Longest frame that [`Framed`] takes in. More than any side tells in its HELLO, and far less than the first four
/// bytes of another protocol's text make.
const FRAMED_LEN_MAX: usize = 16 << 20;

impl<R: Read + Send + 'static, W: Write + Send + 'static> Framed<R, W> {
    /// Makes a carrier of what is read from and what is written to.
    pub fn new(reader: R, writer: W) -> Self {
        Self { reader: Mutex::new(reader), writer: Mutex::new(writer) }
    }
}

impl<R: Read + Send + 'static, W: Write + Send + 'static> Transport for Framed<R, W> {
    fn send(&self, frame: &[u8]) -> io::Result<()> {
        let len = u32::try_from(frame.len()).map_err(|_| io::Error::from(io::ErrorKind::FileTooLarge))?;
        // One write, so that a frame is one packet where the stream makes packets of writes.
        let mut bytes = Vec::with_capacity(frame.len() + 4);
        bytes.extend_from_slice(&len.to_le_bytes());
        bytes.extend_from_slice(frame);
        let mut writer = self.writer.lock();
        writer.write_all(&bytes)?;
        writer.flush()
    }

    fn recv(&self, frame: &mut Vec<u8>) -> io::Result<()> {
        frame.clear();
        let mut reader = self.reader.lock();
        let mut len = [0; 4];
        reader.read_exact(&mut len)?;
        let len_bytes = len;
        let len = u32::from_le_bytes(len) as usize;
        if len > FRAMED_LEN_MAX {
            let text = format!(
                "a frame of {len} bytes announced: the other side does not frame as this one does (it began with \"{}\")",
                len_bytes.escape_ascii()
            );
            return Err(io::Error::new(io::ErrorKind::InvalidData, text));
        }
        // The buffer grows with what arrives, not with what was announced.
        let read = (&mut *reader).take(len as u64).read_to_end(frame)?;
        if read < len {
            return Err(io::Error::new(io::ErrorKind::UnexpectedEof, "the stream ended within a frame"));
        }
        Ok(())
    }

    fn frame_len_max(&self) -> usize {
        FRAMED_LEN_MAX
    }
}

/// One end of a carrier within the process.
pub struct MemoryTransport {
    sender: Mutex<Option<Sender<Vec<u8>>>>,
    receiver: Receiver<Vec<u8>>,
}

/// Frames that one direction of a memory pair holds before `send` blocks.
const MEMORY_FRAMES: usize = 1024;

/// Two ends of a carrier within the process: what one sends, the other receives.
pub fn memory_pair() -> (MemoryTransport, MemoryTransport) {
    let (to_right, from_left) = bounded(MEMORY_FRAMES);
    let (to_left, from_right) = bounded(MEMORY_FRAMES);
    let end = |sender, receiver| MemoryTransport { sender: Mutex::new(Some(sender)), receiver };
    (end(to_right, from_right), end(to_left, from_left))
}

fn ended() -> io::Error {
    io::Error::new(io::ErrorKind::UnexpectedEof, "the other end is closed")
}

impl Transport for MemoryTransport {
    fn send(&self, frame: &[u8]) -> io::Result<()> {
        let sender = self.sender.lock().clone().ok_or_else(ended)?;
        sender.send(frame.to_vec()).map_err(|_| ended())
    }

    fn recv(&self, frame: &mut Vec<u8>) -> io::Result<()> {
        *frame = self.receiver.recv().map_err(|_| ended())?;
        Ok(())
    }

    fn close(&self) {
        // The other end sees the end once it has taken what was sent.
        self.sender.lock().take();
    }

    fn recv_within(&self, frame: &mut Vec<u8>, time: Duration) -> io::Result<()> {
        use crossbeam_channel::RecvTimeoutError::{Disconnected, Timeout};
        *frame = self.receiver.recv_timeout(time).map_err(|error| match error {
            Timeout => io::ErrorKind::TimedOut.into(),
            Disconnected => ended(),
        })?;
        Ok(())
    }

    fn is_interruptible(&self) -> bool {
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_frame_is_whole_or_an_error() {
        let carrier = Framed::new(io::Cursor::new(b"\x03\0\0\0abc\x05\0\0\0de".to_vec()), Vec::new());
        let mut frame = Vec::new();
        assert!(carrier.recv(&mut frame).is_ok());
        assert_eq!(frame, b"abc");
        assert_eq!(carrier.recv(&mut frame).map_err(|error| error.kind()), Err(io::ErrorKind::UnexpectedEof));
    }

    #[test]
    fn another_protocol_is_told_apart_before_anything_is_allocated() {
        let carrier = Framed::new(io::Cursor::new(b"HTTP/1.1 400 Bad Request".to_vec()), Vec::new());
        let mut frame = Vec::new();
        let error = carrier.recv(&mut frame).err().map(|error| error.to_string()).unwrap_or_default();
        assert!(error.contains("HTTP"), "{error}");
        assert!(frame.capacity() < 64);
    }

    #[test]
    fn the_memory_pair_gives_what_was_sent_before_its_end() {
        let (left, right) = memory_pair();
        let mut frame = Vec::new();
        left.send(b"one").unwrap();
        left.close();
        assert!(left.send(b"two").is_err());
        right.recv(&mut frame).unwrap();
        assert_eq!(frame, b"one");
        let end = right.recv(&mut frame).map_err(|error| error.kind());
        assert_eq!(end, Err(io::ErrorKind::UnexpectedEof));
        let late = left.recv_within(&mut frame, Duration::ZERO).map_err(|error| error.kind());
        assert_eq!(late, Err(io::ErrorKind::TimedOut));
    }
}
