//! What goes out comes in, sharing and cycles included.

use super::*;

#[test]
fn every_kind_of_value_comes_back() {
    let floats = [0.0, -0.0, f64::NAN, f64::INFINITY, f64::MIN_POSITIVE];
    let ints = [0, 63, 64, -1, i64::MIN, i64::MAX];
    let wide = [i128::from(i64::MAX) + 1, i128::from(i64::MIN) - 1, i128::MIN, i128::MAX];
    let values = floats
        .into_iter()
        .map(Value::Float)
        .chain(ints.into_iter().map(Value::Int))
        .chain(wide.into_iter().map(Value::from))
        .chain([
            Value::None,
            Value::Bool(false),
            Value::text(""),
            Value::bytes(&[][..]),
            Value::bytes(&[0, 255][..]),
            Value::tuple([]),
            list([]),
            dict([]),
            Value::BigInt(Arc::new(crate::value::BigInt::new(true, &[9; 300]))),
            typed("t:Wrapped", typed("t:Inner", Value::Int(1))),
            Value::Ref(Ref::Own(own())),
            Value::Ref(Ref::Remote(handle(1))),
        ]);
    for value in values {
        assert_eq!(there_and_back(&value), value);
    }
    let rich = rich();
    let back = there_and_back(&rich);
    assert_eq!(format!("{back:?}"), format!("{rich:?}"));
}

#[test]
fn a_number_has_one_form() {
    assert_eq!(decoded(&[0, 0x04, 2 << 1 | 1, 5, 0]), Ok(Value::Int(-5)));
    assert_eq!(decoded(&[0, 0x04, 0]), Ok(Value::Int(0)));
    let payload = encode_result(&Value::Int(63), &(), &Limits::default()).expect("encoded");
    assert_eq!(payload.bytes, [0, 0x7f]);
}

#[test]
fn what_is_shared_stays_shared() {
    let shared = Container::new([Value::text("x")]);
    let diamond = Value::tuple([
        Value::Tuple(shared.clone()),
        dict([(Value::Int(1), Value::Tuple(shared.clone()))]),
        Value::Tuple(shared),
    ]);
    let Value::Tuple(back) = there_and_back(&diamond) else { panic!("a tuple comes back as one") };
    let [Value::Tuple(first), Value::Dict(middle), Value::Tuple(last)] = &*back else { panic!("{back:?}") };
    assert!(first.same(last));
    assert!(matches!(&middle[0].1, Value::Tuple(inner) if inner.same(first)));
}

#[test]
fn one_mark_is_made_for_what_is_met_again_and_none_for_the_rest() {
    let shared = Container::new([Value::None]);
    let value = Value::tuple([Value::Tuple(shared.clone()), Value::Tuple(shared.clone())]);
    let payload = encode_result(&value, &(), &Limits::default()).expect("encoded");
    assert_eq!(payload.bytes, [1, 0x09, 2, 0x10, 0x09, 1, 0x00, 0x11, 0]);
    // Held elsewhere, but met once.
    let value = Value::tuple([Value::Tuple(shared)]);
    let payload = encode_result(&value, &(), &Limits::default()).expect("encoded");
    assert_eq!(payload.bytes, [0, 0x09, 1, 0x09, 1, 0x00]);
}

#[test]
fn a_tuple_and_a_list_of_the_same_items_are_two_containers() {
    let items = Container::new([Value::Int(1)]);
    let value = Value::tuple([Value::List(items.clone()), Value::Tuple(items)]);
    assert_eq!(there_and_back(&value), value);
}

#[test]
fn a_list_that_holds_itself_comes_back_as_one() {
    let Value::List(back) = there_and_back(&own_holder(&[Value::Int(1)])) else { panic!("a list comes back as one") };
    let [Value::Int(1), Value::Cycle(cycle)] = &*back else { panic!("{back:?}") };
    assert!(matches!(cycle.follow(), Some(Value::List(followed)) if followed.same(&back)));
}

