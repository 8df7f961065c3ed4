//! One direction of a carrier: frames that take their time, in order, and room for so many bytes.

use std::collections::VecDeque;

use super::rng::Rng;

/// How a carrier takes its time.
#[derive(Clone, Copy, Debug)]
pub enum Pace {
    /// It holds one byte: a frame occupies it, a microsecond for each byte, until the last has come out.
    ByBytes,
    /// Each frame takes up to so many microseconds; another goes in while there is room.
    ByFrames {
        /// Longest time of a frame on its way, in microseconds.
        delay_max: u64,
        /// Bytes that must be on their way before the sender has to wait.
        capacity: usize,
    },
}

/// One direction of a carrier.
#[derive(Debug)]
pub(super) struct Carrier {
    pace: Pace,
    frames: VecDeque<(u64, Vec<u8>)>,
    bytes: usize,
    /// When the last frame arrives.
    last: u64,
}

impl Carrier {
    pub(super) fn new(pace: Pace) -> Self {
        Self { pace, frames: VecDeque::new(), bytes: 0, last: 0 }
    }

    /// Whether the sender may send another frame.
    pub(super) fn is_free(&self) -> bool {
        match self.pace {
            Pace::ByBytes => self.frames.is_empty(),
            Pace::ByFrames { capacity, .. } => self.bytes < capacity,
        }
    }

    pub(super) fn put(&mut self, now: u64, rng: &mut Rng, frame: Vec<u8>) {
        let delay = match self.pace {
            Pace::ByBytes => frame.len() as u64,
            Pace::ByFrames { delay_max, .. } => rng.between(0, delay_max),
        };
        self.last = self.last.max(now + delay);
        self.bytes += frame.len();
        self.frames.push_back((self.last, frame));
    }

    /// When the next frame arrives.
    pub(super) fn due(&self) -> Option<u64> {
        self.frames.front().map(|(due, _)| *due)
    }

    /// The next frame, if it has arrived.
    pub(super) fn take(&mut self, now: u64) -> Option<Vec<u8>> {
        self.frames.front().filter(|(due, _)| *due <= now)?;
        let (_, frame) = self.frames.pop_front()?;
        self.bytes -= frame.len();
        Some(frame)
    }

    pub(super) fn clear(&mut self) {
        self.frames.clear();
        self.bytes = 0;
    }
}
