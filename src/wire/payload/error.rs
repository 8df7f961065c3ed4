//! Errors as values and back: what does not fit is left out, so that an error always arrives.

use std::sync::Arc;

use crate::error::{CAUSES_MAX, ConvertError, Denied, Disconnected, Error, FrameInfo, Raised};
use crate::host::Operation;
use crate::limits::Limits;
use crate::value::Value;

use super::super::primitive::Write;
use super::encode::Encoder;
use super::marking::Marking;
use super::output::Output;
use super::{KnownTypes, Payload, tag};

/// The type that an interrupted wait has for others.
const INTERRUPTED: &str = "wherever:interrupted";
/// Length of an encoded error, in bytes.
const ERROR_LEN_MAX: usize = 64 << 10;
/// Length of an error's own message, in bytes; of the text of any other part; of a name.
const MESSAGE_LEN_MAX: usize = 8 << 10;
const TEXT_LEN_MAX: usize = 1 << 10;
const NAME_LEN_MAX: usize = 255;
/// Arguments, notes, bases and frames of one error, its causes included. Sent: frames of one part; and received.
const FRAMES_MAX: usize = 128;
const FRAMES_FEW: usize = 16;
const NOTES_MAX: usize = 32;
const ARGUMENTS_MAX: usize = 32;
const BASES_MAX: usize = 32;
const ENTRIES_MAX: usize = 1024;
/// Length of one argument, in bytes.
const ARGUMENT_LEN_MAX: usize = 4 << 10;

/// Encodes an error. It never fails: texts are cut, and what cannot be encoded, or would make the whole longer than
/// 64 KiB, is left out.
pub fn encode_error(error: &Error, known: &dyn KnownTypes, limits: &Limits) -> Payload {
    let mut output = Output::new(limits);
    output.bytes.varint(0);
    write_error(&mut output, error, known, limits);
    output.into_payload()
}

/// Writes an error as a value.
pub(super) fn write_error(output: &mut Output, error: &Error, known: &dyn KnownTypes, limits: &Limits) {
    if let Error::Interrupted = error {
        // It is this side's own affair: for the caller the object's code failed.
        let raised = Raised::new(INTERRUPTED, "a wait over there was interrupted");
        return write_error(output, &Error::Raised(Arc::new(raised)), known, limits);
    }
    for detail in [Detail::All, Detail::Fewer, Detail::Texts] {
        let before = output.checkpoint();
        let value = Writer::new(detail, known, limits).error(error);
        let mut encoder = Encoder::new(output, Marking::Never, known, limits).at_most(ERROR_LEN_MAX);
        if encoder.value(&value).is_ok() && output.bytes.len() <= before.bytes + ERROR_LEN_MAX {
            return;
        }
        output.roll_back(&before);
    }
    let (code, name, message) = heads(error);
    output.bytes.extend([tag::TUPLE, 4, tag::SMALL + code]);
    for text in [name, message] {
        let text = cut(&text, NAME_LEN_MAX.min(limits.text_len_max as usize));
        output.bytes.push(tag::TEXT);
        output.bytes.prefixed(text.as_bytes());
    }
    output.bytes.push(tag::NONE);
}

/// How much of an error is told.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Detail {
    All,
    /// A few frames of each.
    Fewer,
    /// No values of the object's code, and no causes but the first few.
    Texts,
}

/// The code, name and message of an error.
fn heads(error: &Error) -> (u8, Arc<str>, Arc<str>) {
    let none = Arc::<str>::default;
    match error {
        Error::Raised(raised) => (0, raised.type_name.clone(), raised.message.clone()),
        Error::NotFound(name) => (1, name.clone(), none()),
        Error::Denied(denied) => (2, denied.shape.clone(), none()),
        Error::Disconnected(lost) => (3, lost.hop.clone().unwrap_or_default(), lost.reason.clone()),
        Error::Overloaded(message) => (4, none(), message.clone()),
        Error::Protocol(message) => (5, none(), message.clone()),
        Error::Deadline(message) => (6, none(), message.clone()),
        Error::Stopped => (7, none(), none()),
        Error::Interrupted => (0, INTERRUPTED.into(), none()),
        Error::Busy(message) => (8, none(), message.clone()),
        Error::TooDeep(_) => (9, none(), none()),
        Error::Cycle(message) => (10, none(), message.clone()),
        Error::NotSupported { shape, .. } => (11, shape.clone(), none()),
        Error::NoMember { shape, .. } => (12, shape.clone(), none()),
        Error::Convert(convert) => (13, convert.wanted.clone(), none()),
        Error::Misuse(message) => (14, none(), message.clone()),
    }
}

