//! The writer's role: one thread at a time sends, and whoever comes meanwhile has it look once more.

#[cfg(all(test, shuttle))]
mod model;

use crate::sync::Mutex;

/// Who sends, and whether there is more to send since it looked.
#[derive(Default)]
pub(crate) struct Sending(Mutex<State>);

#[derive(Default)]
struct State {
    busy: bool,
    /// Somebody had something to send meanwhile.
    again: bool,
    /// Frames that have left.
    sent: u64,
}

impl Sending {
    /// Takes the role, if it is free; if not, whoever has it will look once more.
    pub(crate) fn begin(&self) -> bool {
        let mut state = self.0.lock();
        if state.busy {
            state.again = true;
            return false;
        }
        (state.busy, state.again) = (true, false);
        true
    }

    /// Gives the role up, unless somebody came meanwhile; whether it did.
    pub(crate) fn end(&self) -> bool {
        let mut state = self.0.lock();
        state.busy = std::mem::take(&mut state.again);
        !state.busy
    }

    /// Gives the role up: nothing more will leave.
    pub(crate) fn abort(&self) {
        let mut state = self.0.lock();
        (state.busy, state.again) = (false, false);
    }

    /// Notes that a frame has left.
    pub(crate) fn count(&self) {
        self.0.lock().sent += 1;
    }

    /// How many frames have left, if somebody is sending.
    pub(crate) fn under_way(&self) -> Option<u64> {
        let state = self.0.lock();
        state.busy.then_some(state.sent)
    }
}
