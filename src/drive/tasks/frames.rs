//! The frames of an async session, as the task that moves them sees it.

use std::collections::VecDeque;
use std::fmt;
use std::sync::{Arc, OnceLock, Weak};
use std::task::{Context, Poll, Waker};

use parking_lot::Mutex;

use crate::drive::hub::Hub;
use crate::drive::tasks::{Driver, Shared, Spawn};
use crate::node::Node;
use crate::peer::Peer;
use crate::session::TICK;

/// Who moves frames, and what the driver has to tell it.
#[derive(Default)]
pub(super) struct Frames(Mutex<State>);

#[derive(Default)]
struct State {
    /// There may be something to send since it looked.
    kicked: bool,
    waker: Option<Waker>,
    /// The session is gone, and these are its last frames.
    gone: bool,
    last: VecDeque<Vec<u8>>,
    /// A frame was taken, and the next was not asked for.
    out: bool,
    /// Frames taken; how many at the last tick; and ticks since that changed.
    taken: u64,
    taken_before: u64,
    ticks_stuck: u32,
    /// The peer does not take what we send.
    given_up: bool,
}

/// Ticks without a frame leaving after which the carrier is given up, once the session is over and only its last frames
/// are to leave: a second. Before that the limits say it.
const STUCK_TICKS_AFTER_END: u32 = 200;

impl Frames {
    /// There may be something to send.
    pub(super) fn kick(&self) {
        let waker = {
            let mut state = self.0.lock();
            state.kicked = true;
            state.waker.take()
        };
        waker.into_iter().for_each(Waker::wake);
    }

    /// The session is gone; these frames are to be sent all the same.
    pub(super) fn hang_up(&self, last: &[Vec<u8>]) {
        {
            let mut state = self.0.lock();
            state.gone = true;
            state.last.extend(last.iter().cloned());
        }
        self.kick();
    }

    /// A tick has passed; whether a frame is on its way.
    pub(super) fn tick(&self, hub: &Arc<Hub>) -> bool {
        let is_over = hub.is_over();
        let stuck = {
            let mut state = self.0.lock();
            let taken = state.taken;
            let moved = std::mem::replace(&mut state.taken_before, taken) != taken;
            state.ticks_stuck = if moved || !state.out { 0 } else { state.ticks_stuck.saturating_add(1) };
            let ticks_max = (hub.node().limits().send_time_max.as_nanos() / TICK.as_nanos()) as u64;
            let max = if is_over { STUCK_TICKS_AFTER_END.into() } else { ticks_max };
            if !state.out || u64::from(state.ticks_stuck) < max {
                return state.out;
            }
            !std::mem::replace(&mut state.given_up, true)
        };
        if stuck {
            let ((), trash) = hub.take_in(|session| session.carrier_lost("the peer takes nothing that is sent to it"));
            hub.driver().take_work(hub, crate::drive::work::Work::Task(Box::new(move || drop(trash))));
            self.kick();
        }
        false
    }

    /// Leaves a waker, unless there is something to look at already.
    fn rest(&self, context: &Context<'_>) -> bool {
        let mut state = self.0.lock();
        if state.kicked {
            return false;
        }
        let is_known = state.waker.as_ref().is_some_and(|waker| waker.will_wake(context.waker()));
        let before = if is_known { None } else { state.waker.replace(context.waker().clone()) };
        drop(state);
        drop(before);
        true
    }
}

/// A session that is driven by tasks, as the one that moves its frames sees it.
///
/// That task takes what is to be sent by [`Self::poll_frame`], gives what arrived to [`Self::put_frame`], and says by
/// [`Self::cut`] when the carrier fails or ends. None of these blocks, or runs code of the user's. It must go on
/// receiving while it cannot send, or two sides that flood each other wait for ever. While a frame is on its way and
/// the carrier takes no more, it also asks [`Self::poll_given_up`]. The session ends when this is dropped.
pub struct Tasks {
    shared: Arc<Shared>,
    hub: Weak<Hub>,
}

impl Tasks {
    /// A new session of the node, for a carrier that takes frames of this length at most; calls of the peer's run on
    /// tasks that are started by `spawn`.
    ///
    /// The session lives as long as anything but this refers to it: the peer, a proxy, a promise, a call that runs.
    pub fn new(node: &Node, frame_len_max: usize, spawn: impl Spawn) -> (Peer, Self) {
        let shared = Arc::new(Shared {
            node: node.clone(),
            spawn: Box::new(spawn),
            hub: OnceLock::new(),
            queue: Default::default(),
            frames: Frames::default(),
            parked: Default::default(),
        });
        let hub = Hub::new(node, Box::new(Driver(shared.clone())), frame_len_max);
        let weak = Arc::downgrade(&hub);
        // Set once, here.
        let _ = shared.hub.set(weak.clone());
        (Peer::new(hub), Self { shared, hub: weak })
    }

