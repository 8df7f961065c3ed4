//! Errors: what can go wrong between two sides, and what was raised on one of them.

#![cfg_attr(test, allow(clippy::unwrap_used, clippy::panic, reason = "a test that finds something else has failed"))]

mod backtrace;
mod call;
mod from;
mod origin;
mod report;
mod source;
#[cfg(feature = "tracing")]
pub(crate) mod spans;
#[cfg(test)]
mod tests;

use std::fmt;
use std::panic::Location;
use std::sync::Arc;

pub use backtrace::backtraces_resolved;
pub(crate) use origin::ErrorObject;
pub use report::Report;
#[cfg(feature = "tracing")]
pub use spans::SpanLayer;

use crate::host::{Operation, Own};
use crate::shape::Shape;
use crate::value::{Ref, Value};

/// Why an operation failed. Cheap to clone: every call that waited for one failure gets the same error.
#[derive(Clone, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The object's own code failed.
    #[error("{0}")]
    Raised(Arc<Raised>),
    /// No object is exported under the name.
    #[error("no object is exported under the name {0:?}; `Peer::names` lists those that are")]
    NotFound(Arc<str>),
    /// The policy of the object's side refuses.
    #[error("{0}")]
    Denied(Arc<Denied>),
    /// The session is over.
    #[error("{0}")]
    Disconnected(Arc<Disconnected>),
    /// A limit of one side leaves no room.
    #[error("overloaded: {0}")]
    Overloaded(Arc<str>),
    /// A side broke the protocol, or sent what cannot be decoded; the text says which side and what.
    #[error("protocol: {0}")]
    Protocol(Arc<str>),
    /// The time given for the call has passed.
    #[error("deadline passed: {0}")]
    Deadline(Arc<str>),
    /// The call was stopped by its caller.
    #[error("stopped by its caller")]
    Stopped,
    /// The wait was interrupted on this side; see [`crate::Interrupt`].
    #[error("interrupted")]
    Interrupted,
    /// The object is in use by a call that this one is nested in.
    #[error("busy: {0}")]
    Busy(Arc<str>),
    /// Calls are nested deeper than a limit.
    #[error("calls are nested more than {0} deep")]
    TooDeep(u32),
    /// A promise waits for itself.
    #[error("promise cycle: {0}")]
    Cycle(Arc<str>),
    /// The object cannot do this.
    #[error("{shape} does not support {operation:?}")]
    NotSupported {
        /// Name of the object's shape.
        shape: Arc<str>,
        /// What was asked.
        operation: Operation,
    },
    /// The object has no such member.
    #[error("{shape} has no member {member:?}")]
    NoMember {
        /// Name of the object's shape.
        shape: Arc<str>,
        /// The member asked for.
        member: Arc<str>,
    },
    /// A value is not of the type wanted.
    #[error("{0}")]
    Convert(Arc<ConvertError>),
    /// The library was used in a way it does not allow; the text says what to do instead.
    #[error("{0}")]
    Misuse(Arc<str>),
}

/// The policy refused.
#[derive(Clone, Debug, PartialEq)]
pub struct Denied {
    /// Name of the object's shape.
    pub shape: Arc<str>,
    /// What was asked.
    pub operation: Operation,
    /// The member it was asked about.
    pub member: Option<Arc<str>>,
    /// Name of the policy that refused.
    pub policy: Arc<str>,
    /// What would allow it.
    pub remedy: Arc<str>,
}

impl fmt::Display for Denied {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "denied: {:?}", self.operation)?;
        if let Some(member) = &self.member {
            write!(f, " of member {member:?}")?;
        }
        write!(f, " on {} by the policy `{}`; {} would allow it", self.shape, self.policy, self.remedy)
    }
}

/// The session is over.
#[derive(Clone, Debug, PartialEq)]
pub struct Disconnected {
    /// Why it ended.
    pub reason: Arc<str>,
    /// Whether the call may have run over there; `false` if it certainly has not.
    pub may_have_run: bool,
    /// The hop that was lost, where it was not the one to the peer asked: set by a middle.
    pub hop: Option<Arc<str>>,
}

