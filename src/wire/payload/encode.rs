//! Values to bytes, without recursion, keeping to the limits that the receiver's side has by default.

use std::sync::Arc;

use crate::error::Error;
use crate::host::{Arguments, Own};
use crate::limits::Limits;
use crate::value::{BigInt, Ref, Typed, Value};

use super::super::primitive::Write;
use super::marking::{Marking, is_known};
use super::output::Output;
use super::typed::TypedHost;
use super::walk::{Cursor, Key, Measure, container_tag, over};
use super::{KnownTypes, Payload, tag};

/// Encodes the arguments of a call.
///
/// # Errors
/// [`Error::Misuse`] names the limit that the arguments pass, or what in them cannot cross.
pub fn encode_arguments(arguments: &Arguments, known: &dyn KnownTypes, limits: &Limits) -> Result<Payload, Error> {
    let values = arguments.positional.iter().chain(arguments.named.iter().map(|(_, value)| value));
    let marking = Marking::met_again(values, known, limits)?;
    let mut output = Output::new(limits);
    output.bytes.varint(marking.count());
    output.bytes.varint(arguments.positional.len() as u64);
    output.bytes.varint(arguments.named.len() as u64);
    let mut encoder = Encoder::new(&mut output, marking, known, limits);
    for value in &arguments.positional {
        encoder.value(value)?;
    }
    for (name, value) in &arguments.named {
        encoder.name(name)?;
        encoder.value(value)?;
    }
    Ok(output.into_payload())
}

/// Encodes the result of a call.
///
/// # Errors
/// As [`encode_arguments`].
pub fn encode_result(value: &Value, known: &dyn KnownTypes, limits: &Limits) -> Result<Payload, Error> {
    let marking = match value {
        // It holds nothing that could be met again.
        Value::None | Value::Bool(_) | Value::Int(_) | Value::Float(_) | Value::Text(_) => Marking::Never,
        _ => Marking::met_again(std::iter::once(value), known, limits)?,
    };
    let mut output = Output::new(limits);
    output.bytes.varint(marking.count());
    Encoder::new(&mut output, marking, known, limits).value(value)?;
    Ok(output.into_payload())
}

/// Writes values to an output.
pub(super) struct Encoder<'a> {
    output: &'a mut Output,
    marking: Marking,
    known: &'a dyn KnownTypes,
    limits: &'a Limits,
    bytes_max: usize,
    typed_open: u32,
}

/// A container that is being written.
struct Frame {
    cursor: Cursor,
    measure: Measure,
    weight_before: u64,
    key: Option<Key>,
    is_typed: bool,
}

enum Begun {
    Whole(Measure),
    Open(Frame),
}

impl<'a> Encoder<'a> {
    pub(super) fn new(output: &'a mut Output, marking: Marking, known: &'a dyn KnownTypes, limits: &'a Limits) -> Self {
        Self { output, marking, known, limits, bytes_max: usize::MAX, typed_open: 0 }
    }

    /// The encoder, failing as soon as it has written about so many bytes.
    pub(super) fn at_most(mut self, bytes: usize) -> Self {
        self.bytes_max = self.output.bytes.len().saturating_add(bytes);
        self
    }

    /// Writes the name of an argument.
    fn name(&mut self, name: &str) -> Result<(), Error> {
        let max = self.limits.name_len_max;
        if name.len() > max as usize {
            return Err(too_long("a name", name.len(), "name_len_max", max));
        }
        self.output.bytes.prefixed(name.as_bytes());
        Ok(())
    }

    /// Writes one value and all that it holds.
    pub(super) fn value(&mut self, root: &Value) -> Result<(), Error> {
        let mut top = match self.begin(root)? {
            Begun::Whole(_) => return Ok(()),
            Begun::Open(frame) => frame,
        };
        let mut outer = Vec::new();
        loop {
            while let Some(value) = top.cursor.step() {
                match self.begin(value)? {
                    Begun::Whole(measure) => top.measure.absorb(measure),
                    Begun::Open(inner) => outer.push(std::mem::replace(&mut top, inner)),
                }
            }
            let measure = self.end(&top);
            match outer.pop() {
                Some(frame) => top = frame,
                None => return Ok(()),
            }
            top.measure.absorb(measure);
        }
    }

    /// Writes a value that holds none, or the head of one that does.
    fn begin(&mut self, value: &Value) -> Result<Begun, Error> {
        let limits = self.limits;
        self.output.tally.node().map_err(|passed| over(passed, limits))?;
        if self.output.bytes.len() > self.bytes_max {
            return Err(Error::Misuse("the value is too long for its place".into()));
        }
        match value {
            Value::Typed(typed) if self.typed_open == 0 && !is_known(typed, self.known, limits) => {
                self.reference(&Ref::Own(Own::new(TypedHost::new(typed.clone()))))
            }
            Value::Typed(typed) => self.typed(typed, value),
            Value::Ref(reference) => self.reference(reference),
            Value::Cycle(cycle) => match cycle.follow() {
                Some(target) => self.container(&target),
                None => Err(Error::Misuse(
                    "a value holds a back edge to a container that is gone; keep the outermost container of a cycle"
                        .into(),
                )),
            },
            Value::Tuple(_) | Value::FrozenSet(_) | Value::List(_) | Value::Dict(_) | Value::Set(_) => {
                self.container(value)
            }
            scalar => self.scalar(scalar).map(Begun::Whole),
        }
    }

