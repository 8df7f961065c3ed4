//! The decoder of one payload's values: a stack of open containers, filled one value at a time.

use std::sync::Arc;

use crate::error::Error;
use crate::limits::Limits;
use crate::value::{Cycle, Entries, Items, Typed, Value};

use super::super::primitive::{Malformed, Reader};
use super::open::{Filling, Frame, Mark, Marked, big_int, of_items};
use super::walk::{Measure, Passed, Tally, weigh};
use super::{error, tag};

/// Decodes the values of one payload.
pub(super) struct Decoder<'a> {
    pub(super) reader: Reader<'a>,
    slots: &'a [Value],
    limits: &'a Limits,
    /// Elements announced and not yet begun.
    promised: u64,
    /// Marks announced and not yet met.
    marks_left: u64,
    marks: Vec<Mark>,
    stack: Vec<Frame>,
    tally: Tally,
    typed_open: u32,
    in_error: bool,
}

enum Begun {
    Whole(Value, Measure),
    Open,
}

impl<'a> Decoder<'a> {
    pub(super) fn new(bytes: &'a [u8], slots: &'a [Value], limits: &'a Limits) -> Self {
        Self {
            reader: Reader::new(bytes),
            slots,
            limits,
            promised: 0,
            marks_left: 0,
            marks: Vec::new(),
            stack: Vec::new(),
            tally: Tally::new(limits),
            typed_open: 0,
            in_error: false,
        }
    }

    /// Makes room for so many marks.
    pub(super) fn reserve_marks(&mut self, marks: u64) -> Result<(), Malformed> {
        // Of a mark, its container's tag and its count only one byte is that of an element announced elsewhere.
        if marks > self.reader.left() as u64 / 3 {
            return Err(self.reader.malformed("more marks announced than there are bytes"));
        }
        self.marks_left = marks;
        self.marks.reserve_exact(marks as usize);
        Ok(())
    }

    /// Notes that so many elements more are to come, of one byte each at least.
    pub(super) fn promise(&mut self, elements: u64) -> Result<(), Malformed> {
        let needed = self.marks_left * 2 + self.promised;
        if needed.saturating_add(elements) > self.reader.left() as u64 {
            return Err(self.reader.malformed("more elements announced than there are bytes"));
        }
        self.promised += elements;
        Ok(())
    }

    /// Notes that an element that was announced is one byte, and no value.
    pub(super) fn keep_promise(&mut self) {
        self.promised = self.promised.saturating_sub(1);
    }

    /// Refuses bytes left over and marks that did not come.
    pub(super) fn finish(&self) -> Result<(), Malformed> {
        if self.marks_left > 0 {
            return Err(self.reader.malformed("fewer marks than announced"));
        }
        self.reader.finish()
    }

    /// Decodes an error, whose value has no marks: each of its parts is paid for where it stands.
    pub(super) fn error(&mut self) -> Result<Error, Malformed> {
        self.in_error = true;
        let value = self.value()?;
        self.in_error = false;
        error::from_value(&value, self.limits).ok_or_else(|| self.reader.malformed("an error that is none"))
    }

    /// Decodes one value, announced before, with all that it holds.
    pub(super) fn value(&mut self) -> Result<Value, Malformed> {
        loop {
            let (mut value, mut measure) = match self.begin()? {
                Begun::Whole(value, measure) => (value, measure),
                Begun::Open => continue,
            };
            loop {
                let Some(top) = self.stack.last_mut() else {
                    return Ok(value);
                };
                top.take(value, measure);
                if top.wanted > 0 {
                    break;
                }
                match self.stack.pop() {
                    Some(frame) => (value, measure) = self.close(frame),
                    None => return Ok(Value::None),
                }
            }
        }
    }

