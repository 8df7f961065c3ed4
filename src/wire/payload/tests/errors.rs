//! Errors there and back, and errors made to do harm.

use super::*;
use crate::error::{ConvertError, Denied, Disconnected, FrameInfo, Raised};
use crate::host::Operation;

fn error_there_and_back(error: &Error) -> Error {
    let limits = Limits::default();
    let payload = encode_error(error, &all, &limits);
    decode_error(&payload.bytes, &slots(&payload), &limits).expect("an error comes back")
}

/// An error with everything that an error can have.
pub(super) fn grouped() -> Error {
    let frame = |line| FrameInfo {
        file: "motor.py".into(),
        line,
        column: 5,
        name: "turn".into(),
        text: "raise Stuck()".into(),
        signature: "(steps: int)".into(),
        first_line: 1,
        end_line: line + 1,
        end_column: 9,
        stack: Some(Value::Ref(Ref::Own(own()))),
        index: line - 1,
        exported: line == 2,
    };
    let cause = Raised {
        cause: Some(Arc::new(Raised::new("t:Root", "root"))),
        frames: vec![frame(3)],
        ..Raised::new("t:Cause", "cause")
    };
    Error::Raised(Arc::new(Raised {
        bases: vec!["py:Exception".into()],
        arguments: vec![Value::Int(1), Value::text("two")],
        attributes: vec![("code".into(), Value::Int(7)), ("name".into(), Value::text("x"))],
        cause: Some(Arc::new(cause)),
        context: Some(Arc::new(Raised::new("t:Context", ""))),
        notes: vec!["a note".into()],
        group: vec![Arc::new(Raised::new("t:One", "1")), Arc::new(Raised::new("t:Two", "2"))],
        frames: vec![frame(1), frame(2)],
        object: Some(Value::Ref(Ref::Own(own()))),
        ..Raised::new("t:Group", "several")
    }))
}

#[test]
fn every_error_comes_back() {
    let errors = [
        grouped(),
        Error::NotFound("name".into()),
        Error::Denied(Arc::new(Denied {
            shape: "t:T".into(),
            operation: Operation::Set,
            member: Some("speed".into()),
            policy: "closed".into(),
            remedy: "marking it".into(),
        })),
        Error::Disconnected(Arc::new(Disconnected {
            reason: "gone".into(),
            may_have_run: false,
            hop: Some("b to c".into()),
        })),
        Error::Overloaded("full".into()),
        Error::Protocol("bad".into()),
        Error::Deadline("1 s".into()),
        Error::Stopped,
        Error::Busy("turning".into()),
        Error::TooDeep(512),
        Error::Cycle("of two".into()),
        Error::NotSupported { shape: "t:T".into(), operation: Operation::Hash },
        Error::NoMember { shape: "t:T".into(), member: "fly".into() },
        Error::Convert(Arc::new(ConvertError {
            path: vec!["args".into(), "[3]".into()],
            wanted: "u8".into(),
            found: "int 300".into(),
        })),
        Error::Misuse("do not".into()),
    ];
    for error in errors {
        let back = error_there_and_back(&error);
        assert_eq!(format!("{back:?}"), format!("{error:?}"));
    }
}

#[test]
fn an_unknown_code_is_an_error_of_the_objects_code() {
    let value = Value::tuple([Value::Int(99), Value::text("t:New"), Value::text("message"), Value::Int(3)]);
    let payload = encode_result(&value, &(), &Limits::default()).expect("encoded");
    let error = decode_error(&payload.bytes, &[], &Limits::default()).expect("decoded");
    let raised = error.raised().expect("raised");
    assert_eq!(**raised, Raised::new("t:New", "message"));
}

#[test]
fn details_of_a_wrong_kind_are_left_out_and_what_is_no_error_is_refused() {
    let decode = |value: &Value| {
        let payload = encode_result(value, &(), &Limits::default()).expect("encoded");
        decode_error(&payload.bytes, &[], &Limits::default())
    };
    let error =
        |code: i64, details: Value| Value::tuple([Value::Int(code), Value::text("n"), Value::text("m"), details]);
    for code in 0..20 {
        let wrong = [
            Value::Int(1),
            Value::tuple([]),
            Value::tuple((0..12).map(Value::Int)),
            Value::tuple((0..12).map(|_| Value::tuple(vec![Value::Int(1); 5]))),
        ];
        for details in wrong {
            assert!(decode(&error(code, details)).is_ok());
        }
    }
    let lost = decode(&error(3, Value::None));
    assert!(matches!(lost, Ok(Error::Disconnected(lost)) if lost.may_have_run), "not told means that it may have");
    for value in [
        Value::None,
        Value::text("error"),
        Value::tuple([]),
        Value::tuple([Value::Int(1), Value::Int(2), Value::Int(3), Value::None]),
    ] {
        assert!(decode(&value).is_err(), "{value:?}");
    }
}

