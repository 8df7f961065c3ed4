//! What bytes mean, as JSON that another implementation can compare with its own.

use wherever::error::{Denied, FrameInfo, Raised};
use wherever::limits::Limits;
use wherever::value::{Ref, Typed};
use wherever::wire::payload::{Items, decode_arguments, decode_error, decode_items, decode_result};
use wherever::wire::preface::Preface;
use wherever::wire::primitive::Reader;
use wherever::wire::shape::decode_shape;
use wherever::wire::{Malformed, frame::Frame};
use wherever::{Arguments, Error, Operation, Value};

use crate::vectors::frames;
use crate::vectors::json::Json;
use crate::vectors::messages;

/// What these bytes mean, read as one thing of this kind; `slots` are the values that references stand for.
///
/// # Errors
/// Why they mean nothing.
pub fn of_bytes(kind: &str, bytes: &[u8], slots: &[Value]) -> Result<Json, Malformed> {
    let limits = Limits::default();
    match kind {
        "preface" => Preface::decode(bytes).map(|preface| of_preface(&preface)),
        "result" => decode_result(bytes, slots, &limits).map(|value| of_value(&value, slots)),
        "arguments" => decode_arguments(bytes, slots, &limits).map(|arguments| of_arguments(&arguments, slots)),
        "items" => decode_items(bytes, slots, &limits).map(|items| of_items(&items, slots)),
        "error" => decode_error(bytes, slots, &limits).map(|error| of_error(&error, slots)),
        "frame" => Frame::decode(bytes, &limits).map(|frame| frames::meaning(&frame)),
        "HELLO" | "CALL" | "RETURN" | "CREDIT" | "BYE" => messages::meaning(kind, bytes, slots),
        "shape" => {
            let mut reader = Reader::new(bytes);
            let shape = decode_shape(&mut reader, &limits)?;
            reader.finish().map(|()| frames::of_shape(&shape))
        }
        primitive => of_primitive(primitive, bytes),
    }
}

fn of_primitive(kind: &str, bytes: &[u8]) -> Result<Json, Malformed> {
    let mut reader = Reader::new(bytes);
    let max = bytes.len();
    let meaning = match kind {
        "u8" => Json::text(reader.byte()?.to_string()),
        "varint" => Json::text(reader.varint()?.to_string()),
        "int" => Json::text(reader.int()?.to_string()),
        "f64" => of_float(reader.float()?),
        "bytes" => Json::hex(reader.bytes(max)?),
        "text" => Json::text(reader.text(max)?),
        "option<text>" => match reader.byte()? {
            0 => Json::Null,
            1 => Json::text(reader.text(max)?),
            _ => return Err(reader.malformed("an option is absent or present")),
        },
        "seq<varint>" => {
            let count = reader.count(max, "too many")?;
            let items = (0..count).map(|_| reader.varint().map(|number| Json::text(number.to_string())));
            Json::list(items.collect::<Result<Vec<_>, _>>()?)
        }
        _ => return Err(reader.malformed("no such kind of vector")),
    };
    reader.finish().map(|()| meaning)
}

/// A float by its bits, which are what counts, and for people.
pub fn of_float(number: f64) -> Json {
    Json::map([
        ("bits", Json::text(format!("{:016x}", number.to_bits()))),
        ("about", Json::text(format!("{number:?}"))),
    ])
}

/// A preface.
pub fn of_preface(preface: &Preface) -> Json {
    Json::map([
        ("major", Json::Number(preface.major.into())),
        ("minor", Json::Number(preface.minor.into())),
        ("link", Json::Number(preface.link as u64)),
        ("token", Json::hex(&preface.token)),
    ])
}

/// A value; sharing and cycles as `shared`, numbered from 0, and `again`.
pub fn of_value(value: &Value, slots: &[Value]) -> Json {
    Sharing::of(std::iter::once(value)).show(value, slots)
}

/// Arguments, which share among each other.
pub fn of_arguments(arguments: &Arguments, slots: &[Value]) -> Json {
    let named = arguments.named.iter().map(|(_, value)| value);
    let mut sharing = Sharing::of(arguments.positional.iter().chain(named));
    let positional: Vec<_> = arguments.positional.iter().map(|value| sharing.show(value, slots)).collect();
    let named =
        arguments.named.iter().map(|(name, value)| Json::list([Json::text(&**name), sharing.show(value, slots)]));
    let named: Vec<_> = named.collect();
    Json::map([("positional", Json::List(positional)), ("named", Json::List(named))])
}

