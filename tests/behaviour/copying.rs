//! Copying: what is copied arrives as what it was, sharing and cycles included; operands and whole fetches are copies.

use std::sync::Arc;

use wherever::clock::ManualClock;
use wherever::hosts::{ByteArray, Dict, List, Set, copy_operand};
use wherever::policy::Policy;
use wherever::shape::Category;
use wherever::value::{BigInt, Cycle, Items, Ref, Typed};
use wherever::{Error, Node, Operation, Proxy, RustRuntime, Value};
use wherever_tests::inline::Inline;
use wherever_tests::lab::Lab;

fn node_taking(clock: &Arc<ManualClock>, value_types: &[(&str, u32)]) -> Node {
    let value_types = value_types.iter().map(|(name, version)| (Arc::from(*name), *version)).collect();
    let runtime = Arc::new(RustRuntime::with_value_types(value_types));
    Node::builder().clock(clock.clone()).policy(Policy::Closed).runtime(runtime).build()
}

fn inline_taking(near: &[(&str, u32)], far: &[(&str, u32)]) -> (Inline, Proxy, Arc<Lab>) {
    let clock = Arc::new(ManualClock::default());
    let far = node_taking(&clock, far);
    let (own, lab) = Lab::own();
    far.export("lab", own);
    let inline = Inline::start(&clock, &node_taking(&clock, near), &far);
    let proxy = inline.peer.get("lab").unwrap();
    (inline, proxy, lab)
}

fn inline() -> (Inline, Proxy, Arc<Lab>) {
    inline_taking(&[], &[])
}

#[track_caller]
fn end(inline: Inline, proxy: Proxy, lab: &Lab) {
    let kept = std::mem::take(&mut *lab.kept.lock());
    drop((kept, proxy));
    inline.assert_idle();
}

fn typed(name: &str, version: u32) -> Value {
    let data = Value::tuple([2026.into(), 10.into(), 4.into()]);
    Value::Typed(Arc::new(Typed { type_name: name.into(), version, data }))
}

#[test]
fn every_copied_kind_goes_there_and_comes_back_as_it_was() {
    let (inline, proxy, lab) = inline();
    let big = |negative| Value::from(BigInt::new(negative, &[7; 1000]));
    let frozen = Value::FrozenSet(Items::new([1.into(), "two".into(), Value::tuple([3.into()])]));
    let values = [
        Value::None,
        true.into(),
        false.into(),
        0.into(),
        63.into(),
        64.into(),
        (-1).into(),
        i64::MAX.into(),
        i64::MIN.into(),
        u64::MAX.into(),
        i128::MIN.into(),
        big(false),
        big(true),
        0.0.into(),
        (-0.0).into(),
        f64::INFINITY.into(),
        Value::Float(f64::from_bits(0x7ff8_0000_dead_beef)),
        Value::Complex(1.5, -0.0),
        "".into(),
        "Grüße, 世界 \u{10FFFF}\0".into(),
        Value::bytes([]),
        Value::bytes(&[0, 255, 10][..]),
        Value::tuple([]),
        Value::tuple([1.into(), Value::tuple([Value::None]), "x".into()]),
        Value::FrozenSet(Items::new([])),
        frozen,
    ];
    for value in &values {
        assert_eq!(&proxy.call("echo", (value.clone(),)).unwrap(), value);
    }
    let all = Value::tuple(values.to_vec());
    assert_eq!(proxy.call("echo", (all.clone(),)).unwrap(), all);
    assert_eq!((inline.peer.stats().exports, inline.peer.stats().imports), (0, 1));
    end(inline, proxy, &lab);
}

#[test]
fn a_very_long_text_goes_there_and_comes_back_in_parts() {
    let (inline, proxy, lab) = inline();
    let before = inline.peer.stats();
    let long = Value::text("long ".repeat(1_000_000));
    assert_eq!(proxy.call("echo", (long.clone(),)).unwrap(), long);
    let after = inline.peer.stats();
    assert_eq!(after.messages() - before.messages(), 2, "parts of a message are not messages");
    assert!(after.frames() - before.frames() > 20);
    end(inline, proxy, &lab);
}

