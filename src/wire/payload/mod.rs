//! Payloads: values as bytes, and back, within bounds on both ways.
//!
//! Encoding knows nothing of a session: it gives bytes, and the references that their indices name. Whoever sends the
//! message books those. Decoding is given the value that each index stands for.

mod decode;
mod decoder;
mod encode;
mod error;
mod items;
mod marking;
mod open;
mod output;
mod typed;
mod walk;

#[cfg(test)]
mod tests;

use std::fmt;

use crate::value::{Ref, Value};

pub use decode::{decode_arguments, decode_error, decode_result};
pub use encode::{encode_arguments, encode_result};
pub use error::encode_error;
pub use items::{Attribute, Items, ItemsEncoder, decode_items, items_head};
pub use typed::TypedHost;

use super::primitive::Reader;

/// An encoded payload, not yet committed: the bytes, and the references that its indices name.
#[derive(Clone, Default)]
pub struct Payload {
    /// The bytes.
    pub bytes: Vec<u8>,
    /// What index 0, 1, ... in the bytes stands for; each object once.
    pub refs: Vec<Ref>,
}

impl fmt::Debug for Payload {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let refs: Vec<Value> = self.refs.iter().cloned().map(Value::Ref).collect();
        f.debug_struct("Payload").field("bytes", &self.bytes).field("refs", &refs).finish()
    }
}

/// The value types that the receiver of a payload has announced.
///
/// Any closure of a name and a version is one; `()` knows none.
pub trait KnownTypes {
    /// Whether the receiver can take this version of the value type of this name.
    fn knows(&self, name: &str, version: u32) -> bool;
}

impl KnownTypes for () {
    fn knows(&self, _name: &str, _version: u32) -> bool {
        false
    }
}

impl<F: Fn(&str, u32) -> bool> KnownTypes for F {
    fn knows(&self, name: &str, version: u32) -> bool {
        self(name, version)
    }
}

/// The index of the reference that a result payload consists of, if it is one reference and nothing else.
pub fn sole_reference(bytes: &[u8]) -> Option<u64> {
    let mut reader = Reader::new(bytes);
    if reader.varint().ok()? != 0 || reader.byte().ok()? != tag::REFERENCE {
        return None;
    }
    let index = reader.varint().ok()?;
    reader.finish().ok().map(|()| index)
}

/// The bytes that values begin with.
mod tag {
    pub(super) const NONE: u8 = 0x00;
    pub(super) const FALSE: u8 = 0x01;
    pub(super) const TRUE: u8 = 0x02;
    pub(super) const INT: u8 = 0x03;
    pub(super) const BIG_INT: u8 = 0x04;
    pub(super) const FLOAT: u8 = 0x05;
    pub(super) const COMPLEX: u8 = 0x06;
    pub(super) const TEXT: u8 = 0x07;
    pub(super) const BYTES: u8 = 0x08;
    pub(super) const TUPLE: u8 = 0x09;
    pub(super) const FROZEN_SET: u8 = 0x0a;
    pub(super) const TYPED: u8 = 0x0b;
    pub(super) const LIST: u8 = 0x0c;
    pub(super) const DICT: u8 = 0x0d;
    pub(super) const SET: u8 = 0x0e;
    pub(super) const BYTE_ARRAY: u8 = 0x0f;
    pub(super) const MARK: u8 = 0x10;
    pub(super) const BACK: u8 = 0x11;
    pub(super) const REFERENCE: u8 = 0x12;
    pub(super) const SMALL: u8 = 0x40;
    /// The highest tag of a small integer.
    pub(super) const SMALL_LAST: u8 = 0x7f;
}

/// What stands before an attribute result.
mod attribute {
    pub(super) const VALUE: u8 = 0;
    pub(super) const ERROR: u8 = 1;
    pub(super) const ABSENT: u8 = 2;
}