/// An outer list that holds a tuple that holds both.
fn nested_cycles() -> (Value, Value) {
    let (outer, inner) = (Container::unfilled(), Container::unfilled());
    let (list, tuple) = (Value::List(outer.clone()), Value::Tuple(inner.clone()));
    let back = |to: &Value| Value::Cycle(Cycle::to(to).expect("a container"));
    inner.fill([back(&list), back(&tuple)].into());
    outer.fill([tuple.clone(), tuple.clone()].into());
    (list, tuple)
}

#[test]
fn cycles_through_each_other_come_back() {
    let (list, tuple) = nested_cycles();
    let Value::List(back) = there_and_back(&list) else { panic!("a list comes back as one") };
    let [Value::Tuple(first), Value::Tuple(second)] = &*back else { panic!("{back:?}") };
    assert!(first.same(second));
    let [Value::Cycle(up), Value::Cycle(here)] = &**first else { panic!("{first:?}") };
    assert!(matches!(up.follow(), Some(Value::List(followed)) if followed.same(&back)));
    assert!(matches!(here.follow(), Some(Value::Tuple(followed)) if followed.same(first)));
    // From the inside: the list that the edge leads to is encoded where it is met.
    let Value::Tuple(back) = there_and_back(&tuple) else { panic!("a tuple comes back as one") };
    assert!(matches!(&back[0], Value::List(list)
        if matches!(&list[0], Value::Cycle(edge)
            if matches!(edge.follow(), Some(Value::Tuple(followed)) if followed.same(&back)))));
    drop(list);
    let gone = encode_result(&tuple, &(), &Limits::default()).expect_err("the list is gone");
    assert!(gone.to_string().contains("gone"), "{gone}");
}

#[test]
fn each_object_is_one_reference() {
    let (own, other, remote) = (own(), own(), handle(3));
    let value = Value::tuple([
        Value::Ref(Ref::Own(own.clone())),
        Value::Ref(Ref::Remote(remote.clone())),
        Value::Ref(Ref::Own(own.clone())),
        Value::Ref(Ref::Own(own.read_only())),
        Value::Ref(Ref::Remote(remote)),
        Value::Ref(Ref::Own(other)),
    ]);
    let payload = encode_result(&value, &(), &Limits::default()).expect("encoded");
    assert_eq!(payload.refs.len(), 4, "another grant is another reference");
    assert!(decode_result(&payload.bytes, &slots(&payload)[..3], &Limits::default()).is_err());
    assert_eq!(there_and_back(&value), value);
}

#[test]
fn a_result_that_is_one_reference_is_seen() {
    let payload = encode_result(&Value::Ref(Ref::Own(own())), &(), &Limits::default());
    let bytes = payload.expect("encoded").bytes;
    assert_eq!(sole_reference(&bytes), Some(0));
    assert_eq!(sole_reference(&[0, 0x12, 0x85, 0x01]), Some(133));
    assert_eq!(sole_reference(&[0, 0x12, 0, 0]), None);
    assert_eq!(sole_reference(&[0, 0x00]), None);
    assert_eq!(sole_reference(&[]), None);
}

#[test]
fn a_value_type_that_is_not_known_goes_by_reference() {
    let knows_date = |name: &str, version: u32| name == "t:Date" && version == 1;
    let date = typed("t:Date", Value::Int(1));
    let Value::Typed(money) = typed("t:Money", Value::Int(2)) else { panic!("made as one") };
    let value = Value::tuple([date, Value::Typed(money.clone()), Value::Typed(money.clone())]);
    let payload = encode_result(&value, &knows_date, &Limits::default()).expect("encoded");
    let [Ref::Own(own)] = &payload.refs[..] else { panic!("one value is one object: {payload:?}") };
    let host = own.downcast::<TypedHost>().expect("its host");
    assert!(Arc::ptr_eq(host.value(), &money));
    assert_eq!(&**own.shape().name(), "t:Money");
    assert_eq!(own.host().whole().expect("contents"), list([Value::Int(2)]));
    // A known one that holds one that is not known goes whole.
    let holder = typed("t:Date", Value::tuple([Value::Typed(money)]));
    let payload = encode_result(&holder, &knows_date, &Limits::default()).expect("encoded");
    assert_eq!(payload.refs.len(), 1);
    // All values of a type have one shape.
    let (one, two) = (own.shape(), TypedHost::new(host.value().clone()));
    assert!(Arc::ptr_eq(&one, &crate::host::Host::shape(&two)));
}

