//! A side that blocks, with all that is beyond its carrier driven by hand in the same thread, on invented time.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use wherever::clock::ManualClock;
use wherever::drive::{Manual, connect_simple};
use wherever::{Node, Peer, Transport};

use crate::pair::Pair;

/// A session whose near side blocks, on the simple driver, while whatever it waits for runs inside its carrier.
///
/// When nothing beyond the carrier can go on, time passes until something of the near side is due; if nothing is, the
/// carrier ends, so that a test whose answer never comes fails instead of hanging.
pub struct Inline {
    /// The clock of all sides.
    pub clock: Arc<ManualClock>,
    /// The side that blocks.
    pub peer: Peer,
    /// The side that it talks to.
    pub far: Manual,
    beyond: Arc<Vec<Pair>>,
}

struct Carrier {
    clock: Arc<ManualClock>,
    far: Manual,
    beyond: Arc<Vec<Pair>>,
}

impl Inline {
    /// A session between these nodes.
    pub fn start(clock: &Arc<ManualClock>, near: &Node, far: &Node) -> Self {
        Self::before(clock, near, far, Vec::new())
    }

    /// A session between these nodes, behind which there are others.
    pub fn before(clock: &Arc<ManualClock>, near: &Node, far: &Node, beyond: Vec<Pair>) -> Self {
        let (clock, far, beyond) = (clock.clone(), Manual::new(far, 1 << 20), Arc::new(beyond));
        let carrier = Carrier { clock: clock.clone(), far: far.clone(), beyond: beyond.clone() };
        Self { clock, peer: connect_simple(near, carrier), far, beyond }
    }

    /// The session behind the far side, counted from 0.
    pub fn beyond(&self, at: usize) -> &Pair {
        &self.beyond[at]
    }

    /// Turns the clock by a tick and lets what is due leave and run, on all sides.
    pub fn tick(&self) {
        self.clock.advance(Duration::from_millis(5));
        self.peer.poll().unwrap();
        self.beyond.iter().for_each(Pair::settle);
        self.peer.poll().unwrap();
    }

    /// Lets all releases leave, and looks whether every table of every session is empty.
    #[track_caller]
    pub fn assert_idle(&self) {
        (0..6).for_each(|_| self.tick());
        let pairs = self.beyond.iter().flat_map(|pair| [pair.left.peer(), pair.right.peer()]);
        for peer in [self.peer.clone(), self.far.peer()].into_iter().chain(pairs) {
            assert!(peer.stats().is_idle(), "{:#?}", peer.stats());
        }
    }
}

impl Carrier {
    /// The next frame of the far side, made by whatever can go on.
    fn next(&self) -> Option<Vec<u8>> {
        loop {
            if let Some(frame) = self.far.take_frame() {
                return Some(frame);
            }
            let goes_on = |pair: &Pair| pair.carry() || pair.left.run_job(0) || pair.right.run_job(0);
            if !self.far.run_job(0) && !self.beyond.iter().any(goes_on) {
                return None;
            }
        }
    }
}

impl Transport for Carrier {
    fn send(&self, frame: &[u8]) -> io::Result<()> {
        self.far.put_frame(frame);
        Ok(())
    }

    fn recv(&self, frame: &mut Vec<u8>) -> io::Result<()> {
        *frame = self.next().ok_or_else(|| {
            io::Error::new(io::ErrorKind::UnexpectedEof, "nothing will come: the test waits for what never happens")
        })?;
        Ok(())
    }

    fn recv_until(&self, frame: &mut Vec<u8>, time: Option<Duration>) -> io::Result<()> {
        let Some(time) = time else { return self.recv(frame) };
        match self.next() {
            Some(next) => *frame = next,
            None => {
                self.clock.advance(time);
                return Err(io::ErrorKind::TimedOut.into());
            }
        }
        Ok(())
    }

    fn is_interruptible(&self) -> bool {
        true
    }
}
