//! What is refused, in which words, and at which place.

use std::collections::{BTreeMap, HashMap};
use std::net::IpAddr;

use serde::{de, ser};

use super::*;
use crate::value::{BigInt, Cycle, Items};

#[derive(Deserialize, Debug)]
#[serde(deny_unknown_fields)]
struct Strict {
    speed: u8,
    #[serde(default)]
    names: Vec<String>,
}

#[derive(Deserialize, Debug)]
#[serde(deny_unknown_fields)]
struct Nothing {}

#[derive(Deserialize, Debug)]
enum Command {
    Stop,
    Go(Strict),
    Turn(u8, u8),
    Paint { color: Option<char> },
}

#[derive(Deserialize, Debug)]
#[serde(tag = "kind")]
enum Internal {
    One { number: u8 },
}

#[derive(Deserialize, Debug)]
#[serde(untagged)]
enum Untagged {
    One { number: u8 },
    Two(u8),
}

/// A number that is even, or an error of its own.
#[derive(Debug)]
struct Even(u8);

impl<'de> Deserialize<'de> for Even {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        match u8::deserialize(deserializer)? {
            number if number.is_multiple_of(2) => Ok(Even(number)),
            number => Err(de::Error::custom(format_args!("{number} is odd"))),
        }
    }
}

impl Serialize for Even {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if self.0.is_multiple_of(2) { serializer.serialize_u8(self.0) } else { Err(ser::Error::custom("it is odd")) }
    }
}

#[test]
fn scalars_convert_only_without_loss() {
    assert_eq!(message::<u8>(300), "wanted u8, found int 300");
    assert_eq!(message::<u64>(-1), "wanted u64, found int -1");
    assert_eq!(message::<u128>(-1), "wanted u128, found int -1");
    assert_eq!(message::<i64>(u64::MAX), "wanted i64, found int 18446744073709551615");
    assert_eq!(message::<u8>(u128::MAX), "wanted u8, found int BigInt(16 bytes)");
    assert_eq!(message::<u128>(BigInt::new(false, &[1; 17])), "wanted u128, found int BigInt(17 bytes)");
    assert_eq!(message::<String>(BigInt::new(false, &[1; 17])), "wanted a string, found int BigInt(17 bytes)");
    assert_eq!(message::<f64>(i64::MAX), "wanted f64, found int 9223372036854775807");
    assert_eq!(message::<f64>(u64::MAX), "wanted f64, found int 18446744073709551615");
    assert_eq!(message::<f32>(1e300), format!("wanted f32, found float {}", 1e300));
    assert_eq!(message::<u8>(1.0), "wanted u8, found float");
    assert_eq!(message::<u8>(true), "wanted u8, found bool");
    assert_eq!(message::<bool>(1), "wanted a boolean, found int 1");
    assert_eq!(message::<u8>("1"), "wanted u8, found text");
    assert_eq!(message::<u8>(Value::None), "wanted u8, found none");
    assert_eq!(message::<u8>(list([])), "wanted u8, found sequence");
    assert_eq!(message::<u8>(dict::<u8>([])), "wanted u8, found dict");
    assert_eq!(message::<String>(&b"ab"[..]), "wanted a string, found bytes");
    assert_eq!(message::<char>("ab"), "wanted a character, found text");
    assert_eq!(message::<()>(0), "wanted unit, found int 0");
}