    /// Decodes a value that holds none, or opens one that does.
    fn begin(&mut self) -> Result<Begun, Malformed> {
        self.promised = self.promised.saturating_sub(1);
        self.count(Tally::node)?;
        let (mut tag, mut mark) = (self.reader.byte()?, None);
        if tag == tag::MARK {
            (tag, mark) = (self.reader.byte()?, Some(self.mark()?));
        }
        let value = match tag {
            tag::TUPLE | tag::FROZEN_SET | tag::LIST | tag::SET | tag::DICT => {
                return self.container(tag, mark);
            }
            _ if mark.is_some() => {
                return Err(self.reader.malformed("mark on what is no container"));
            }
            tag::TYPED => return self.typed(),
            tag::BACK => return self.back(),
            tag::REFERENCE => return self.reference(),
            tag::BYTE_ARRAY => {
                self.refuse_in_data()?;
                let array = Value::ByteArray(self.reader.bytes(usize::MAX)?.into());
                self.tally.leaf(&array);
                return Ok(Begun::Whole(array, Measure::IMPURE));
            }
            other => self.scalar(other)?,
        };
        self.tally.leaf(&value);
        Ok(Begun::Whole(value, Measure::LEAF))
    }

    fn scalar(&mut self, tag: u8) -> Result<Value, Malformed> {
        let reader = &mut self.reader;
        Ok(match tag {
            tag::NONE => Value::None,
            tag::FALSE => Value::Bool(false),
            tag::TRUE => Value::Bool(true),
            tag::SMALL..=tag::SMALL_LAST => Value::Int(i64::from(tag - tag::SMALL)),
            tag::INT => Value::Int(reader.int()?),
            tag::BIG_INT => {
                let head = reader.varint()?;
                let (len, negative) = (head >> 1, head & 1 == 1);
                if len > u64::from(self.limits.bigint_len_max) {
                    return Err(reader.malformed("an integer too long"));
                }
                big_int(negative, reader.take(len as usize)?)
            }
            tag::FLOAT => Value::Float(reader.float()?),
            tag::COMPLEX => Value::Complex(reader.float()?, reader.float()?),
            tag::TEXT => Value::Text(match reader.text(self.limits.text_len_max as usize)? {
                // Costs no heap: with 16 bytes for each, an error of empty texts would cost more than it may.
                "" => Arc::default(),
                text => text.into(),
            }),
            tag::BYTES => Value::Bytes(reader.bytes(usize::MAX)?.into()),
            _ => return Err(reader.malformed("no such value")),
        })
    }

    /// Takes the next mark number.
    fn mark(&mut self) -> Result<u32, Malformed> {
        if self.in_error {
            return Err(self.reader.malformed("mark in an error"));
        }
        if self.marks_left == 0 {
            return Err(self.reader.malformed("more marks than announced"));
        }
        self.marks_left -= 1;
        Ok(self.marks.len() as u32)
    }

    fn container(&mut self, tag: u8, mark: Option<u32>) -> Result<Begun, Malformed> {
        let is_mutable = matches!(tag, tag::LIST | tag::DICT | tag::SET);
        if is_mutable {
            self.refuse_in_data()?;
        }
        let count = self.reader.varint()?;
        let wanted = count.saturating_mul(if tag == tag::DICT { 2 } else { 1 });
        self.promise(wanted)?;
        let weight_before = self.tally.weight() - 1;
        self.count(Tally::open)?;
        if mark.is_some() {
            let container = match tag {
                _ if count == 0 && tag == tag::DICT => Marked::Entries(Entries::new([])),
                _ if count == 0 => Marked::Items(tag, Items::new([])),
                tag::DICT => Marked::Entries(Entries::unfilled()),
                _ => Marked::Items(tag, Items::unfilled()),
            };
            self.marks.push(Mark { container, weight: 0, height: 0, pure: false });
        }
        // Exactly what was announced, and that is no more than the bytes left.
        let filling = match tag {
            tag::DICT => Filling::Entries(Vec::with_capacity(count as usize), None),
            _ => Filling::Items(tag, Vec::with_capacity(count as usize)),
        };
        let frame = Frame {
            filling,
            wanted,
            measure: if is_mutable { Measure::IMPURE } else { Measure::LEAF },
            weight_before,
            mark,
        };
        if wanted > 0 {
            self.stack.push(frame);
            return Ok(Begun::Open);
        }
        let (value, measure) = self.close(frame);
        Ok(Begun::Whole(value, measure))
    }