/// Makes the value of an error.
struct Writer<'a> {
    detail: Detail,
    known: &'a dyn KnownTypes,
    limits: &'a Limits,
    parts_left: u32,
}

impl<'a> Writer<'a> {
    fn new(detail: Detail, known: &'a dyn KnownTypes, limits: &'a Limits) -> Self {
        let parts_max = match detail {
            Detail::All | Detail::Fewer => limits.error_parts_max,
            Detail::Texts => limits.error_parts_max.min(2),
        };
        Self { detail, known, limits, parts_left: parts_max }
    }

    fn error(&mut self, error: &Error) -> Value {
        let (code, name, message) = heads(error);
        let details = match error {
            Error::Raised(raised) => self.details(raised, 2),
            Error::Denied(denied) => Value::tuple([
                Value::Int(denied.operation as i64),
                denied.member.as_ref().map_or(Value::None, |member| self.name(member)),
                self.name(&denied.policy),
                self.text(&denied.remedy),
            ]),
            Error::Disconnected(lost) => Value::Bool(lost.may_have_run),
            Error::TooDeep(limit) => Value::Int(i64::from(*limit)),
            Error::NotSupported { operation, .. } => Value::Int(*operation as i64),
            Error::NoMember { member, .. } => self.name(member),
            Error::Convert(convert) => Value::tuple([self.text(&convert.found), self.texts(&convert.path, NOTES_MAX)]),
            _ => Value::None,
        };
        Value::tuple([Value::Int(i64::from(code)), self.text(&name), self.cut(&message, MESSAGE_LEN_MAX), details])
    }

    /// The details of what was raised, `level` levels down. It calls itself no deeper than parts are left.
    fn details(&mut self, raised: &Raised, level: u32) -> Value {
        let cause = self.part(raised.cause.as_deref(), level);
        let context = self.part(raised.context.as_deref(), level);
        let mut group = Vec::new();
        for member in &raised.group {
            match self.part(Some(member), level + 1) {
                Value::None => break,
                part => group.push(part),
            }
        }
        let object = match &raised.object {
            Some(object @ Value::Ref(_)) if self.detail != Detail::Texts => object.clone(),
            _ => Value::None,
        };
        let mut details = vec![
            self.texts(&raised.bases, BASES_MAX),
            self.arguments(raised.arguments.iter(), level + 1),
            cause,
            context,
            self.texts(&raised.notes, NOTES_MAX),
            Value::tuple(group),
            self.frames(&raised.frames),
            object,
        ];
        if !raised.attributes.is_empty() {
            let names = raised.attributes.iter().take(ARGUMENTS_MAX).map(|(name, _)| self.name(name));
            let values = self.arguments(raised.attributes.iter().map(|(_, value)| value), level + 1);
            details.extend([Value::tuple(names), values]);
        }
        Value::tuple(details)
    }

    /// A cause, a context or a member of a group; none if there is no room for it.
    fn part(&mut self, raised: Option<&Raised>, level: u32) -> Value {
        // Below a part come its tuple, its details, and the tuples in these.
        let has_room = level + 4 <= self.limits.value_depth_max.min(CAUSES_MAX as u32 * 3);
        let (Some(raised), true, true) = (raised, has_room, self.parts_left > 0) else {
            return Value::None;
        };
        self.parts_left -= 1;
        let details = self.details(raised, level + 2);
        Value::tuple([self.text(&raised.type_name), self.text(&raised.message), details])
    }