    /// The next unit to be sent, the preface first and then frames; `None` when the session is over and its last frame
    /// was taken. To be called again when a frame has left.
    pub fn poll_frame(&mut self, context: &mut Context<'_>) -> Poll<Option<Vec<u8>>> {
        loop {
            {
                let mut state = self.shared.frames.0.lock();
                (state.kicked, state.out) = (false, false);
                if state.gone && !state.given_up {
                    return Poll::Ready(state.last.pop_front());
                }
                if state.given_up {
                    drop(state);
                    self.cut("the peer takes nothing that is sent to it");
                    return Poll::Ready(None);
                }
            }
            if let Some(hub) = self.hub.upgrade() {
                if let Some(frame) = self.next_frame(&hub) {
                    return Poll::Ready(Some(frame));
                }
                if hub.is_over() {
                    return Poll::Ready(None);
                }
                if hub.due().is_some() || hub.has_backlog() {
                    self.shared.node.ticker().enlist(&hub);
                }
            }
            if self.shared.frames.rest(context) {
                return Poll::Pending;
            }
        }
    }

    fn next_frame(&self, hub: &Arc<Hub>) -> Option<Vec<u8>> {
        hub.dispatch();
        let now = hub.now();
        let (frame, trash) = hub.with_trash(|session| session.poll_frame(now));
        self.shared.leave(hub, trash);
        // Looking for a frame tells the time, and sending makes room: there may be more to do.
        if hub.dispatch() && frame.is_none() {
            self.shared.frames.kick();
        }
        if frame.is_some() {
            let mut state = self.shared.frames.0.lock();
            (state.out, state.taken) = (true, state.taken + 1);
            drop(state);
            self.shared.node.ticker().enlist(hub);
        }
        frame
    }

    /// Takes in what arrived.
    pub fn put_frame(&mut self, bytes: &[u8]) {
        if let Some(hub) = self.hub.upgrade() {
            let now = hub.now();
            let ((), trash) = hub.take_in(|session| session.handle_frame(now, bytes));
            self.shared.leave(&hub, trash);
            self.shared.frames.kick();
        }
    }

    /// The carrier failed or ended.
    pub fn cut(&mut self, reason: &str) {
        if let Some(hub) = self.hub.upgrade() {
            let ((), trash) = hub.take_in(|session| session.carrier_lost(reason));
            self.shared.leave(&hub, trash);
            // What a close of ours left to be sent will not be.
            while self.next_frame(&hub).is_some() {}
            hub.kick();
        }
    }

    /// Ready when what is on its way is not to be waited for any more: the peer takes nothing, and the session is over.
    pub fn poll_given_up(&mut self, context: &mut Context<'_>) -> Poll<()> {
        loop {
            {
                let mut state = self.shared.frames.0.lock();
                if state.given_up {
                    return Poll::Ready(());
                }
                // What it was for is looked at when the frame has left.
                state.kicked = false;
            }
            if self.shared.frames.rest(context) {
                return Poll::Pending;
            }
        }
    }
}

impl Drop for Tasks {
    fn drop(&mut self) {
        self.cut("the task that moved its frames is gone");
    }
}

impl fmt::Debug for Tasks {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Tasks({:?})", self.hub.upgrade().map(|hub| hub.number()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::ManualClock;
    use crate::limits::Limits;

    #[test]
    fn a_peer_that_takes_nothing_is_given_up_after_the_time_of_the_limits() {
        let limits = Limits { send_time_max: 10 * TICK, ..Limits::default() };
        let node = Node::builder().limits(limits).clock(Arc::new(ManualClock::default())).build();
        let (peer, mut tasks) = Tasks::new(&node, 1 << 20, drop);
        assert!(tasks.poll_frame(&mut Context::from_waker(Waker::noop())).is_ready());
        let hub = tasks.hub.upgrade().unwrap();
        let ticks = (0..100).take_while(|_| tasks.shared.frames.tick(&hub)).count();
        assert!((10..=11).contains(&ticks), "{ticks}");
        assert!(peer.ended().is_some());
    }
}