    fn scalar(&mut self, value: &Value) -> Result<Measure, Error> {
        self.output.tally.leaf(value);
        let bytes = &mut self.output.bytes;
        match value {
            Value::Bool(false) => bytes.push(tag::FALSE),
            Value::Bool(true) => bytes.push(tag::TRUE),
            Value::Int(small @ 0..=63) => bytes.push(tag::SMALL + *small as u8),
            Value::Int(number) => {
                bytes.push(tag::INT);
                bytes.int(*number);
            }
            Value::BigInt(number) => self.big_int(number)?,
            Value::Float(number) => {
                bytes.push(tag::FLOAT);
                bytes.float(*number);
            }
            Value::Complex(re, im) => {
                bytes.push(tag::COMPLEX);
                bytes.float(*re);
                bytes.float(*im);
            }
            Value::Text(text) => {
                let max = self.limits.text_len_max;
                if text.len() > max as usize {
                    return Err(too_long("a text", text.len(), "text_len_max", max));
                }
                bytes.push(tag::TEXT);
                bytes.prefixed(text.as_bytes());
            }
            Value::Bytes(content) => {
                bytes.push(tag::BYTES);
                bytes.prefixed(content);
            }
            Value::ByteArray(content) => {
                self.refuse_in_data("contents of a byte array")?;
                self.output.bytes.push(tag::BYTE_ARRAY);
                self.output.bytes.prefixed(content);
                return Ok(Measure::IMPURE);
            }
            // What holds values was taken by the caller.
            _ => bytes.push(tag::NONE),
        }
        Ok(Measure::LEAF)
    }

    fn big_int(&mut self, number: &BigInt) -> Result<(), Error> {
        let (magnitude, max) = (number.magnitude(), self.limits.bigint_len_max);
        if magnitude.len() > max as usize {
            return Err(too_long("an integer", magnitude.len(), "bigint_len_max", max));
        }
        let bytes = &mut self.output.bytes;
        bytes.push(tag::BIG_INT);
        bytes.varint((magnitude.len() as u64) << 1 | u64::from(number.is_negative()));
        bytes.extend_from_slice(magnitude);
        Ok(())
    }

    fn reference(&mut self, reference: &Ref) -> Result<Begun, Error> {
        self.refuse_in_data("a reference")?;
        let index = self.output.index_of(reference);
        self.output.bytes.push(tag::REFERENCE);
        self.output.bytes.varint(index as u64);
        Ok(Begun::Whole(Measure::IMPURE))
    }

    fn typed(&mut self, typed: &Arc<Typed>, value: &Value) -> Result<Begun, Error> {
        let max = self.limits.name_len_max;
        if typed.type_name.len() > max as usize {
            return Err(too_long("the name of a value type", typed.type_name.len(), "name_len_max", max));
        }
        self.output.bytes.push(tag::TYPED);
        self.output.bytes.prefixed(typed.type_name.as_bytes());
        self.output.bytes.varint(u64::from(typed.version));
        self.typed_open += 1;
        self.open(value, None, true)
    }

    fn container(&mut self, value: &Value) -> Result<Begun, Error> {
        // Of what shares nothing, such as an error among items, no one is sent back to what stands before it either.
        let key = Key::of(value).filter(|_| !matches!(self.marking, Marking::Never));
        if let Some((number, complete)) = key.and_then(|key| self.output.marked(key)) {
            return self.back(number, complete).map(Begun::Whole);
        }
        if matches!(value, Value::List(_) | Value::Dict(_) | Value::Set(_)) {
            self.refuse_in_data("contents of a container that can change")?;
        }
        let key = key.filter(|_| self.marking.wants(value));
        if let Some(key) = key {
            self.output.mark(key, value.clone());
            self.output.bytes.push(tag::MARK);
        }
        self.output.bytes.extend(container_tag(value));
        self.open(value, key, false)
    }

    fn back(&mut self, number: usize, complete: Option<(Measure, u64)>) -> Result<Measure, Error> {
        let limits = self.limits;
        let measure = match complete {
            None => Measure::IMPURE,
            Some((measure, weight)) => {
                let counted = self.output.tally.again(measure.height, weight);
                counted.map_err(|passed| over(passed, limits))?;
                measure
            }
        };
        if !measure.pure {
            self.refuse_in_data("a cycle, or something that can change")?;
        }
        self.output.bytes.push(tag::BACK);
        self.output.bytes.varint(number as u64);
        Ok(measure)
    }

    fn open(&mut self, value: &Value, key: Option<Key>, is_typed: bool) -> Result<Begun, Error> {
        let limits = self.limits;
        let tally = &mut self.output.tally;
        let weight_before = tally.weight() - 1;
        let Some(cursor) = Cursor::over(value) else {
            return Ok(Begun::Whole(Measure::LEAF));
        };
        tally.open().map_err(|passed| over(passed, limits))?;
        if !is_typed {
            self.output.bytes.varint(cursor.count() as u64);
        }
        let is_mutable = matches!(value, Value::List(_) | Value::Dict(_) | Value::Set(_));
        Ok(Begun::Open(Frame {
            cursor,
            measure: if is_mutable { Measure::IMPURE } else { Measure::LEAF },
            weight_before,
            key,
            is_typed,
        }))
    }

    fn end(&mut self, frame: &Frame) -> Measure {
        let tally = &mut self.output.tally;
        tally.close();
        let weight = tally.weight() - frame.weight_before;
        let measure = frame.measure.closed();
        if frame.is_typed {
            self.typed_open -= 1;
        }
        if let Some(key) = frame.key {
            self.output.complete(key, measure, weight);
        }
        measure
    }

    fn refuse_in_data(&self, what: &str) -> Result<(), Error> {
        if self.typed_open == 0 {
            return Ok(());
        }
        Err(Error::Misuse(
            format!("the data of a value type holds {what}; its codec may give immutable copies only").into(),
        ))
    }
}

fn too_long(what: &str, len: usize, limit: &str, max: u32) -> Error {
    Error::Misuse(format!("{what} of {len} bytes is longer than {max} (`{limit}`)").into())
}