#[test]
fn an_error_has_no_shared_parts() {
    let marked = [1, 0x09, 4, 0x40, 0x07, 0, 0x07, 0, 0x10, 0x09, 0];
    assert!(decode_error(&marked, &[], &Limits::default()).is_err());
    let marked = [0, 0x09, 4, 0x40, 0x07, 0, 0x07, 0, 0x10, 0x09, 0];
    assert!(decode_error(&marked, &[], &Limits::default()).is_err());
    // An item that is marked, and an attribute that names it as its error's details.
    let error = [1, 0x09, 4, 0x40, 0x07, 0, 0x07, 0, 0x11, 0];
    let items = [&[1, 1, 1, 0x10, 0x09, 0][..], &error].concat();
    assert!(decode_items(&items, &[], &Limits::default()).is_err());
    let shared = Value::tuple([Value::Int(1)]);
    let error = Error::Raised(Arc::new(Raised { arguments: vec![shared.clone(), shared], ..Raised::default() }));
    let back = error_there_and_back(&error);
    assert_eq!(format!("{back:?}"), format!("{error:?}"));
}

#[test]
fn an_error_is_cut_to_what_an_error_may_be() {
    let long: Arc<str> = "\u{1f980}".repeat(100_000).into();
    let cause = (0..1000).fold(Raised::new("t:Root", &*long), |cause, _| Raised {
        cause: Some(Arc::new(cause)),
        ..Raised::new("t:Cause", &*long)
    });
    let frames = vec![FrameInfo { text: long.clone(), ..FrameInfo::default() }; 5000];
    let deep = (0..60).fold(Value::None, |inner, _| Value::tuple([inner]));
    let error = Error::Raised(Arc::new(Raised {
        cause: Some(Arc::new(cause)),
        arguments: vec![deep, list([Value::bytes(vec![0; 1 << 20])]), own_holder(&[])],
        notes: vec![long.clone(); 1000],
        group: (0..1000).map(|_| Arc::new(Raised::new("t:Member", ""))).collect(),
        frames,
        ..Raised::new("t:Huge", long.clone())
    }));
    let payload = encode_error(&error, &(), &Limits::default());
    assert!(payload.bytes.len() <= 64 << 10, "{}", payload.bytes.len());
    let back = error_there_and_back(&error);
    let raised = back.raised().expect("raised");
    assert_eq!(&*raised.type_name, "t:Huge");
    assert!(raised.message.ends_with("...") && raised.message.len() > 1000);
    assert!(raised.cause.is_some());
    // Nothing can keep an error from being encoded.
    let none =
        Limits { value_depth_max: 0, value_nodes_max: 0, value_weight_max: 0, text_len_max: 5, ..Limits::default() };
    let payload = encode_error(&error, &(), &none);
    assert!(decode_error(&payload.bytes, &[], &Limits::default()).is_ok());
}

#[test]
fn an_argument_that_cannot_be_sent_is_named_by_its_kind() {
    let error = Error::Raised(Arc::new(Raised {
        arguments: vec![Value::Int(1), own_holder(&[]), Value::text("x".repeat(10_000))],
        ..Raised::new("t:E", "")
    }));
    let back = error_there_and_back(&error);
    let arguments = &back.raised().expect("raised").arguments;
    assert_eq!(arguments[..2], [Value::Int(1), Value::text("<list contents>")]);
    assert!(matches!(&arguments[2], Value::Text(text) if text.len() == 1024));
}

#[test]
fn an_error_among_items_shares_nothing_with_them() {
    let limits = Limits::default();
    let shared = Value::tuple([Value::Int(1)]);
    let failed = Error::Raised(Arc::new(Raised { arguments: vec![shared.clone()], ..Raised::new("t:E", "") }));
    let mut items = ItemsEncoder::new(1, &all, &limits);
    items.push(&shared, &[None]).expect("pushed");
    items.push(&Value::Int(2), &[Some(Err(failed))]).expect("pushed");
    let items = decode_items(&items.finish().bytes, &[], &limits).expect("what was encoded is decoded");
    let Some(Err(error)) = &items.attributes[1] else { panic!("no error") };
    assert_eq!(error.raised().expect("raised").arguments, [shared]);
}

#[test]
fn a_peer_makes_us_keep_no_more_than_so_many_parts() {
    let part = |details: Value| Value::tuple([Value::text(""), Value::text(""), details]);
    let details = |cause: Value, group: Value| {
        let none = Value::None;
        Value::tuple([
            none.clone(),
            Value::tuple(vec![Value::None; 5000]),
            cause,
            none.clone(),
            none.clone(),
            group,
            none.clone(),
            none,
        ])
    };
    let cause = (0..20).fold(part(Value::None), |cause, _| part(details(cause, Value::None)));
    let group = Value::tuple(vec![part(Value::None); 100]);
    let error = Value::tuple([Value::Int(0), Value::text(""), Value::text(""), details(cause, group)]);
    let limits = Limits::default();
    let mut output = output::Output::new(&limits);
    output.bytes.push(0);
    let marking = marking::Marking::Never;
    encode::Encoder::new(&mut output, marking, &(), &limits).value(&error).expect("encoded");
    let bytes = output.into_payload().bytes;
    let error = decode_error(&bytes, &[], &limits).expect("decoded");
    let (mut parts, mut arguments, mut next) = (0, 0, error.raised().cloned());
    while let Some(raised) = next {
        parts += 1 + raised.group.len();
        arguments += raised.arguments.len();
        next = raised.cause.clone();
    }
    assert_eq!(parts, 1 + limits.error_parts_max as usize);
    assert_eq!(arguments, 1024);
}
