//! What the bodies of messages mean, and vectors of them.

use std::borrow::Cow;
use std::sync::Arc;

use wherever::limits::{Limits, Told};
use wherever::wire::Malformed;
use wherever::wire::message::{Bye, CallHeader, Credit, Hello, ReturnHeader, decode_record, encode_record};
use wherever::wire::payload::{ItemsEncoder, encode_arguments, encode_error, encode_result};
use wherever::{Arguments, Error, Id, Operation, Value};

use crate::vectors::json::Json;
use crate::vectors::{Vector, meaning as of, slots};

/// What the body of a message of this kind means; `slots` are the values that its references stand for.
///
/// # Errors
/// Why it means nothing.
pub(super) fn meaning(kind: &str, body: &[u8], slots: &[Value]) -> Result<Json, Malformed> {
    match kind {
        "HELLO" => whole::<Hello>(body).map(|hello| of_hello(&hello)),
        "CREDIT" => whole::<Credit>(body).map(|credit| {
            let number = Json::Number;
            Json::map([("id", number(credit.id)), ("bytes", number(credit.bytes)), ("items", number(credit.items))])
        }),
        "BYE" => whole::<Bye<'_>>(body).map(|bye| Json::map([("reason", Json::text(bye.reason))])),
        "CALL" => {
            let (header, start) = decode_record::<CallHeader>(body)?;
            let arguments = of::of_bytes("arguments", &body[start..], slots)?;
            Ok(of_call(&header, arguments))
        }
        _ => {
            let (header, start) = decode_record::<ReturnHeader>(body)?;
            let (error, items) = (header.flags & ReturnHeader::ERROR, header.flags & ReturnHeader::ITEMS);
            let payload = if items != 0 {
                "items"
            } else if error != 0 {
                "error"
            } else {
                "result"
            };
            let meaning = of::of_bytes(payload, &body[start..], slots)?;
            Ok(Json::map([
                ("id", Json::Number(header.id)),
                ("flags", of_return_flags(header.flags)),
                (payload, meaning),
            ]))
        }
    }
}

fn whole<'a, T: serde::Deserialize<'a>>(body: &'a [u8]) -> Result<T, Malformed> {
    let (record, end) = decode_record(body)?;
    if end == body.len() { Ok(record) } else { Err(Malformed { what: "bytes left over", at: end }) }
}

fn of_flags(flags: u64, names: &[&str]) -> Json {
    let set = names.iter().enumerate().filter(|(bit, _)| flags & 1 << bit != 0);
    Json::list(set.map(|(_, name)| Json::text(*name)))
}

fn of_return_flags(flags: u8) -> Json {
    of_flags(flags.into(), &["more", "error", "items", "held"])
}

fn of_hello(hello: &Hello) -> Json {
    let told = &hello.told;
    let limits = [told.frame_len_max, told.message_len_max, told.frame_refs_max, told.frame_shapes_max, told.calls_max];
    let types =
        hello.value_types.iter().map(|(name, version)| Json::list([Json::text(name), Json::Number((*version).into())]));
    Json::map([
        ("features", Json::Number(hello.features)),
        ("nonce", Json::hex(&hello.nonce)),
        ("told", Json::list(limits.map(|limit| Json::Number(limit.into())))),
        ("runtime", Json::text(&hello.runtime)),
        ("value types", Json::list(types)),
    ])
}

fn of_call(header: &CallHeader, arguments: Json) -> Json {
    let texts = |texts: &[Arc<str>]| Json::list(texts.iter().map(|text| Json::text(&**text)));
    let number = |number: Option<u64>| number.map_or(Json::Null, Json::Number);
    let target = Id::from_bits(header.target).turned();
    let side = if target.is_ours() { "receiver" } else { "sender" };
    let credit = |(bytes, items)| Json::list([Json::Number(bytes), Json::Number(items)]);
    Json::map([
        ("id", Json::Number(header.id)),
        ("target", Json::map([("number", Json::Number(target.number())), ("given by", Json::text(side))])),
        ("path", texts(&header.path)),
        ("operation", Json::Number(header.operation.into())),
        ("member", header.member.as_ref().map_or(Json::Null, |member| Json::text(&**member))),
        ("lane", Json::Number(header.lane)),
        ("parent", number(header.parent)),
        ("flags", of_flags(header.flags, &["one-way", "keep", "no-return", "lane alone"])),
        ("time left", number(header.time_left)),
        ("credit", header.credit.map_or(Json::Null, credit)),
        ("prefetch", texts(&header.prefetch)),
        ("arguments", arguments),
    ])
}

/// A call without anything that can be left out.
fn header(id: u64, target: Id) -> CallHeader {
    CallHeader {
        id,
        target: target.to_bits(),
        path: Vec::new(),
        operation: Operation::Call as u8,
        member: None,
        lane: 0,
        parent: None,
        flags: 0,
        time_left: None,
        credit: None,
        prefetch: Vec::new(),
    }
}

