//! Data to values: what serde's `Serialize` is given to write into.

use serde::Serialize;
use serde::ser::{
    self, SerializeMap, SerializeSeq, SerializeStruct, SerializeStructVariant, SerializeTuple, SerializeTupleStruct,
    SerializeTupleVariant,
};

use crate::error::Error;
use crate::value::{Entries, Items, Value};

use super::fault::Fault;
use super::{Depth, key_step};

/// Makes one value.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Serializer {
    depth: Depth,
    /// Whether the value is a key, or stands in one. A list cannot be a key in most languages, a tuple can.
    in_key: bool,
}

impl Serializer {
    fn inside(self) -> Result<Self, Fault> {
        Ok(Self { depth: self.depth.inside()?, ..self })
    }

    fn again(self) -> Result<Self, Fault> {
        Ok(Self { depth: self.depth.again()?, ..self })
    }

    /// For a variant's name, which holds the content.
    fn inside_variant(self, variant: Option<&'static str>) -> Result<Self, Fault> {
        if variant.is_some() { self.inside() } else { Ok(self) }
    }

    fn items(self, form: fn(Items) -> Value, variant: Option<&'static str>) -> Result<ItemsMaker, Fault> {
        let each = self.inside_variant(variant)?.inside()?;
        Ok(ItemsMaker { each, items: Vec::new(), form, variant })
    }

    fn entries(self, variant: Option<&'static str>) -> Result<EntriesMaker, Fault> {
        let each = self.inside_variant(variant)?.inside()?;
        Ok(EntriesMaker { each, entries: Vec::new(), key: None, variant })
    }
}

/// The content of a variant under its name; without a variant, the content alone.
fn named(variant: Option<&'static str>, content: Value) -> Value {
    match variant {
        Some(name) => Value::Dict(Entries::new([(Value::text(name), content)])),
        None => content,
    }
}

/// The error, its place prefixed by that in the container and by the variant, if there is one.
fn within(fault: Fault, variant: Option<&'static str>, step: &str) -> Fault {
    let fault = fault.within(step);
    match variant {
        Some(name) => fault.within(name),
        None => fault,
    }
}

macro_rules! scalars {
    ($($method:ident: $type:ty),* $(,)?) => {$(
        fn $method(self, data: $type) -> Result<Value, Fault> {
            Ok(Value::from(data))
        }
    )*};
}

impl ser::Serializer for Serializer {
    type Ok = Value;
    type Error = Fault;
    type SerializeSeq = ItemsMaker;
    type SerializeTuple = ItemsMaker;
    type SerializeTupleStruct = ItemsMaker;
    type SerializeTupleVariant = ItemsMaker;
    type SerializeMap = EntriesMaker;
    type SerializeStruct = EntriesMaker;
    type SerializeStructVariant = EntriesMaker;

    scalars! {
        serialize_bool: bool,
        serialize_i8: i8,
        serialize_i16: i16,
        serialize_i32: i32,
        serialize_i64: i64,
        serialize_i128: i128,
        serialize_u8: u8,
        serialize_u16: u16,
        serialize_u32: u32,
        serialize_u64: u64,
        serialize_u128: u128,
        serialize_f32: f32,
        serialize_f64: f64,
        serialize_char: char,
        serialize_str: &str,
        serialize_bytes: &[u8],
    }

    fn serialize_none(self) -> Result<Value, Fault> {
        Ok(Value::None)
    }

    fn serialize_some<T: Serialize + ?Sized>(self, data: &T) -> Result<Value, Fault> {
        data.serialize(self.again()?)
    }

    fn serialize_unit(self) -> Result<Value, Fault> {
        Ok(Value::None)
    }

    fn serialize_unit_struct(self, _name: &'static str) -> Result<Value, Fault> {
        Ok(Value::None)
    }

    fn serialize_unit_variant(self, _name: &'static str, _at: u32, variant: &'static str) -> Result<Value, Fault> {
        Ok(Value::text(variant))
    }

    fn serialize_newtype_struct<T: Serialize + ?Sized>(self, _name: &'static str, data: &T) -> Result<Value, Fault> {
        data.serialize(self.again()?)
    }

    fn serialize_newtype_variant<T: Serialize + ?Sized>(
        self,
        _name: &'static str,
        _at: u32,
        variant: &'static str,
        data: &T,
    ) -> Result<Value, Fault> {
        let content = data.serialize(self.inside()?).map_err(|fault| fault.within(variant))?;
        Ok(named(Some(variant), content))
    }

