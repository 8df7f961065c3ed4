//! Values to data: what serde's `Deserialize` is given to read from.

use std::cell::{Cell, RefCell};
use std::collections::HashSet;
use std::sync::Arc;

use serde::de::{self, DeserializeSeed, EnumAccess, Expected, MapAccess, SeqAccess, VariantAccess, Visitor};

use crate::convert::{FromValue, contents, unlike};
use crate::error::Error;
use crate::host::{Identity, Own};
use crate::table::Handle;
use crate::value::{Entries, Items, Ref, Value};

use super::fault::Fault;
use super::{Depth, key_step, name_step, short};

/// Values read of own containers that were read before. A few containers that hold each other several times unfold into
/// an endless tree, and a peer that was handed them can make them do so.
const READ_AGAIN_MAX: usize = 1 << 20;

/// Remote containers copied for one piece of data, each by a call. A peer can make each hold others without end.
const FETCHED_MAX: usize = 1 << 12;

/// The own containers read for one piece of data.
#[derive(Debug, Default)]
pub(super) struct Reads {
    met: RefCell<HashSet<Identity>>,
    /// Values read of containers that had been met already.
    again: Cell<usize>,
    /// Remote containers that were copied.
    fetched: Cell<usize>,
}

impl Reads {
    /// The contents of a container of this side.
    fn contents(&self, own: Own, wanted: &dyn Expected) -> Result<Value, Fault> {
        let is_new = self.met.borrow_mut().insert(own.host().identity());
        let contents = contents::of(own.into(), &wanted.to_string())?;
        if !is_new {
            let again = self.again.get().saturating_add(1 + len(&contents));
            self.again.set(again);
            if again > READ_AGAIN_MAX {
                let wanted = format!("at most {READ_AGAIN_MAX} values in containers that stand in several places");
                return Err(Error::convert(wanted, "more").into());
            }
        }
        Ok(contents)
    }

    /// The contents of a remote container, by a call; of a promise, what to do first.
    fn fetched(&self, handle: Handle, wanted: &dyn Expected) -> Result<Value, Fault> {
        let fetched = self.fetched.get() + 1;
        self.fetched.set(fetched);
        if fetched > FETCHED_MAX {
            let wanted = format!("at most {FETCHED_MAX} remote containers; copy them first, and fewer");
            return Err(Error::convert(wanted, "more").into());
        }
        Ok(contents::of(handle.into(), &wanted.to_string())?)
    }
}

fn len(contents: &Value) -> usize {
    match contents {
        Value::List(items) | Value::Set(items) => items.len(),
        Value::Dict(entries) => entries.len(),
        Value::ByteArray(bytes) => bytes.len(),
        _ => 0,
    }
}

/// Reads one value.
pub(super) struct Deserializer<'r> {
    value: Value,
    depth: Depth,
    reads: &'r Reads,
}

impl<'r> Deserializer<'r> {
    /// For a value that stands in no other.
    pub(super) fn new(value: Value, reads: &'r Reads) -> Self {
        Self { value, depth: Depth::default(), reads }
    }

    /// With the value itself, where that stands for another: what a typed value holds, the contents of an own container.
    fn opened(mut self, wanted: &dyn Expected) -> Result<Self, Fault> {
        while let Value::Typed(typed) = self.value {
            self.value = typed.data.clone();
        }
        self.value = match self.value {
            Value::Ref(Ref::Own(own)) if own.shape().category().is_container() => self.reads.contents(own, wanted)?,
            Value::Ref(Ref::Remote(handle)) if handle.is_promise() || handle.shape().category().is_container() => {
                self.reads.fetched(handle, wanted)?
            }
            other => other,
        };
        Ok(self)
    }

    /// The same value, handed on as the content of a `Some` or a newtype.
    fn again(self) -> Result<Self, Fault> {
        Ok(Self { depth: self.depth.again()?, ..self })
    }

