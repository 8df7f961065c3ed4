//! Calls that wait for room as futures: in order, and made only if they are still wanted.

use std::sync::Arc;

use wherever::clock::ManualClock;
use wherever::hosts::Function;
use wherever::limits::{Limits, Told};
use wherever::{Error, Node, Operation, Proxy, Value};
use wherever_tests::hand::Hand;
use wherever_tests::lab::{Lab, assert_idle, got};
use wherever_tests::pair::{Pair, node};

/// A pair whose right side takes so few calls at once, with a lab on the right.
fn tight(calls_max: u32) -> (Pair, Arc<Lab>, Proxy) {
    let clock = Arc::<ManualClock>::default();
    let mut limits = Limits::default();
    limits.told = Told { calls_max, ..limits.told };
    let right = Node::builder().clock(clock.clone()).limits(limits).build();
    let (own, lab) = Lab::own();
    right.export("lab", own);
    let left = node(&clock, wherever::policy::Policy::default());
    let pair = Pair::of(&clock, &left, &right);
    let proxy = got(&pair, "lab");
    (pair, lab, proxy)
}

/// A call that waits over there, and holds nobody else up.
fn suspended(proxy: &Proxy, text: &str) -> Hand<wherever::CallFuture> {
    Hand::of(proxy.method("suspended").args((text,)))
}

#[test]
fn calls_without_room_are_made_in_order_as_room_comes() {
    // One place is kept for a fence.
    let (pair, lab, proxy) = tight(3);
    let mut calls: Vec<_> = ["a", "b", "c", "d", "e"].map(|text| suspended(&proxy, text)).into();
    calls.iter_mut().for_each(Hand::waits);
    pair.settle();
    assert_eq!(lab.read(), ["a", "b"]);
    // One that is not wanted any more is never made.
    drop(calls.remove(3));
    lab.next_gate().open(1);
    pair.settle();
    assert_eq!(calls[0].done().unwrap(), Value::Int(1));
    assert_eq!(calls[2].wakes(), 1, "woken as it is made");
    calls[2].waits();
    assert_eq!(lab.read(), ["c"]);
    lab.next_gate().open(2);
    lab.next_gate().open(3);
    pair.settle();
    calls[3].waits();
    assert_eq!(lab.read(), ["e"]);
    pair.settle();
    lab.next_gate().open(5);
    pair.settle();
    let results: Vec<_> = calls[1..].iter_mut().map(|call| call.done().unwrap()).collect();
    assert_eq!(results, [Value::Int(2), Value::Int(3), Value::Int(5)]);
    drop((calls, proxy, lab));
    assert_idle(&[&pair]);
}

#[test]
fn promises_one_way_calls_and_streams_wait_for_room_too() {
    let (pair, lab, proxy) = tight(2);
    let mut first = suspended(&proxy, "first");
    first.waits();
    pair.settle();
    let mut promise = Hand::of(proxy.method("double").args((2,)).promise_when_room());
    let mut one_way = Hand::of(proxy.method("log").args(("one way",)).one_way_when_room());
    let mut stream = Hand::of(proxy.request(Operation::Iterate).stream_when_room(1));
    promise.waits();
    one_way.waits();
    stream.waits();
    pair.settle();
    assert_eq!(lab.read(), ["first"]);
    lab.next_gate().open(1);
    pair.settle();
    let promise = promise.done().unwrap();
    assert_eq!(Hand::of(&promise).through(&pair).unwrap(), Value::Int(4));
    one_way.done().unwrap();
    pair.settle();
    assert_eq!(lab.read(), ["one way"]);
    first.done().unwrap();
    pair.settle();
    let mut items = stream.through(&pair).unwrap();
    assert!(matches!(Hand::of(items.next_item()).through(&pair), Some(Err(Error::Denied(_)))));
    drop((promise, one_way, stream, items, first, proxy, lab));
    pair.settle();
    assert_idle(&[&pair]);
}

