//! Any bytes as a payload: no panic, no heap beyond the bound, and what is decoded can be sent on and arrives equal.
//!
//! The first byte picks the payload: arguments, result, items or error. A few values stand for its references.
#![cfg_attr(fuzzing, no_main)]

use std::fmt::Debug;

use wherever::Value;
use wherever::hosts::Function;
use wherever::limits::Limits;
use wherever::value::Ref;
use wherever::wire::Malformed;
use wherever::wire::payload::{
    ItemsEncoder, Payload, decode_arguments, decode_error, decode_items, decode_result, encode_arguments, encode_error,
    encode_result,
};
use wherever_fuzz::{heap_bound, target};

/// Pairs of values that are compared at most: sharing may unfold to more than there is time for.
const COMPARED_MAX: u32 = 100_000;

fn run(bytes: &[u8]) {
    let Some((kind, payload)) = bytes.split_first() else { return };
    let slots = slots();
    match kind % 4 {
        0 => arguments(payload, &slots),
        1 => result(payload, &slots),
        2 => items(payload, &slots),
        _ => error(payload, &slots),
    }
}

/// What the references of a message stand for: two objects, a copy that an answer held, and nothing.
fn slots() -> Vec<Value> {
    let object = |name| Value::from(Function::new(name, |_, _| Ok(Value::None)));
    let held = Value::tuple([Value::Int(-1), Value::tuple([Value::text("held")])]);
    vec![object("one"), object("two"), held, Value::None]
}

fn all(_name: &str, _version: u32) -> bool {
    true
}

fn refs(payload: &Payload) -> Vec<Value> {
    payload.refs.iter().cloned().map(Value::Ref).collect()
}

/// What was encoded here must be decodable here.
fn ours<T>(decoded: Result<T, Malformed>, payload: &Payload) -> T {
    must(decoded, &format!("own payload refused: {payload:02x?}"))
}

#[allow(clippy::panic, reason = "a panic is how a fuzz target reports a finding")]
fn must<T, E: Debug>(result: Result<T, E>, what: &str) -> T {
    result.unwrap_or_else(|error| panic!("{what}: {error:?}"))
}

fn arguments(bytes: &[u8], slots: &[Value]) {
    let limits = Limits::default();
    let Ok(first) = heap_bound(bytes.len(), || decode_arguments(bytes, slots, &limits)) else { return };
    let payload = must(encode_arguments(&first, &all, &limits), "what came cannot be sent on");
    let second = ours(decode_arguments(&payload.bytes, &refs(&payload), &limits), &payload);
    assert_eq!(first.positional.len(), second.positional.len());
    first.positional.iter().zip(&second.positional).for_each(|(one, two)| assert_alike(one, two));
    for ((name, one), (again, two)) in first.named.iter().zip(&second.named) {
        assert_eq!(name, again);
        assert_alike(one, two);
    }
    let third = must(encode_arguments(&second, &all, &limits), "what was sent cannot be sent on");
    assert_eq!(payload.bytes, third.bytes, "other bytes the second time");
}

fn result(bytes: &[u8], slots: &[Value]) {
    let limits = Limits::default();
    let Ok(first) = heap_bound(bytes.len(), || decode_result(bytes, slots, &limits)) else { return };
    let payload = must(encode_result(&first, &all, &limits), "what came cannot be sent on");
    let second = ours(decode_result(&payload.bytes, &refs(&payload), &limits), &payload);
    assert_alike(&first, &second);
    let third = must(encode_result(&second, &all, &limits), "what was sent cannot be sent on");
    assert_eq!(payload.bytes, third.bytes, "other bytes the second time");
}

