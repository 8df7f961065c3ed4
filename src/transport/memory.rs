//! A carrier within the process.

use std::io;
use std::time::Duration;

use crossbeam_channel::{Receiver, Sender, after, bounded, never, select};
use parking_lot::Mutex;

use crate::transport::Transport;

/// One end of a carrier within the process.
pub struct MemoryTransport {
    sender: Mutex<Option<Sender<Vec<u8>>>>,
    receiver: Receiver<Vec<u8>>,
    wake: (Sender<()>, Receiver<()>),
    /// Nothing is ever sent here: it ends when this end is closed.
    closed: (Mutex<Option<Sender<()>>>, Receiver<()>),
}

/// Frames that one direction of a memory pair holds before `send` blocks.
const MEMORY_FRAMES: usize = 1024;

/// Two ends of a carrier within the process: what one sends, the other receives.
pub fn memory_pair() -> (MemoryTransport, MemoryTransport) {
    let (to_right, from_left) = bounded(MEMORY_FRAMES);
    let (to_left, from_right) = bounded(MEMORY_FRAMES);
    let end = |sender, receiver| {
        let (open, closed) = bounded(0);
        let closed = (Mutex::new(Some(open)), closed);
        MemoryTransport { sender: Mutex::new(Some(sender)), receiver, wake: bounded(1), closed }
    };
    (end(to_right, from_right), end(to_left, from_left))
}

fn ended() -> io::Error {
    io::Error::new(io::ErrorKind::UnexpectedEof, "the other end is closed")
}

fn closed() -> io::Error {
    io::Error::new(io::ErrorKind::UnexpectedEof, "this end is closed")
}

impl MemoryTransport {
    fn open(&self) -> io::Result<()> {
        if self.closed.0.lock().is_some() { Ok(()) } else { Err(closed()) }
    }
}

impl Transport for MemoryTransport {
    fn send(&self, frame: &[u8]) -> io::Result<()> {
        let sender = self.sender.lock().clone().ok_or_else(closed)?;
        select! {
            send(sender, frame.to_vec()) -> sent => sent.map_err(|_| ended()),
            recv(self.closed.1) -> _ => Err(closed()),
        }
    }

    fn recv(&self, frame: &mut Vec<u8>) -> io::Result<()> {
        self.open()?;
        select! {
            recv(self.receiver) -> arrived => *frame = arrived.map_err(|_| ended())?,
            recv(self.closed.1) -> _ => return Err(closed()),
        }
        Ok(())
    }

    fn close(&self) {
        // The other end sees the end once it has taken what was sent.
        self.sender.lock().take();
        self.closed.0.lock().take();
    }

    fn recv_until(&self, frame: &mut Vec<u8>, time: Option<Duration>) -> io::Result<()> {
        self.open()?;
        if let Ok(arrived) = self.receiver.try_recv() {
            *frame = arrived;
            return Ok(());
        }
        let late = time.map_or_else(never, after);
        select! {
            recv(self.receiver) -> arrived => *frame = arrived.map_err(|_| ended())?,
            recv(self.closed.1) -> _ => return Err(closed()),
            recv(self.wake.1) -> _ => return Err(io::ErrorKind::Interrupted.into()),
            recv(late) -> _ => return Err(io::ErrorKind::TimedOut.into()),
        }
        Ok(())
    }

    fn wake(&self) {
        // Full: somebody has been told already.
        let _ = self.wake.0.try_send(());
    }

    fn is_interruptible(&self) -> bool {
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

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
        let late = left.recv_until(&mut frame, Some(Duration::ZERO)).map_err(|error| error.kind());
        assert_eq!(late, Err(io::ErrorKind::UnexpectedEof));
        assert!(left.recv(&mut frame).is_err());
    }

    #[test]
    fn a_wake_is_kept_for_who_comes_later_and_frames_go_first() {
        let (left, right) = memory_pair();
        let mut frame = Vec::new();
        right.wake();
        right.wake();
        left.send(b"one").unwrap();
        right.recv_until(&mut frame, None).unwrap();
        let woken = right.recv_until(&mut frame, None).map_err(|error| error.kind());
        assert_eq!(woken, Err(io::ErrorKind::Interrupted));
        let late = right.recv_until(&mut frame, Some(Duration::ZERO)).map_err(|error| error.kind());
        assert_eq!(late, Err(io::ErrorKind::TimedOut));
    }
}
