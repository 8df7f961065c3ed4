//! What a peer may send to do harm.

use std::time::{Duration, Instant};

use super::super::super::primitive::Write;
use super::*;
use crate::value::Entries;

/// A list within a list, and so on.
fn nested(levels: usize) -> Value {
    (0..levels).fold(Value::None, |inner, _| list([inner]))
}

#[test]
fn levels_are_bounded_on_both_ways() {
    let max = Limits::default().value_depth_max as usize;
    let deep = nested(max);
    assert_eq!(there_and_back(&deep), deep);
    let refused = encode_result(&nested(max + 1), &(), &Limits::default()).expect_err("refused");
    assert!(refused.to_string().contains("value_depth_max"), "{refused}");
    let mut bytes = vec![0];
    for _ in 0..1_000_000 {
        bytes.extend([0x09, 1]);
    }
    bytes.push(0);
    assert_eq!(decoded(&bytes).expect_err("refused").what, "values nested too deep");
    let typed: Vec<u8> = [0].into_iter().chain([0x0b, 0, 0].repeat(1_000_000)).collect();
    assert!(decoded(&typed).is_err());
    // Whatever the limit is set to, no value is deeper than a stack can drop.
    let limits = Limits { value_depth_max: u32::MAX, ..Limits::default() };
    assert!(decode_result(&bytes, &[], &limits).is_err());
}

/// A tuple of marked tuples, each holding the one before so many times.
fn chain(links: u64, times: usize) -> Vec<u8> {
    let mut bytes = Vec::new();
    bytes.varint(links);
    bytes.push(0x09);
    bytes.varint(links);
    bytes.extend([0x10, 0x09, 1, 0]);
    for link in 1..links {
        bytes.extend([0x10, 0x09, times as u8]);
        for _ in 0..times {
            bytes.push(0x11);
            bytes.varint(link - 1);
        }
    }
    bytes
}

#[test]
fn levels_do_not_add_up_through_shared_containers() {
    let refused = decoded(&chain(65_536, 1)).expect_err("refused");
    assert_eq!(refused.what, "values nested too deep");
    assert!(decoded(&chain(63, 1)).is_ok());
    assert!(decoded(&chain(64, 1)).is_err(), "the outer tuple is a level too");
    // The same, made here.
    let links = |count: usize| {
        let mut all = vec![Value::tuple([Value::None])];
        for _ in 1..count {
            all.push(Value::tuple(all.last().cloned()));
        }
        encode_result(&Value::tuple(all), &(), &Limits::default())
    };
    let payload = links(63).expect("encoded");
    assert!(decoded(&payload.bytes).is_ok());
    let refused = links(64).expect_err("refused");
    assert!(refused.to_string().contains("value_depth_max"), "{refused}");
}

#[test]
fn levels_do_not_add_up_from_call_to_call() {
    let held = nested(60);
    let bytes = [0, 0x09, 1, 0x09, 1, 0x09, 1, 0x09, 1, 0x12, 0];
    let slots = [held];
    assert!(decode_result(&bytes, &slots, &Limits::default()).is_ok());
    let bytes = [&[0, 0x09, 1][..], &bytes[1..]].concat();
    assert!(decode_result(&bytes, &slots, &Limits::default()).is_err());
}

#[test]
fn weight_is_bounded_on_both_ways() {
    assert!(decoded(&chain(20, 2)).is_ok());
    let refused = decoded(&chain(50, 2)).expect_err("refused");
    assert!(refused.what.contains("wherever they stand"), "{refused}");
    let mut value = Value::tuple([Value::None]);
    for _ in 0..50 {
        value = Value::tuple([value.clone(), value]);
    }
    let refused = encode_result(&value, &(), &Limits::default()).expect_err("refused");
    assert!(refused.to_string().contains("value_weight_max"), "{refused}");
    // Held by an answer, and named again.
    let (bytes, start) = ([0, 0x12, 0], Instant::now());
    assert!(decode_result(&bytes, &[value], &Limits::default()).is_err());
    assert!(start.elapsed() < Duration::from_secs(5), "no longer than the limit");
}

