//! Long messages in parts: what goes between them, what waits behind them, what is pinned meanwhile.

use std::sync::Arc;

use wherever::clock::ManualClock;
use wherever::hosts::List;
use wherever::policy::Policy;
use wherever::wire::message::MessageKind;
use wherever::{Id, Operation, Proxy, Value};
use wherever_tests::hostile::{Call, Forged, Seen};
use wherever_tests::pair::{Pair, node};

use crate::deeds::{Deeds, attack, limits, thing};
use crate::protocol::begin;
use crate::streams::numbers;

/// A pair, and a proxy of an object that does what is asked, as the left side holds it.
fn pair_of_thing() -> (Pair, Proxy, Arc<Deeds>) {
    let clock = Arc::<ManualClock>::default();
    let (near, far) = (node(&clock, Policy::Closed), node(&clock, Policy::Closed));
    let (own, deeds) = thing();
    far.export("thing", own);
    let pair = Pair::of(&clock, &near, &far);
    let got = pair.left.peer().promise("thing").unwrap();
    pair.settle();
    let proxy = got.result().unwrap().to().unwrap();
    drop(got);
    pair.tick();
    (pair, proxy, deeds)
}

fn is_part(frame: &[u8]) -> bool {
    frame[0] == 1
}

fn assert_idle(pair: &Pair) {
    (0..4).for_each(|_| pair.tick());
    for side in [&pair.left, &pair.right] {
        assert!(side.peer().stats().is_idle(), "{:#?}", side.peer().stats());
    }
}

const LARGE: usize = 30 << 20;

#[test]
fn a_small_call_is_not_held_up_by_a_long_message() {
    let (pair, proxy, deeds) = pair_of_thing();
    let large = proxy.promise("keep", (vec![7_u8; LARGE],)).unwrap();
    let first = pair.left.take_frame().unwrap();
    assert!(is_part(&first));
    pair.right.put_frame(&first);
    // Another thread is another lane; this one's own calls wait.
    let small = std::thread::scope(|scope| scope.spawn(|| proxy.promise("touch", ()).unwrap()).join().unwrap());
    let behind = proxy.promise("touch", ()).unwrap();
    let frames: Vec<_> = (0..2).map(|_| pair.left.take_frame().unwrap()).collect();
    assert_eq!(frames.iter().filter(|frame| !is_part(frame)).count(), 1, "by turns with the parts");
    frames.iter().for_each(|frame| pair.right.put_frame(frame));
    assert!(pair.right.run_job(0));
    let answer = pair.right.take_frame().unwrap();
    assert!(answer.len() < 100);
    pair.left.put_frame(&answer);
    assert_eq!(small.result().unwrap(), Value::Int(1));
    assert_eq!((deeds.ran(), pair.right.peer().stats().transfers), (1, 1), "the long one is still on its way");
    let mut parts = 0;
    while pair.right.peer().stats().transfers > 0 {
        let frame = pair.left.take_frame().unwrap();
        assert!(is_part(&frame), "nothing of its lane before its last part");
        assert!(frame.len() <= 256 << 10);
        pair.right.put_frame(&frame);
        parts += 1;
    }
    assert!(parts >= LARGE / (256 << 10) - 2);
    assert_eq!(pair.right.jobs(), 1);
    pair.settle();
    assert_eq!(behind.result().unwrap(), Value::Int(3));
    assert!(matches!(&deeds.kept.lock()[..], [Value::Bytes(bytes)] if bytes.len() == LARGE));
    assert_eq!(pair.left.peer().stats().messages_sent, 5, "parts of a frame are no messages");
    drop((large, small, behind, proxy));
    deeds.let_go();
    assert_idle(&pair);
}

#[test]
fn a_small_answer_is_not_held_up_by_a_long_one() {
    let (pair, proxy, _) = pair_of_thing();
    let large = proxy.promise("text", (8_000_000,)).unwrap();
    pair.carry();
    assert!(pair.right.run_job(0));
    pair.left.put_frame(&pair.right.take_frame().unwrap());
    let small = std::thread::scope(|scope| scope.spawn(|| proxy.promise("touch", ()).unwrap()).join().unwrap());
    pair.right.put_frame(&pair.left.take_frame().unwrap());
    assert!(pair.right.run_job(0));
    for _ in 0..2 {
        pair.left.put_frame(&pair.right.take_frame().unwrap());
    }
    assert_eq!(small.result().unwrap(), Value::Int(1));
    assert!(!large.is_ready());
    // A promise that is let go meanwhile is released behind its last part, and its answer is let go.
    drop(large);
    drop((small, proxy));
    pair.settle();
    assert_idle(&pair);
}

