//! The carrier: anything that moves frames one way and back.

mod framed;
mod memory;

use std::io::{self, IoSlice};
use std::time::Duration;

pub use framed::{Deframer, FRAMED_LEN_MAX, Framed, SHORT_LEN, frame_head, join_short};
pub use memory::{MemoryTransport, memory_pair};

/// A carrier of whole frames, in order. Two functions are required; the rest are hooks without which everything works.
///
/// The end of the carrier is an error of kind [`io::ErrorKind::UnexpectedEof`].
///
/// One thread at a time is in [`Self::send`] or [`Self::send_parts`], and one in [`Self::recv`] or
/// [`Self::recv_until`]; [`Self::close`] and [`Self::wake`] come from any thread, at any time.
pub trait Transport: Send + Sync + 'static {
    /// Sends one whole frame. One caller at a time. May block.
    fn send(&self, frame: &[u8]) -> io::Result<()>;

    /// Waits for one whole frame and puts it into `frame`, in place of what was there. One caller at a time.
    fn recv(&self, frame: &mut Vec<u8>) -> io::Result<()>;

    /// Ends the carrier: a `send` or `recv` that is blocked returns, and later ones fail. By default nothing happens.
    fn close(&self) {}

    /// As [`Self::recv`], but fails with [`io::ErrorKind::TimedOut`] when no frame has arrived in `time`, and with
    /// [`io::ErrorKind::Interrupted`] as soon as [`Self::wake`] was called. What has arrived of a frame by then is kept
    /// for the next call. The default knows neither time nor wake: it waits as `recv` does, and
    /// [`Self::is_interruptible`] says so.
    fn recv_until(&self, frame: &mut Vec<u8>, time: Option<Duration>) -> io::Result<()> {
        let _ = time;
        self.recv(frame)
    }

    /// As [`Self::recv_until`] with a time, for a thread that nobody will wake: it may return earlier without a frame, as
    /// when a signal has come, and it need not heed [`Self::wake`]. A carrier that can keep to a time with fewer system
    /// calls than it needs for heeding a wake does so here.
    fn recv_for(&self, frame: &mut Vec<u8>, time: Duration) -> io::Result<()> {
        self.recv_until(frame, Some(time))
    }

    /// Makes the [`Self::recv_until`] that waits return; if none does, the next one returns at once. Never blocks, and
    /// does nothing to a plain [`Self::recv`].
    fn wake(&self) {}

    /// Whether [`Self::recv_until`] keeps to its time and heeds [`Self::wake`].
    fn is_interruptible(&self) -> bool {
        false
    }

    /// Sends one whole frame that is given in pieces. By default they are joined and sent.
    fn send_parts(&self, parts: &[IoSlice<'_>]) -> io::Result<()> {
        let frame: Vec<u8> = parts.iter().flat_map(|part| part.iter().copied()).collect();
        self.send(&frame)
    }

    /// The longest frame that the carrier takes, in bytes. Longer messages are cut below it.
    fn frame_len_max(&self) -> usize {
        usize::MAX
    }
}

impl<T: Transport + ?Sized> Transport for Box<T> {
    fn send(&self, frame: &[u8]) -> io::Result<()> {
        (**self).send(frame)
    }

    fn recv(&self, frame: &mut Vec<u8>) -> io::Result<()> {
        (**self).recv(frame)
    }

    fn close(&self) {
        (**self).close();
    }

    fn recv_until(&self, frame: &mut Vec<u8>, time: Option<Duration>) -> io::Result<()> {
        (**self).recv_until(frame, time)
    }

    fn recv_for(&self, frame: &mut Vec<u8>, time: Duration) -> io::Result<()> {
        (**self).recv_for(frame, time)
    }

    fn wake(&self) {
        (**self).wake();
    }

    fn is_interruptible(&self) -> bool {
        (**self).is_interruptible()
    }

    fn send_parts(&self, parts: &[IoSlice<'_>]) -> io::Result<()> {
        (**self).send_parts(parts)
    }

    fn frame_len_max(&self) -> usize {
        (**self).frame_len_max()
    }
}