#[test]
fn sharing_within_one_message_survives() {
    let (inline, proxy, lab) = inline();
    let shared = Value::tuple((0..100).map(Value::from));
    let one = Value::tuple([shared.clone(), shared.clone(), Value::tuple([shared])]);
    let before = inline.peer.stats().bytes_sent;
    let back = proxy.call("echo", (one.clone(),)).unwrap();
    assert!(inline.peer.stats().bytes_sent - before < 300, "told once");
    assert_eq!(back, one);
    let Value::Tuple(items) = back else { panic!("no tuple") };
    let (Value::Tuple(first), Value::Tuple(second)) = (&items[0], &items[1]) else { panic!("no tuples") };
    assert!(first.same(second));
    end(inline, proxy, &lab);
}

#[test]
fn a_cycle_within_one_message_survives() {
    let (inline, proxy, lab) = inline();
    let list = List::from_iter([Value::from(1)]);
    list.push(list.clone().into());
    let operand = copy_operand(&list.clone().into()).unwrap();
    let back = proxy.call("echo", (operand,)).unwrap();
    let Value::List(items) = &back else { panic!("no list contents: {back:?}") };
    let Value::Cycle(cycle) = &items[1] else { panic!("no cycle: {:?}", items[1]) };
    let Some(Value::List(around)) = cycle.follow() else { panic!("it leads nowhere") };
    assert!(around.same(items));
    list.clear();
    drop(back);
    end(inline, proxy, &lab);
}

#[test]
fn a_cycle_can_be_made_only_of_a_container() {
    assert!(Cycle::to(&Value::Int(1)).is_none() && Cycle::to(&Value::tuple([])).is_none());
}

#[test]
fn a_shared_list_in_a_tuple_is_one_reference() {
    let (inline, proxy, lab) = inline();
    let list = List::new();
    proxy.call("keep", (Value::tuple([list.clone().into(), list.clone().into()]),)).unwrap();
    let Some(Value::Tuple(items)) = lab.kept.lock().last().cloned() else { panic!("no tuple") };
    assert_eq!(items[0], items[1]);
    assert_eq!(inline.peer.stats().exports, 1);
    drop(items);
    end(inline, proxy, &lab);
}

#[test]
fn a_local_container_beside_a_remote_one_is_copied_deeply() {
    let (inline, proxy, lab) = inline();
    let inner = List::from_iter([Value::from(2)]);
    let theirs = List::from_iter([1.into(), List::from_iter([Value::from(2)]).into()]);
    lab.kept.lock().push(theirs.clone().into());
    let remote: Proxy = proxy.call("kept", ()).unwrap().to().unwrap();
    let like = List::from_iter([1.into(), inner.clone().into()]);
    let before = inline.peer.stats();
    assert!(remote.compare("eq", like.clone()).unwrap());
    assert!(remote.compare("ne", List::new()).unwrap());
    assert_eq!(inline.peer.stats().messages() - before.messages(), 4);
    let sum: Proxy = remote.binary("add", like).unwrap().to().unwrap();
    inner.push(3.into());
    let Value::List(items) = sum.fetch().unwrap() else { panic!("no list") };
    assert_eq!(items.len(), 4);
    let copied: Proxy = items[3].clone().to().unwrap();
    assert!(!copied.is_own(), "the list inside the operand was copied too");
    assert_eq!(copied.len().unwrap(), 1);
    assert_eq!(inline.peer.stats().exports, 0);
    drop((remote, sum, items, copied));
    theirs.clear();
    end(inline, proxy, &lab);
}

#[test]
fn sets_dicts_and_byte_arrays_are_operands_by_value_too() {
    let (inline, proxy, lab) = inline();
    let set = Set::try_from_values([1.into(), 2.into()]).unwrap();
    let dict = Dict::try_from_entries([("a".into(), 1.into())]).unwrap();
    let array = ByteArray::from(vec![1, 2]);
    let [theirs_set, theirs_dict, theirs_array] = [Value::from(set.clone()), dict.clone().into(), array.clone().into()]
        .map(|theirs| {
            lab.kept.lock().push(theirs);
            proxy.call("kept", ()).unwrap().to::<Proxy>().unwrap()
        });
    let both: Proxy =
        theirs_set.binary("and", Set::try_from_values([2.into(), 3.into()]).unwrap()).unwrap().to().unwrap();
    assert_eq!(both.fetch().unwrap(), Value::Set(Items::new([2.into()])));
    assert!(theirs_dict.compare("eq", Dict::try_from_entries([("a".into(), 1.into())]).unwrap()).unwrap());
    assert!(theirs_array.compare("eq", ByteArray::from(vec![1, 2])).unwrap());
    assert_eq!(inline.peer.stats().exports, 0);
    drop((theirs_set, theirs_dict, theirs_array, both));
    end(inline, proxy, &lab);
}