#[test]
fn the_data_of_a_value_type_is_immutable() {
    let shared = Container::new([Value::Int(1)]);
    let fine = typed("t:T", Value::tuple([Value::Tuple(shared.clone()), Value::Tuple(shared.clone())]));
    assert_eq!(there_and_back(&fine), fine);
    for data in [list([]), Value::Ref(Ref::Own(own())), Value::ByteArray([1][..].into()), Value::tuple([dict([])])] {
        let value = typed("t:T", data);
        assert!(encode_result(&value, &all, &Limits::default()).is_err());
    }
    // A list, a reference, contents of a byte array, and a back to a list.
    for data in [&[0x0c, 0][..], &[0x12, 0], &[0x0f, 0]] {
        let bytes = [&[0, 0x0b, 1, b't', 1][..], data].concat();
        assert!(decode_result(&bytes, &[Value::None], &Limits::default()).is_err());
    }
    let back = [1, 0x09, 2, 0x10, 0x0c, 0, 0x0b, 0, 0, 0x11, 0];
    assert!(decoded(&back).is_err());
    let back = [1, 0x09, 2, 0x10, 0x09, 0, 0x0b, 0, 0, 0x11, 0];
    assert!(decoded(&back).is_ok(), "a shared tuple is fine");
}

#[test]
fn arguments_come_back() {
    let shared = Value::tuple([Value::Int(1)]);
    let arguments = Arguments {
        positional: vec![shared.clone(), Value::Ref(Ref::Own(own()))],
        named: vec![("speed".into(), shared), ("".into(), Value::None)],
    };
    let payload = encode_arguments(&arguments, &(), &Limits::default()).expect("encoded");
    let back = decode_arguments(&payload.bytes, &slots(&payload), &Limits::default());
    assert_eq!(back.as_ref(), Ok(&arguments));
    let empty = encode_arguments(&Arguments::default(), &(), &Limits::default());
    assert_eq!(empty.expect("encoded").bytes, [0, 0, 0]);
}

#[test]
fn items_come_back_with_their_attributes() {
    let limits = Limits::default();
    let shared = Container::new([Value::Int(1)]);
    let mut encoder = ItemsEncoder::new(2, &(), &limits);
    let error = Error::NotFound("x".into());
    let first = [None, Some(Ok(Value::Tuple(shared.clone())))];
    encoder.push(&Value::Tuple(shared), &first).expect("pushed");
    let len = encoder.len_bytes();
    let gone = Value::Cycle(Cycle::to(&list([Value::None])).expect("a container"));
    assert!(encoder.push(&Value::None, &[]).is_err(), "two attributes were promised");
    let bad = [Some(Ok(Value::Ref(Ref::Own(own())))), Some(Ok(gone))];
    let refused = encoder.push(&Value::None, &bad);
    assert!(refused.is_err() && encoder.len_bytes() == len, "and nothing of it stays");
    let second = [Some(Err(error)), Some(Ok(Value::Ref(Ref::Own(own()))))];
    encoder.push(&own_holder(&[]), &second).expect("pushed");
    assert_eq!(encoder.count(), 2);
    assert_eq!(encoder.refs_count(), 1);
    let payload = encoder.finish();
    assert_eq!(items_head(&payload.bytes), Ok(2));
    let items = decode_items(&payload.bytes, &slots(&payload), &limits).expect("decoded");
    assert_eq!((items.items.len(), items.attributes.len()), (2, 4));
    let (Value::Tuple(item), [None, Some(Ok(Value::Tuple(attribute)))]) = (&items.items[0], items.attributes_of(0))
    else {
        panic!("{items:?}")
    };
    assert!(item.same(attribute));
    assert!(matches!(
        items.attributes_of(1),
        [Some(Err(error)), Some(Ok(Value::Ref(_)))] if matches!(&**error, Error::NotFound(name) if &**name == "x")
    ));
}