    /// The arguments, `level` levels down; one that cannot be sent is replaced by a text that names its kind.
    fn arguments<'v>(&self, arguments: impl Iterator<Item = &'v Value>, level: u32) -> Value {
        if self.detail == Detail::Texts {
            return Value::tuple([]);
        }
        Value::tuple(arguments.take(ARGUMENTS_MAX).map(|argument| {
            let mut probe = Output::new(self.limits);
            probe.tally.open = level;
            let mut encoder =
                Encoder::new(&mut probe, Marking::Never, self.known, self.limits).at_most(ARGUMENT_LEN_MAX);
            let is_ok = encoder.value(argument).is_ok() && probe.bytes.len() <= ARGUMENT_LEN_MAX;
            match argument {
                argument if is_ok => argument.clone(),
                Value::Text(text) => self.text(text),
                other => Value::text(format!("<{}>", other.kind())),
            }
        }))
    }

    /// The frames; of many the outermost and the innermost.
    fn frames(&self, frames: &[FrameInfo]) -> Value {
        let max = if self.detail == Detail::Fewer { FRAMES_FEW } else { FRAMES_MAX };
        let left_out = frames.len().saturating_sub(max);
        let (first, last) = (max / 2, max / 2 + left_out);
        let kept = frames.iter().enumerate();
        let kept = kept.filter(|(at, _)| *at < first || *at >= last);
        Value::tuple(kept.map(|(_, frame)| self.frame(frame)))
    }

    fn frame(&self, frame: &FrameInfo) -> Value {
        let number = |number: u32| Value::Int(i64::from(number));
        let (file, name) = (self.name(&frame.file), self.name(&frame.name));
        let place = [file, number(frame.line), number(frame.column), name];
        if self.detail == Detail::Texts {
            return Value::tuple(place.into_iter().chain([Value::Text(Arc::default())]));
        }
        let mut told = Vec::with_capacity(12);
        told.extend(place);
        told.push(self.name(&frame.text));
        let inner = [frame.first_line, frame.end_line, frame.end_column];
        let stack = frame.stack.clone().filter(|stack| matches!(stack, Value::Ref(_)));
        let has_more = stack.is_some() || frame.exported;
        if has_more || !frame.signature.is_empty() || inner != [0; 3] {
            told.push(self.name(&frame.signature));
            told.extend(inner.map(number));
        }
        if has_more {
            let index = stack.as_ref().map_or(0, |_| frame.index);
            told.extend([stack.unwrap_or_default(), number(index)]);
        }
        if frame.exported {
            told.push(Value::Bool(true));
        }
        Value::tuple(told)
    }

    fn texts(&self, texts: &[Arc<str>], max: usize) -> Value {
        Value::tuple(texts.iter().take(max).map(|text| self.text(text)))
    }

    fn name(&self, text: &Arc<str>) -> Value {
        self.cut(text, NAME_LEN_MAX)
    }

    fn text(&self, text: &Arc<str>) -> Value {
        self.cut(text, TEXT_LEN_MAX)
    }

    fn cut(&self, text: &Arc<str>, max: usize) -> Value {
        let max = match self.detail {
            Detail::All | Detail::Fewer => max,
            Detail::Texts => max / 4,
        };
        Value::Text(cut(text, max.min(self.limits.text_len_max as usize)))
    }
}

/// The beginning of a text, in at most so many bytes, with three dots for what was cut off; the text itself, if it fits.
fn cut(text: &Arc<str>, max: usize) -> Arc<str> {
    const DOTS: &str = "...";
    if text.len() <= max {
        return text.clone();
    }
    let end = text.floor_char_boundary(max.saturating_sub(DOTS.len()));
    let dots = if max < DOTS.len() { "" } else { DOTS };
    format!("{}{dots}", &text[..end]).into()
}

/// The error that a value describes; `None` if the value is no error. Details of a wrong kind are left out.
pub(super) fn from_value(value: &Value, limits: &Limits) -> Option<Error> {
    let Value::Tuple(items) = value else {
        return None;
    };
    let [Value::Int(code), Value::Text(name), Value::Text(message), details] = &**items else {
        return None;
    };
    let (name, message) = (name.clone(), message.clone());
    Some(match code {
        0 => {
            let mut reader = Parts { parts_left: limits.error_parts_max, entries_left: ENTRIES_MAX };
            Error::Raised(Arc::new(reader.raised(name, message, details)))
        }
        1 => Error::NotFound(name),
        2 => denied(name, details),
        3 => Error::Disconnected(Arc::new(Disconnected {
            reason: message,
            may_have_run: !matches!(details, Value::Bool(false)),
            hop: Some(name).filter(|hop| !hop.is_empty()),
        })),
        4 => Error::Overloaded(message),
        5 => Error::Protocol(message),
        6 => Error::Deadline(message),
        7 => Error::Stopped,
        8 => Error::Busy(message),
        9 => Error::TooDeep(number(details)),
        10 => Error::Cycle(message),
        11 => Error::NotSupported { shape: name, operation: operation(details) },
        12 => Error::NoMember { shape: name, member: text(details) },
        13 => {
            let mut reader = Parts { parts_left: 0, entries_left: ENTRIES_MAX };
            Error::Convert(Arc::new(ConvertError {
                path: reader.texts(item(details, 1)),
                wanted: name,
                found: text(item(details, 0)),
            }))
        }
        14 => Error::Misuse(message),
        _ => Error::Raised(Arc::new(Raised::new(name, message))),
    })
}

