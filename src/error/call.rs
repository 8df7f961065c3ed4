//! The call by which an error leaves exported code, as a place that it came through.

use std::sync::Arc;

use crate::error::{Error, ErrorObject, FrameInfo, Raised};

impl Error {
    /// The error as having come through this call, which the function tells with the last line of what was called.
    #[must_use]
    pub(crate) fn through(self, call: impl FnOnce() -> (FrameInfo, u32)) -> Self {
        match self {
            Error::Raised(raised) => {
                let (call, last_line) = call();
                Error::Raised(Arc::new(Arc::unwrap_or_clone(raised).through(call, last_line)))
            }
            other => other,
        }
    }
}

impl Raised {
    /// What was raised in the called code itself says its line: the call is that place, and not one more.
    fn through(mut self, call: FrameInfo, last_line: u32) -> Self {
        let spans = self.frames.iter().take_while(|frame| !frame.name.is_empty() && ErrorObject::has(frame)).count();
        let place = self.frames.get_mut(spans).filter(|place| place.name.is_empty());
        // Where the called code stands may not be known: then all that is raised is taken to be raised there.
        let is_there = |place: &&mut FrameInfo| {
            call.file.is_empty() || (place.file == call.file && (call.first_line..=last_line).contains(&place.line))
        };
        match place.filter(is_there) {
            Some(place) => {
                let FrameInfo { name, signature, first_line, exported, .. } = call;
                (place.name, place.signature, place.first_line, place.exported) =
                    (name, signature, first_line, exported);
            }
            None if call.file.is_empty() && call.signature.is_empty() => {}
            None => self.frames.insert(0, call),
        }
        self
    }
}
