//! Calls larger than the floor allows: they wait for the peer's HELLO, which a no-op call brings.

use std::sync::Arc;

use crate::drive::hub::{Awaited, Hub};
use crate::error::Error;
use crate::host::Operation;
use crate::limits::Told;
use crate::session::{CallSpec, Session, Target};

impl Hub {
    /// The no-op call that must be answered before this one can be made, if one must; within the same deadline.
    pub(crate) fn greeting_for(&self, spec: &CallSpec) -> Option<CallSpec> {
        let beyond = spec.arguments.is_beyond(&Told::FLOOR);
        let may_go = |session: &mut Session| session.is_greeted() || session.ended().is_some();
        if !beyond || self.with(may_go) {
            return None;
        }
        Some(CallSpec { deadline: spec.deadline, ..CallSpec::new(Target::Names, Operation::Noop) })
    }

    /// Waits until the peer has greeted us, if this call needs that.
    pub(super) fn greet_for(self: &Arc<Self>, spec: &CallSpec) -> Result<(), Error> {
        let Some(greeting) = self.greeting_for(spec) else { return Ok(()) };
        let in_time = greeting.deadline.is_some();
        let id = self.call_when_room(greeting, true)?;
        self.wait_settled(Awaited::call(id, in_time)).map(|_| ()).map_err(not_greeted)
    }
}

/// Why a call was not made whose greeting failed: whatever became of that, the call itself has not left.
pub(crate) fn not_greeted(error: Error) -> Error {
    match error {
        Error::Deadline(_) => Error::Deadline("before the call could be sent".into()),
        error => error,
    }
}
