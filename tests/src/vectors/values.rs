//! Vectors of primitives, prefaces, values and payloads.

use std::sync::Arc;

use wherever::error::{ConvertError, Denied, Disconnected, FrameInfo, Raised};
use wherever::limits::Limits;
use wherever::value::{BigInt, Items, Typed};
use wherever::wire::payload::{ItemsEncoder, Payload, encode_arguments, encode_error, encode_result};
use wherever::wire::preface::{LinkWish, Preface};
use wherever::wire::primitive::Write;
use wherever::{Arguments, Error, Operation, Value};

use crate::vectors::json::Json;
use crate::vectors::{Vector, meaning, slots};

/// Vectors of primitives.
pub(super) fn primitives() -> Vec<Vector> {
    let mut vectors = Vec::new();
    for number in [0, 1, 127, 128, 300, u64::from(u32::MAX), u64::MAX] {
        let mut bytes = Vec::new();
        bytes.varint(number);
        vectors.push(Vector::meant(format!("{number}"), "varint", bytes, 0, Json::text(number.to_string())));
    }
    let longer = vec![0x81, 0x80, 0x00];
    vectors.push(Vector::meant("1, in more bytes than it needs", "varint", longer, 0, Json::text("1")));
    for number in [0, -1, 1, 63, -64, 64, i64::MAX, i64::MIN] {
        let mut bytes = Vec::new();
        bytes.int(number);
        vectors.push(Vector::meant(format!("{number}"), "int", bytes, 0, Json::text(number.to_string())));
    }
    for number in [0.0, -0.0, 1.5, f64::MAX, f64::INFINITY, f64::from_bits(0x7ff8_0000_0000_0001)] {
        let mut bytes = Vec::new();
        bytes.float(number);
        vectors.push(Vector::meant(format!("{number:?}"), "f64", bytes, 0, meaning::of_float(number)));
    }
    vectors.push(Vector::meant("two bytes", "bytes", vec![2, 0xfe, 0xff], 0, Json::text("feff")));
    let crab = "crab \u{1f980}";
    let text = [&[9], crab.as_bytes()].concat();
    vectors.push(Vector::meant("nine bytes of UTF-8", "text", text, 0, Json::text(crab)));
    vectors.push(Vector::meant("absent", "option<text>", vec![0], 0, Json::Null));
    vectors.push(Vector::meant("present", "option<text>", vec![1, 1, 0x61], 0, Json::text("a")));
    let numbers = Json::list(["1", "300"].map(Json::text));
    vectors.push(Vector::meant("two numbers", "seq<varint>", vec![2, 1, 0xac, 2], 0, numbers));
    vectors
}

/// Vectors of prefaces.
pub(super) fn prefaces() -> Vec<Vector> {
    let vector = |name: &str, preface: Preface| {
        Vector::meant(name, "preface", preface.encode(), 0, meaning::of_preface(&preface))
    };
    let mut reserved = Preface::default().encode();
    reserved[11..13].copy_from_slice(&[0xaa, 0xbb]);
    vec![
        vector("of a new session without a link", Preface::default()),
        vector(
            "a link is wanted, to resume",
            Preface { link: LinkWish::Wanted, token: vec![7; 48], ..Preface::default() },
        ),
        vector("a link is required", Preface { link: LinkWish::Required, ..Preface::default() }),
        vector("a later minor version", Preface { minor: 9, ..Preface::default() }),
        Vector::meant("reserved bytes are ignored", "preface", reserved, 0, meaning::of_preface(&Preface::default())),
    ]
}

fn knows(_name: &str, _version: u32) -> bool {
    true
}

fn vector(name: &str, kind: &'static str, payload: &Payload, means: Json) -> Vector {
    Vector::meant(name, kind, payload.bytes.clone(), payload.refs.len(), means)
}

fn result(name: &str, value: &Value) -> Vector {
    let payload = encode_result(value, &knows, &Limits::default()).unwrap();
    let slots: Vec<Value> = payload.refs.iter().cloned().map(Value::Ref).collect();
    vector(name, "result", &payload, meaning::of_value(value, &slots))
}

fn raw(name: &str, bytes: &[u8], means: &Value) -> Vector {
    Vector::meant(name, "result", bytes.to_vec(), 0, meaning::of_value(means, &[]))
}

fn typed(name: &str, data: Value) -> Value {
    Value::Typed(Arc::new(Typed { type_name: name.into(), version: 1, data }))
}

fn ints(numbers: &[i64]) -> Items {
    numbers.iter().copied().map(Value::Int).collect()
}

