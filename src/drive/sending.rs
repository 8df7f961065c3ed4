//! The writer's role: one thread at a time sends, and whoever comes meanwhile has it look once more.

#[cfg(all(test, shuttle))]
mod model;

use std::sync::atomic::AtomicU64;

use crate::sync::{Mutex, Ordering};

/// Who sends, and whether there is more to send since it looked.
#[derive(Default)]
pub(crate) struct Sending {
    state: Mutex<State>,
    /// Frames that have left; counted by whoever has the role.
    sent: AtomicU64,
}

#[derive(Default)]
struct State {
    busy: bool,
    /// Somebody had something to send meanwhile.
    again: bool,
    /// Room of a frame that has left.
    room: Vec<u8>,
}

/// Most bytes that are kept from frame to frame.
const ROOM_MAX: usize = 4096;

impl Sending {
    /// Takes the role, if it is free, with room for a frame; if not, whoever has it will look once more.
    pub(crate) fn begin(&self) -> Option<Vec<u8>> {
        let mut state = self.state.lock();
        if state.busy {
            state.again = true;
            return None;
        }
        (state.busy, state.again) = (true, false);
        Some(std::mem::take(&mut state.room))
    }

    /// Gives the role up, unless somebody came meanwhile; then the room for the next frame comes back.
    pub(crate) fn end(&self, room: Vec<u8>) -> Option<Vec<u8>> {
        let mut state = self.state.lock();
        state.busy = std::mem::take(&mut state.again);
        if state.busy {
            return Some(room);
        }
        if room.capacity() <= ROOM_MAX {
            state.room = room;
        }
        None
    }

    /// Gives the role up: nothing more will leave.
    pub(crate) fn abort(&self) {
        let mut state = self.state.lock();
        (state.busy, state.again) = (false, false);
    }

    /// Notes that a frame has left.
    pub(crate) fn count(&self) {
        // Only the one that sends writes it.
        self.sent.store(self.sent.load(Ordering::Relaxed) + 1, Ordering::Relaxed);
    }

    /// How many frames have left, if somebody is sending.
    pub(crate) fn under_way(&self) -> Option<u64> {
        let is_busy = self.state.lock().busy;
        is_busy.then(|| self.sent.load(Ordering::Relaxed))
    }
}