impl fmt::Display for Disconnected {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "disconnected")?;
        if let Some(hop) = &self.hop {
            write!(f, " (between {hop} and the object's own side)")?;
        }
        let ran = if self.may_have_run { "may have run" } else { "has not run" };
        write!(f, ": {}; the call {ran}", self.reason)
    }
}

/// A value is not of the type wanted.
#[derive(Clone, Debug, PartialEq)]
pub struct ConvertError {
    /// Where in the value, outermost first: fields, indices, argument names.
    pub path: Vec<Arc<str>>,
    /// What was wanted.
    pub wanted: Arc<str>,
    /// What was there.
    pub found: Arc<str>,
}

impl fmt::Display for ConvertError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if !self.path.is_empty() {
            write!(f, "{}: ", self.path.join("."))?;
        }
        write!(f, "wanted {}, found {}", self.wanted, self.found)
    }
}

/// What the code of an object raised, as it keeps through any number of hops.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Raised {
    /// Name of its type, `runtime:module.path`.
    pub type_name: Arc<str>,
    /// Names of the bases of its type, nearest first.
    pub bases: Vec<Arc<str>>,
    /// Its message.
    pub message: Arc<str>,
    /// The arguments it was made with.
    pub arguments: Vec<Value>,
    /// What it has beside these, by name, that must come with it: whoever catches it reads it at once. All else that it
    /// has is asked of its object.
    pub attributes: Vec<(Arc<str>, Value)>,
    /// What it was raised from on purpose; for a Rust error its source.
    pub cause: Option<Arc<Raised>>,
    /// What was being handled when it was raised.
    pub context: Option<Arc<Raised>>,
    /// Notes added to it.
    pub notes: Vec<Arc<str>>,
    /// The members of a group of errors.
    pub group: Vec<Arc<Raised>>,
    /// Where it came through, the outermost call first.
    pub frames: Vec<FrameInfo>,
    /// The error object itself, where the runtime has one, so that it comes home as itself; of an error of Rust, what has
    /// its [backtrace](Self::backtrace) and the spans that it was raised in, if there are any.
    pub object: Option<Value>,
}

/// One place that an error came through: enough to print it, and where there is more to it.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct FrameInfo {
    /// The file, as its own side names it.
    pub file: Arc<str>,
    /// The line, counted from 1; 0 if not known.
    pub line: u32,
    /// The column, counted from 1; 0 if not known.
    pub column: u32,
    /// The function or method.
    pub name: Arc<str>,
    /// The text of the line, where it is known and may be told.
    pub text: Arc<str>,
    /// The signature of the function in the notation of members, where it is known and
    /// may be told.
    pub signature: Arc<str>,
    /// The line on which the function begins, counted from 1; 0 if not known.
    pub first_line: u32,
    /// The line on which the code that failed ends, counted from 1; 0 if not known.
    pub end_line: u32,
    /// The column behind its last character, counted from 1; 0 if not known.
    pub end_column: u32,
    /// The object that has the frame itself, its variables above all, where there is one and it may be told.
    pub stack: Option<Value>,
    /// Which frame of that object it is, 0 the outermost.
    pub index: u32,
    /// Whether it is the call of an exported member: its signature is no secret, whoever may call it was told.
    pub exported: bool,
}

/// How much peers are told of the frames that the errors of their calls came through.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[non_exhaustive]
pub enum FramesTold {
    /// Nothing: type and message are all.
    Nothing,
    /// File, line, columns and function of each.
    Places,
    /// And the text of its line, and the function's signature.
    Source,
    /// And the object that has the frame, by which its variables can be read and written.
    Stacks,
}

