//! There and back, and what else is taken on the way back.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::net::IpAddr;
use std::num::NonZeroU8;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use super::*;
use crate::value::Typed;

#[derive(Serialize, Deserialize, Clone, Debug, PartialEq, Default)]
struct Motor<'a> {
    name: Cow<'a, str>,
    #[serde(rename = "type")]
    kind: Kind,
    speeds: Vec<u16>,
    limits: Option<(f32, f64)>,
    #[serde(default)]
    notes: BTreeMap<String, Vec<Option<char>>>,
    #[serde(skip)]
    secret: u64,
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    parts: Vec<Motor<'a>>,
    #[serde(flatten)]
    place: Place,
    buffer: Buffer,
}

#[derive(Serialize, Deserialize, Clone, Debug, PartialEq, Default)]
struct Place {
    room: Rc<str>,
    #[serde(flatten)]
    rest: BTreeMap<String, i64>,
}

#[derive(Serialize, Deserialize, Clone, Debug, PartialEq, Default)]
#[serde(rename_all = "kebab-case")]
enum Kind {
    #[default]
    DirectDrive,
    Geared(u8),
    Stepped(u8, String),
    Driven {
        by: Option<Box<Kind>>,
        ratio: Ratio,
    },
    Nothing(()),
    Unit(Unit),
}

#[derive(Serialize, Deserialize, Clone, Debug, PartialEq, Default)]
struct Ratio(u32, u32);

#[derive(Serialize, Deserialize, Clone, Copy, Debug, PartialEq, Default)]
struct Unit;

#[derive(Serialize, Deserialize, Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
struct Meters(i16);

#[derive(Serialize, Deserialize, Debug, PartialEq)]
#[serde(tag = "kind")]
enum Internal {
    Unit,
    Struct { a: u8, b: Vec<Internal> },
    Newtype(Place),
}

#[derive(Serialize, Deserialize, Debug, PartialEq)]
#[serde(tag = "t", content = "c")]
enum Adjacent {
    Unit,
    Newtype(Vec<u8>),
    Tuple(u8, i64),
    Struct { a: Box<Adjacent> },
}

#[derive(Serialize, Deserialize, Debug, PartialEq)]
#[serde(untagged)]
enum Untagged {
    Nothing,
    Truth(bool),
    Int(i64),
    Float(f64),
    Many(Vec<Untagged>),
    Buffer(Buffer),
    Text(String),
    Point { x: u8, y: u8 },
    Map(BTreeMap<i64, Untagged>),
}

fn motor() -> Motor<'static> {
    let place = Place { room: "hall".into(), rest: BTreeMap::from([("shelf".into(), -2), ("row".into(), 7)]) };
    let part = Motor { name: "cog".into(), kind: Kind::Unit(Unit), place: place.clone(), ..Motor::default() };
    Motor {
        name: "left".into(),
        kind: Kind::Driven { by: Some(Kind::Stepped(3, "x".into()).into()), ratio: Ratio(3, 4) },
        speeds: vec![0, u16::MAX],
        limits: Some((0.1, f64::MIN_POSITIVE)),
        notes: BTreeMap::from([("n".into(), vec![Some('ß'), None])]),
        secret: 0,
        parts: vec![part],
        place,
        buffer: Buffer((0..=255).collect()),
    }
}

#[test]
fn structs_come_back() {
    comes_back(motor());
    comes_back(Motor::default());
    let value = serialize(&Motor { secret: 5, ..motor() }).unwrap();
    let Value::Dict(entries) = &value else { panic!("{value:?}") };
    let keys: Vec<String> = entries.iter().map(|(key, _)| key.clone().to().unwrap()).collect();
    assert_eq!(
        keys,
        ["name", "type", "speeds", "limits", "notes", "parts", "room", "row", "shelf", "buffer"],
        "in their order, the skipped one not among them"
    );
    assert_eq!(made::<Motor>(value), motor());
}

#[test]
fn every_kind_of_enum_comes_back() {
    let nested = Kind::Driven { by: Some(Kind::Driven { by: None, ratio: Ratio(0, 0) }.into()), ratio: Ratio(1, 2) };
    for kind in [Kind::DirectDrive, Kind::Geared(1), Kind::Stepped(1, "s".into()), nested, Kind::Nothing(())] {
        comes_back((kind.clone(), Some(kind.clone()), vec![kind]));
    }
    comes_back(Ok::<u8, String>(1));
    comes_back(Err::<u8, String>("no".into()));
    let inner = Internal::Struct { a: 1, b: vec![Internal::Unit] };
    comes_back(vec![Internal::Unit, Internal::Newtype(motor().place), Internal::Struct { a: 2, b: vec![inner] }]);
    let inner = Box::new(Adjacent::Struct { a: Adjacent::Unit.into() });
    comes_back(vec![Adjacent::Newtype(vec![1]), Adjacent::Tuple(1, -1), Adjacent::Struct { a: inner }]);
    comes_back(vec![
        Untagged::Nothing,
        Untagged::Truth(true),
        Untagged::Int(-5),
        Untagged::Float(0.5),
        Untagged::Text("t".into()),
        Untagged::Buffer(Buffer(vec![200])),
        Untagged::Point { x: 1, y: 2 },
        Untagged::Map(BTreeMap::from([(-1, Untagged::Int(1)), (2, Untagged::Nothing)])),
        Untagged::Many(vec![Untagged::Text("a".into()), Untagged::Many(vec![])]),
    ]);
}