/// Items and their attributes, which share among each other.
pub fn of_items(items: &Items, slots: &[Value]) -> Json {
    let attributes = items.attributes.iter().filter_map(|attribute| attribute.as_ref()?.as_ref().ok());
    let mut sharing = Sharing::of(items.items.iter().chain(attributes));
    let shown = items.items.iter().enumerate().map(|(place, item)| {
        let item = sharing.show(item, slots);
        let attributes = items.attributes_of(place).iter().map(|attribute| match attribute {
            None => Json::text("absent"),
            Some(Ok(value)) => Json::map([("value", sharing.show(value, slots))]),
            Some(Err(error)) => Json::map([("error", of_error(error, slots))]),
        });
        Json::map([("item", item), ("attributes", Json::list(attributes))])
    });
    Json::list(shown)
}

/// The containers that are met more than once.
struct Sharing {
    again: Vec<Value>,
    numbered: Vec<Value>,
}

fn same(one: &Value, two: &Value) -> bool {
    match (one, two) {
        (Value::Tuple(a), Value::Tuple(b))
        | (Value::FrozenSet(a), Value::FrozenSet(b))
        | (Value::List(a), Value::List(b))
        | (Value::Set(a), Value::Set(b)) => !a.is_empty() && a.same(b),
        (Value::Dict(a), Value::Dict(b)) => !a.is_empty() && a.same(b),
        _ => false,
    }
}

/// The values that a container holds, keys before their values.
fn inside(value: &Value) -> Vec<Value> {
    match value {
        Value::Tuple(items) | Value::FrozenSet(items) | Value::List(items) | Value::Set(items) => items.to_vec(),
        Value::Dict(entries) => entries.iter().flat_map(|(key, value)| [key.clone(), value.clone()]).collect(),
        Value::Typed(typed) => vec![typed.data.clone()],
        _ => Vec::new(),
    }
}

impl Sharing {
    fn of<'v>(values: impl Iterator<Item = &'v Value>) -> Self {
        let (mut met, mut again): (Vec<Value>, Vec<Value>) = Default::default();
        let mut todo: Vec<Value> = values.cloned().collect();
        todo.reverse();
        while let Some(value) = todo.pop() {
            let value = match &value {
                Value::Cycle(cycle) => cycle.follow().unwrap_or_default(),
                _ => value,
            };
            if met.iter().any(|known| same(known, &value)) {
                again.push(value);
            } else {
                todo.extend(inside(&value).into_iter().rev());
                met.push(value);
            }
        }
        Self { again, numbered: Vec::new() }
    }

    fn show(&mut self, value: &Value, slots: &[Value]) -> Json {
        if let Value::Cycle(cycle) = value {
            return self.show(&cycle.follow().unwrap_or_default(), slots);
        }
        if let Some(number) = self.numbered.iter().position(|known| same(known, value)) {
            return Json::map([("again", Json::Number(number as u64))]);
        }
        if !self.again.iter().any(|shared| same(shared, value)) {
            return self.plain(value, slots);
        }
        let number = self.numbered.len() as u64;
        self.numbered.push(value.clone());
        Json::map([("shared", Json::Number(number)), ("as", self.plain(value, slots))])
    }

    fn plain(&mut self, value: &Value, slots: &[Value]) -> Json {
        let all = |sharing: &mut Self, items: &[Value]| {
            Json::list(items.iter().map(|item| sharing.show(item, slots)).collect::<Vec<_>>())
        };
        match value {
            Value::None => Json::text("none"),
            Value::Bool(bool) => Json::map([("bool", Json::Bool(*bool))]),
            Value::Int(number) => Json::map([("int", Json::text(number.to_string()))]),
            Value::BigInt(number) => {
                let magnitude: Vec<u8> = number.magnitude().iter().rev().copied().collect();
                let sign = if number.is_negative() { "-" } else { "+" };
                Json::map([("big int", Json::text(sign)), ("magnitude", Json::hex(&magnitude))])
            }
            Value::Float(number) => Json::map([("float", of_float(*number))]),
            Value::Complex(re, im) => Json::map([("real", of_float(*re)), ("imaginary", of_float(*im))]),
            Value::Text(text) => Json::map([("text", Json::text(&**text))]),
            Value::Bytes(bytes) => Json::map([("bytes", Json::hex(bytes))]),
            Value::Tuple(items) => Json::map([("tuple", all(self, items))]),
            Value::FrozenSet(items) => Json::map([("frozen set", all(self, items))]),
            Value::Typed(typed) => self.typed(typed, slots),
            Value::List(items) => Json::map([("list", all(self, items))]),
            Value::Set(items) => Json::map([("set", all(self, items))]),
            Value::ByteArray(bytes) => Json::map([("byte array", Json::hex(bytes))]),
            Value::Dict(entries) => {
                let pairs = entries.iter().map(|(k, v)| Json::list([self.show(k, slots), self.show(v, slots)]));
                Json::map([("dict", Json::list(pairs.collect::<Vec<_>>()))])
            }
            Value::Ref(reference) => Json::map([("reference", of_reference(reference, slots))]),
            other => Json::text(other.kind()),
        }
    }

    fn typed(&mut self, typed: &Typed, slots: &[Value]) -> Json {
        Json::map([
            ("value type", Json::text(&*typed.type_name)),
            ("version", Json::Number(typed.version.into())),
            ("data", self.show(&typed.data, slots)),
        ])
    }
}