    fn typed(&mut self) -> Result<Begun, Malformed> {
        let name = self.reader.text(self.limits.name_len_max as usize)?.into();
        let version = self.reader.varint_max(u64::from(u32::MAX), "version of more than 32 bits")?;
        self.promise(1)?;
        self.typed_open += 1;
        let weight_before = self.tally.weight() - 1;
        self.count(Tally::open)?;
        self.stack.push(Frame {
            filling: Filling::Typed(name, version as u32, Value::None),
            wanted: 1,
            measure: Measure::LEAF,
            weight_before,
            mark: None,
        });
        Ok(Begun::Open)
    }

    fn back(&mut self) -> Result<Begun, Malformed> {
        if self.in_error {
            return Err(self.reader.malformed("shared value in an error"));
        }
        let number = self.reader.varint()?;
        let index = usize::try_from(number).unwrap_or(usize::MAX);
        let Some(mark) = self.marks.get(index) else {
            return Err(self.reader.malformed("mark that was not met"));
        };
        let value = mark.container.value();
        if mark.height == 0 {
            self.refuse_in_data()?;
            let cycle = Cycle::to(&value).map(Value::Cycle);
            let value = cycle.ok_or(self.reader.malformed("cycle to an empty container"))?;
            return Ok(Begun::Whole(value, Measure::IMPURE));
        }
        let (pure, height, weight) = (mark.pure, u32::from(mark.height), u64::from(mark.weight));
        if !pure {
            self.refuse_in_data()?;
        }
        self.count(|tally| tally.again(height, weight))?;
        Ok(Begun::Whole(value, Measure { height, pure }))
    }

    fn reference(&mut self) -> Result<Begun, Malformed> {
        self.refuse_in_data()?;
        let index = usize::try_from(self.reader.varint()?).unwrap_or(usize::MAX);
        let Some(value) = self.slots.get(index) else {
            return Err(self.reader.malformed("reference that the message does not have"));
        };
        let mut measure = Measure::IMPURE;
        // What an answer holds was decoded before and may be deep: levels must not add up from call to call.
        self.count(|tally| {
            measure = weigh(value, tally)?;
            Ok(())
        })?;
        Ok(Begun::Whole(value.clone(), measure))
    }

    fn close(&mut self, frame: Frame) -> (Value, Measure) {
        self.tally.close();
        let measure = frame.measure.closed();
        let mark = frame.mark.and_then(|number| self.marks.get_mut(number as usize));
        let marked = mark.map(|mark| {
            mark.weight = (self.tally.weight() - frame.weight_before) as u32;
            mark.height = measure.height as u16;
            mark.pure = measure.pure;
            mark.container.clone()
        });
        let value = match frame.filling {
            Filling::Typed(type_name, version, data) => {
                self.typed_open -= 1;
                Value::Typed(Arc::new(Typed { type_name, version, data }))
            }
            Filling::Items(tag, items) => {
                let container = match marked {
                    Some(Marked::Items(_, container)) => container,
                    _ if items.is_empty() => Items::new([]),
                    _ => Items::unfilled(),
                };
                container.fill(items.into_boxed_slice());
                of_items(tag, container)
            }
            Filling::Entries(entries, _) => {
                let container = match marked {
                    Some(Marked::Entries(container)) => container,
                    _ if entries.is_empty() => Entries::new([]),
                    _ => Entries::unfilled(),
                };
                container.fill(entries.into_boxed_slice());
                Value::Dict(container)
            }
        };
        (value, measure)
    }

    fn count(&mut self, count: impl FnOnce(&mut Tally) -> Result<(), Passed>) -> Result<(), Malformed> {
        count(&mut self.tally).map_err(|passed| {
            self.reader.malformed(match passed {
                Passed::Depth => "values nested too deep",
                Passed::Nodes => "too many values",
                Passed::Weight => "too many values, shared ones counted wherever they stand",
            })
        })
    }

    fn refuse_in_data(&self) -> Result<(), Malformed> {
        if self.typed_open == 0 {
            return Ok(());
        }
        Err(self.reader.malformed("value of a value type that holds more than immutable copies"))
    }
}
