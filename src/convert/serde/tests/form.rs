//! What becomes what.

use std::collections::{BTreeMap, BTreeSet};
use std::net::Ipv4Addr;

use super::*;
use crate::convert::Serde;
use crate::value::BigInt;

#[derive(Serialize)]
struct Unit;

#[derive(Serialize)]
struct Newtype(u8);

#[derive(Serialize)]
struct Pair(u8, &'static str);

#[derive(Serialize)]
struct Named {
    z: u8,
    a: Option<u8>,
}

#[derive(Serialize)]
enum Kinds {
    Unit,
    Newtype(u8),
    Tuple(u8, u8),
    Struct { z: u8 },
}

#[track_caller]
fn becomes(data: impl Serialize, value: impl Into<Value>) {
    assert_eq!(serialize(&data).unwrap(), value.into());
}

#[test]
fn scalars_have_the_form_that_any_peer_knows() {
    becomes((), Value::None);
    becomes(Unit, Value::None);
    becomes(None::<u8>, Value::None);
    becomes(Some(Some(3_u8)), 3);
    becomes(Newtype(4), 4);
    becomes(true, true);
    becomes((i8::MIN, i16::MIN, i32::MIN), (-128, -32768, i32::MIN));
    becomes(i64::MIN, i64::MIN);
    becomes(u64::MAX, i128::from(u64::MAX));
    becomes(i128::MIN, i128::MIN);
    becomes(u128::MAX, BigInt::new(false, &[0xff; 16]));
    becomes(u128::from(7_u8), 7);
    becomes(0.5_f32, 0.5);
    becomes(1e300, 1e300);
    becomes('ü', "ü");
    becomes("text", "text");
    becomes(Buffer(vec![1, 2]), &[1, 2]);
    becomes(Ipv4Addr::LOCALHOST, "127.0.0.1");
}

#[test]
fn containers_keep_their_kind_and_order() {
    becomes([1_u8, 2], (1, 2));
    becomes((1, "a"), (1, "a"));
    becomes(Pair(1, "a"), (1, "a"));
    becomes(vec![1, 2], list([1.into(), 2.into()]));
    becomes(vec![1_u8, 2], list([1.into(), 2.into()]));
    becomes(BTreeSet::from([1]), list([1.into()]));
    becomes(Vec::<u8>::new(), list([]));
    becomes(Named { z: 1, a: None }, dict([("z", 1.into()), ("a", Value::None)]));
    becomes(BTreeMap::from([(2, "b"), (1, "a")]), dict([(1, "a".into()), (2, "b".into())]));
    becomes(BTreeMap::from([((1, true), ())]), dict([((1, true), Value::None)]));
    // A list could not be a key over there.
    becomes(BTreeMap::from([(vec![vec!['a']], vec![1])]), dict([((("a",),), list([1.into()]))]));
}

#[test]
fn variants_stand_under_their_names() {
    becomes(Kinds::Unit, "Unit");
    becomes(Kinds::Newtype(1), dict([("Newtype", 1.into())]));
    becomes(Kinds::Tuple(1, 2), dict([("Tuple", (1, 2).into())]));
    becomes(Kinds::Struct { z: 1 }, dict([("Struct", dict([("z", 1.into())]))]));
    becomes(BTreeMap::from([("k", Kinds::Unit)]), dict([("k", "Unit".into())]));
}

#[test]
fn the_wrapper_is_its_content() {
    let mut data = Serde(vec![(1_u8, "a".to_owned())]);
    data.push((2, "b".to_owned()));
    assert_eq!(data.len(), 2);
    let value = Value::try_from(data.clone()).unwrap();
    assert_eq!(value, serialize(&*data).unwrap());
    let back: Serde<Vec<(u8, String)>> = value.clone().to().unwrap();
    assert_eq!(back, data);
    assert_eq!(back.into_inner()[1].1, "b");
    // Within what needs no serde, too.
    let (number, inside): (u8, Vec<Serde<(u8, String)>>) = Value::tuple([1.into(), value]).to().unwrap();
    assert_eq!((number, &*inside[0].1), (1, "a"));
    let error = Value::from("x").to::<Serde<u8>>().unwrap_err();
    assert_eq!(error.to_string(), "wanted u8, found text");
}