    fn serialize_seq(self, _len: Option<usize>) -> Result<ItemsMaker, Fault> {
        self.items(if self.in_key { Value::Tuple } else { Value::List }, None)
    }

    fn serialize_tuple(self, _len: usize) -> Result<ItemsMaker, Fault> {
        self.items(Value::Tuple, None)
    }

    fn serialize_tuple_struct(self, _name: &'static str, _len: usize) -> Result<ItemsMaker, Fault> {
        self.items(Value::Tuple, None)
    }

    fn serialize_tuple_variant(
        self,
        _name: &'static str,
        _at: u32,
        variant: &'static str,
        _len: usize,
    ) -> Result<ItemsMaker, Fault> {
        self.items(Value::Tuple, Some(variant))
    }

    fn serialize_map(self, _len: Option<usize>) -> Result<EntriesMaker, Fault> {
        self.entries(None)
    }

    fn serialize_struct(self, _name: &'static str, _len: usize) -> Result<EntriesMaker, Fault> {
        self.entries(None)
    }

    fn serialize_struct_variant(
        self,
        _name: &'static str,
        _at: u32,
        variant: &'static str,
        _len: usize,
    ) -> Result<EntriesMaker, Fault> {
        self.entries(Some(variant))
    }
}

/// Makes a container of items, one after the other.
pub(super) struct ItemsMaker {
    each: Serializer,
    items: Vec<Value>,
    form: fn(Items) -> Value,
    variant: Option<&'static str>,
}

impl ItemsMaker {
    fn push<T: Serialize + ?Sized>(&mut self, item: &T) -> Result<(), Fault> {
        let step = |fault| within(fault, self.variant, &format!("[{}]", self.items.len()));
        let item = item.serialize(self.each).map_err(step)?;
        self.items.push(item);
        Ok(())
    }

    fn finish(self) -> Result<Value, Fault> {
        Ok(named(self.variant, (self.form)(Items::new(self.items))))
    }
}

macro_rules! items {
    ($($trait:ident $method:ident),* $(,)?) => {$(
        impl $trait for ItemsMaker {
            type Ok = Value;
            type Error = Fault;
            fn $method<T: Serialize + ?Sized>(&mut self, item: &T) -> Result<(), Fault> {
                self.push(item)
            }
            fn end(self) -> Result<Value, Fault> {
                self.finish()
            }
        }
    )*};
}

items! {
    SerializeSeq serialize_element,
    SerializeTuple serialize_element,
    SerializeTupleStruct serialize_field,
    SerializeTupleVariant serialize_field,
}

/// Makes the contents of a dict, one entry after the other.
pub(super) struct EntriesMaker {
    each: Serializer,
    entries: Vec<(Value, Value)>,
    /// The key whose value comes next.
    key: Option<Value>,
    variant: Option<&'static str>,
}

impl EntriesMaker {
    fn field<T: Serialize + ?Sized>(&mut self, name: &'static str, data: &T) -> Result<(), Fault> {
        let value = data.serialize(self.each).map_err(|fault| within(fault, self.variant, name))?;
        self.entries.push((Value::text(name), value));
        Ok(())
    }

    fn finish(self) -> Result<Value, Fault> {
        Ok(named(self.variant, Value::Dict(Entries::new(self.entries))))
    }
}

macro_rules! fields {
    ($($trait:ident),*) => {$(
        impl $trait for EntriesMaker {
            type Ok = Value;
            type Error = Fault;
            fn serialize_field<T: Serialize + ?Sized>(&mut self, name: &'static str, data: &T) -> Result<(), Fault> {
                self.field(name, data)
            }
            fn end(self) -> Result<Value, Fault> {
                self.finish()
            }
        }
    )*};
}

fields!(SerializeStruct, SerializeStructVariant);

impl SerializeMap for EntriesMaker {
    type Ok = Value;
    type Error = Fault;

    fn serialize_key<T: Serialize + ?Sized>(&mut self, key: &T) -> Result<(), Fault> {
        let step = |fault: Fault| fault.within(format!("key {}", self.entries.len()));
        self.key = Some(key.serialize(Serializer { in_key: true, ..self.each }).map_err(step)?);
        Ok(())
    }

    fn serialize_value<T: Serialize + ?Sized>(&mut self, data: &T) -> Result<(), Fault> {
        let Some(key) = self.key.take() else {
            return Err(Error::Misuse("`serialize_value` needs `serialize_key` before it".into()).into());
        };
        let value = data.serialize(self.each).map_err(|fault| fault.within(key_step(&key)))?;
        self.entries.push((key, value));
        Ok(())
    }

    fn end(self) -> Result<Value, Fault> {
        self.finish()
    }
}
