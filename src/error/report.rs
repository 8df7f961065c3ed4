//! An error as a text for people: all that came with it, and what its side tells when it is asked.

use std::fmt;
use std::sync::Arc;

use crate::error::origin::BACKTRACE;
use crate::error::{CAUSES_MAX, Error, FrameInfo, Raised};
use crate::proxy::Proxy;
use crate::value::{Ref, Value};
use crate::wire::describe::escape;

/// An error as a text of several lines, by [`Error::report`]: type and message, each place that it came through, the
/// innermost first, notes, and the errors behind it.
#[derive(Clone, Debug)]
pub struct Report<'a> {
    error: &'a Error,
    asked: Vec<Asked>,
}

/// What one object said of the frames that it has.
#[derive(Clone, Debug)]
struct Asked {
    stack: Proxy,
    /// The fields of spans, by the span's index.
    fields: Vec<(u32, Arc<str>)>,
    /// The frames of the backtrace, the outermost first.
    backtrace: Vec<FrameInfo>,
}

impl Error {
    /// The error for people, in full: what `Display` says, and all else that came with it. Asks nobody anything.
    ///
    /// ```
    /// use wherever::Error;
    ///
    /// fn read(text: &str) -> Result<i64, Error> {
    ///     Ok(text.parse::<i64>()?)
    /// }
    ///
    /// let report = read("x").unwrap_err().report().to_string();
    /// assert!(report.starts_with("rust:core::num::error::ParseIntError: invalid digit found in string\n   0: "));
    /// ```
    pub fn report(&self) -> Report<'_> {
        Report { error: self, asked: Vec::new() }
    }
}

impl Report<'_> {
    /// With what the sides that it came through tell only when they are asked, if they do: what the fields of spans were,
    /// and the frames of the backtrace with their source. That takes a message each way for the frames, and one for each
    /// span; it waits for them.
    ///
    /// # Errors
    /// As a call: [`Error::Disconnected`] if one of these sides is gone.
    pub fn in_full(mut self) -> Result<Self, Error> {
        let Error::Raised(raised) = self.error else { return Ok(self) };
        for frame in &raised.frames {
            let Some(stack) = stack_of(frame) else { continue };
            if self.asked.iter().all(|asked| !asked.stack.same(&stack)) {
                self.asked.push(Asked::of(stack, raised)?);
            }
        }
        Ok(self)
    }

    fn asked(&self, frame: &FrameInfo) -> Option<&Asked> {
        let stack = stack_of(frame)?;
        self.asked.iter().find(|asked| asked.stack.same(&stack))
    }

    fn part(&self, f: &mut fmt::Formatter<'_>, raised: &Raised, depth: usize) -> fmt::Result {
        for (number, frame) in raised.frames.iter().rev().enumerate() {
            let asked = self.asked(frame);
            let fields = asked.and_then(|asked| asked.fields.iter().find(|(index, _)| *index == frame.index));
            write_frame(f, number, frame, fields.map_or("", |(_, fields)| fields))?;
        }
        for asked in self.asked.iter().filter(|_| depth == 0).filter(|asked| !asked.backtrace.is_empty()) {
            write!(f, "\nbacktrace:")?;
            for (number, frame) in asked.backtrace.iter().rev().enumerate() {
                write_frame(f, number, frame, "")?;
            }
        }
        for note in &raised.notes {
            write!(f, "\nnote: {}", escape(note))?;
        }
        let behind = [("caused by", raised.cause.as_ref()), ("while handling", raised.context.as_ref())];
        let behind = behind.into_iter().chain(raised.group.iter().map(|member| ("with", Some(member))));
        for (how, part) in behind {
            if let Some(part) = part.filter(|_| depth < CAUSES_MAX) {
                write!(f, "\n{how}: {}", escape(&part.to_string()))?;
                self.part(f, part, depth + 1)?;
            }
        }
        Ok(())
    }
}

impl fmt::Display for Report<'_> {
    /// For people: what a peer named is escaped.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", escape(&self.error.to_string()))?;
        match self.error {
            Error::Raised(raised) => self.part(f, raised, 0),
            _ => Ok(()),
        }
    }
}

fn write_frame(f: &mut fmt::Formatter<'_>, number: usize, frame: &FrameInfo, fields: &str) -> fmt::Result {
    let name = if frame.name.is_empty() { "?" } else { &frame.name };
    write!(f, "\n{number:4}: {}{}{}", escape(name), escape(&frame.signature), escape(fields))?;
    if !frame.file.is_empty() {
        write!(f, "\n             at {}:{}", escape(&frame.file), frame.line)?;
        if frame.column > 0 {
            write!(f, ":{}", frame.column)?;
        }
    }
    match frame.text.trim() {
        "" => Ok(()),
        text => write!(f, "\n                {}", escape(text)),
    }
}

/// The object that has the frame, if it is an error of Rust's: what has the frames of others is not read here.
fn stack_of(frame: &FrameInfo) -> Option<Proxy> {
    let Some(Value::Ref(reference @ (Ref::Own(_) | Ref::Remote(_)))) = &frame.stack else { return None };
    let stack = Proxy::from(reference.clone());
    let shape = stack.shape();
    shape.find(BACKTRACE).and(shape.find("places")).and(shape.find("contents")).is_some().then_some(stack)
}

impl Asked {
    fn of(stack: Proxy, raised: &Raised) -> Result<Self, Error> {
        let has = |frame: &&FrameInfo| stack_of(frame).is_some_and(|other| other.same(&stack));
        let told: Vec<u32> = raised.frames.iter().filter(has).map(|frame| frame.index).collect();
        // The last is the place, whose variables are those of all spans.
        let place = told.iter().copied().max().unwrap_or(0);
        let places = stack.call("places", ())?;
        let behind = items(&places).iter().skip(place as usize + 1);
        let mut fields = Vec::new();
        for index in told.into_iter().filter(|index| *index != place) {
            fields.push((index, shown(&stack.call("contents", (index,))?)));
        }
        Ok(Self { backtrace: behind.map(frame).collect(), stack, fields })
    }
}

/// The variables of a frame's contents, as a span is usually shown with its fields.
fn shown(contents: &Value) -> Arc<str> {
    let fields = items(contents).first().map(items).unwrap_or_default();
    let field = |field: &Value| match items(field) {
        [Value::Text(name), Value::Text(value)] => format!("{name}={value:?}"),
        [Value::Text(name), Value::Int(value)] => format!("{name}={value}"),
        [Value::Text(name), Value::Float(value)] => format!("{name}={value}"),
        [Value::Text(name), Value::Bool(value)] => format!("{name}={value}"),
        [Value::Text(name), other] => format!("{name}={other:?}"),
        _ => String::new(),
    };
    match fields {
        [] => "".into(),
        fields => format!("{{{}}}", fields.iter().map(field).collect::<Vec<_>>().join(" ")).into(),
    }
}

/// A frame as the interface of stacks tells it.
fn frame(place: &Value) -> FrameInfo {
    let [Value::Text(file), line, column, _, _, Value::Text(name), _, Value::Text(text), ..] = items(place) else {
        return FrameInfo::default();
    };
    let number = |value: &Value| value.clone().to::<u32>().unwrap_or(0);
    let (line, column) = (number(line), number(column));
    FrameInfo { file: file.clone(), line, column, name: name.clone(), text: text.clone(), ..FrameInfo::default() }
}

fn items(value: &Value) -> &[Value] {
    match value {
        Value::Tuple(items) => items,
        _ => &[],
    }
}
