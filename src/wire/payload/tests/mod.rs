//! What goes out comes in, and nothing that a peer sends does harm.

#![allow(clippy::panic, reason = "a test that finds another kind of value has failed")]

mod errors;
mod hostile;
mod round_trip;

use std::any::Any;
use std::sync::Arc;

use parking_lot::RwLock;

use super::*;
use crate::error::Error;
use crate::host::{Arguments, Own};
use crate::limits::Limits;
use crate::shape::{Category, Shape};
use crate::table::{Handle, Id, Origin};
use crate::value::{Cycle, Items as Container, Typed};

struct Nowhere;

impl Origin for Nowhere {
    fn let_go(&self, _id: Id) {}

    fn as_any(self: Arc<Self>) -> Arc<dyn Any + Send + Sync> {
        self
    }

    fn session_number(&self) -> u64 {
        7
    }
}

fn handle(number: u64) -> Handle {
    let shape = Arc::new(RwLock::new(Arc::new(Shape::new("t:T", Category::Instance))));
    Handle::new(Id::theirs(number), Arc::new(Nowhere), shape, None)
}

fn own() -> Own {
    Own::new(TypedHost::new(Arc::new(Typed { type_name: "t:Own".into(), version: 0, data: Value::None })))
}

fn typed(name: &str, data: Value) -> Value {
    Value::Typed(Arc::new(Typed { type_name: name.into(), version: 1, data }))
}

fn all(_name: &str, _version: u32) -> bool {
    true
}

/// The values that the references of a payload stand for, as if they came home.
fn slots(payload: &Payload) -> Vec<Value> {
    payload.refs.iter().cloned().map(Value::Ref).collect()
}

fn there_and_back(value: &Value) -> Value {
    let limits = Limits::default();
    let payload = encode_result(value, &all, &limits).expect("it can be encoded");
    decode_result(&payload.bytes, &slots(&payload), &limits).expect("it can be decoded")
}

fn decoded(bytes: &[u8]) -> Result<Value, super::super::Malformed> {
    decode_result(bytes, &[], &Limits::default())
}

fn list(items: impl IntoIterator<Item = Value>) -> Value {
    Value::List(items.into_iter().collect())
}

fn dict(entries: impl IntoIterator<Item = (Value, Value)>) -> Value {
    Value::Dict(entries.into_iter().collect())
}

/// A list that holds itself, after these.
fn own_holder(before: &[Value]) -> Value {
    let items = Container::unfilled();
    let value = Value::List(items.clone());
    let cycle = Value::Cycle(Cycle::to(&value).expect("a container"));
    items.fill(before.iter().cloned().chain([cycle]).collect());
    value
}

/// A value with everything in it.
fn rich() -> Value {
    let shared = Container::new([Value::Int(7), Value::text("shared")]);
    Value::tuple([
        Value::None,
        Value::Bool(true),
        Value::Int(63),
        Value::Int(-5_000_000),
        Value::from(i128::MIN),
        Value::Float(1.5),
        Value::Complex(0.5, -0.0),
        Value::text("text \u{1f980}"),
        Value::bytes(&b"bytes"[..]),
        Value::ByteArray(b"array"[..].into()),
        Value::FrozenSet(Container::new([Value::Int(1)])),
        typed("t:Date", Value::tuple([Value::Int(2026), Value::tuple([])])),
        dict([(Value::text("k"), Value::List(shared.clone()))]),
        Value::Set(Container::new([Value::Int(2)])),
        Value::List(shared),
        own_holder(&[Value::Int(4)]),
        Value::Ref(Ref::Own(own())),
        Value::Ref(Ref::Remote(handle(3))),
    ])
}
