//! Random values of every kind, and of every Rust type that is one.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use wherever::Value;
use wherever::value::{BigInt, Typed};
use wherever_tests::sim::Rng;

/// How deep what holds others may be nested.
pub(crate) const DEPTH: usize = 3;

/// A few of what this makes.
pub(crate) fn many<T>(rng: &mut Rng, mut make: impl FnMut(&mut Rng) -> T) -> Vec<T> {
    (0..rng.below(4)).map(|_| make(rng)).collect()
}

/// An integer of any length in bits, so that short ones come up too.
pub(crate) fn wide(rng: &mut Rng) -> u128 {
    let wide = u128::from(rng.bits()) << 64 | u128::from(rng.bits());
    wide >> rng.below(128)
}

pub(crate) fn char(rng: &mut Rng) -> char {
    char::from_u32((rng.bits() >> rng.below(64)) as u32 % 0x11_0000).unwrap_or('\0')
}

pub(crate) fn text(rng: &mut Rng) -> String {
    many(rng, char).into_iter().collect()
}

pub(crate) fn bytes(rng: &mut Rng) -> Vec<u8> {
    many(rng, |rng| rng.bits() as u8)
}

/// Any bit pattern but those that are no number, which do not equal themselves.
pub(crate) fn float(rng: &mut Rng) -> f64 {
    let float = f64::from_bits(rng.bits());
    if float.is_nan() { rng.below(1000) as f64 / 8.0 } else { float }
}

pub(crate) fn maybe<T>(rng: &mut Rng, make: impl FnOnce(&mut Rng) -> T) -> Option<T> {
    rng.chance(70).then(|| make(rng))
}

/// A value of any kind that is copied. One of the types in `types`, if any, is a typed value's.
pub(crate) fn value(rng: &mut Rng, depth: usize, types: &[(&str, u32)]) -> Value {
    let many = |rng: &mut Rng| many(rng, |rng| value(rng, depth - 1, types)).into_iter();
    // The first eight kinds hold no others.
    match rng.below(if depth == 0 { 9 } else { 15 }) {
        0 => Value::None,
        1 => Value::Bool(rng.chance(50)),
        2 => Value::from(wide(rng).cast_signed()),
        3 => BigInt::new(rng.chance(50), &bytes(rng)).into(),
        4 => Value::Float(f64::from_bits(rng.bits())),
        5 => Value::Complex(f64::from_bits(rng.bits()), float(rng)),
        6 => Value::text(text(rng)),
        7 => Value::bytes(bytes(rng)),
        8 => Value::ByteArray(bytes(rng).into()),
        9 => Value::Tuple(many(rng).collect()),
        10 => Value::List(many(rng).collect()),
        11 => Value::Dict(distinct(rng).into_iter().map(|key| (key, value(rng, depth - 1, types))).collect()),
        12 => Value::Set(distinct(rng).into_iter().collect()),
        13 => Value::FrozenSet(distinct(rng).into_iter().collect()),
        _ => match types {
            [] => Value::None,
            types => {
                let (name, version) = types[rng.below(types.len())];
                Value::Typed(Arc::new(Typed { type_name: name.into(), version, data: immutable(rng, depth - 1) }))
            }
        },
    }
}

/// A few values that differ, as the items of a set and the keys of a dict do.
fn distinct(rng: &mut Rng) -> Vec<Value> {
    let mut found: Vec<Value> = Vec::new();
    for value in many(rng, |rng| immutable(rng, 1)) {
        if !found.contains(&value) {
            found.push(value);
        }
    }
    found
}

/// A value that cannot be changed, nor can what it holds.
fn immutable(rng: &mut Rng, depth: usize) -> Value {
    match rng.below(if depth == 0 { 4 } else { 5 }) {
        0 => Value::Bool(rng.chance(50)),
        1 => Value::from(wide(rng)),
        2 => Value::text(text(rng)),
        3 => Value::bytes(bytes(rng)),
        _ => Value::tuple(many(rng, |rng| immutable(rng, depth - 1))),
    }
}

