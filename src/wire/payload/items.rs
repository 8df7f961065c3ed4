//! Items of a stream, several to a payload, each with the attributes asked for along with it.

use crate::error::Error;
use crate::guard::guarded;
use crate::limits::Limits;
use crate::value::Value;

use super::super::primitive::{Malformed, Reader, Write};
use super::decoder::Decoder;
use super::encode::Encoder;
use super::error::write_error;
use super::marking::Marking;
use super::output::Output;
use super::{KnownTypes, Payload, attribute};

/// Builds an items payload step by step.
///
/// Containers keep their sharing within one payload, as far as something else holds them when they are pushed.
pub struct ItemsEncoder<'a> {
    output: Output,
    known: &'a dyn KnownTypes,
    limits: &'a Limits,
    attributes_per_item: u8,
    count: u64,
}

impl<'a> ItemsEncoder<'a> {
    /// A payload without items yet.
    pub fn new(attributes_per_item: u8, known: &'a dyn KnownTypes, limits: &'a Limits) -> Self {
        Self { output: Output::new(limits), known, limits, attributes_per_item, count: 0 }
    }

    /// Adds an item and its attributes: `None` where it has no such thing, being a copy.
    ///
    /// # Errors
    /// As for a result; what was pushed before stands, and the item is not added. An item that fails because the
    /// payload would hold too many values may fit the next payload.
    pub fn push(&mut self, value: &Value, attributes: &[Option<Result<Value, Error>>]) -> Result<(), Error> {
        if attributes.len() != usize::from(self.attributes_per_item) {
            return Err(Error::Misuse("an item has another number of attributes than its payload".into()));
        }
        let before = self.output.checkpoint();
        let pushed = guarded(|| self.write(value, attributes)).flatten();
        match pushed {
            Ok(()) => self.count += 1,
            Err(_) => self.output.roll_back(&before),
        }
        pushed
    }

    fn write(&mut self, value: &Value, attributes: &[Option<Result<Value, Error>>]) -> Result<(), Error> {
        let (output, known, limits) = (&mut self.output, self.known, self.limits);
        Encoder::new(output, Marking::Shared, known, limits).value(value)?;
        for result in attributes {
            match result {
                None => output.bytes.push(attribute::ABSENT),
                Some(Ok(value)) => {
                    output.bytes.push(attribute::VALUE);
                    Encoder::new(output, Marking::Shared, known, limits).value(value)?;
                }
                Some(Err(error)) => {
                    output.bytes.push(attribute::ERROR);
                    write_error(output, error, known, limits);
                }
            }
        }
        Ok(())
    }

    /// About how long the payload is so far, in bytes: a few less than it will be.
    pub fn len_bytes(&self) -> usize {
        self.output.bytes.len()
    }

    /// How many references the payload holds so far.
    pub fn refs_count(&self) -> usize {
        self.output.refs_count()
    }

    /// How many items there are so far.
    pub fn count(&self) -> u64 {
        self.count
    }

    /// The payload.
    pub fn finish(self) -> Payload {
        let (count, attributes) = (self.count, self.attributes_per_item);
        self.output.into_payload_after(|head| {
            head.varint(count);
            head.push(attributes);
        })
    }
}

/// What an item has under an attribute's name: a value, an error, or no such thing because it is a copy.
pub type Attribute = Option<Result<Value, Box<Error>>>;

/// The items of a payload.
#[derive(Debug, Default)]
pub struct Items {
    /// The items.
    pub items: Vec<Value>,
    /// The attributes of all items, those of the first item first.
    pub attributes: Vec<Attribute>,
    /// How many attributes an item has.
    pub attributes_per_item: usize,
}

// What decoding may cost was reckoned with this size: see `decode.rs`.
const _: () = assert!(size_of::<Attribute>() <= 24);

impl Items {
    /// The attributes of one item.
    pub fn attributes_of(&self, item: usize) -> &[Attribute] {
        let start = item.saturating_mul(self.attributes_per_item);
        let end = start.saturating_add(self.attributes_per_item);
        self.attributes.get(start..end).unwrap_or_default()
    }
}

/// How many items an items payload announces, without decoding it.
///
/// # Errors
/// [`Malformed`] if it announces more than it has bytes.
pub fn items_head(bytes: &[u8]) -> Result<u64, Malformed> {
    let mut reader = Reader::new(bytes);
    reader.varint()?;
    let count = reader.varint()?;
    reader.byte()?;
    match count {
        count if count > reader.left() as u64 => Err(reader.malformed("more items announced than there are bytes")),
        count => Ok(count),
    }
}

/// Decodes items; `slots` are the values that references stand for.
///
/// # Errors
/// [`Malformed`] says what is wrong, or which limit is passed.
pub fn decode_items(bytes: &[u8], slots: &[Value], limits: &Limits) -> Result<Items, Malformed> {
    let mut decoder = Decoder::new(bytes, slots, limits);
    let marks = decoder.reader.varint()?;
    let count = decoder.reader.varint()?;
    let per_item = u64::from(decoder.reader.byte()?);
    if per_item > u64::from(limits.prefetch_len_max) {
        return Err(decoder.reader.malformed("too many attributes an item"));
    }
    decoder.reserve_marks(marks)?;
    // An attribute result takes one byte at least, as an item does.
    decoder.promise(count.saturating_mul(1 + per_item))?;
    let mut items = Items {
        items: Vec::with_capacity(count as usize),
        attributes: Vec::with_capacity((count * per_item) as usize),
        attributes_per_item: per_item as usize,
    };
    for _ in 0..count {
        items.items.push(decoder.value()?);
        for _ in 0..per_item {
            items.attributes.push(decode_attribute(&mut decoder)?);
        }
    }
    decoder.finish()?;
    Ok(items)
}

fn decode_attribute(decoder: &mut Decoder<'_>) -> Result<Attribute, Malformed> {
    match decoder.reader.byte()? {
        attribute::VALUE => decoder.value().map(|value| Some(Ok(value))),
        attribute::ERROR => decoder.error().map(|error| Some(Err(Box::new(error)))),
        attribute::ABSENT => {
            decoder.keep_promise();
            Ok(None)
        }
        _ => Err(decoder.reader.malformed("no such attribute result")),
    }
}