#[test]
fn scalars_and_containers_come_back() {
    comes_back((i8::MIN, i16::MIN, i32::MIN, i64::MIN, i128::MIN, isize::MIN));
    comes_back((u8::MAX, u16::MAX, u32::MAX, u64::MAX, u128::MAX, usize::MAX, i128::MAX));
    comes_back((i64::MAX as u64 + 1, u128::from(u64::MAX), i128::from(i64::MIN) - 1));
    comes_back((true, 'x', "text".to_owned(), (), Unit, NonZeroU8::MIN, Meters(-3)));
    comes_back((f32::MIN_POSITIVE, f64::MAX, f64::NEG_INFINITY, -0.0_f64));
    let nan = f64::from_bits(0x7ff8_0000_0000_0123);
    assert_eq!(made::<f64>(serialize(&nan).unwrap()).to_bits(), nan.to_bits());
    comes_back((Some(1), None::<u8>, Some("x".to_owned()), Some(Meters(1)), Some(Some(2))));
    comes_back(HashMap::from([(-5_i64, "a".to_owned()), (1 << 40, "b".to_owned())]));
    comes_back(BTreeMap::from([(Meters(1), [1.5, 2.5])]));
    comes_back(BTreeMap::from([((1, 'c'), Duration::from_millis(1500))]));
    comes_back(BTreeMap::from([(vec![1_u8], BTreeSet::from([u128::MAX]))]));
    comes_back(BTreeMap::from([(Buffer(vec![1]), Buffer(vec![]))]));
    comes_back((Box::new([1_u8; 32]), Arc::<str>::from("a"), Cow::Borrowed("b"), [0_u8; 0]));
    comes_back(["::1".parse::<IpAddr>().unwrap(), IpAddr::from([1, 2, 3, 4])]);
    comes_back((0..20_000).collect::<Vec<u32>>());
}

#[test]
fn what_json_cannot_tell_apart_is_not_told_apart() {
    for data in [Some(Some(())), Some(None), None] {
        assert_eq!(made::<Option<Option<()>>>(serialize(&data).unwrap()), None);
    }
}

#[test]
fn habits_of_other_languages_are_taken() {
    let one_two = || [Value::Int(1), Value::Int(2)];
    for sequence in [Value::List, Value::Tuple, Value::Set, Value::FrozenSet] {
        let value = || sequence(one_two().into_iter().collect());
        assert_eq!(made::<Vec<u8>>(value()), [1, 2]);
        assert_eq!(made::<(u8, i64)>(value()), (1, 2));
        assert_eq!(made::<[u8; 2]>(value()), [1, 2]);
        assert_eq!(made::<Ratio>(value()), Ratio(1, 2), "a tuple struct");
        assert_eq!(made::<BTreeSet<i8>>(value()), BTreeSet::from([1, 2]));
        assert_eq!(made::<Buffer>(value()), Buffer(vec![1, 2]));
        assert_eq!(made::<Kind>(dict([("stepped", sequence([5.into(), "x".into()].into_iter().collect()))])), {
            Kind::Stepped(5, "x".into())
        });
    }
    for bytes in [Value::Bytes, Value::ByteArray] {
        assert_eq!(made::<Buffer>(bytes([1, 2][..].into())), Buffer(vec![1, 2]));
        assert_eq!(made::<Vec<u8>>(bytes([1, 2][..].into())), [1, 2]);
        assert_eq!(made::<[u16; 2]>(bytes([1, 2][..].into())), [1, 2]);
        assert_eq!(made::<Untagged>(bytes([1, 2][..].into())), Untagged::Buffer(Buffer(vec![1, 2])));
    }
    assert_eq!(made::<(f64, f32)>((3, -4)), (3.0, -4.0));
    assert_eq!(made::<(f64, f64)>(Value::Complex(1.5, -2.0)), (1.5, -2.0));
    assert_eq!(made::<Kind>(dict([("direct-drive", Value::None)])), Kind::DirectDrive);
    assert_eq!(made::<Place>(dict([("room", "r".into())])).rest.len(), 0);
}

#[test]
fn a_typed_value_is_its_data() {
    let typed =
        |data: Value| Value::Typed(Arc::new(Typed { type_name: "py:example.Wrapped".into(), version: 1, data }));
    assert_eq!(made::<u8>(typed(typed(1.into()))), 1);
    assert_eq!(made::<Option<u8>>(typed(Value::None)), None);
    assert_eq!(made::<Ratio>(typed((1, 2).into())), Ratio(1, 2));
    assert_eq!(made::<Kind>(typed("direct-drive".into())), Kind::DirectDrive);
    assert_eq!(made::<f64>(typed(1.into())), 1.0);
    assert_eq!(made::<BTreeMap<Meters, String>>(dict([(typed(1.into()), typed("m".into()))])).len(), 1);
}

#[test]
fn fields_that_nobody_knows_are_passed_over_unread() {
    let cycle = Value::Tuple(crate::value::Items::new([1.into()]));
    let strange = [
        Value::Cycle(crate::value::Cycle::to(&cycle).unwrap()),
        Value::Complex(0.0, 0.0),
        Value::from(crate::value::BigInt::new(true, &[1; 40])),
        dict([(list([]), list([]))]),
    ];
    for value in strange {
        let fields = dict([("a", value.clone()), ("room", "r".into()), ("b", value)]);
        #[derive(Deserialize)]
        struct Room {
            room: String,
        }
        assert_eq!(made::<Room>(fields).room, "r");
    }
}
