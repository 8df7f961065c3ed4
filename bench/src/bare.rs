//! The bare carrier: frames behind their length over a blocking socket, by the best plain code. Nothing of `wherever`.

use std::io::{self, Read, Write};
use std::os::unix::net::UnixStream;

/// Bytes read at a time while frames are short.
const READ_LEN: usize = 8 << 10;

/// What the server answers every frame with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Replies {
    /// Bytes of each frame, without its length.
    pub(crate) len: usize,
    /// Frames for each that arrives.
    pub(crate) count: usize,
}

impl Replies {
    fn encode(self) -> [u8; 8] {
        let mut bytes = [0; 8];
        bytes[..4].copy_from_slice(&(self.len as u32).to_le_bytes());
        bytes[4..].copy_from_slice(&(self.count as u32).to_le_bytes());
        bytes
    }

    fn decode(bytes: &[u8]) -> Option<Self> {
        let (len, rest) = bytes.split_first_chunk()?;
        let count = rest.try_into().ok()?;
        Some(Self { len: u32::from_le_bytes(*len) as usize, count: u32::from_le_bytes(count) as usize })
    }
}

/// A frame with its length in front, ready to be written.
fn framed(len: usize) -> Vec<u8> {
    let mut frame = (len as u32).to_le_bytes().to_vec();
    frame.resize(4 + len, 0x5A);
    frame
}

/// Frames as they arrive. They stay in the buffer: nobody looks at what is in them.
struct Inlet {
    bytes: Vec<u8>,
    start: usize,
    end: usize,
}

impl Inlet {
    fn new() -> Self {
        Self { bytes: vec![0; READ_LEN], start: 0, end: 0 }
    }

    /// The next frame, if it is there.
    fn take(&mut self) -> Option<&[u8]> {
        let here = &self.bytes[self.start..self.end];
        let (head, rest) = here.split_first_chunk()?;
        let frame = rest.get(..u32::from_le_bytes(*head) as usize)?;
        let place = self.start + 4..self.start + 4 + frame.len();
        self.start = place.end;
        if self.start == self.end {
            (self.start, self.end) = (0, 0);
        }
        Some(&self.bytes[place])
    }

    /// Reads once; whether the stream goes on.
    fn fill(&mut self, stream: &mut UnixStream) -> io::Result<bool> {
        if self.start > 0 {
            self.bytes.copy_within(self.start..self.end, 0);
            (self.start, self.end) = (0, self.end - self.start);
        }
        if self.end == self.bytes.len() {
            self.bytes.resize(2 * self.end, 0);
        }
        let count = stream.read(&mut self.bytes[self.end..])?;
        self.end += count;
        Ok(count > 0)
    }

    /// Waits for one frame; `None` at the end of the stream.
    fn recv(&mut self, stream: &mut UnixStream) -> io::Result<Option<&[u8]>> {
        // Not by the frame itself: a loop cannot give away what it may still borrow.
        while !self.is_whole() {
            if !self.fill(stream)? {
                return Ok(None);
            }
        }
        Ok(self.take())
    }

    fn is_whole(&self) -> bool {
        let here = &self.bytes[self.start..self.end];
        here.split_first_chunk().is_some_and(|(head, rest)| rest.len() >= u32::from_le_bytes(*head) as usize)
    }
}

/// Answers each frame until the stream ends; the first says by what.
pub(crate) fn serve(mut stream: UnixStream) -> io::Result<()> {
    let mut inlet = Inlet::new();
    let Some(first) = inlet.recv(&mut stream)? else { return Ok(()) };
    let replies = Replies::decode(first).ok_or(io::ErrorKind::InvalidData)?;
    let reply = framed(replies.len);
    while inlet.recv(&mut stream)?.is_some() {
        for _ in 0..replies.count {
            stream.write_all(&reply)?;
        }
    }
    Ok(())
}

/// The calling side.
pub(crate) struct Bare {
    stream: UnixStream,
    inlet: Inlet,
    request: Vec<u8>,
    replies: Replies,
}

impl Bare {
    /// Tells the server what to answer with. Requests are of this length.
    pub(crate) fn new(mut stream: UnixStream, request_len: usize, replies: Replies) -> io::Result<Self> {
        let mut first = 8_u32.to_le_bytes().to_vec();
        first.extend(replies.encode());
        stream.write_all(&first)?;
        Ok(Self { stream, inlet: Inlet::new(), request: framed(request_len), replies })
    }

    /// One frame there, and all that it is answered with back, so many times.
    pub(crate) fn round_trips(&mut self, times: usize) -> io::Result<()> {
        for _ in 0..times {
            self.stream.write_all(&self.request)?;
            for _ in 0..self.replies.count {
                self.recv()?;
            }
        }
        Ok(())
    }

    /// So many round trips, of which this many are under way at any time. Each frame is written by itself, as callers
    /// that know nothing of each other would; what has arrived is read at once.
    pub(crate) fn pipelined(&mut self, times: usize, under_way: usize) -> io::Result<()> {
        for _ in 0..under_way.min(times) {
            self.stream.write_all(&self.request)?;
        }
        for done in 0..times {
            self.recv()?;
            if done + under_way < times {
                self.stream.write_all(&self.request)?;
            }
        }
        Ok(())
    }

    fn recv(&mut self) -> io::Result<()> {
        self.inlet.recv(&mut self.stream)?.map(|_| ()).ok_or_else(|| io::ErrorKind::UnexpectedEof.into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_request_is_answered_as_the_first_frame_says() {
        for (request_len, len, count) in [(9, 8, 1), (0, 0, 1), (20, 100_000, 3), (100_000, 4, 2)] {
            let (near, far) = UnixStream::pair().unwrap();
            let server = std::thread::spawn(move || serve(far));
            let mut bare = Bare::new(near, request_len, Replies { len, count }).unwrap();
            bare.round_trips(5).unwrap();
            assert_eq!((bare.inlet.start, bare.inlet.end), (0, 0), "nothing is left over");
            if count == 1 {
                bare.pipelined(50, 8).unwrap();
                bare.pipelined(3, 8).unwrap();
                assert_eq!((bare.inlet.start, bare.inlet.end), (0, 0));
            }
            drop(bare);
            server.join().unwrap().unwrap();
        }
    }
}