#[test]
fn a_long_text_does_not_stand_in_a_million_places() {
    let long = |value: Value, places: usize| {
        let shared = Value::tuple([value]);
        encode_result(&list(std::iter::repeat_n(shared, places)), &(), &Limits::default())
    };
    let kinds = [Value::text("x".repeat(1 << 20)), Value::bytes(vec![0; 1 << 20])];
    for value in kinds {
        let payload = long(value.clone(), 100).expect("encoded");
        assert!(decoded(&payload.bytes).is_ok());
        let refused = long(value.clone(), 1000).expect_err("refused");
        assert!(refused.to_string().contains("value_weight_max"), "{refused}");
        // As many as there are bytes to tell of them, by a sender who does not count.
        let free = Limits { value_weight_max: u32::MAX, ..Limits::default() };
        let shared = Value::tuple([value.clone()]);
        let forged = encode_result(&list(std::iter::repeat_n(shared, 1000)), &(), &free).expect("encoded");
        assert!(forged.bytes.len() < 2 << 20);
        let refused = decoded(&forged.bytes).expect_err("refused");
        assert!(refused.what.contains("wherever they stand"), "{refused}");
        // Held by an answer, and named again and again.
        let named = [&[0, 0x09, 125][..], &[0x12, 0].repeat(125)].concat();
        assert!(decode_result(&named, std::slice::from_ref(&value), &Limits::default()).is_ok());
        let slots = [Value::tuple([value.clone(), value.clone(), value])];
        assert!(decode_result(&named, &slots, &Limits::default()).is_err());
    }
    // However long what stands once may be.
    let limits = Limits { value_weight_max: 100, ..Limits::default() };
    let once = list([Value::text("x".repeat(1 << 20)), Value::bytes(vec![0; 1 << 20])]);
    let payload = encode_result(&once, &(), &limits).expect("encoded");
    assert!(decode_result(&payload.bytes, &[], &limits).is_ok());
}

#[test]
fn values_are_counted() {
    let limits = Limits { value_nodes_max: 10, ..Limits::default() };
    let value = list((0..10).map(Value::Int));
    let payload = encode_result(&value, &(), &Limits::default()).expect("encoded");
    assert!(decode_result(&payload.bytes, &[], &limits).is_err());
    let refused = encode_result(&value, &(), &limits).expect_err("refused");
    assert!(refused.to_string().contains("value_nodes_max"), "{refused}");
}

#[test]
fn no_announced_number_is_believed() {
    let mut huge = Vec::new();
    huge.varint(1 << 40);
    let with = |head: &[u8]| [head, &huge, &[0; 64]].concat();
    for tag in [0x04, 0x07, 0x08, 0x09, 0x0a, 0x0c, 0x0d, 0x0e, 0x0f, 0x11, 0x12] {
        assert!(decoded(&with(&[0, tag])).is_err(), "tag {tag:02x}");
    }
    assert!(decoded(&with(&[])).is_err(), "marks");
    for head in [&[][..], &[0], &[0, 0]] {
        assert!(decode_arguments(&with(head), &[], &Limits::default()).is_err());
        assert!(decode_items(&with(head), &[], &Limits::default()).is_err());
    }
    assert!(items_head(&with(&[0])).is_err());
    for max in [u64::MAX, u64::MAX / 2 + 1] {
        let mut bytes = vec![0, 0x0d];
        bytes.varint(max);
        assert!(decoded(&bytes).is_err());
    }
    // Each container alone announces no more than is left; all of them do.
    let bytes = [&[0, 0x09, 60][..], &[0x09, 50], &[0; 60]].concat();
    assert!(decoded(&bytes).is_err());
}

#[test]
fn limits_of_length_hold_on_both_ways() {
    let limits = Limits { text_len_max: 4, bigint_len_max: 16, name_len_max: 4, ..Limits::default() };
    let wide = crate::value::BigInt::new(false, &[1; 17]);
    for value in [Value::text("12345"), Value::BigInt(Arc::new(wide)), typed("12345", Value::None)] {
        let payload = encode_result(&value, &all, &Limits::default()).expect("encoded");
        assert!(encode_result(&value, &all, &limits).is_err(), "{value:?}");
        assert!(decode_result(&payload.bytes, &[], &limits).is_err(), "{value:?}");
    }
    let arguments = Arguments { positional: Vec::new(), named: vec![("12345".into(), Value::None)] };
    assert!(encode_arguments(&arguments, &(), &limits).is_err());
    assert!(decode_arguments(&[0, 0, 1, 5, 49, 50, 51, 52, 53, 0], &[], &limits).is_err());
}