    fn seq<'de, V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        let (elements, depth) = match self.value {
            Value::List(items) | Value::Tuple(items) | Value::Set(items) | Value::FrozenSet(items) => {
                (Elements::Items(items), self.depth.inside()?)
            }
            Value::Bytes(bytes) | Value::ByteArray(bytes) => (Elements::Bytes(bytes), self.depth),
            Value::Complex(re, im) => (Elements::Items(Items::new([re.into(), im.into()])), self.depth),
            _ => return self.scalar(visitor),
        };
        let mut sequence = Sequence { elements, at: 0, depth, reads: self.reads };
        let made = visitor.visit_seq(&mut sequence)?;
        complete(sequence.at, sequence.elements.len()).map(|()| made)
    }

    fn map<'de, V: Visitor<'de>>(self, entries: Entries, keys: Keys, visitor: V) -> Result<V::Value, Fault> {
        let mut pairs = Pairs { entries, keys, at: 0, depth: self.depth.inside()?, reads: self.reads };
        let made = visitor.visit_map(&mut pairs)?;
        complete(pairs.at, pairs.entries.len()).map(|()| made)
    }

    /// Reads what holds no other values; all else is refused.
    fn scalar<'de, V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        match self.value {
            Value::None => visitor.visit_unit(),
            Value::Bool(truth) => visitor.visit_bool(truth),
            Value::Int(number) => match u64::try_from(number) {
                Ok(number) => visitor.visit_u64(number),
                Err(_) => visitor.visit_i64(number),
            },
            Value::BigInt(_) => {
                if let Ok(number) = self.value.clone().to::<u64>() {
                    visitor.visit_u64(number)
                } else if let Ok(number) = self.value.clone().to::<i128>() {
                    visitor.visit_i128(number)
                } else if let Ok(number) = self.value.clone().to::<u128>() {
                    visitor.visit_u128(number)
                } else {
                    Err(refused(&visitor, &self.value))
                }
            }
            Value::Float(number) => visitor.visit_f64(number),
            Value::Text(text) => visitor.visit_str(&text),
            Value::Bytes(bytes) | Value::ByteArray(bytes) => visitor.visit_bytes(&bytes),
            other => Err(refused(&visitor, &other)),
        }
    }

    /// Reads an integer by the visitor's method for its very type where it fits.
    fn int<'de, V: Visitor<'de>, T: FromValue>(
        self,
        visitor: V,
        visit: fn(V, T) -> Result<V::Value, Fault>,
    ) -> Result<V::Value, Fault> {
        let this = self.opened(&visitor)?;
        match T::from_value(this.value.clone()) {
            Ok(number) => visit(visitor, number),
            // The visitor might see no integer in it at all.
            Err(error) if matches!(this.value, Value::BigInt(_)) => Err(error.into()),
            Err(_) => de::Deserializer::deserialize_any(this, visitor),
        }
    }
}

/// The error for a value that the visitor has no method for.
fn refused(wanted: &dyn Expected, found: &Value) -> Fault {
    unlike(&wanted.to_string(), found).into()
}

/// Refuses data that takes only some of the items that are there.
fn complete(taken: usize, all: usize) -> Result<(), Fault> {
    if taken == all { Ok(()) } else { Err(Error::convert(format!("{taken} items"), format!("{all} items")).into()) }
}

macro_rules! ints {
    ($($method:ident $visit:ident),* $(,)?) => {$(
        fn $method<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
            self.int(visitor, V::$visit)
        }
    )*};
}

macro_rules! sequences {
    ($($method:ident($($unused:ident: $type:ty),*)),* $(,)?) => {$(
        fn $method<V: Visitor<'de>>(self, $($unused: $type,)* visitor: V) -> Result<V::Value, Fault> {
            let this = self.opened(&visitor)?;
            match this.value {
                Value::Dict(_) => this.deserialize_any(visitor),
                _ => this.seq(visitor),
            }
        }
    )*};
}

