//! The greeting: both sides' prefaces cross before there is a session, so that a stranger is told apart at once.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use parking_lot::Mutex;
use wherever::drive::Manual;
use wherever::limits::PREFACE_LEN_MAX;
use wherever::transport::FRAMED_LEN_MAX;
use wherever::wire::preface::Preface;
use wherever::{Node, Transport};

use crate::inlet::Inlet;
use crate::{Child, Socket, Stdio};

/// A carrier of this package, whose peer may be a stranger at first.
pub(crate) trait Carrier: Transport {
    fn inlet(&self) -> &Inlet;
}

impl Carrier for Socket {
    fn inlet(&self) -> &Inlet {
        self.inlet()
    }
}

impl Carrier for Child {
    fn inlet(&self) -> &Inlet {
        self.inlet()
    }
}

impl Carrier for Stdio {
    fn inlet(&self) -> &Inlet {
        self.inlet()
    }
}

/// Why there is no session with whoever is on the other side.
#[derive(Debug)]
pub(crate) enum NoGreeting {
    /// It speaks something else.
    Stranger(String),
    /// It speaks this protocol, in a way that this side cannot.
    Incompatible(String),
    /// It has said nothing, or less than a preface, in this time.
    Silent(Duration),
    /// The carrier failed or ended.
    Lost(io::Error),
}

/// Sends our preface and waits for the other side's: nothing is sent that a session would not have sent, nor sent twice.
pub(crate) fn greet(node: &Node, carrier: &dyn Carrier, time: Option<Duration>) -> Result<Greeted, NoGreeting> {
    // A session that judges as the real one would, and has the words for it.
    let judge = Manual::new(node, FRAMED_LEN_MAX);
    let mut said = Ok(());
    if let Some(preface) = judge.take_frame() {
        said = carrier.send(&preface);
    }
    let mut unit = Vec::new();
    // A stranger makes us hold no more than a preface.
    carrier.inlet().limit(PREFACE_LEN_MAX);
    let heard = carrier.recv_until(&mut unit, time);
    carrier.inlet().limit(FRAMED_LEN_MAX);
    if let Err(error) = heard {
        return Err(match error.kind() {
            io::ErrorKind::InvalidData => NoGreeting::Stranger(error.to_string()),
            io::ErrorKind::TimedOut => NoGreeting::Silent(time.unwrap_or_default()),
            // Why nobody could be told is nearer to the cause than that nothing came.
            _ => NoGreeting::Lost(said.err().unwrap_or(error)),
        });
    }
    judge.put_frame(&unit);
    let Some(reason) = judge.peer().ended() else { return Ok(Greeted { heard: unit }) };
    // Best effort: whoever does not understand us need not hear it.
    let _ = std::iter::from_fn(|| judge.take_frame()).try_for_each(|frame| carrier.send(&frame));
    let text = reason.text().to_string();
    Err(if Preface::decode(&unit).is_err() { NoGreeting::Stranger(text) } else { NoGreeting::Incompatible(text) })
}

/// The other side's preface, which a session is still to hear.
#[derive(Debug)]
pub(crate) struct Greeted {
    heard: Vec<u8>,
}

impl Greeted {
    /// The carrier for a session, which sends its preface into the void, and hears the one that was heard already.
    /// `held` is dropped when the session closes the carrier, or lets go of it.
    pub(crate) fn carrier(self, carrier: Arc<dyn Transport>, held: impl Send + 'static) -> Opened {
        Opened {
            carrier,
            heard: Mutex::new(Some(self.heard)),
            is_heard: AtomicBool::new(false),
            is_said: AtomicBool::new(false),
            held: Mutex::new(Some(Box::new(held))),
        }
    }
}

/// A carrier on which the prefaces have crossed.
pub(crate) struct Opened {
    carrier: Arc<dyn Transport>,
    heard: Mutex<Option<Vec<u8>>>,
    /// Nothing is in `heard` any more: saves the lock.
    is_heard: AtomicBool,
    /// The session has sent its preface.
    is_said: AtomicBool,
    held: Mutex<Option<Box<dyn Send>>>,
}

impl Opened {
    /// What was heard before the session, once.
    fn first(&self, frame: &mut Vec<u8>) -> bool {
        if self.is_heard.swap_if_unset() {
            return false;
        }
        match self.heard.lock().take() {
            Some(unit) => *frame = unit,
            None => return false,
        }
        true
    }
}

/// A flag that is set once and mostly read.
trait Once {
    /// Sets it; whether it was set before.
    fn swap_if_unset(&self) -> bool;
}

impl Once for AtomicBool {
    fn swap_if_unset(&self) -> bool {
        self.load(Ordering::Acquire) || self.swap(true, Ordering::AcqRel)
    }
}

impl Transport for Opened {
    fn send(&self, frame: &[u8]) -> io::Result<()> {
        if self.is_said.swap_if_unset() { self.carrier.send(frame) } else { Ok(()) }
    }

    fn recv(&self, frame: &mut Vec<u8>) -> io::Result<()> {
        if self.first(frame) { Ok(()) } else { self.carrier.recv(frame) }
    }

    fn close(&self) {
        self.carrier.close();
        let held = self.held.lock().take();
        drop(held);
    }

    fn recv_until(&self, frame: &mut Vec<u8>, time: Option<Duration>) -> io::Result<()> {
        if self.first(frame) { Ok(()) } else { self.carrier.recv_until(frame, time) }
    }

    fn recv_for(&self, frame: &mut Vec<u8>, time: Duration) -> io::Result<()> {
        if self.first(frame) { Ok(()) } else { self.carrier.recv_for(frame, time) }
    }

    fn wake(&self) {
        self.carrier.wake();
    }

    fn is_interruptible(&self) -> bool {
        self.carrier.is_interruptible()
    }

    fn send_parts(&self, parts: &[io::IoSlice<'_>]) -> io::Result<()> {
        if self.is_said.swap_if_unset() { self.carrier.send_parts(parts) } else { Ok(()) }
    }

    fn frame_len_max(&self) -> usize {
        self.carrier.frame_len_max()
    }
}
