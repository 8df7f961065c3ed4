//! Backtraces of errors: captured where the environment asks for them, resolved when somebody looks, told by a gate.

use std::any::Any;
use std::backtrace::{Backtrace, BacktraceStatus};
use std::sync::{Arc, LazyLock};

use crate::context::CallContext;
use crate::error::{Error, FrameInfo, Raised};
use crate::host::{Host, Operation, Outcome, Own, Request};
use crate::proxy::Proxy;
use crate::shape::{Category, Member, Shape};
use crate::value::{Ref, Value};

/// The attribute by which a backtrace is read.
pub(crate) const BACKTRACE: &str = "backtrace";

/// Bytes of a backtrace that are told. Stops a deep stack from filling a message.
const BACKTRACE_LEN_MAX: usize = 64 << 10;

/// An error of this side as an object: it has what is told of an error only to whoever asks.
pub(crate) struct ErrorObject {
    backtrace: Backtrace,
}

/// One shape for all errors: it is constant.
static SHAPE: LazyLock<Arc<Shape>> = LazyLock::new(|| {
    // Not exposed: no peer learns of the inside of a process unless its policy, or the node's builder, says so.
    let backtrace = Member::attribute(BACKTRACE).hidden().doc("Where it was raised, frame by frame, as text.");
    let shape = Shape::new("rust:error", Category::Instance).doc_text("An error of Rust, where it was raised.");
    Arc::new(shape.member(backtrace).operations(&[Operation::Text]))
});

impl ErrorObject {
    /// The object of an error with this backtrace; nothing if none was captured.
    pub(crate) fn of(backtrace: Backtrace) -> Option<Value> {
        let is_there = backtrace.status() == BacktraceStatus::Captured;
        is_there.then(|| Value::Ref(Ref::Own(Own::new(Self { backtrace }))))
    }

    /// Whether the frame is one of an error of this side's, which it has.
    pub(crate) fn has(frame: &FrameInfo) -> bool {
        matches!(&frame.stack, Some(Value::Ref(Ref::Own(own))) if own.downcast::<Self>().is_some())
    }

    /// Whether this asks for the backtrace of an error of this side.
    pub(crate) fn is_asked(own: &Own, request: &Request) -> bool {
        request.operation == Operation::Get
            && request.member_name() == BACKTRACE
            && own.downcast::<ErrorObject>().is_some()
    }

    fn text(&self) -> Value {
        let text = self.backtrace.to_string();
        let end = text.floor_char_boundary(BACKTRACE_LEN_MAX);
        Value::text(&text[..end])
    }
}

impl Host for ErrorObject {
    fn shape(&self) -> Arc<Shape> {
        SHAPE.clone()
    }

    fn operate(&self, request: Request, _context: &CallContext) -> Outcome {
        match (request.operation, request.member_name()) {
            (Operation::Get, BACKTRACE) => Outcome::Value(self.text()),
            (Operation::Text, _) => Outcome::Value(Value::text(format!("<{}>", SHAPE.name()))),
            (Operation::Call | Operation::Get | Operation::Set | Operation::Delete, name) => {
                Outcome::Error(Error::no_member(&SHAPE, name))
            }
            (operation, _) => Outcome::Error(Error::not_supported(&SHAPE, operation)),
        }
    }

    fn as_any(&self) -> Option<&dyn Any> {
        Some(self)
    }
}

impl Raised {
    /// The error with the backtrace of where this is called, if the environment asks for backtraces.
    pub(super) fn traced(self) -> Self {
        self.with_backtrace(Backtrace::capture())
    }

    /// The error with this backtrace, if it was captured, and if it has no object of its own.
    pub(crate) fn with_backtrace(mut self, backtrace: Backtrace) -> Self {
        if self.object.is_none() {
            self.object = ErrorObject::of(backtrace);
        }
        self
    }

    /// The error without what has its backtrace, if it has that.
    pub(crate) fn untraced(&self) -> Option<Self> {
        self.object_own()?.downcast::<ErrorObject>()?;
        Some(Self { object: None, ..self.clone() })
    }

    /// The backtrace of where a Rust error was raised, as text: nothing where none was captured, or where its
    /// side does not tell it. Whether one is captured is up to the environment of its process, `RUST_BACKTRACE` and
    /// `RUST_LIB_BACKTRACE`; see [`std::backtrace`]. Under the closed policy it is told only after
    /// [`NodeBuilder::tell_backtraces`](crate::NodeBuilder::tell_backtraces).
    ///
    /// It is made into text only when this asks for it: of an error of a peer's by a message each way, for which it
    /// waits. In a task, read the attribute `backtrace` of [`Self::object`] instead.
    ///
    /// # Errors
    /// As a call: [`Error::Disconnected`] if the error's side is gone.
    pub fn backtrace(&self) -> Result<Option<String>, Error> {
        let Some(Value::Ref(reference)) = &self.object else { return Ok(None) };
        let object = Proxy::from(reference.clone());
        if object.shape().find(BACKTRACE).is_none() {
            return Ok(None);
        }
        object.get(BACKTRACE)?.to().map(Some)
    }
}