#[test]
fn marks_are_as_announced() {
    for bytes in [
        &[1, 0x00, 0, 0, 0][..],
        &[1, 0x09, 2, 0, 0],
        &[0, 0x10, 0x09, 0],
        &[1, 0x10, 0x00, 0, 0],
        &[1, 0x10, 0x10, 0x09, 0],
        &[1, 0x11, 0, 0, 0],
        &[2, 0x09, 2, 0x10, 0x09, 0, 0x11, 1],
        &[0, 0x00, 0x00],
        &[0, 0x13],
        &[0, 0x80],
        &[],
    ] {
        assert!(decoded(bytes).is_err(), "{bytes:02x?}");
    }
}

/// Decodes a result; what comes out is compared, printed and dropped.
fn decode_result_wholly(bytes: &[u8], slots: &[Value]) -> bool {
    let Ok(value) = decode_result(bytes, slots, &Limits::default()) else {
        return false;
    };
    assert_eq!(value.clone(), value);
    !format!("{value:?}").is_empty()
}

/// Decodes these bytes as everything.
fn decode_as_all(bytes: &[u8], slots: &[Value]) -> bool {
    let limits = Limits::default();
    let _ = decode_arguments(bytes, slots, &limits);
    let _ = decode_items(bytes, slots, &limits);
    let _ = decode_error(bytes, slots, &limits);
    let _ = (sole_reference(bytes), items_head(bytes));
    decode_result_wholly(bytes, slots)
}

/// Calls with each of these bytes changed to every other byte.
fn change_each(bytes: &[u8], check: impl Fn(&[u8])) {
    let mut bytes = bytes.to_vec();
    for at in 0..bytes.len() {
        let was = bytes[at];
        for byte in 0..=u8::MAX {
            bytes[at] = byte;
            check(&bytes);
        }
        bytes[at] = was;
    }
}

#[test]
fn what_is_cut_short_or_changed_does_no_harm() {
    let payload = encode_result(&rich(), &all, &Limits::default()).expect("encoded");
    let slots = slots(&payload);
    for len in 0..payload.bytes.len() {
        assert!(!decode_as_all(&payload.bytes[..len], &slots), "cut at {len}");
    }
    let limits = Limits::default();
    change_each(&payload.bytes, |bytes| {
        decode_result_wholly(bytes, &slots);
    });
    let error = errors::grouped();
    let mut items = ItemsEncoder::new(1, &all, &limits);
    items.push(&rich(), &[Some(Err(error.clone()))]).expect("pushed");
    change_each(&items.finish().bytes, |bytes| {
        let _ = decode_items(bytes, &slots, &limits);
    });
    change_each(&encode_error(&error, &all, &limits).bytes, |bytes| {
        let _ = decode_error(bytes, &slots, &limits);
    });
}

#[test]
fn noise_does_no_harm() {
    let mut state = 0x2545_f491_4f6c_dd1d_u64;
    let mut next = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state
    };
    // Mostly tags and small numbers, so that much of it is nearly right.
    for _ in 0..50_000 {
        let len = next() % 64;
        let bytes: Vec<u8> = (0..len)
            .map(|_| match next() % 8 {
                0 => next() as u8,
                1 => 0x40 + (next() % 16) as u8,
                2..5 => (next() % 4) as u8,
                _ => 0x09 + (next() % 10) as u8,
            })
            .collect();
        decode_as_all(&bytes, &[Value::None, Value::tuple([Value::Int(1)])]);
    }
}

#[test]
fn a_dict_of_itself_is_told_from_its_key() {
    let entries = Entries::unfilled();
    let value = Value::Dict(entries.clone());
    let cycle = Value::Cycle(Cycle::to(&value).expect("a container"));
    entries.fill([(Value::text("me"), cycle)].into());
    let Value::Dict(back) = there_and_back(&value) else { panic!("a dict comes back as one") };
    assert!(matches!(&back[0].1, Value::Cycle(edge)
        if matches!(edge.follow(), Some(Value::Dict(followed)) if followed.same(&back))));
}