/// Vectors of values, each the payload of a result.
pub(super) fn values() -> Vec<Vector> {
    let mut vectors: Vec<Vector> = scalars().iter().map(|(name, value)| result(name, value)).collect();
    let entries = [(Value::text("k"), Value::Int(1)), (Value::Int(2), Value::None)];
    let objects = slots(2);
    let containers = [
        ("tuple", Value::Tuple(ints(&[1, 2]))),
        ("tuple of nothing", Value::tuple([])),
        ("frozen set", Value::FrozenSet(ints(&[1, 2]))),
        ("value of a value type", typed("py:datetime.date", Value::Tuple(ints(&[2026, 11, 21])))),
        ("value of a value type inside one", typed("t:Outer", Value::tuple([typed("t:Inner", Value::None)]))),
        ("contents of a list", Value::List(ints(&[1, 2]))),
        ("contents of a dict", Value::Dict(entries.into_iter().collect())),
        ("contents of a set", Value::Set(ints(&[1, 2]))),
        ("contents of a byte array", Value::ByteArray([0, 255].into())),
        ("two references, one of them twice", Value::tuple([&objects[0], &objects[1], &objects[0]].map(Value::clone))),
    ];
    vectors.extend(containers.iter().map(|(name, value)| result(name, value)));
    vectors.extend(shared());
    vectors.push(raw("a small integer in its long form", &[0, 0x03, 0x0a], &Value::Int(5)));
    vectors.push(raw("a longer integer that fits 64 bits", &[0, 0x04, 0x03, 0x05], &Value::Int(-5)));
    vectors.push(raw("a longer integer with zeros in front", &[0, 0x04, 0x04, 0x05, 0x00], &Value::Int(5)));
    vectors.push(raw("a longer integer that is minus zero", &[0, 0x04, 0x01], &Value::Int(0)));
    vectors
}

fn scalars() -> Vec<(&'static str, Value)> {
    vec![
        ("none", Value::None),
        ("false", Value::Bool(false)),
        ("true", Value::Bool(true)),
        ("the least small integer", Value::Int(0)),
        ("the greatest small integer", Value::Int(63)),
        ("the first integer that is not small", Value::Int(64)),
        ("a negative integer", Value::Int(-1)),
        ("the least of 64 bits", Value::Int(i64::MIN)),
        ("one more than 64 bits hold", Value::from(i128::from(i64::MAX) + 1)),
        ("a negative longer integer", Value::BigInt(Arc::new(BigInt::new(true, &[0; 20].map(|_| 0xff))))),
        ("float", Value::Float(1.5)),
        ("minus zero", Value::Float(-0.0)),
        ("complex", Value::Complex(0.5, -2.0)),
        ("text", Value::text("text \u{1f980}")),
        ("text of nothing", Value::text("")),
        ("bytes", Value::bytes(vec![0, 1, 255])),
    ]
}

/// Sharing and cycles, whose bytes are written by hand: a container that is open can only be made by decoding.
fn shared() -> Vec<Vector> {
    let twice = Value::List(ints(&[1]));
    let in_tuple = Value::tuple([twice.clone(), twice]);
    let dict = Value::Dict([(Value::text("k"), Value::None)].into_iter().collect());
    let deep = Value::tuple([dict.clone()]);
    let nested = Value::tuple([deep.clone(), dict, deep]);
    let again = |number| Json::map([("again", Json::Number(number))]);
    let shared = |number, what, items: Vec<Json>| {
        Json::map([("shared", Json::Number(number)), ("as", Json::map([(what, Json::List(items))]))])
    };
    let own = Vector::meant(
        "a list that holds itself",
        "result",
        vec![1, 0x10, 0x0c, 2, 0x41, 0x11, 0],
        0,
        shared(0, "list", vec![Json::map([("int", Json::text("1"))]), again(0)]),
    );
    let both = Vector::meant(
        "two tuples that hold each other, and the inner one once more outside",
        "result",
        vec![2, 0x09, 2, 0x10, 0x09, 1, 0x10, 0x0c, 1, 0x11, 0, 0x11, 1],
        0,
        Json::map([("tuple", Json::list([shared(0, "tuple", vec![shared(1, "list", vec![again(0)])]), again(1)]))]),
    );
    let alone = vec![1, 0x10, 0x09, 1, 0x40];
    vec![
        result("a list twice in a tuple", &in_tuple),
        result("a shared container in a shared container", &nested),
        own,
        both,
        raw("a mark that nothing leads back to", &alone, &Value::Tuple(ints(&[0]))),
        raw("a marked container without elements", &[1, 0x09, 2, 0x10, 0x0c, 0, 0x11, 0], &{
            Value::tuple([Value::List(ints(&[])), Value::List(ints(&[]))])
        }),
    ]
}

/// Vectors of arguments, items and errors.
pub(super) fn payloads() -> Vec<Vector> {
    let limits = Limits::default();
    let shared = Value::tuple([Value::Int(7)]);
    let objects = slots(2);
    let given = Arguments {
        positional: vec![Value::Int(1), shared.clone(), objects[0].clone()],
        named: vec![("key".into(), shared), ("".into(), Value::None)],
    };
    let arguments = |name: &str, arguments: &Arguments| {
        let payload = encode_arguments(arguments, &(), &limits).unwrap();
        vector(name, "arguments", &payload, meaning::of_arguments(arguments, &objects))
    };
    let mut vectors = vec![
        arguments("no arguments", &Arguments::default()),
        arguments("by position and by name, sharing a tuple", &given),
    ];
    vectors.extend(items());
    for (name, error) in errors(&objects) {
        let payload = encode_error(&error, &(), &limits);
        vectors.push(vector(name, "error", &payload, meaning::of_error(&error, &objects)));
    }
    let unknown = [&[0, 0x09, 4, 0x03, 0xc8, 1][..], &[0x07, 1, b'x', 0x07, 1, b'y', 0x41]].concat();
    let as_raised = Error::Raised(Arc::new(Raised::new("x", "y")));
    let means = meaning::of_error(&as_raised, &[]);
    vectors.push(Vector::meant("an unknown code is taken as code 0, without details", "error", unknown, 0, means));
    let bare = [&[0, 0x09, 4, 0x42, 0x07, 1][..], b"T\x07\x00\x09\x01\x03\xce\x01"].concat();
    vectors.push(Vector::read("details that are cut short, with an unknown operation", "error", bare, 0));
    vectors
}