/// A value type of every shape that a struct and a variant can have, with fields of every type that holds no others.
#[derive(Clone, Debug, PartialEq, wherever::ValueType)]
pub(crate) enum Any {
    Nothing,
    Empty {},
    None(),
    Truth(bool),
    Signed(i8, i16, i32, i64, i128, isize),
    Unsigned {
        a: u8,
        b: u16,
        c: u32,
        d: u64,
        e: u128,
        #[wherever(default)]
        f: usize,
    },
    Big(BigInt),
    Floats(f32, f64),
    Text {
        owned: String,
        shared: Arc<str>,
        one: char,
    },
    Bytes(Vec<u8>, Arc<[u8]>),
    Maybe(Option<Box<Any>>),
    List(Vec<Any>),
    ByName(HashMap<String, Any>),
    ByKey(BTreeMap<(bool, Option<char>, Vec<u8>), Any>),
    Sets(BTreeSet<i64>, BTreeSet<String>),
    Pair(Box<(Any, Held<Any>)>),
    Both(Held<Option<i64>>, Held<Vec<u8>>),
}

/// A generic value type.
#[derive(Clone, Debug, PartialEq, wherever::ValueType)]
pub(crate) struct Held<T> {
    pub(crate) r#type: T,
    pub(crate) count: u32,
}

/// A value type without names, and one without fields.
#[derive(Clone, Debug, PartialEq, wherever::ValueType)]
pub(crate) struct Pair(pub(crate) Unit, pub(crate) i64);

#[derive(Clone, Debug, PartialEq, wherever::ValueType)]
pub(crate) struct Unit;

impl Any {
    pub(crate) fn random(rng: &mut Rng, depth: usize) -> Self {
        // The first ten kinds hold no others.
        match rng.below(if depth == 0 { 10 } else { 17 }) {
            0 => Any::Nothing,
            1 => Any::Empty {},
            2 => Any::None(),
            3 => Any::Truth(rng.chance(50)),
            4 => {
                let wide = wide(rng).cast_signed();
                Any::Signed(wide as i8, wide as i16, wide as i32, wide as i64, wide, wide as isize)
            }
            5 => {
                let wide = wide(rng);
                Any::Unsigned {
                    a: wide as u8,
                    b: wide as u16,
                    c: wide as u32,
                    d: wide as u64,
                    e: wide,
                    f: wide as usize,
                }
            }
            6 => Any::Big(BigInt::new(rng.chance(50), &bytes(rng))),
            7 => Any::Floats(rng.below(1 << 24) as f32 / 256.0, float(rng)),
            8 => Any::Text { owned: text(rng), shared: text(rng).into(), one: char(rng) },
            9 => Any::Bytes(bytes(rng), bytes(rng).into()),
            kind => Self::holding(kind, rng, depth - 1),
        }
    }

    fn holding(kind: usize, rng: &mut Rng, depth: usize) -> Self {
        let any = |rng: &mut Rng| Self::random(rng, depth);
        match kind {
            10 => Any::Maybe(maybe(rng, |rng| Box::new(any(rng)))),
            11 => Any::List(many(rng, any)),
            12 => Any::ByName(many(rng, |rng| (text(rng), any(rng))).into_iter().collect()),
            13 => {
                let key = |rng: &mut Rng| (rng.chance(50), maybe(rng, char), bytes(rng));
                Any::ByKey(many(rng, |rng| (key(rng), any(rng))).into_iter().collect())
            }
            14 => Any::Sets(
                many(rng, |rng| wide(rng) as i64).into_iter().collect(),
                many(rng, text).into_iter().collect(),
            ),
            15 => Any::Pair(Box::new((any(rng), Held { r#type: any(rng), count: rng.bits() as u32 }))),
            _ => Any::Both(
                Held { r#type: maybe(rng, |rng| wide(rng) as i64), count: 1 },
                Held { r#type: bytes(rng), count: 2 },
            ),
        }
    }
}

/// Data that crosses by way of serde.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) enum Data {
    Unit,
    Number(i128),
    Float { value: f64 },
    Text(String, char),
    Maybe(Option<Box<Data>>),
    List(Vec<Data>),
    Map(BTreeMap<String, Data>),
}

impl Data {
    pub(crate) fn random(rng: &mut Rng, depth: usize) -> Self {
        match rng.below(if depth == 0 { 4 } else { 7 }) {
            0 => Data::Unit,
            1 => Data::Number(wide(rng).cast_signed()),
            2 => Data::Float { value: float(rng) },
            3 => Data::Text(text(rng), char(rng)),
            4 => Data::Maybe(maybe(rng, |rng| Box::new(Data::random(rng, depth - 1)))),
            5 => Data::List(many(rng, |rng| Data::random(rng, depth - 1))),
            _ => Data::Map(many(rng, |rng| (text(rng), Data::random(rng, depth - 1))).into_iter().collect()),
        }
    }
}