/// A reference by its index into the message's own.
fn of_reference(reference: &Ref, slots: &[Value]) -> Json {
    let place = slots.iter().position(|slot| *slot == Value::Ref(reference.clone()));
    place.map_or(Json::Null, |place| Json::Number(place as u64))
}

/// An error: code, name, message, and the details that its code has.
pub fn of_error(error: &Error, slots: &[Value]) -> Json {
    let number = |number: u32| Json::Number(number.into());
    let (code, name, message, details): (u64, &str, &str, Json) = match error {
        Error::Raised(raised) => (0, &raised.type_name, &raised.message, of_raised(raised, slots)),
        Error::NotFound(name) => (1, name, "", Json::Null),
        Error::Denied(denied) => (2, &denied.shape, "", of_denied(denied)),
        Error::Disconnected(lost) => {
            (3, lost.hop.as_deref().unwrap_or_default(), &lost.reason, Json::Bool(lost.may_have_run))
        }
        Error::Overloaded(message) => (4, "", message, Json::Null),
        Error::Protocol(message) => (5, "", message, Json::Null),
        Error::Deadline(message) => (6, "", message, Json::Null),
        Error::Stopped => (7, "", "", Json::Null),
        Error::Busy(message) => (8, "", message, Json::Null),
        Error::TooDeep(limit) => (9, "", "", number(*limit)),
        Error::Cycle(message) => (10, "", message, Json::Null),
        Error::NotSupported { shape, operation } => (11, shape, "", of_operation(*operation)),
        Error::NoMember { shape, member } => (12, shape, "", Json::text(&**member)),
        Error::Convert(convert) => {
            let path = Json::list(convert.path.iter().map(|step| Json::text(&**step)));
            (13, &convert.wanted, "", Json::list([Json::text(&*convert.found), path]))
        }
        Error::Misuse(message) => (14, "", message, Json::Null),
        _ => (u64::MAX, "", "", Json::Null),
    };
    Json::map([
        ("code", Json::Number(code)),
        ("name", Json::text(name)),
        ("message", Json::text(message)),
        ("details", details),
    ])
}

fn of_operation(operation: Operation) -> Json {
    Json::Number(operation as u64)
}

fn of_denied(denied: &Denied) -> Json {
    Json::map([
        ("operation", of_operation(denied.operation)),
        ("member", denied.member.as_ref().map_or(Json::Null, |member| Json::text(&**member))),
        ("policy", Json::text(&*denied.policy)),
        ("remedy", Json::text(&*denied.remedy)),
    ])
}

fn of_raised(raised: &Raised, slots: &[Value]) -> Json {
    let part = |raised: &Raised| {
        let (name, message) = (Json::text(&*raised.type_name), Json::text(&*raised.message));
        Json::map([("name", name), ("message", message), ("details", of_raised(raised, slots))])
    };
    let texts = |texts: &[std::sync::Arc<str>]| Json::list(texts.iter().map(|text| Json::text(&**text)));
    let attribute =
        |(name, value): &(std::sync::Arc<str>, Value)| Json::list([Json::text(&**name), of_value(value, slots)]);
    Json::map([
        ("bases", texts(&raised.bases)),
        ("arguments", Json::list(raised.arguments.iter().map(|argument| of_value(argument, slots)))),
        ("attributes", Json::list(raised.attributes.iter().map(attribute))),
        ("cause", raised.cause.as_deref().map_or(Json::Null, part)),
        ("context", raised.context.as_deref().map_or(Json::Null, part)),
        ("notes", texts(&raised.notes)),
        ("group", Json::list(raised.group.iter().map(|member| part(member)))),
        ("frames", Json::list(raised.frames.iter().map(|frame| of_frame(frame, slots)))),
        ("object", raised.object.as_ref().map_or(Json::Null, |object| of_value(object, slots))),
    ])
}

fn of_frame(frame: &FrameInfo, slots: &[Value]) -> Json {
    Json::map([
        ("file", Json::text(&*frame.file)),
        ("line", Json::Number(frame.line.into())),
        ("column", Json::Number(frame.column.into())),
        ("function", Json::text(&*frame.name)),
        ("text", Json::text(&*frame.text)),
        ("signature", Json::text(&*frame.signature)),
        ("first line", Json::Number(frame.first_line.into())),
        ("end line", Json::Number(frame.end_line.into())),
        ("end column", Json::Number(frame.end_column.into())),
        ("stack", frame.stack.as_ref().map_or(Json::Null, |stack| of_value(stack, slots))),
        ("index", Json::Number(frame.index.into())),
        ("exported", Json::Bool(frame.exported)),
    ])
}