fn items(bytes: &[u8], slots: &[Value]) {
    let limits = Limits::default();
    let Ok(first) = heap_bound(bytes.len(), || decode_items(bytes, slots, &limits)) else { return };
    let mut encoder = ItemsEncoder::new(first.attributes_per_item as u8, &all, &limits);
    for (place, item) in first.items.iter().enumerate() {
        let attributes = first.attributes_of(place).iter();
        let attributes: Vec<_> =
            attributes.map(|attribute| attribute.clone().map(|result| result.map_err(|error| *error))).collect();
        must(encoder.push(item, &attributes), "what came cannot be sent on");
    }
    let payload = encoder.finish();
    let second = ours(decode_items(&payload.bytes, &refs(&payload), &limits), &payload);
    assert_eq!(first.items.len(), second.items.len());
    first.items.iter().zip(&second.items).for_each(|(one, two)| assert_alike(one, two));
    for (one, two) in first.attributes.iter().zip(&second.attributes) {
        match (one, two) {
            (Some(Ok(one)), Some(Ok(two))) => assert_alike(one, two),
            (one, two) => assert_eq!(
                one.as_ref().map(|result| result.is_err()),
                two.as_ref().map(|result| result.is_err()),
                "an attribute came back as another kind of result"
            ),
        }
    }
}

/// An error may be cut when it is sent on, but only the first time.
fn error(bytes: &[u8], slots: &[Value]) {
    let limits = Limits::default();
    let Ok(first) = heap_bound(bytes.len(), || decode_error(bytes, slots, &limits)) else { return };
    let payload = encode_error(&first, &all, &limits);
    let second = ours(decode_error(&payload.bytes, &refs(&payload), &limits), &payload);
    assert_eq!(std::mem::discriminant(&first), std::mem::discriminant(&second), "another kind of error came back");
    let again = encode_error(&second, &all, &limits);
    let third = ours(decode_error(&again.bytes, &refs(&again), &limits), &again);
    assert_eq!(again.bytes, encode_error(&third, &all, &limits).bytes, "other bytes the third time");
}

fn assert_alike(one: &Value, two: &Value) {
    let mut walk = Walk { above: Vec::new(), left: COMPARED_MAX };
    assert!(walk.alike(one, two), "another value came back: {} as {}", one.kind(), two.kind());
}

/// Compares two values, cycles included, which are equal if they lead up equally far.
struct Walk<'a> {
    above: Vec<(&'a Value, &'a Value)>,
    left: u32,
}

impl<'a> Walk<'a> {
    fn alike(&mut self, one: &'a Value, two: &'a Value) -> bool {
        self.left = self.left.saturating_sub(1);
        if self.left == 0 {
            return true;
        }
        self.above.push((one, two));
        let alike = self.alike_inside(one, two);
        self.above.pop();
        alike
    }

    fn alike_inside(&mut self, one: &'a Value, two: &'a Value) -> bool {
        match (one, two) {
            (Value::Tuple(a), Value::Tuple(b))
            | (Value::FrozenSet(a), Value::FrozenSet(b))
            | (Value::List(a), Value::List(b))
            | (Value::Set(a), Value::Set(b)) => {
                a.len() == b.len() && a.iter().zip(b.iter()).all(|(a, b)| self.alike(a, b))
            }
            (Value::Dict(a), Value::Dict(b)) => {
                a.len() == b.len()
                    && a.iter().zip(b.iter()).all(|((k, v), (l, w))| self.alike(k, l) && self.alike(v, w))
            }
            (Value::Typed(a), Value::Typed(b)) => {
                (&a.type_name, a.version) == (&b.type_name, b.version) && self.alike(&a.data, &b.data)
            }
            (Value::Cycle(a), Value::Cycle(b)) => match (a.follow(), b.follow()) {
                (Some(a), Some(b)) => self.height_of(&a, |pair| pair.0) == self.height_of(&b, |pair| pair.1),
                (None, None) => true,
                _ => false,
            },
            (Value::Ref(Ref::Own(a)), Value::Ref(Ref::Own(b))) => a.same(b),
            (one, two) => one == two,
        }
    }

    /// How far above the present place this container stands; nothing if it stands elsewhere.
    fn height_of(&self, container: &Value, side: impl Fn(&(&'a Value, &'a Value)) -> &'a Value) -> Option<usize> {
        self.above.iter().rev().position(|pair| match (side(pair), container) {
            (Value::Tuple(a), Value::Tuple(b))
            | (Value::FrozenSet(a), Value::FrozenSet(b))
            | (Value::List(a), Value::List(b))
            | (Value::Set(a), Value::Set(b)) => a.same(b),
            (Value::Dict(a), Value::Dict(b)) => a.same(b),
            _ => false,
        })
    }
}

target!(run);