fn with_payload<T: serde::Serialize>(record: &T, payload: &[u8]) -> Vec<u8> {
    let mut body = Vec::new();
    encode_record(record, &mut body);
    body.extend_from_slice(payload);
    body
}

/// The body of a call of the object, or on the answer, of this id as its sender writes it: nothing given, all kept.
pub(super) fn plain_call(id: u64, target: u64) -> Vec<u8> {
    let call = CallHeader { flags: CallHeader::KEEP, ..header(id, Id::from_bits(target)) };
    with_payload(&call, &[0, 0, 0])
}

/// The body of a call that names four references.
pub(super) fn sample_call() -> Vec<u8> {
    let positional = vec![Value::Int(5), Value::tuple(slots(4))];
    let arguments = Arguments { positional, named: vec![("twice".into(), Value::Bool(true))] };
    let payload = encode_arguments(&arguments, &(), &Limits::default()).unwrap();
    let call = CallHeader { member: Some("feed".into()), ..header(11, Id::theirs(300)) };
    with_payload(&call, &payload.bytes)
}

/// Vectors of the bodies of messages.
pub(super) fn messages() -> Vec<Vector> {
    let full = CallHeader {
        path: vec!["a".into(), "b".into()],
        operation: Operation::Iterate as u8,
        member: Some("member".into()),
        lane: 3,
        parent: Some(6),
        flags: CallHeader::KEEP | CallHeader::LANE_ALONE,
        time_left: Some(1_500_000),
        credit: Some((4096, 10)),
        prefetch: vec!["name".into()],
        ..header(12, Id::ours(11))
    };
    let names =
        CallHeader { operation: Operation::Get as u8, member: Some("door".into()), ..header(1, Id::THEIR_NAMES) };
    let one_way = CallHeader { flags: CallHeader::ONE_WAY, ..header(14, Id::theirs(2)) };
    let mut vectors = vec![
        Vector::read("get of an exported name", "CALL", with_payload(&names, &[0, 0, 0]), 0),
        Vector::read("a call of a member, with arguments and references", "CALL", sample_call(), 4),
        Vector::read("a call on an answer, with all that may be left out", "CALL", with_payload(&full, &[0, 0, 0]), 0),
        Vector::read("a one-way call", "CALL", with_payload(&one_way, &[0, 1, 0, 0x45]), 0),
    ];
    vectors.extend(hellos());
    vectors.extend(returns());
    let credit = Credit { id: 12, bytes: 65_536, items: 100 };
    vectors.push(Vector::read("more credit", "CREDIT", with_payload(&credit, &[]), 0));
    let bye = Bye { reason: Cow::Borrowed("done") };
    vectors.push(Vector::read("the last message", "BYE", with_payload(&bye, &[]), 0));
    vectors
}

fn hellos() -> [Vector; 2] {
    let plain = Hello {
        features: 0,
        nonce: super::NONCES[0],
        told: Told::default(),
        runtime: "rust".into(),
        value_types: Vec::new(),
    };
    let value_types = vec![("py:datetime.date".into(), 1), ("py:uuid.UUID".into(), 2)];
    let rich =
        Hello { nonce: super::NONCES[1], told: Told::FLOOR, runtime: "python".into(), value_types, ..plain.clone() };
    [
        Vector::read("the default limits, no value types", "HELLO", with_payload(&plain, &[]), 0),
        Vector::read("two value types", "HELLO", with_payload(&rich, &[]), 0),
    ]
}

fn returns() -> Vec<Vector> {
    let limits = Limits::default();
    let head = |flags| ReturnHeader { id: 12, flags };
    let result = encode_result(&Value::text("done"), &(), &limits).unwrap();
    let error = encode_error(&Error::NotFound("door".into()), &(), &limits);
    let items = |values: &[i64]| {
        let mut encoder = ItemsEncoder::new(0, &(), &limits);
        values.iter().for_each(|value| encoder.push(&Value::Int(*value), &[]).unwrap());
        encoder.finish().bytes
    };
    let reference = encode_result(&slots(1)[0], &(), &limits).unwrap();
    let (more, of_items) = (ReturnHeader::MORE, ReturnHeader::ITEMS);
    let held = more | ReturnHeader::HELD;
    vec![
        Vector::read("a result", "RETURN", with_payload(&head(0), &result.bytes), 0),
        Vector::read("an error", "RETURN", with_payload(&head(ReturnHeader::ERROR), &error.bytes), 0),
        Vector::read("a result that is one reference", "RETURN", with_payload(&head(0), &reference.bytes), 1),
        Vector::read("items, and more to come", "RETURN", with_payload(&head(more | of_items), &items(&[1, 2])), 0),
        Vector::read("the last items", "RETURN", with_payload(&head(of_items), &items(&[])), 0),
        Vector::read(
            "held by the answer that the reference names",
            "RETURN",
            with_payload(&head(held), &reference.bytes),
            1,
        ),
    ]
}