#[test]
fn anywhere_else_a_local_container_goes_by_reference() {
    let (inline, proxy, lab) = inline();
    let mine = List::from_iter([Value::from(1)]);
    let theirs = List::new();
    lab.kept.lock().push(theirs.clone().into());
    let remote: Proxy = proxy.call("kept", ()).unwrap().to().unwrap();
    remote.call("append", (mine.clone(),)).unwrap();
    let Some(Value::Ref(Ref::Remote(_))) = theirs.get(0) else { panic!("no reference: {theirs:?}") };
    assert_eq!(remote.index(0).unwrap(), mine.into());
    theirs.clear();
    drop(remote);
    end(inline, proxy, &lab);
}

#[test]
fn a_whole_fetch_is_a_snapshot_and_the_reference_stays_one() {
    let (inline, proxy, lab) = inline();
    let inner = List::new();
    let theirs = List::from_iter([1.into(), inner.into()]);
    lab.kept.lock().push(theirs.clone().into());
    let remote: Proxy = proxy.call("kept", ()).unwrap().to().unwrap();
    let before = inline.peer.stats().messages();
    let fetched = remote.fetch().unwrap();
    assert_eq!(inline.peer.stats().messages() - before, 2);
    theirs.push(3.into());
    let Value::List(items) = &fetched else { panic!("no list") };
    assert_eq!((items.len(), &items[0]), (2, &Value::Int(1)));
    let inside: Proxy = items[1].clone().to().unwrap();
    assert_eq!(inside.shape().category(), Category::List, "elements by the same rules");
    assert_eq!(remote.len().unwrap(), 3, "a later read sees later changes");
    drop((remote, fetched, inside));
    theirs.clear();
    end(inline, proxy, &lab);
}

#[test]
fn iteration_is_over_a_snapshot() {
    let (inline, proxy, lab) = inline();
    let theirs = List::from_iter((0..10).map(Value::from));
    lab.kept.lock().push(theirs.clone().into());
    let remote: Proxy = proxy.call("kept", ()).unwrap().to().unwrap();
    let mut items = remote.iterate().unwrap();
    items.next().unwrap().unwrap();
    theirs.clear();
    assert_eq!(items.count(), 9);
    drop(remote);
    end(inline, proxy, &lab);
}

#[test]
fn every_container_is_fetched_as_what_it_is() {
    let (inline, proxy, lab) = inline();
    let entries = [(Value::from("a"), Value::from(1)), ("b".into(), 2.into())];
    let wholes: [(Value, Value); 7] = [
        (List::from_iter([Value::from(1)]).into(), Value::List(Items::new([1.into()]))),
        (List::new().into(), Value::List(Items::new([]))),
        (Dict::try_from_entries(entries.clone()).unwrap().into(), Value::Dict(entries.into_iter().collect())),
        (Dict::new().into(), Value::Dict(Default::default())),
        (Set::try_from_values([1.into()]).unwrap().into(), Value::Set(Items::new([1.into()]))),
        (ByteArray::from(vec![9; 200_000]).into(), Value::ByteArray(vec![9; 200_000].into())),
        (ByteArray::new().into(), Value::ByteArray(Vec::new().into())),
    ];
    for (theirs, contents) in wholes {
        lab.kept.lock().push(theirs);
        let remote: Proxy = proxy.call("kept", ()).unwrap().to().unwrap();
        assert_eq!(remote.fetch().unwrap(), contents);
    }
    end(inline, proxy, &lab);
}

