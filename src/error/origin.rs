//! Where an error of Rust comes from, as an object: the spans that its code was in, the place, and a backtrace that is
//! resolved when somebody looks. It is there only if there are spans, or if the environment asks for backtraces.

use std::backtrace::{Backtrace, BacktraceStatus};
use std::sync::{Arc, LazyLock};

use crate::context::CallContext;
use crate::error::backtrace::Trace;
use crate::error::{Error, FrameInfo, Raised, source};
use crate::host::{Arguments, Operation, Outcome, Own, Request};
use crate::hosts::{Class, Instance};
use crate::proxy::Proxy;
use crate::shape::Member;
use crate::value::{Ref, Value};

/// The attribute by which a backtrace is read.
pub(crate) const BACKTRACE: &str = "backtrace";

/// What the object claims to be: frames, which whoever knows the interface looks into.
pub(crate) const STACK: &str = "org.wherever.Stack/1";

/// Characters of a variable that are shown.
const SHOWN_MAX: usize = 1_000;

/// A span of the program's that the code was in.
#[derive(Clone, Debug)]
pub(crate) struct Span {
    pub(crate) name: &'static str,
    pub(crate) file: &'static str,
    pub(crate) line: u32,
    pub(crate) fields: Vec<(&'static str, Value)>,
}

/// An error of this side as an object: it has what is told of an error only to whoever asks.
///
/// Its frames are the spans, the outermost first; the place where the error was raised; and, as far as they lead there
/// from what was called, the frames of the backtrace.
pub(crate) struct ErrorObject {
    title: String,
    spans: Vec<Span>,
    place: FrameInfo,
    trace: Option<Trace>,
}

/// One shape for all errors: it is constant.
static CLASS: LazyLock<Class<ErrorObject>> = LazyLock::new(|| {
    // Not exposed: no peer learns of the inside of a process unless its policy, or the node's builder, says so.
    let backtrace = Member::attribute(BACKTRACE).hidden().doc("Where it was raised, frame by frame, as text.");
    let method = |name: &str, signature: &str| Member::method(name).hidden().reads().signature(signature);
    let class = Class::builder("rust:error").doc("An error of Rust, where it was raised.").interface(STACK);
    let class = class
        .attribute_with(backtrace, |error: &ErrorObject| Ok(error.trace.as_ref().map(Trace::text).into()))
        .method_with(method("title", "() -> str"), |error, _, _| Ok(Value::text(&*error.title)))
        .method_with(method("places", "()"), |error, _, _| Ok(Value::tuple(error.places().iter().map(place_value))))
        .shared_method(method("contents", "(frame: int)"), contents)
        .shared_method(method("variables", "(frame: int, scope: str, start: int, count: int)"), variables)
        .shared_method(method("evaluate", "(frame: int, text: str)"), evaluate)
        .method_with(method("global_value", "(frame: int, name: str)"), |_, mut arguments, _| {
            let name: String = arguments.take(1, "name")?;
            Err(Error::raise("rust:variable", format!("there is no {name:?}: frames of Rust have the fields of spans")))
        })
        .method_with(method("parts", "(value, start: int, count: int)"), |_, _, _| Ok(Value::tuple([])))
        .method_with(method("source", "(file: str) -> str"), |error, mut arguments, _| {
            error.source(&arguments.take::<String>(0, "file")?).map(Value::text)
        });
    let refused = [
        ("assign", "(frame: int, name: str, value)"),
        ("remove", "(frame: int, name: str)"),
        ("assign_text", "(frame: int, name: str, text: str)"),
        ("assign_part", "(value, frame: int, name: str, text: str)"),
    ];
    let refuse = |class: crate::hosts::ClassBuilder<_>, (name, signature)| {
        class.method_with(method(name, signature), |_, _, _| Err(not_changed()))
    };
    refused.into_iter().fold(class, refuse).build()
});

/// The backtrace of an error as a variable of the place: its text is the backtrace, for whoever looks.
struct TraceObject(Arc<ErrorObject>);

static TRACE_CLASS: LazyLock<Class<TraceObject>> = LazyLock::new(|| {
    let text = |object: &TraceObject| object.0.trace.as_ref().map(Trace::text).unwrap_or_default();
    let class = Class::builder("rust:backtrace").doc("Where an error of Rust was raised, resolved when it is shown.");
    class.operation(Operation::Text, move |object, _, _| Outcome::Value(Value::text(text(object)))).build()
});

/// A frame as the interface of stacks tells it.
fn place_value(frame: &FrameInfo) -> Value {
    let number = |number: u32| Value::Int(number.into());
    Value::tuple([
        Value::Text(frame.file.clone()),
        number(frame.line),
        number(frame.column),
        number(frame.end_line),
        number(frame.end_column),
        Value::Text(frame.name.clone()),
        number(frame.first_line),
        Value::Text(frame.text.clone()),
        Value::Text(frame.signature.clone()),
    ])
}

#[track_caller]
fn not_changed() -> Error {
    Error::Misuse("frames of compiled Rust code have the fields of spans, which are read, and not changed".into())
}

/// `(((name, value), ...), names not bound, names of globals)`.
fn contents(error: &Arc<ErrorObject>, mut arguments: Arguments) -> Result<Value, Error> {
    let known = known(error, arguments.take(0, "frame")?)?;
    let known = known.into_iter().map(|(name, value)| Value::tuple([Value::text(name), value]));
    Ok(Value::tuple([Value::tuple(known), Value::tuple([]), Value::tuple([])]))
}

fn variables(error: &Arc<ErrorObject>, mut arguments: Arguments) -> Result<Value, Error> {
    let known = known(error, arguments.take(0, "frame")?)?;
    let scope: String = arguments.take(1, "scope")?;
    let (start, count): (i64, i64) = (arguments.take(2, "start")?, arguments.take(3, "count")?);
    let at = |number: i64| usize::try_from(number).unwrap_or(0);
    Ok(match scope.as_str() {
        "locals" => Value::tuple(known.into_iter().skip(at(start)).take(at(count)).map(variable)),
        _ => Value::tuple([]),
    })
}

/// The field of this name, as a variable without one; there is no other expression.
fn evaluate(error: &Arc<ErrorObject>, mut arguments: Arguments) -> Result<Value, Error> {
    let known = known(error, arguments.take(0, "frame")?)?;
    let text: String = arguments.take(1, "text")?;
    match known.into_iter().find(|(name, _)| *name == text.trim()) {
        Some((_, value)) => Ok(variable(("", value))),
        None => {
            let text = "compiled Rust code evaluates nothing: an expression here is the name of a field of a span";
            Err(Error::Misuse(text.into()))
        }
    }
}

/// `(name, text, type, parts, value)`.
fn variable((name, value): (&str, Value)) -> Value {
    let (text, kind) = match &value {
        Value::Text(text) => (format!("{text:?}"), "str"),
        Value::Int(number) => (number.to_string(), "int"),
        Value::Float(number) => (number.to_string(), "float"),
        Value::Bool(held) => (held.to_string(), "bool"),
        Value::Ref(_) => ("<a backtrace, resolved when it is read>".to_owned(), "backtrace"),
        other => (format!("{other:?}"), other.kind()),
    };
    let text = text.chars().take(SHOWN_MAX).collect::<String>();
    Value::tuple([Value::text(name), Value::text(text), Value::text(kind), Value::Int(0), value])
}

/// The variables of a frame: a span's fields; of the place those of all spans that it was in, and the backtrace.
fn known(error: &Arc<ErrorObject>, frame: i64) -> Result<Vec<(&'static str, Value)>, Error> {
    let at = usize::try_from(frame).unwrap_or(usize::MAX);
    if let Some(span) = error.spans.get(at) {
        return Ok(span.fields.clone());
    }
    if at > error.spans.len() {
        // No more are known before the backtrace is resolved.
        let count = error.places().len();
        let text = || format!("frame {frame} of {count}");
        return if at < count { Ok(Vec::new()) } else { Err(Error::raise("rust:frame", text())) };
    }
    let mut all: Vec<(&'static str, Value)> = Vec::new();
    for (name, value) in error.spans.iter().flat_map(|span| &span.fields) {
        // A span within another hides what has the same name.
        all.retain(|(known, _)| known != name);
        all.push((name, value.clone()));
    }
    if error.trace.is_some() {
        all.push((BACKTRACE, TRACE_CLASS.instance(TraceObject(error.clone())).into()));
    }
    Ok(all)
}

impl ErrorObject {
    /// Whether the frame is one of an error of this side's, which it has.
    pub(crate) fn has(frame: &FrameInfo) -> bool {
        matches!(&frame.stack, Some(Value::Ref(Ref::Own(own))) if Self::is(own))
    }

    /// Whether the object is one.
    pub(crate) fn is(own: &Own) -> bool {
        own.downcast::<Instance<Self>>().is_some()
    }

    /// Whether this asks for what an error of this side has.
    pub(crate) fn is_asked(own: &Own, request: &Request) -> bool {
        let is_member = match request.operation {
            Operation::Get => request.member_name() == BACKTRACE,
            Operation::Call => CLASS.shape().find(request.member_name()).is_some(),
            _ => false,
        };
        let is_text = request.operation == Operation::Text && own.downcast::<Instance<TraceObject>>().is_some();
        is_text || (is_member && Self::is(own))
    }

    /// All its frames.
    fn places(&self) -> Vec<FrameInfo> {
        let frames = self.trace.as_ref().map(|trace| trace.frames(&self.place)).unwrap_or_default();
        let span = |span: &Span| span.frame();
        let told = self.spans.iter().map(span).chain([self.place.clone()]).chain(frames.iter().cloned());
        told.map(|frame| FrameInfo { text: self.line(&frame).unwrap_or_default(), ..frame }).collect()
    }

    fn line(&self, frame: &FrameInfo) -> Option<Arc<str>> {
        let text = source::read(&frame.file, self.trace.as_ref()).ok()?;
        let line = text.lines().nth(usize::try_from(frame.line).ok()?.checked_sub(1)?)?;
        Some(line.trim_end().chars().take(SHOWN_MAX).collect::<String>().into())
    }

    fn source(&self, file: &str) -> Result<String, Error> {
        let is_of = |known: &str| known == file;
        let is_told = self.spans.iter().any(|span| is_of(span.file)) || is_of(&self.place.file);
        let is_traced = || {
            self.trace.as_ref().is_some_and(|trace| trace.frames(&self.place).iter().any(|frame| is_of(&frame.file)))
        };
        if !is_told && !is_traced() {
            return Err(Error::raise("rust:source", format!("no frame of these is in {file}")));
        }
        source::read(file, self.trace.as_ref())
            .map_err(|why| Error::raise("rust:source", format!("the source of {file} is not to be had: {why}")))
    }
}

impl Span {
    fn frame(&self) -> FrameInfo {
        FrameInfo { file: self.file.into(), line: self.line, name: self.name.into(), ..FrameInfo::default() }
    }
}

impl Raised {
    /// The error with the spans and the backtrace of where this is called, if there are any.
    pub(super) fn traced(self) -> Self {
        self.raised_here(Backtrace::capture())
    }

    /// The error with the present spans and this backtrace, as far as there are any, if it has no object of its own.
    pub(crate) fn raised_here(mut self, backtrace: Backtrace) -> Self {
        #[cfg(feature = "tracing")]
        let spans = super::spans::current();
        #[cfg(not(feature = "tracing"))]
        let spans: Vec<Span> = Vec::new();
        let trace = (backtrace.status() == BacktraceStatus::Captured).then(|| Trace::new(backtrace));
        if self.object.is_some() || self.frames.len() != 1 || (spans.is_empty() && trace.is_none()) {
            return self;
        }
        let title = self.to_string().chars().take(SHOWN_MAX).collect();
        let places: Vec<FrameInfo> = spans.iter().map(Span::frame).chain(self.frames.clone()).collect();
        let origin = ErrorObject { title, spans, place: self.frames[0].clone(), trace };
        let object: Value = CLASS.instance(origin).into();
        let of = |(index, frame)| FrameInfo { stack: Some(object.clone()), index, ..frame };
        self.frames = (0..).zip(places).map(of).collect();
        self.object = Some(object);
        self
    }

    /// Whether it has what only those are told who may read backtraces.
    pub(crate) fn is_traced(&self) -> bool {
        self.object_own().is_some_and(ErrorObject::is)
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
        match self.origin().filter(|object| object.shape().find(BACKTRACE).is_some()) {
            Some(object) => object.get(BACKTRACE)?.to(),
            None => Ok(None),
        }
    }

    /// The object that has what is told of it only to whoever asks.
    pub(super) fn origin(&self) -> Option<Proxy> {
        match &self.object {
            Some(Value::Ref(reference)) => Some(Proxy::from(reference.clone())),
            _ => None,
        }
    }
}

impl crate::hosts::ClassBuilder<ErrorObject> {
    /// A method that is given the object itself.
    fn shared_method(self, member: Member, code: fn(&Arc<ErrorObject>, Arguments) -> Result<Value, Error>) -> Self {
        self.shared_with(member, move |error, arguments, _: &CallContext| code(error, arguments).into())
    }
}