#[test]
fn the_place_of_what_is_refused_is_told() {
    let deep = dict([("left", dict([("speed", 1.into()), ("names", list(["a".into(), 2.into()]))]))]);
    assert_eq!(message::<HashMap<String, Strict>>(deep), "[\"left\"].names.[1]: wanted a string, found int 2");
    let map = || dict([(1, list([1.into(), 300.into()]))]);
    assert_eq!(message::<BTreeMap<u8, Vec<u8>>>(map()), "[1].[1]: wanted u8, found int 300");
    assert_eq!(message::<BTreeMap<bool, Vec<u8>>>(map()), "key 1: wanted a boolean, found int 1");
    assert_eq!(message::<BTreeMap<u8, u8>>(dict([((1, 2), 1.into())])), "key <tuple>: wanted u8, found sequence");
    assert_eq!(message::<(u8, u8)>((1, "2")), "[1]: wanted u8, found text");
    assert_eq!(message::<Vec<Option<u8>>>(list([Value::None, "2".into()])), "[1]: wanted u8, found text");
    let long = dict([("k".repeat(1000), Value::None)]);
    assert!(message::<HashMap<String, u8>>(long.clone()).len() < 120);
    assert!(message::<Strict>(long).len() < 120);
    assert!(message::<Command>("k".repeat(1000)).len() < 120);
}

#[test]
fn lengths_are_told() {
    assert_eq!(message::<(u8, u8)>((1, 2, 3)), "wanted 2 items, found 3 items");
    assert_eq!(message::<(u8, u8)>((1,)), "wanted a tuple of size 2, found 1 items");
    assert_eq!(message::<[u8; 3]>(&b"ab"[..]), "wanted an array of length 3, found 2 items");
    assert_eq!(message::<[u8; 1]>(&b"ab"[..]), "wanted 1 items, found 2 items");
}

#[test]
fn fields_are_named() {
    let speed = || ("speed", Value::Int(1));
    assert_eq!(message::<Strict>(dict::<&str>([])), "speed: wanted a field of this name, found nothing");
    assert_eq!(message::<Strict>(dict([speed(), ("a", 1.into())])), "wanted one field of speed, names, found \"a\"");
    assert_eq!(message::<Strict>(dict([speed(), speed()])), "speed: wanted one field of this name, found another");
    assert_eq!(message::<Nothing>(dict([speed()])), "wanted no field, found \"speed\"");
    assert_eq!(message::<Strict>(dict([(0, 1.into())])), "wanted texts for keys, found int 0");
    assert_eq!(message::<Strict>(dict([("speed", "x".into())])), "speed: wanted u8, found text");
    assert_eq!(message::<Strict>("x"), "wanted struct Strict, found text");
    assert_eq!(message::<Vec<u8>>("x"), "wanted a sequence, found text");
    assert_eq!(message::<BTreeMap<u8, u8>>(list([])), "wanted a map, found sequence");
    assert_eq!(message::<Vec<u8>>(dict::<u8>([])), "wanted a sequence, found dict");
}

#[test]
fn variants_are_named() {
    let all = "wanted one variant of Stop, Go, Turn, Paint";
    assert_eq!(message::<Command>("Fly"), format!("{all}, found \"Fly\""));
    assert_eq!(message::<Command>(dict([("Fly", 1.into())])), format!("{all}, found \"Fly\""));
    assert_eq!(message::<Command>(1), "wanted enum Command, found int 1");
    assert_eq!(message::<Command>(list([])), "wanted enum Command, found list contents");
    assert_eq!(message::<Command>(dict([(1, 1.into())])), "wanted enum Command, found int as its name");
    assert_eq!(message::<Command>(dict::<&str>([])), "wanted enum Command, found dict of 0 entries");
    assert_eq!(
        message::<Command>(dict([("Stop", Value::None), ("Go", Value::None)])),
        "wanted enum Command, found dict of 2 entries"
    );
    assert_eq!(message::<Command>("Go"), "Go: wanted the content of this variant, found nothing");
    assert_eq!(message::<Command>(dict([("Stop", 1.into())])), "Stop: wanted unit, found int 1");
    assert_eq!(message::<Command>(dict([("Turn", (1, "x").into())])), "Turn.[1]: wanted u8, found text");
    let speed = dict([("speed", 300.into())]);
    assert_eq!(message::<Command>(dict([("Go", speed)])), "Go.speed: wanted u8, found int 300");
    let color = dict([("color", "blue".into())]);
    assert_eq!(message::<Command>(dict([("Paint", color)])), "Paint.color: wanted a character, found text");
}