#[test]
fn what_is_dropped_between_its_making_and_its_next_poll_leaves_nothing_behind() {
    let (pair, lab, proxy) = tight(2);
    let mut first = suspended(&proxy, "first");
    first.waits();
    let mut promise = Hand::of(proxy.method("suspended").args(("promise",)).promise_when_room());
    promise.waits();
    pair.settle();
    lab.next_gate().open(1);
    pair.settle();
    first.done().unwrap();
    assert_eq!((promise.wakes(), lab.read()), (1, vec!["first".to_owned(), "promise".to_owned()]));
    drop(promise);
    pair.tick();
    let gate = lab.next_gate();
    assert!(!gate.context.is_stopped(), "a promise that is merely dropped");
    gate.open(1);
    pair.settle();

    let mut first = suspended(&proxy, "first");
    first.waits();
    let mut second = suspended(&proxy, "second");
    second.waits();
    pair.settle();
    lab.next_gate().open(1);
    pair.settle();
    first.done().unwrap();
    drop(second);
    pair.settle();
    let gate = lab.next_gate();
    assert!(gate.context.is_stopped());
    gate.open(1);
    drop((first, proxy, lab));
    pair.settle();
    assert_idle(&[&pair]);
}

#[test]
fn a_nested_call_does_not_wait_behind_those_that_its_own_caller_holds_up() {
    let (pair, lab, proxy) = tight(2);
    let inner = proxy.clone();
    let nests = Function::asynchronous("nests", move |_, _| {
        let inner = inner.clone();
        async move { inner.method("double").args((4,)).await }
    });
    let mut calls_back = Hand::of(proxy.method("calls_back").args((Value::from(nests),)));
    let mut behind = suspended(&proxy, "behind");
    calls_back.waits();
    behind.waits();
    assert_eq!(calls_back.through(&pair).unwrap(), Value::Int(8));
    behind.waits();
    lab.next_gate().open(1);
    pair.settle();
    behind.done().unwrap();
    drop((calls_back, behind, proxy, lab));
    assert_idle(&[&pair]);
}

#[test]
fn a_call_past_its_deadline_is_not_made_any_more() {
    let (pair, lab, proxy) = tight(2);
    let mut first = suspended(&proxy, "first");
    first.waits();
    let mut late = Hand::of(proxy.method("log").args(("late",)).within(std::time::Duration::from_millis(5)));
    late.waits();
    pair.settle();
    pair.tick();
    assert!(matches!(late.done(), Err(Error::Deadline(_))));
    lab.next_gate().open(1);
    pair.settle();
    first.done().unwrap();
    assert_eq!(lab.read(), ["first"]);
    drop((first, late, proxy, lab));
    assert_idle(&[&pair]);
}

#[test]
fn the_end_of_a_session_fails_calls_that_wait_for_room() {
    let (pair, lab, proxy) = tight(2);
    let mut calls: Vec<_> = ["a", "b", "c"].map(|text| suspended(&proxy, text)).into();
    calls.iter_mut().for_each(Hand::waits);
    pair.settle();
    pair.left.peer().close("done");
    pair.settle();
    for (place, call) in calls.iter_mut().enumerate() {
        assert_eq!(call.wakes(), 1);
        assert!(matches!(call.done(), Err(Error::Disconnected(lost)) if lost.may_have_run == (place == 0)));
    }
    drop((calls, proxy, lab));
    assert!(pair.left.peer().stats().is_idle() && pair.right.peer().stats().is_idle());
}

#[test]
fn a_call_larger_than_the_floor_waits_for_the_peers_greeting() {
    let clock = Arc::<ManualClock>::default();
    let nodes = [(); 2].map(|()| node(&clock, wherever::policy::Policy::default()));
    let (own, lab) = Lab::own();
    nodes[1].export("lab", own);
    let pair = Pair::of(&clock, &nodes[0], &nodes[1]);
    let promise = pair.left.peer().promise("lab").unwrap();
    let large = "x".repeat(2 << 20);
    let call = promise.request(Operation::Call).unwrap().member("echo").args((large.as_str(),));
    let came = Hand::of(call).through(&pair).unwrap();
    assert_eq!(came, Value::text(large));
    drop((promise, lab));
    assert_idle(&[&pair]);
}