fn denied(shape: Arc<str>, details: &Value) -> Error {
    let member = match item(details, 1) {
        Value::Text(member) => Some(member.clone()),
        _ => None,
    };
    Error::Denied(Arc::new(Denied {
        shape,
        operation: operation(item(details, 0)),
        member,
        policy: text(item(details, 2)),
        remedy: text(item(details, 3)),
    }))
}

/// Reads what was raised, within bounds: what a peer sends in few bytes is held twice while it is read.
struct Parts {
    parts_left: u32,
    entries_left: usize,
}

impl Parts {
    /// It calls itself no deeper than parts are left, nor than the value is.
    fn raised(&mut self, type_name: Arc<str>, message: Arc<str>, details: &Value) -> Raised {
        let group = items(item(details, 5));
        let mut raised = Raised {
            type_name,
            message,
            bases: self.texts(item(details, 0)),
            cause: self.part(item(details, 2)),
            context: self.part(item(details, 3)),
            notes: self.texts(item(details, 4)),
            ..Raised::default()
        };
        raised.arguments = self.take(items(item(details, 1)), |argument| Some(argument.clone()));
        raised.frames = self.take(items(item(details, 6)), frame);
        let names = self.texts(item(details, 8));
        raised.attributes = names.into_iter().zip(items(item(details, 9)).iter().cloned()).collect();
        for member in group.iter().take(self.parts_left as usize) {
            raised.group.extend(self.part(member));
        }
        raised.object = match item(details, 7) {
            object @ Value::Ref(_) => Some(object.clone()),
            _ => None,
        };
        raised
    }

    fn part(&mut self, part: &Value) -> Option<Arc<Raised>> {
        let [Value::Text(name), Value::Text(message), details] = items(part) else {
            return None;
        };
        self.parts_left = self.parts_left.checked_sub(1)?;
        Some(Arc::new(self.raised(name.clone(), message.clone(), details)))
    }

    fn texts(&mut self, value: &Value) -> Vec<Arc<str>> {
        self.take(items(value), |item| match item {
            Value::Text(text) => Some(text.clone()),
            _ => None,
        })
    }

    /// As many entries as there is room for, counted first so that no more is reserved than is kept.
    fn take<T>(&mut self, items: &[Value], read: impl Fn(&Value) -> Option<T>) -> Vec<T> {
        let items = || items.iter().take(self.entries_left).filter_map(&read);
        let mut taken = Vec::with_capacity(items().count());
        taken.extend(items());
        self.entries_left -= taken.len();
        taken
    }
}

fn frame(value: &Value) -> Option<FrameInfo> {
    let [Value::Text(file), line, column, Value::Text(name), Value::Text(line_text), ..] = items(value) else {
        return None;
    };
    let stack = match item(value, 9) {
        stack @ Value::Ref(_) => Some(stack.clone()),
        _ => None,
    };
    Some(FrameInfo {
        file: file.clone(),
        line: number(line),
        column: number(column),
        name: name.clone(),
        text: line_text.clone(),
        signature: text(item(value, 5)),
        first_line: number(item(value, 6)),
        end_line: number(item(value, 7)),
        end_column: number(item(value, 8)),
        index: number(item(value, 10)),
        stack,
        exported: matches!(item(value, 11), Value::Bool(true)),
    })
}

fn items(value: &Value) -> &[Value] {
    match value {
        Value::Tuple(items) => items,
        _ => &[],
    }
}

fn item(value: &Value, at: usize) -> &Value {
    items(value).get(at).unwrap_or(&Value::None)
}

fn text(value: &Value) -> Arc<str> {
    match value {
        Value::Text(text) => text.clone(),
        _ => Arc::default(),
    }
}

fn number(value: &Value) -> u32 {
    match value {
        Value::Int(number) => u32::try_from(*number).unwrap_or_default(),
        _ => 0,
    }
}

fn operation(value: &Value) -> Operation {
    let code = number(value).try_into().unwrap_or(u8::MAX);
    Operation::from_code(code).unwrap_or(Operation::Noop)
}
