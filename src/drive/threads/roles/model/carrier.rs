//! A toy carrier, with a peer at its other end that answers in any order.

use std::collections::{BTreeMap, VecDeque};

use shuttle::rand::{Rng, thread_rng};

use super::world::Kind;
use crate::sync::{Condvar, Mutex};
use crate::table::Id;

/// What is sent.
pub(super) enum Out {
    Call(Id, Plan),
    /// The answer to a nested call.
    Answer(u64),
}

/// What the peer does before it answers a call.
#[derive(Clone, Copy)]
pub(super) struct Plan {
    /// Nested calls that it makes, one after another.
    pub(super) nested: u32,
    /// How deep each of them goes on.
    pub(super) depth: u32,
}

impl Plan {
    /// It is never answered.
    pub(super) const NEVER: Plan = Plan { nested: u32::MAX, depth: 0 };
}

/// What arrives.
#[derive(Clone, Copy)]
pub(super) enum Frame {
    Return(Id),
    Nested { question: Id, name: u64, kind: Kind },
    Call { name: u64, kind: Kind },
    Bye,
}

/// What receiving came to.
#[derive(Clone, Copy)]
pub(super) enum Received {
    Frame(Frame),
    Interrupted,
    Eof,
}

#[derive(Default)]
struct In {
    frames: VecDeque<Frame>,
    is_read: bool,
    woken: bool,
    closed: bool,
}

#[derive(Default)]
struct Peer {
    inbox: Vec<Out>,
    sent_to: bool,
    /// Questions that wait for a nested call, by its name.
    nested: BTreeMap<u64, (Id, Plan)>,
    names: u64,
    closed: bool,
}

pub(super) struct Carrier {
    interruptible: bool,
    arriving: Mutex<In>,
    arrived: Condvar,
    peer: Mutex<Peer>,
    peer_arrived: Condvar,
}

impl Carrier {
    pub(super) fn new(interruptible: bool) -> Self {
        Self {
            interruptible,
            arriving: Mutex::default(),
            arrived: Condvar::default(),
            peer: Mutex::default(),
            peer_arrived: Condvar::default(),
        }
    }

    pub(super) fn is_interruptible(&self) -> bool {
        self.interruptible
    }

    pub(super) fn recv(&self, wakeable: bool) -> Received {
        let mut arriving = self.arriving.lock();
        assert!(!std::mem::replace(&mut arriving.is_read, true), "two threads receive");
        let received = loop {
            if let Some(frame) = arriving.frames.pop_front() {
                break Received::Frame(frame);
            }
            if arriving.closed {
                break Received::Eof;
            }
            if wakeable && self.interruptible && std::mem::take(&mut arriving.woken) {
                break Received::Interrupted;
            }
            self.arrived.wait(&mut arriving);
        };
        arriving.is_read = false;
        received
    }

    pub(super) fn wake(&self) {
        self.arriving.lock().woken = true;
        self.arrived.notify_one();
    }

    pub(super) fn close(&self) {
        self.arriving.lock().closed = true;
        self.arrived.notify_one();
        self.peer.lock().closed = true;
        self.peer_arrived.notify_one();
    }

    pub(super) fn send(&self, out: Out) {
        assert!(!std::mem::replace(&mut self.peer.lock().sent_to, true), "two threads send");
        let mut peer = self.peer.lock();
        peer.inbox.push(out);
        peer.sent_to = false;
        drop(peer);
        self.peer_arrived.notify_one();
    }

    /// Has this frame arrive.
    pub(super) fn deliver(&self, frame: Frame) {
        self.arriving.lock().frames.push_back(frame);
        self.arrived.notify_one();
    }

    /// What the peer does.
    pub(super) fn answer_all(&self) {
        loop {
            let mut peer = self.peer.lock();
            while peer.inbox.is_empty() && !peer.closed {
                self.peer_arrived.wait(&mut peer);
            }
            if peer.closed {
                return;
            }
            let place = thread_rng().gen_range(0..peer.inbox.len());
            let (question, plan) = match peer.inbox.swap_remove(place) {
                Out::Call(question, plan) => (question, plan),
                Out::Answer(name) => match peer.nested.remove(&name) {
                    Some((question, plan)) => (question, Plan { nested: plan.nested - 1, ..plan }),
                    None => continue,
                },
            };
            let frame = match plan.nested {
                0 => Frame::Return(question),
                u32::MAX => continue,
                _ => {
                    peer.names += 1;
                    let name = 1000 + peer.names;
                    peer.nested.insert(name, (question, plan));
                    Frame::Nested { question, name, kind: Kind::Nested(plan.depth) }
                }
            };
            drop(peer);
            self.deliver(frame);
        }
    }

    /// Has the peer call in that question, under this name, and answer it after that.
    pub(super) fn expect(&self, question: Id, name: u64) {
        self.peer.lock().nested.insert(name, (question, Plan { nested: 1, depth: 0 }));
    }
}
