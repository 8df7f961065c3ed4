//! Frames over a byte stream: each behind its length.

use std::io::{self, IoSlice, Read, Write};

use parking_lot::Mutex;

use crate::transport::Transport;

/// Longest frame that [`Framed`] takes in, in bytes. More than any side tells in its HELLO, and far less than the first
/// four bytes of another protocol's text make.
pub const FRAMED_LEN_MAX: usize = 16 << 20;

/// Bytes asked for at a time while little is there.
const READ_LEN: usize = 8 << 10;

/// What stands before a frame of this length in a byte stream: the length, four bytes, little-endian.
///
/// # Errors
/// [`io::ErrorKind::FileTooLarge`] above [`FRAMED_LEN_MAX`].
pub fn frame_head(len: usize) -> io::Result<[u8; 4]> {
    match u32::try_from(len) {
        Ok(short) if len <= FRAMED_LEN_MAX => Ok(short.to_le_bytes()),
        _ => {
            let text = format!("a frame of {len} bytes; a byte stream takes {FRAMED_LEN_MAX}");
            Err(io::Error::new(io::ErrorKind::FileTooLarge, text))
        }
    }
}

/// Bytes of a frame, with what stands before it, up to which it is cheaper to copy them than to write two pieces.
pub const SHORT_LEN: usize = 512;

/// A short frame with what stands before it, in one piece; nothing if it is not short.
///
/// # Errors
/// As for [`frame_head`].
pub fn join_short<'a>(frame: &[u8], buffer: &'a mut [u8; SHORT_LEN]) -> io::Result<Option<&'a [u8]>> {
    let head = frame_head(frame.len())?;
    let Some(whole) = buffer.get_mut(..head.len() + frame.len()) else { return Ok(None) };
    whole[..head.len()].copy_from_slice(&head);
    whole[head.len()..].copy_from_slice(frame);
    Ok(Some(whole))
}

/// Puts frames together from the bytes of a stream, in whatever pieces these arrive.
///
/// ```
/// # use wherever::transport::Deframer;
/// let mut deframer = Deframer::default();
/// let mut frame = Vec::new();
/// deframer.space()[..5].copy_from_slice(b"\x02\0\0\0h");
/// deframer.filled(5);
/// assert!(!deframer.take(&mut frame)?);
/// deframer.space()[..1].copy_from_slice(b"i");
/// deframer.filled(1);
/// assert!(deframer.take(&mut frame)?);
/// assert_eq!(frame, b"hi");
/// # Ok::<(), std::io::Error>(())
/// ```
#[derive(Debug)]
pub struct Deframer {
    bytes: Vec<u8>,
    /// What is there and not taken: from the first to before the second.
    start: usize,
    end: usize,
    len_max: usize,
}

impl Default for Deframer {
    fn default() -> Self {
        Self { bytes: Vec::new(), start: 0, end: 0, len_max: FRAMED_LEN_MAX }
    }
}

impl Deframer {
    /// Takes no frame longer than this from now on, nor than [`FRAMED_LEN_MAX`]: for who expects a short one from a
    /// stranger.
    pub fn limit(&mut self, len_max: usize) {
        self.len_max = len_max.min(FRAMED_LEN_MAX);
    }

    /// Where the next bytes of the stream go, at least one. It grows with what arrived, never with what was announced.
    pub fn space(&mut self) -> &mut [u8] {
        if self.start > 0 {
            self.bytes.copy_within(self.start..self.end, 0);
            (self.start, self.end) = (0, self.end - self.start);
        }
        let wanted = self.end + self.end.max(READ_LEN);
        if self.bytes.len() < wanted {
            self.bytes.resize(wanted, 0);
        }
        &mut self.bytes[self.end..]
    }

    /// Says that so many bytes were put into [`Self::space`].
    ///
    /// # Panics
    /// If that is more than there was.
    pub fn filled(&mut self, count: usize) {
        assert!(count <= self.bytes.len() - self.end, "more bytes than there was space for");
        self.end += count;
    }

    /// Whether bytes of a frame that is not whole are there: a stream that ends now ends within a frame.
    pub fn is_within_frame(&self) -> bool {
        self.end > self.start
    }

