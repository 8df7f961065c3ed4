//! Containers that are being decoded, and those that have a mark.

use std::sync::Arc;

use crate::value::{BigInt, Entries, Items, Value};

use super::tag;
use super::walk::Measure;

/// A marked container, in 24 bytes.
pub(super) struct Mark {
    pub(super) container: Marked,
    pub(super) weight: u32,
    /// 0 while it is open.
    pub(super) height: u16,
    pub(super) pure: bool,
}

#[derive(Clone)]
pub(super) enum Marked {
    Items(u8, Items),
    Entries(Entries),
}

// What decoding may cost was reckoned with these sizes: see `decode.rs`.
const _: () = assert!(size_of::<Value>() <= 24 && size_of::<Mark>() <= 24);
const _: () = assert!(size_of::<Frame>() <= 96);

/// An open container.
pub(super) struct Frame {
    pub(super) filling: Filling,
    /// Values still to come.
    pub(super) wanted: u64,
    pub(super) measure: Measure,
    pub(super) weight_before: u64,
    pub(super) mark: Option<u32>,
}

pub(super) enum Filling {
    Items(u8, Vec<Value>),
    Entries(Vec<(Value, Value)>, Option<Value>),
    Typed(Arc<str>, u32, Value),
}

impl Frame {
    /// Puts the next value in its place.
    pub(super) fn take(&mut self, value: Value, measure: Measure) {
        self.wanted -= 1;
        self.measure.absorb(measure);
        match &mut self.filling {
            Filling::Items(_, items) => items.push(value),
            Filling::Entries(entries, key) => match key.take() {
                None => *key = Some(value),
                Some(key) => entries.push((key, value)),
            },
            Filling::Typed(_, _, data) => *data = value,
        }
    }
}

impl Marked {
    /// The container as a value.
    pub(super) fn value(&self) -> Value {
        match self {
            Marked::Items(tag, items) => of_items(*tag, items.clone()),
            Marked::Entries(entries) => Value::Dict(entries.clone()),
        }
    }
}

/// The container with this tag.
pub(super) fn of_items(tag: u8, items: Items) -> Value {
    match tag {
        tag::FROZEN_SET => Value::FrozenSet(items),
        tag::LIST => Value::List(items),
        tag::SET => Value::Set(items),
        _ => Value::Tuple(items),
    }
}

/// An integer of these bytes, in the form that its size asks for.
pub(super) fn big_int(negative: bool, magnitude: &[u8]) -> Value {
    let number = BigInt::new(negative, magnitude);
    match number.to_i128().map(i64::try_from) {
        Some(Ok(small)) => Value::Int(small),
        _ => Value::BigInt(Arc::new(number)),
    }
}