impl<'de> de::Deserializer<'de> for Deserializer<'_> {
    type Error = Fault;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        let mut this = self.opened(&visitor)?;
        match &mut this.value {
            Value::Dict(entries) => {
                let entries = std::mem::take(entries);
                this.map(entries, Keys::Any, visitor)
            }
            Value::Bytes(_) | Value::ByteArray(_) => this.scalar(visitor),
            _ => this.seq(visitor),
        }
    }

    ints! {
        deserialize_i8 visit_i8,
        deserialize_i16 visit_i16,
        deserialize_i32 visit_i32,
        deserialize_i64 visit_i64,
        deserialize_i128 visit_i128,
        deserialize_u8 visit_u8,
        deserialize_u16 visit_u16,
        deserialize_u32 visit_u32,
        deserialize_u64 visit_u64,
        deserialize_u128 visit_u128,
    }

    sequences! {
        deserialize_seq(),
        deserialize_tuple(_len: usize),
        deserialize_tuple_struct(_name: &'static str, _len: usize),
    }

    fn deserialize_f32<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        let this = self.opened(&visitor)?;
        match this.value {
            Value::Float(_) | Value::Int(_) | Value::BigInt(_) => visitor.visit_f32(this.value.to()?),
            _ => this.deserialize_any(visitor),
        }
    }

    fn deserialize_f64<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        let this = self.opened(&visitor)?;
        match this.value {
            // serde's own way from an integer would round.
            Value::Int(_) | Value::BigInt(_) => visitor.visit_f64(this.value.to()?),
            _ => this.deserialize_any(visitor),
        }
    }

    fn deserialize_str<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        let this = self.opened(&visitor)?;
        match this.value {
            // serde would take bytes for text if they could be some.
            Value::Bytes(_) | Value::ByteArray(_) => Err(refused(&visitor, &this.value)),
            _ => this.deserialize_any(visitor),
        }
    }

    fn deserialize_string<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        self.deserialize_str(visitor)
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        let this = self.opened(&visitor)?;
        match this.value {
            Value::None => visitor.visit_none(),
            _ => visitor.visit_some(this.again()?),
        }
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(self, _name: &'static str, visitor: V) -> Result<V::Value, Fault> {
        visitor.visit_newtype_struct(self.again()?)
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _name: &'static str,
        _fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Fault> {
        let mut this = self.opened(&visitor)?;
        match &mut this.value {
            Value::Dict(entries) => {
                let entries = std::mem::take(entries);
                this.map(entries, Keys::Fields, visitor)
            }
            _ => this.deserialize_any(visitor),
        }
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _name: &'static str,
        _variants: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Fault> {
        let Self { value, depth, reads } = self.opened(&visitor)?;
        let found = match &value {
            Value::Text(name) => return visitor.visit_enum(Variant { name: name.clone(), content: None, reads }),
            Value::Dict(entries) => match &**entries {
                [(Value::Text(name), content)] => {
                    let content = Deserializer { value: content.clone(), depth: depth.inside()?, reads };
                    return visitor.visit_enum(Variant { name: name.clone(), content: Some(content), reads });
                }
                [(key, _)] => format!("{} as its name", key.kind()),
                entries => format!("dict of {} entries", entries.len()),
            },
            other => return Err(refused(&visitor, other)),
        };
        Err(Error::convert((&visitor as &dyn Expected).to_string(), found).into())
    }

    /// Passes over the value without a look: it may be one that nothing could be made of.
    fn deserialize_ignored_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        visitor.visit_unit()
    }

    serde::forward_to_deserialize_any! {
        bool char bytes byte_buf unit unit_struct map identifier
    }
}

/// What a sequence is made of.
enum Elements {
    Items(Items),
    Bytes(Arc<[u8]>),
}

impl Elements {
    fn len(&self) -> usize {
        match self {
            Elements::Items(items) => items.len(),
            Elements::Bytes(bytes) => bytes.len(),
        }
    }

    fn get(&self, at: usize) -> Option<Value> {
        match self {
            Elements::Items(items) => items.get(at).cloned(),
            Elements::Bytes(bytes) => bytes.get(at).map(|&byte| byte.into()),
        }
    }
}

/// Reads a sequence, one element after the other.
struct Sequence<'r> {
    elements: Elements,
    at: usize,
    depth: Depth,
    reads: &'r Reads,
}

impl<'de> SeqAccess<'de> for Sequence<'_> {
    type Error = Fault;

    fn next_element_seed<T: DeserializeSeed<'de>>(&mut self, seed: T) -> Result<Option<T::Value>, Fault> {
        let Some(value) = self.elements.get(self.at) else {
            return Ok(None);
        };
        let at = self.at;
        self.at += 1;
        let made = seed.deserialize(Deserializer { value, depth: self.depth, reads: self.reads });
        made.map(Some).map_err(|fault| fault.within(format!("[{at}]")))
    }

    fn size_hint(&self) -> Option<usize> {
        Some(self.elements.len().saturating_sub(self.at))
    }
}