impl FrameInfo {
    /// Whether it is told who has it. Frames that an error of this side has go with its backtrace.
    fn keeps_stack(&self, told: FramesTold, backtraces: bool) -> bool {
        if ErrorObject::has(self) { backtraces } else { told == FramesTold::Stacks }
    }

    fn has_more(&self, told: FramesTold, backtraces: bool) -> bool {
        let has_stack = self.stack.is_some() && !self.keeps_stack(told, backtraces);
        let has_source = !self.text.is_empty() || (!self.signature.is_empty() && !self.exported);
        told == FramesTold::Nothing || has_stack || (has_source && told < FramesTold::Source)
    }

    /// Takes off what is not told of it; whether anything is.
    fn cut_to(&mut self, told: FramesTold, backtraces: bool) -> bool {
        if !self.keeps_stack(told, backtraces) {
            (self.stack, self.index) = (None, 0);
        }
        if told < FramesTold::Source {
            self.text = Arc::default();
            if !self.exported {
                self.signature = Arc::default();
            }
        }
        told > FramesTold::Nothing
    }
}

impl fmt::Display for Raised {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.type_name.is_empty(), self.message.is_empty()) {
            (true, _) => f.write_str(&self.message),
            (false, true) => f.write_str(&self.type_name),
            (false, false) => write!(f, "{}: {}", self.type_name, self.message),
        }
    }
}

impl std::error::Error for Raised {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.cause.as_deref().map(|cause| cause as &(dyn std::error::Error + 'static))
    }
}

impl Raised {
    /// An error of this type, without frames.
    pub fn new(type_name: impl Into<Arc<str>>, message: impl Into<Arc<str>>) -> Self {
        Self { type_name: type_name.into(), message: message.into(), ..Self::default() }
    }

    /// A Rust error with its chain of sources, raised where this is called, with a [backtrace](Self::backtrace) if the
    /// environment asks for them.
    #[track_caller]
    pub fn from_std<E: std::error::Error + ?Sized>(error: &E) -> Self {
        let mut chain: Vec<Arc<str>> = Vec::new();
        let (mut source, mut last) = (error.source(), None);
        while let (Some(next), true) = (source, chain.len() < CAUSES_MAX) {
            if let Some(Error::Raised(raised)) = next.downcast_ref() {
                // With all that it has: where it came through above all.
                last = Some(raised.clone());
                break;
            }
            chain.push(next.to_string().into());
            source = next.source();
        }
        let cause = chain.into_iter().rev().fold(last, |cause, message| {
            Some(Arc::new(Raised { type_name: "rust:error".into(), message, cause, ..Self::default() }))
        });
        let type_name = format!("rust:{}", std::any::type_name::<E>());
        let raised = Self { cause, ..Self::new(type_name, error.to_string()) };
        raised.at(Location::caller(), "").traced()
    }

    /// The error with one more, outer place that it came through.
    #[must_use]
    pub fn at(mut self, place: &Location<'_>, name: &str) -> Self {
        let (file, line, column) = (place.file().into(), place.line(), place.column());
        self.frames.insert(0, FrameInfo { file, line, column, name: name.into(), ..FrameInfo::default() });
        self
    }

    /// The error, its outermost place named, where that has no name yet.
    #[must_use]
    pub fn named(mut self, name: impl Into<Arc<str>>) -> Self {
        if let Some(frame) = self.frames.first_mut().filter(|frame| frame.name.is_empty()) {
            frame.name = name.into();
        }
        self
    }

