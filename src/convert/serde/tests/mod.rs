//! Data by way of serde: its form, there and back, what is refused and how, random and hostile data.
#![allow(dead_code, reason = "what is deserialised is looked at as a whole")]

mod back;
mod crossing;
mod deep;
mod form;
mod hostile;
mod own;
mod random;
mod refused;

use std::fmt::Debug;

use serde::de::{SeqAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::{deserialize, serialize};
use crate::error::Error;
use crate::value::Value;

/// Bytes as bytes: what a type does that says so itself.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
struct Buffer(Vec<u8>);

impl Serialize for Buffer {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_bytes(&self.0)
    }
}

impl<'de> Deserialize<'de> for Buffer {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Bytes;

        impl<'de> Visitor<'de> for Bytes {
            type Value = Buffer;

            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("bytes")
            }

            fn visit_bytes<E>(self, bytes: &[u8]) -> Result<Buffer, E> {
                Ok(Buffer(bytes.to_vec()))
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut sequence: A) -> Result<Buffer, A::Error> {
                let mut bytes = Vec::new();
                while let Some(byte) = sequence.next_element()? {
                    bytes.push(byte);
                }
                Ok(Buffer(bytes))
            }
        }

        deserializer.deserialize_byte_buf(Bytes)
    }
}

fn list(items: impl IntoIterator<Item = Value>) -> Value {
    Value::List(items.into_iter().collect())
}

fn dict<K: Into<Value>>(entries: impl IntoIterator<Item = (K, Value)>) -> Value {
    Value::Dict(entries.into_iter().map(|(key, value)| (key.into(), value)).collect())
}

#[track_caller]
fn made<T: serde::de::DeserializeOwned>(value: impl Into<Value>) -> T {
    deserialize(value.into()).unwrap()
}

#[track_caller]
fn comes_back<T: Serialize + serde::de::DeserializeOwned + PartialEq + Debug>(data: T) {
    let value = serialize(&data).unwrap();
    assert_eq!(deserialize::<T>(value.clone()).unwrap(), data, "{value:?}");
}

/// The text of the error for a value that is not of the type.
#[track_caller]
fn message<T: serde::de::DeserializeOwned + Debug>(value: impl Into<Value>) -> String {
    match deserialize::<T>(value.into()) {
        Err(error @ Error::Convert(_)) => error.to_string(),
        other => panic!("not refused so: {other:?}"),
    }
}
