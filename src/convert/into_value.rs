//! Rust's types on their way out: what becomes a copy, what a reference.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::sync::Arc;

use crate::error::Error;
use crate::host::Own;
use crate::hosts::{ByteArray, Dict, Function, List, Set};
use crate::promise::Promise;
use crate::proxy::Proxy;
use crate::table::Handle;
use crate::value::{BigInt, Entries, Items, Ref, Value};

use super::TypeText;

/// A type that can be made a value: an argument, a result, what an attribute is set to.
///
/// What is given away is copied: a `Vec` goes as the contents of a list, a `HashMap` as those of a dict. An object stays
/// where it is, and a reference goes: that of an [`Own`], a [`Proxy`], a typed proxy, an `Arc` of an exported type, and
/// of the containers that others are to change, such as [`hosts::List`](List).
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be given to a peer",
    label = "it does not implement `IntoValue`",
    note = "a struct or enum that travels by copy has `#[derive(wherever::ValueType)]`; what serde knows is given as \
            `wherever::Serde(_)`; an object that stays here has `#[wherever::export]` above an `impl` block, and is \
            given as itself or in an `Arc`"
)]
pub trait IntoValue: Sized {
    /// Makes the value.
    ///
    /// # Errors
    /// Why it cannot be one. Only types that are serialised can fail.
    fn into_value(self) -> Result<Value, Error>;

    /// The type as it stands in a signature that peers are told.
    fn type_text() -> TypeText {
        super::OBJECT
    }

    /// Makes a value of many. Only bytes do this in a way of their own.
    #[doc(hidden)]
    fn many_into_value(many: Vec<Self>) -> Result<Value, Error> {
        items(many).map(Value::List)
    }

    /// What [`Self::many_into_value`] gives, as it stands in a signature.
    #[doc(hidden)]
    fn many_text() -> TypeText {
        format!("list[{}]", Self::type_text()).into()
    }
}

fn items<T: IntoValue>(many: impl IntoIterator<Item = T>) -> Result<Items, Error> {
    many.into_iter().enumerate().map(|(at, item)| item.into_value().map_err(|e| e.within(format!("[{at}]")))).collect()
}

fn entries<K: IntoValue, V: IntoValue>(pairs: impl IntoIterator<Item = (K, V)>) -> Result<Entries, Error> {
    pairs.into_iter().map(|(key, value)| Ok((key.into_value()?, value.into_value()?))).collect()
}

macro_rules! certain {
    ($($type:ty => $text:literal),* $(,)?) => {$(
        impl IntoValue for $type {
            fn into_value(self) -> Result<Value, Error> {
                Ok(self.into())
            }

            fn type_text() -> TypeText {
                $text.into()
            }
        }
    )*};
}

certain! {
    Value => "object", &Value => "object", () => "None", bool => "bool",
    i8 => "int", i16 => "int", i32 => "int", i64 => "int", i128 => "int", isize => "int",
    u16 => "int", u32 => "int", u64 => "int", u128 => "int", usize => "int", BigInt => "int",
    f32 => "float", f64 => "float",
    &str => "str", String => "str", &String => "str", Arc<str> => "str", char => "str",
    Own => "object", &Own => "object", Handle => "object", &Handle => "object", Ref => "object",
    Promise => "object", &Promise => "object",
    Function => "function", List => "list", Dict => "dict", Set => "set", ByteArray => "bytearray",
}

impl IntoValue for u8 {
    fn into_value(self) -> Result<Value, Error> {
        Ok(self.into())
    }

    fn type_text() -> TypeText {
        "int".into()
    }

    /// Immutable bytes.
    fn many_into_value(many: Vec<Self>) -> Result<Value, Error> {
        Ok(many.into())
    }

    fn many_text() -> TypeText {
        "bytes".into()
    }
}

impl IntoValue for Proxy {
    fn into_value(self) -> Result<Value, Error> {
        (&self).into_value()
    }
}

