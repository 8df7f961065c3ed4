//! Values of the wrong kind everywhere: each is refused or taken, none does harm.

use std::collections::{BTreeMap, HashMap};
use std::net::IpAddr;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use serde::de::IgnoredAny;

use super::random::Random;
use super::*;
use crate::value::{BigInt, Cycle, Entries, Items, Typed};

#[derive(Deserialize, Debug)]
struct Fields {
    a: u8,
    b: Option<Box<Fields>>,
    #[serde(default)]
    c: Vec<Kinds>,
}

#[derive(Deserialize, Debug)]
enum Kinds {
    A,
    B(u8),
    C(u8, Option<i128>),
    #[serde(other)]
    D,
}

#[derive(Deserialize, Debug)]
#[serde(tag = "a", content = "b")]
enum Adjacent {
    A,
    B(Box<Adjacent>),
    C { a: f32 },
}

#[derive(Deserialize, Debug)]
#[serde(tag = "a")]
enum Internal {
    A,
    B(BTreeMap<String, Internal>),
    C { b: f32 },
}

#[derive(Deserialize, Debug)]
#[serde(untagged)]
enum Untagged {
    A(u8),
    B(Option<Fields>),
    C(Vec<Untagged>),
    D(HashMap<i64, Untagged>),
}

#[derive(Deserialize, Debug)]
struct Flat {
    #[serde(flatten)]
    a: Adjacent,
    #[serde(flatten)]
    rest: HashMap<String, Untagged>,
}

/// A value of any kind, whose keys and texts are often those that the types above know.
fn value(random: &mut Random, depth: u32) -> Value {
    match random.below(if depth == 0 { 9 } else { 16 }) {
        0 => Value::None,
        1 => Value::Bool(true),
        2 => Value::Int(random.wide() as i64),
        3 => BigInt::new(random.below(2) == 1, &vec![1; random.below(20) as usize]).into(),
        4 => Value::Float(random.float()),
        5 => Value::Complex(random.float(), 0.0),
        6 => Value::text(["a", "b", "c", "A", "B", "C", "D", "x", ""][random.below(9) as usize]),
        7 => Value::Bytes([1, 2][..].into()),
        8 => Value::ByteArray(Arc::default()),
        9 => Value::Tuple(items(random, depth)),
        10 => Value::List(items(random, depth)),
        11 => Value::FrozenSet(items(random, depth)),
        12 => Value::Set(items(random, depth)),
        13 => {
            let data = value(random, depth - 1);
            Value::Typed(Arc::new(Typed { type_name: "py:T".into(), version: 0, data }))
        }
        14 => Cycle::to(&Value::List(items(random, depth))).map_or(Value::None, Value::Cycle),
        _ => {
            Value::Dict((0..random.below(4)).map(|_| (value(random, 0), value(random, depth - 1))).collect::<Entries>())
        }
    }
}

fn items(random: &mut Random, depth: u32) -> Items {
    (0..random.below(4)).map(|_| value(random, depth - 1)).collect()
}

/// Whether the value is taken. A refusal is one that tells why.
fn taken<T: serde::de::DeserializeOwned>(value: &Value) -> bool {
    match deserialize::<T>(value.clone()) {
        Ok(_) => true,
        Err(Error::Convert(error)) => {
            assert!(!error.wanted.is_empty() && !error.found.is_empty(), "{error}");
            false
        }
        Err(error) => panic!("{error}: {value:?}"),
    }
}

#[test]
fn values_of_any_kind_are_taken_or_refused() {
    let mut random = Random(2);
    let (mut all, mut sum) = (0, 0);
    for _ in 0..20_000 {
        let value = value(&mut random, 4);
        let answers = [
            taken::<Fields>(&value),
            taken::<Kinds>(&value),
            taken::<Vec<Kinds>>(&value),
            taken::<Adjacent>(&value),
            taken::<Internal>(&value),
            taken::<Untagged>(&value),
            taken::<Flat>(&value),
            taken::<BTreeMap<String, Option<(u8, f64)>>>(&value),
            taken::<[Buffer; 2]>(&value),
            taken::<Result<(), char>>(&value),
            taken::<IpAddr>(&value),
            taken::<Duration>(&value),
            taken::<SystemTime>(&value),
            taken::<f32>(&value),
            taken::<i128>(&value),
            taken::<bool>(&value),
            taken::<String>(&value),
        ];
        all += answers.len();
        sum += answers.iter().filter(|taken| **taken).count();
        assert!(taken::<IgnoredAny>(&value));
    }
    assert!(sum > all / 100 && sum < all / 2, "{sum} of {all} are taken");
}

#[test]
fn a_long_sequence_is_not_reserved_for_by_its_type() {
    let empty = Value::List((0..100_000).map(|_| Value::None).collect());
    assert_eq!(made::<Vec<Option<[u64; 32]>>>(empty).len(), 100_000);
}