fn items() -> Vec<Vector> {
    let limits = Limits::default();
    let objects = slots(1);
    let mut plain = ItemsEncoder::new(0, &(), &limits);
    plain.push(&Value::Int(1), &[]).unwrap();
    plain.push(&Value::text("two"), &[]).unwrap();
    let failed = Error::NoMember { shape: "t:T".into(), member: "size".into() };
    let mut rich = ItemsEncoder::new(2, &(), &limits);
    rich.push(&objects[0], &[Some(Ok(Value::text("a"))), Some(Err(failed))]).unwrap();
    rich.push(&Value::Int(3), &[None, None]).unwrap();
    [("items", plain), ("items with two attributes each", rich), ("no items", ItemsEncoder::new(0, &(), &limits))]
        .map(|(name, encoder)| {
            let payload = encoder.finish();
            Vector::read(name, "items", payload.bytes, payload.refs.len())
        })
        .into()
}

fn raised(object: &Value) -> Raised {
    let frame = FrameInfo {
        file: "motor.py".into(),
        line: 12,
        column: 5,
        name: "turn".into(),
        text: "raise Stuck()".into(),
        ..FrameInfo::default()
    };
    let inner = FrameInfo {
        signature: "(steps: int)".into(),
        first_line: 10,
        end_line: 13,
        end_column: 2,
        stack: Some(object.clone()),
        index: 1,
        ..frame.clone()
    };
    let cause = Raised { frames: vec![frame.clone()], ..Raised::new("python:builtins.ValueError", "cause") };
    Raised {
        bases: vec!["python:builtins.Exception".into()],
        arguments: vec![Value::text("jam"), Value::tuple([Value::Int(1)])],
        attributes: vec![("code".into(), Value::Int(7)), ("where".into(), Value::text("axis"))],
        cause: Some(Arc::new(cause)),
        context: Some(Arc::new(Raised::new("python:builtins.KeyError", "context"))),
        notes: vec!["a note".into()],
        group: vec![Arc::new(Raised::new("t:One", "1")), Arc::new(Raised::new("t:Two", "2"))],
        frames: vec![frame, FrameInfo { exported: true, ..FrameInfo::default() }, inner],
        object: Some(object.clone()),
        ..Raised::new("python:motor.Stuck", "the motor is stuck")
    }
}

fn errors(objects: &[Value]) -> Vec<(&'static str, Error)> {
    let denied = Denied {
        shape: "rust:Motor".into(),
        operation: Operation::Set,
        member: Some("speed".into()),
        policy: "closed".into(),
        remedy: "marking it".into(),
    };
    let whole = Denied { member: None, operation: Operation::Whole, ..denied.clone() };
    let lost = Disconnected { reason: "the carrier ended".into(), may_have_run: false, hop: None };
    let hop = Disconnected { may_have_run: true, hop: Some("the middle".into()), ..lost.clone() };
    let path = vec!["arguments".into(), "0".into()];
    let convert = ConvertError { path, wanted: "a number".into(), found: "text".into() };
    vec![
        ("raised, with nothing but a name", Error::Raised(Arc::new(Raised::new("t:E", "")))),
        ("raised, with all that there can be", Error::Raised(Arc::new(raised(&objects[0])))),
        ("not found", Error::NotFound("door".into())),
        ("denied a member", Error::Denied(Arc::new(denied))),
        ("denied an operation", Error::Denied(Arc::new(whole))),
        ("disconnected before it ran", Error::Disconnected(Arc::new(lost))),
        ("disconnected behind a middle", Error::Disconnected(Arc::new(hop))),
        ("overloaded", Error::Overloaded("no room".into())),
        ("protocol", Error::Protocol("undecodable".into())),
        ("deadline passed", Error::Deadline("1 s".into())),
        ("stopped", Error::Stopped),
        ("busy", Error::Busy("in use".into())),
        ("nested too deep", Error::TooDeep(512)),
        ("promise cycle", Error::Cycle("waits for itself".into())),
        ("not supported", Error::NotSupported { shape: "t:T".into(), operation: Operation::Length }),
        ("no such member", Error::NoMember { shape: "t:T".into(), member: "size".into() }),
        ("conversion", Error::Convert(Arc::new(convert))),
        ("misuse", Error::Misuse("do otherwise".into())),
    ]
}