impl IntoValue for &Proxy {
    fn into_value(self) -> Result<Value, Error> {
        if self.has_path() {
            let text = "a path is no reference yet: read the attribute, and give what that gives";
            return Err(Error::Misuse(text.into()));
        }
        Ok(self.into())
    }
}

impl IntoValue for Cow<'_, str> {
    fn into_value(self) -> Result<Value, Error> {
        Ok(Value::text(self))
    }

    fn type_text() -> TypeText {
        "str".into()
    }
}

impl IntoValue for Arc<[u8]> {
    fn into_value(self) -> Result<Value, Error> {
        Ok(Value::Bytes(self))
    }

    fn type_text() -> TypeText {
        "bytes".into()
    }
}

impl<T: IntoValue> IntoValue for Option<T> {
    fn into_value(self) -> Result<Value, Error> {
        self.map_or(Ok(Value::None), IntoValue::into_value)
    }

    fn type_text() -> TypeText {
        super::optional_text(T::type_text())
    }
}

impl<T: IntoValue> IntoValue for Box<T> {
    fn into_value(self) -> Result<Value, Error> {
        (*self).into_value()
    }

    fn type_text() -> TypeText {
        T::type_text()
    }
}

impl<T: IntoValue> IntoValue for Vec<T> {
    /// The contents of a list; of `Vec<u8>` immutable bytes.
    fn into_value(self) -> Result<Value, Error> {
        T::many_into_value(self)
    }

    fn type_text() -> TypeText {
        T::many_text()
    }
}

impl<T: IntoValue + Clone> IntoValue for &[T] {
    /// As a `Vec` of them.
    fn into_value(self) -> Result<Value, Error> {
        T::many_into_value(self.to_vec())
    }

    fn type_text() -> TypeText {
        T::many_text()
    }
}

impl<T: IntoValue, const N: usize> IntoValue for [T; N] {
    /// As a `Vec` of them.
    fn into_value(self) -> Result<Value, Error> {
        T::many_into_value(self.into())
    }

    fn type_text() -> TypeText {
        T::many_text()
    }
}

impl<T: IntoValue + Clone, const N: usize> IntoValue for &[T; N] {
    /// As a `Vec` of them.
    fn into_value(self) -> Result<Value, Error> {
        self.as_slice().into_value()
    }

    fn type_text() -> TypeText {
        T::many_text()
    }
}

macro_rules! sets {
    ($($set:ident $(, $hasher:ident)?);*) => {$(
        impl<T: IntoValue $(, $hasher)?> IntoValue for $set<T $(, $hasher)?> {
            /// The contents of a set.
            fn into_value(self) -> Result<Value, Error> {
                items(self).map(Value::Set)
            }

            fn type_text() -> TypeText {
                format!("set[{}]", T::type_text()).into()
            }
        }
    )*};
}

sets!(BTreeSet; HashSet, S);

macro_rules! maps {
    ($($map:ident $(, $hasher:ident)?);*) => {$(
        impl<K: IntoValue, V: IntoValue $(, $hasher)?> IntoValue for $map<K, V $(, $hasher)?> {
            /// The contents of a dict.
            fn into_value(self) -> Result<Value, Error> {
                entries(self).map(Value::Dict)
            }

            fn type_text() -> TypeText {
                format!("dict[{}, {}]", K::type_text(), V::type_text()).into()
            }
        }
    )*};
}

maps!(BTreeMap; HashMap, S);

macro_rules! tuples {
    ($(($($name:ident)+))+) => {$(
        impl<$($name: IntoValue),+> IntoValue for ($($name,)+) {
            #[allow(non_snake_case, reason = "each part is named after its type")]
            fn into_value(self) -> Result<Value, Error> {
                let ($($name,)+) = self;
                Ok(Value::tuple([$($name.into_value()?),+]))
            }

            fn type_text() -> TypeText {
                super::tuple_text(&[$($name::type_text()),+])
            }
        }
    )+};
}

tuples! {
    (A)
    (A B)
    (A B C)
    (A B C D)
    (A B C D E)
    (A B C D E F)
}