    /// The error with as much of its frames as this, if it has more: of its own, or of what is behind it. What has the
    /// backtraces of this side's errors goes by itself.
    pub(crate) fn with_frames(&self, told: FramesTold, backtraces: bool) -> Option<Self> {
        let part = |part: &Arc<Self>| part.with_frames(told, backtraces).map(Arc::new);
        let cause = self.cause.as_ref().and_then(part);
        let context = self.context.as_ref().and_then(part);
        let group: Vec<_> = self.group.iter().map(part).collect();
        let keeps = backtraces || !self.is_traced();
        let has_more = !keeps || self.frames.iter().any(|frame| frame.has_more(told, backtraces));
        if !has_more && cause.is_none() && context.is_none() && group.iter().all(Option::is_none) {
            return None;
        }
        let mut less = self.clone();
        less.object = less.object.filter(|_| keeps);
        less.frames.retain_mut(|frame| frame.cut_to(told, backtraces));
        less.cause = cause.or(less.cause);
        less.context = context.or(less.context);
        for (member, without) in less.group.iter_mut().zip(group) {
            *member = without.unwrap_or_else(|| member.clone());
        }
        Some(less)
    }

    /// Whether its type, or a base of that, has this name.
    pub fn is_a(&self, name: &str) -> bool {
        &*self.type_name == name || self.bases.iter().any(|base| &**base == name)
    }

    /// The reference to the error object itself, where its runtime has one.
    pub fn object_own(&self) -> Option<&Own> {
        match &self.object {
            Some(Value::Ref(Ref::Own(own))) => Some(own),
            _ => None,
        }
    }
}

/// Sources, causes and contexts kept of one error.
pub(crate) const CAUSES_MAX: usize = 16;

impl Error {
    /// An error of the object's own code: type name (`runtime:module.path`) and message, raised where this is called,
    /// with a [backtrace](Raised::backtrace) if the environment asks for them.
    #[track_caller]
    pub fn raise(type_name: impl Into<Arc<str>>, message: impl Into<Arc<str>>) -> Self {
        Error::Raised(Arc::new(Raised::new(type_name, message).at(Location::caller(), "").traced()))
    }

    /// A Rust error, with its sources, as an error of the object's own code, raised where this is called; as by
    /// [`Raised::from_std`]. The usual errors of the standard library are converted by `?` too.
    #[track_caller]
    pub fn from_std<E: std::error::Error + ?Sized>(error: &E) -> Self {
        Error::Raised(Arc::new(Raised::from_std(error)))
    }

    pub(crate) fn not_supported(shape: &Shape, operation: Operation) -> Self {
        Error::NotSupported { shape: shape.name().clone(), operation }
    }

    pub(crate) fn no_member(shape: &Shape, member: &str) -> Self {
        Error::NoMember { shape: shape.name().clone(), member: member.into() }
    }

    pub(crate) fn convert(wanted: impl Into<Arc<str>>, found: impl Into<Arc<str>>) -> Self {
        Error::Convert(Arc::new(ConvertError { path: Vec::new(), wanted: wanted.into(), found: found.into() }))
    }

    /// The error, its place prefixed by one more outer step; other errors than [`Error::Convert`] stay as they are.
    #[must_use]
    pub fn within(self, step: impl Into<Arc<str>>) -> Self {
        match self {
            Error::Convert(convert) => {
                let mut convert = Arc::unwrap_or_clone(convert);
                convert.path.insert(0, step.into());
                Error::Convert(Arc::new(convert))
            }
            other => other,
        }
    }

    /// As [`Raised::named`]; other errors stay as they are.
    #[must_use]
    pub fn named(self, name: impl Into<Arc<str>>) -> Self {
        match self {
            Error::Raised(raised) => Error::Raised(Arc::new(Arc::unwrap_or_clone(raised).named(name))),
            other => other,
        }
    }

    /// The error as the result of a call that ran: that a call further on has not run says nothing of this one.
    #[must_use]
    pub(crate) fn after_running(self) -> Self {
        match self {
            Error::Disconnected(lost) if !lost.may_have_run => {
                let lost = Disconnected { may_have_run: true, ..Arc::unwrap_or_clone(lost) };
                Error::Disconnected(Arc::new(lost))
            }
            other => other,
        }
    }

    /// What the object's own code raised, if that is what this is.
    pub fn raised(&self) -> Option<&Arc<Raised>> {
        match self {
            Error::Raised(raised) => Some(raised),
            _ => None,
        }
    }
}