#[test]
fn errors_of_serdes_own_buffers_arrive() {
    let internal = dict([("kind", "One".into()), ("number", "x".into())]);
    assert_eq!(message::<Internal>(internal), "wanted u8, found text");
    assert_eq!(
        message::<Internal>(dict([("kind", "Two".into())])),
        "[\"kind\"]: wanted one variant of One, found \"Two\""
    );
    assert_eq!(message::<Internal>(dict::<&str>([])), "kind: wanted a field of this name, found nothing");
    assert_eq!(
        message::<Vec<Untagged>>(list([1.into(), "x".into()])),
        "[1]: wanted a value that its type accepts, \
         found one that it refuses: data did not match any variant of untagged enum Untagged"
    );
}

#[test]
fn a_types_own_errors_arrive_with_their_place() {
    assert_eq!(
        message::<BTreeMap<String, Vec<Even>>>(dict([("x", list([2.into(), 3.into()]))])),
        "[\"x\"].[1]: wanted a value that its type accepts, found one that it refuses: 3 is odd"
    );
    assert!(message::<(u8, IpAddr)>((1, "1.2.3")).starts_with("[1]: "));

    #[derive(Serialize)]
    enum Kinds {
        Newtype(Even),
        Tuple(u8, Even),
        Struct { even: Even },
    }
    #[derive(Serialize)]
    struct Outer<T> {
        field: T,
    }
    let refused = |data: &dyn Fn() -> Result<Value, Error>| match data() {
        Err(error @ Error::Convert(_)) => error.to_string(),
        other => panic!("not refused so: {other:?}"),
    };
    let odd = "wanted data that serialises, found some that does not: it is odd";
    assert_eq!(refused(&|| serialize(&Even(1))), odd);
    let field = Outer { field: vec![Even(0), Even(1)] };
    assert_eq!(refused(&|| serialize(&field)), format!("field.[1]: {odd}"));
    assert_eq!(refused(&|| serialize(&Outer { field: Some((1, Even(1))) })), format!("field.[1]: {odd}"));
    assert_eq!(refused(&|| serialize(&HashMap::from([("k", Even(1))]))), format!("[\"k\"]: {odd}"));
    assert_eq!(refused(&|| serialize(&Kinds::Newtype(Even(1)))), format!("Newtype: {odd}"));
    assert_eq!(refused(&|| serialize(&Kinds::Tuple(0, Even(1)))), format!("Tuple.[1]: {odd}"));
    assert_eq!(refused(&|| serialize(&Kinds::Struct { even: Even(1) })), format!("Struct.even: {odd}"));
    struct Keys;
    impl Serialize for Keys {
        fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
            serializer.collect_map([(Even(0), 0), (Even(1), 0)])
        }
    }
    assert_eq!(refused(&|| serialize(&Keys)), format!("key 1: {odd}"));
}

#[test]
fn a_container_that_holds_itself_is_refused() {
    let whole = Value::Tuple(Items::new([1.into()]));
    let cycle = Value::Cycle(Cycle::to(&whole).unwrap());
    assert_eq!(message::<Vec<u8>>(list([cycle.clone()])), "[0]: wanted u8, found back edge");
    assert_eq!(message::<Vec<Vec<u8>>>(list([cycle.clone()])), "[0]: wanted a sequence, found back edge");
    assert_eq!(message::<BTreeMap<u8, u8>>(cycle.clone()), "wanted a map, found back edge");
    assert_eq!(message::<Strict>(cycle.clone()), "wanted struct Strict, found back edge");
    assert_eq!(message::<Command>(cycle.clone()), "wanted enum Command, found back edge");
    assert_eq!(message::<Option<f64>>(cycle.clone()), "wanted f64, found back edge");
    assert!(message::<Untagged>(cycle).ends_with("found back edge"));
}