#[test]
fn what_belongs_behind_a_message_in_parts_waits_for_it() {
    let (pair, proxy, deeds) = pair_of_thing();
    let large = proxy.promise("echo", (vec![7_u8; 1 << 20],)).unwrap();
    pair.right.put_frame(&pair.left.take_frame().unwrap());
    // A call with its answer as argument, by another lane; its cancellation; a release of it.
    let on = large.clone();
    let dependent =
        std::thread::scope(|scope| scope.spawn(|| proxy.promise("keep", (Value::from(&on),)).unwrap()).join().unwrap());
    while let Some(frame) = pair.left.take_frame() {
        if !is_part(&frame) {
            assert_eq!(pair.right.peer().stats().transfers, 0, "behind the last part");
        }
        pair.right.put_frame(&frame);
    }
    pair.settle();
    dependent.result().unwrap();
    assert!(matches!(&deeds.kept.lock()[..], [Value::Bytes(bytes)] if bytes.len() == 1 << 20));
    drop((on, large, dependent));
    let cancelled = proxy.promise("keep", (vec![8_u8; 1 << 20],)).unwrap();
    pair.right.put_frame(&pair.left.take_frame().unwrap());
    cancelled.cancel();
    drop(cancelled);
    pair.settle();
    drop(proxy);
    deeds.let_go();
    assert_idle(&pair);
}

#[test]
fn references_of_a_message_in_parts_stay_until_its_last() {
    let (pair, proxy, deeds) = pair_of_thing();
    let list = numbers(0..3);
    let arguments = (vec![7_u8; 1 << 20], Value::from(list.to_own()), Value::from(&proxy));
    let large = proxy.promise("keep", arguments).unwrap();
    pair.right.put_frame(&pair.left.take_frame().unwrap());
    assert_eq!(pair.right.peer().stats().imports, 1, "booked with the first part");
    drop((proxy, large));
    pair.tick();
    pair.settle();
    assert_eq!(deeds.kept.lock().len(), 3);
    assert!(matches!(deeds.kept.lock()[2], Value::Ref(wherever::value::Ref::Own(_))));
    deeds.let_go();
    assert_idle(&pair);
}

#[test]
fn a_stream_of_long_items_keeps_the_queue_small() {
    let limits = limits(|limits| limits.queue_bytes_max = 300_000);
    let (mut hostile, _) = attack(&limits);
    let list = List::from_iter((0..40).map(|_| Value::bytes(vec![1; 100_000])));
    hostile.node.export("list", list.to_own());
    let list = hostile.obtain(2, "list");
    let call = Call::new(3, Id::theirs(list), Operation::Whole).credit(u64::MAX, u64::MAX);
    hostile.send(&Forged::new().call(&call));
    hostile.run();
    let mut frames = 0;
    while let Some(frame) = hostile.victim.take_frame() {
        assert!(hostile.stats().queued_bytes < 700_000, "{}", hostile.stats().queued_bytes);
        assert!(frame.len() <= 256 << 10);
        frames += 1;
    }
    assert!((20..=45).contains(&frames), "{frames}");
    hostile.victim.cut("enough");
    assert!(hostile.stats().is_idle());
}

#[test]
fn a_call_in_parts_is_one_message() {
    let (mut hostile, deeds) = begin();
    let call = Call::method(2, 1, "echo").args(vec![Value::text("y".repeat(5000))]);
    for part in Forged::new().parts(1, MessageKind::Call, &call.body(), &[100, 2000, 1, 0]) {
        hostile.send_bytes(&part);
        hostile.run();
    }
    assert_eq!(hostile.answer(2).unwrap(), Value::text("y".repeat(5000)));
    assert_eq!((deeds.ran(), hostile.stats().messages_received), (1, 3));
    assert_eq!(hostile.seen.iter().filter(|seen| matches!(seen, Seen::Bye(_))).count(), 0);
    hostile.cut();
}