/// What the keys of a dict mean.
enum Keys {
    /// Names of fields.
    Fields,
    /// Data of their own.
    Any,
}

/// Reads a dict, one entry after the other.
struct Pairs<'r> {
    entries: Entries,
    keys: Keys,
    /// Entries whose keys were read.
    at: usize,
    depth: Depth,
    reads: &'r Reads,
}

impl<'de> MapAccess<'de> for Pairs<'_> {
    type Error = Fault;

    fn next_key_seed<K: DeserializeSeed<'de>>(&mut self, seed: K) -> Result<Option<K::Value>, Fault> {
        let Some((key, _)) = self.entries.get(self.at) else {
            return Ok(None);
        };
        self.at += 1;
        let made = Deserializer { value: key.clone(), depth: self.depth, reads: self.reads };
        match (&self.keys, key) {
            (Keys::Fields, Value::Text(_)) => seed.deserialize(made).map(Some),
            // The code that serde derives would take a number for the place of a field among the others.
            (Keys::Fields, _) => Err(unlike("texts for keys", key).into()),
            (Keys::Any, _) => {
                seed.deserialize(made).map(Some).map_err(|fault| fault.within(format!("key {}", short(key))))
            }
        }
    }

    fn next_value_seed<V: DeserializeSeed<'de>>(&mut self, seed: V) -> Result<V::Value, Fault> {
        let Some((key, value)) = self.at.checked_sub(1).and_then(|at| self.entries.get(at)) else {
            return Err(Error::Misuse("`next_value` needs `next_key` before it".into()).into());
        };
        let made = seed.deserialize(Deserializer { value: value.clone(), depth: self.depth, reads: self.reads });
        made.map_err(|fault| match (&self.keys, key) {
            (Keys::Fields, Value::Text(name)) => fault.within(name_step(name)),
            _ => fault.within(key_step(key)),
        })
    }

    fn size_hint(&self) -> Option<usize> {
        Some(self.entries.len().saturating_sub(self.at))
    }
}

/// Reads an enum: the name of the variant first, then the content, if there is some.
struct Variant<'r> {
    name: Arc<str>,
    content: Option<Deserializer<'r>>,
    reads: &'r Reads,
}

impl<'r> Variant<'r> {
    /// Reads the content by `read`.
    fn content<T>(self, read: impl FnOnce(Deserializer<'r>) -> Result<T, Fault>) -> Result<T, Fault> {
        let made = match self.content {
            Some(content) => read(content),
            None => Err(Error::convert("the content of this variant", "nothing").into()),
        };
        made.map_err(|fault| fault.within(name_step(&self.name)))
    }
}

impl<'de> EnumAccess<'de> for Variant<'_> {
    type Error = Fault;
    type Variant = Self;

    fn variant_seed<V: DeserializeSeed<'de>>(self, seed: V) -> Result<(V::Value, Self), Fault> {
        let made = seed.deserialize(Deserializer::new(Value::Text(self.name.clone()), self.reads))?;
        Ok((made, self))
    }
}

impl<'de> VariantAccess<'de> for Variant<'_> {
    type Error = Fault;

    fn unit_variant(self) -> Result<(), Fault> {
        if self.content.is_none() { Ok(()) } else { self.content(de::Deserialize::deserialize) }
    }

    fn newtype_variant_seed<T: DeserializeSeed<'de>>(self, seed: T) -> Result<T::Value, Fault> {
        self.content(|content| seed.deserialize(content))
    }

    fn tuple_variant<V: Visitor<'de>>(self, len: usize, visitor: V) -> Result<V::Value, Fault> {
        self.content(|content| de::Deserializer::deserialize_tuple(content, len, visitor))
    }

    fn struct_variant<V: Visitor<'de>>(self, fields: &'static [&'static str], visitor: V) -> Result<V::Value, Fault> {
        self.content(|content| de::Deserializer::deserialize_struct(content, "", fields, visitor))
    }
}