#[test]
fn a_generator_is_stepped_one_item_at_a_time_unless_a_buffer_is_asked_for() {
    let (inline, proxy, lab) = inline();
    let made = Arc::new(parking_lot::Mutex::new(0));
    let generator = |made: &Arc<parking_lot::Mutex<i64>>| {
        let made = made.clone();
        wherever::hosts::iterator(std::iter::from_fn(move || {
            *made.lock() += 1;
            Some(Ok(Value::from(*made.lock())))
        }))
    };
    lab.kept.lock().push(generator(&made).into());
    let remote: Proxy = proxy.call("kept", ()).unwrap().to().unwrap();
    let mut steps = remote.iterate().unwrap();
    for step in 1..=3 {
        assert_eq!(steps.next().unwrap().unwrap(), Value::Int(step));
        inline.peer.poll().unwrap();
        assert_eq!(*made.lock(), step, "made when asked for, never ahead");
    }
    drop(steps);
    let mut buffered = remote.buffered(10).unwrap();
    assert_eq!(buffered.next().unwrap().unwrap(), Value::Int(4));
    inline.peer.poll().unwrap();
    assert!(*made.lock() <= 4 + 10, "never further ahead than the buffer");
    drop((buffered, remote));
    end(inline, proxy, &lab);
}

#[test]
fn a_value_type_that_both_know_is_copied() {
    let (inline, proxy, lab) = inline_taking(&[("toy:date", 1)], &[("toy:date", 1)]);
    let date = typed("toy:date", 1);
    assert_eq!(proxy.call("echo", (date.clone(),)).unwrap(), date);
    proxy.call("keep", (date.clone(),)).unwrap();
    assert_eq!(lab.kept.lock().pop(), Some(date));
    assert_eq!(inline.peer.stats().exports, 0);
    end(inline, proxy, &lab);
}

#[test]
fn a_value_type_that_the_peer_did_not_announce_goes_by_reference_and_comes_home_as_the_value() {
    for (near, far) in [(("toy:date", 1), None), (("toy:date", 2), Some(("toy:date", 1)))] {
        let far: Vec<_> = far.into_iter().collect();
        let (inline, proxy, lab) = inline_taking(&[near], &far);
        let date = typed(near.0, near.1);
        proxy.call("keep", (date.clone(),)).unwrap();
        let over_there: Proxy = lab.kept.lock().last().cloned().unwrap().to().unwrap();
        assert!(!over_there.is_own() && over_there.is_a("toy:date"));
        assert_eq!(proxy.call("kept", ()).unwrap(), date, "at home it is the value again");
        let text = over_there.request(Operation::Text).promise().unwrap();
        inline.peer.poll().unwrap();
        assert!(text.result().unwrap().to::<String>().unwrap().contains("2026"));
        drop(text);
        drop(over_there);
        end(inline, proxy, &lab);
    }
}

#[test]
fn a_value_of_an_unknown_type_inside_a_tuple_is_a_reference_and_the_rest_a_copy() {
    let (inline, proxy, lab) = inline();
    proxy.call("keep", (Value::tuple([1.into(), typed("toy:date", 1)]),)).unwrap();
    let Some(Value::Tuple(items)) = lab.kept.lock().last().cloned() else { panic!("no tuple") };
    assert!(items[0] == Value::Int(1) && matches!(items[1], Value::Ref(Ref::Remote(_))));
    drop(items);
    end(inline, proxy, &lab);
}

#[test]
fn the_data_of_a_value_type_may_hold_copies_only() {
    let (inline, proxy, lab) = inline_taking(&[], &[("toy:bad", 1)]);
    let data = Value::tuple([List::new().into()]);
    let bad = Value::Typed(Arc::new(Typed { type_name: "toy:bad".into(), version: 1, data }));
    let error = proxy.call("echo", (bad,)).unwrap_err();
    assert!(matches!(&error, Error::Misuse(text) if text.contains("value type")), "{error}");
    end(inline, proxy, &lab);
}

#[test]
fn an_operand_that_is_remote_stays_a_reference() {
    let (inline, proxy, lab) = inline();
    lab.kept.lock().push(List::from_iter([Value::from(1)]).into());
    let remote: Proxy = proxy.call("kept", ()).unwrap().to().unwrap();
    assert!(remote.compare("eq", &remote).unwrap(), "it is their own there");
    let joined: Proxy = remote.binary("add", &remote).unwrap().to().unwrap();
    assert_eq!(joined.len().unwrap(), 2);
    assert!(matches!(
        remote.request(Operation::Binary).member("add").args((1,)).send(),
        Err(Error::NotSupported { .. })
    ));
    drop((remote, joined));
    end(inline, proxy, &lab);
}