    /// Takes the next frame, if it is whole, into `frame`, in place of what was there.
    ///
    /// # Errors
    /// [`io::ErrorKind::InvalidData`] for a length that no peer announces.
    pub fn take(&mut self, frame: &mut Vec<u8>) -> io::Result<bool> {
        let bytes = &self.bytes[self.start..self.end];
        let Some((head, rest)) = bytes.split_first_chunk() else { return Ok(false) };
        let len = u32::from_le_bytes(*head) as usize;
        if len > self.len_max {
            let text = format!(
                "a frame of {len} bytes announced: the other side does not frame as this one does (it began with \"{}\")",
                head.escape_ascii()
            );
            return Err(io::Error::new(io::ErrorKind::InvalidData, text));
        }
        let Some(whole) = rest.get(..len) else { return Ok(false) };
        frame.clear();
        frame.extend_from_slice(whole);
        self.start += head.len() + len;
        if self.start == self.end {
            (self.start, self.end) = (0, 0);
            // What one long frame took is not kept for the short ones.
            if self.bytes.len() > 8 * READ_LEN {
                self.bytes = Vec::new();
            }
        }
        Ok(true)
    }
}

/// Frames over a byte stream: each behind its length, four bytes, little-endian. The stream is buffered here.
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
    reader: Mutex<(R, Deframer)>,
    writer: Mutex<W>,
}

impl<R: Read + Send + 'static, W: Write + Send + 'static> Framed<R, W> {
    /// Makes a carrier of what is read from and what is written to.
    pub fn new(reader: R, writer: W) -> Self {
        Self { reader: Mutex::new((reader, Deframer::default())), writer: Mutex::new(writer) }
    }
}

impl<R: Read + Send + 'static, W: Write + Send + 'static> Transport for Framed<R, W> {
    fn send(&self, frame: &[u8]) -> io::Result<()> {
        let mut short = [0; SHORT_LEN];
        let Some(whole) = join_short(frame, &mut short)? else { return self.send_parts(&[IoSlice::new(frame)]) };
        let mut writer = self.writer.lock();
        writer.write_all(whole)?;
        writer.flush()
    }

    fn recv(&self, frame: &mut Vec<u8>) -> io::Result<()> {
        let (reader, deframer) = &mut *self.reader.lock();
        while !deframer.take(frame)? {
            match reader.read(deframer.space()) {
                Ok(0) => return Err(ended(deframer)),
                Ok(count) => deframer.filled(count),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }

    fn send_parts(&self, parts: &[IoSlice<'_>]) -> io::Result<()> {
        let head = frame_head(parts.iter().map(|part| part.len()).sum())?;
        let mut slices: Vec<IoSlice<'_>> = std::iter::once(IoSlice::new(&head)).chain(parts.iter().copied()).collect();
        let mut left = &mut slices[..];
        let mut writer = self.writer.lock();
        // One write where the stream takes it, so that a frame is one packet where packets are made of writes.
        while !left.is_empty() {
            match writer.write_vectored(left) {
                Ok(0) => return Err(io::ErrorKind::WriteZero.into()),
                Ok(count) => IoSlice::advance_slices(&mut left, count),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        writer.flush()
    }

    fn frame_len_max(&self) -> usize {
        FRAMED_LEN_MAX
    }
}

/// The end of a stream, as an error.
fn ended(deframer: &Deframer) -> io::Error {
    let text = match deframer.is_within_frame() {
        true => "the stream ended within a frame",
        false => "the stream ended",
    };
    io::Error::new(io::ErrorKind::UnexpectedEof, text)
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
    fn a_long_frame_in_small_pieces_and_pieces_of_one_frame() {
        let long: Vec<u8> = (0..100_000_u32).map(|n| n as u8).collect();
        let (reader, writer) = io::pipe().unwrap();
        let carrier = std::sync::Arc::new(Framed::new(reader, writer));
        let sender = carrier.clone();
        let pieces = long.clone();
        let thread = std::thread::spawn(move || {
            let parts: Vec<IoSlice<'_>> = pieces.chunks(999).map(IoSlice::new).collect();
            sender.send_parts(&parts).unwrap();
            sender.send(b"short").unwrap();
        });
        let mut frame = Vec::new();
        carrier.recv(&mut frame).unwrap();
        assert_eq!(frame, long);
        carrier.recv(&mut frame).unwrap();
        assert_eq!(frame, b"short");
        thread.join().unwrap();
    }

    #[test]
    fn a_limit_holds_until_it_is_lifted() {
        let mut deframer = Deframer::default();
        deframer.limit(1);
        deframer.space()[..6].copy_from_slice(b"\x02\0\0\0hi");
        deframer.filled(6);
        assert!(deframer.take(&mut Vec::new()).is_err());
        deframer.limit(usize::MAX);
        assert!(deframer.take(&mut Vec::new()).unwrap());
    }

    #[test]
    fn an_announced_length_takes_no_memory() {
        let mut deframer = Deframer::default();
        deframer.space()[..4].copy_from_slice(&(FRAMED_LEN_MAX as u32).to_le_bytes());
        deframer.filled(4);
        assert!(!deframer.take(&mut Vec::new()).unwrap());
        assert!(deframer.space().len() <= READ_LEN + 4);
    }
}
