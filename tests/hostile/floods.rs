//! Floods: a peer that calls and cancels, never reads, never releases, nests without end, or makes long chains.

use std::sync::Arc;

use wherever::clock::ManualClock;
use wherever::hosts::Function;
use wherever::limits::Limits;
use wherever::policy::Policy;
use wherever::shape::{Category, Shape};
use wherever::wire::frame::Reference;
use wherever::wire::message::CallHeader;
use wherever::{Arguments, Error, Id, Node, Operation, Proxy, Value};
use wherever_tests::hostile::{Call, Forged, Seen};
use wherever_tests::pair::Pair;

use crate::deeds::{attack, limits, thing};
use crate::protocol::{begin, give, object, open_type};

#[test]
fn a_flood_of_calls_is_refused_and_then_ends_the_session() {
    // It reads: each call beyond the ceiling is answered, and no more than the ceiling run.
    let limits = limits(|limits| limits.told.calls_max = 16);
    let (mut hostile, deeds) = attack(&limits);
    for call in 2..2000 {
        hostile.send(&Forged::new().call(&Call::method(call, 1, "wait").lane(call)));
        hostile.run();
        hostile.read();
    }
    assert_eq!((deeds.ran(), hostile.stats().answers), (16, 16));
    // It stops reading.
    for call in 2000..20_000 {
        if hostile.stands() {
            hostile.send(&Forged::new().call(&Call::method(call, 1, "wait").lane(call)));
        }
    }
    assert!(hostile.stats().queued_bytes < 2 * limits.reserve_bytes_max);
    deeds.settle_all();
    assert!(hostile.refused().contains("does not read"));
    assert_eq!(deeds.ran(), 16);
}

#[test]
fn a_flood_of_calls_and_cancels_makes_no_more_work_than_calls() {
    let limits = limits(|limits| limits.told.calls_max = 16);
    let (mut hostile, deeds) = attack(&limits);
    // Calls that run are stopped, and count until they have ended.
    for call in 2..1000 {
        let frame = Forged::new().call(&Call::method(call, 1, "wait").lane(call)).releases_answer(call, true);
        hostile.send(&frame);
        assert!(hostile.victim.jobs() <= 16);
        hostile.run();
        hostile.read();
    }
    assert_eq!(deeds.ran(), 16);
    assert_eq!(hostile.stats().answers, 16);
    deeds.settle_all();
    hostile.run();
    for call in 2..18 {
        assert_eq!(hostile.answers(call), 1, "a stopped call is still answered once");
    }
    // Those that wait behind one of their order are over at once.
    hostile.send(&Forged::new().call(&Call::method(1000, 1, "wait")));
    hostile.run();
    for call in 1001..3000 {
        hostile.send(&Forged::new().call(&Call::method(call, 1, "touch")).releases_answer(call, true));
        hostile.read();
    }
    assert_eq!(hostile.stats().answers, 1);
    deeds.settle_all();
    assert_eq!(deeds.ran(), 17);
    hostile.cut();
}

#[test]
fn a_flood_of_nested_calls_stays_within_the_answers() {
    let limits = limits(|limits| (limits.told.calls_max, limits.answers_kept_max) = (8, 8));
    let (mut hostile, deeds) = attack(&limits);
    let proxy = give(&mut hostile, &deeds);
    let promise = proxy.promise("m", ()).unwrap();
    let parent = hostile.calls().last().unwrap().id;
    for call in 100..1000 {
        hostile.send(&Forged::new().call(&Call::method(call, 1, "wait").lane(call).parent(parent)));
        hostile.run();
        hostile.read();
    }
    assert_eq!(deeds.ran(), 1 + limits.answers_max() as u64);
    assert!(matches!(hostile.answer(999), Err(Error::Overloaded(_))));
    deeds.settle_all();
    // A parent that is gone, or that was an object, makes a chain of its own.
    hostile.send(&Forged::new().returned(parent, 0, &[], &[0, 0]));
    for (call, parent) in [(2000, parent), (2001, 1)] {
        hostile.ask(&Call::method(call, 1, "touch").parent(parent)).unwrap();
    }
    promise.result().unwrap();
    drop((promise, proxy));
    hostile.cut();
}

#[test]
fn references_given_again_and_again_wait_for_release_once() {
    // The carrier takes nothing: no release leaves, and what waits is no more than there are ids.
    let (mut hostile, deeds) = begin();
    hostile.send(&Forged::new().shape(0, &open_type()));
    for call in 100..1000 {
        let touch = Call::method(call, 1, "touch").flags(CallHeader::ONE_WAY);
        hostile.send(&Forged::new().call(&touch.passing(&[object(50), object(51), object(52)])));
        hostile.run();
        assert!(hostile.stats().releases_queued <= 3);
    }
    assert_eq!((hostile.stats().imports, deeds.ran()), (3, 900));
    hostile.tick();
    hostile.read();
    let releases = hostile.seen.iter().filter(|seen| matches!(seen, Seen::Release(_))).count();
    assert_eq!((releases, hostile.stats().imports), (3, 0));
    hostile.cut();
}

#[test]
fn credit_without_end_waits_for_one_place_in_the_queue() {
    let limits = limits(|limits| limits.queue_bytes_max = 1000);
    let (mut hostile, deeds) = attack(&limits);
    hostile.send(&Forged::new().call(&Call::new(2, Id::theirs(1), Operation::Iterate).credit(10_000, 1_000_000)));
    hostile.run();
    // In a frame that leaves, one event is made of them all.
    for _ in 0..5000 {
        hostile.send(&Forged::new().credit(2, u64::MAX, u64::MAX));
    }
    let stepped = deeds.stepped();
    assert!(hostile.victim.take_frame().is_some());
    assert!(deeds.stepped() < stepped + 200_000);
    hostile.victim.cut("enough");
    assert_eq!(deeds.streams(), 0);
    assert!(hostile.stats().is_idle());
}

#[test]
fn credit_that_comes_before_the_stream_opens_is_kept() {
    let (mut hostile, deeds) = begin();
    hostile.send(&Forged::new().call(&Call::new(2, Id::theirs(1), Operation::Iterate).credit(1000, 1)));
    hostile.send(&Forged::new().credit(2, 0, 4));
    hostile.run();
    assert_eq!((hostile.items(2).len(), deeds.stepped()), (5, 5));
    hostile.send(&Forged::new().releases_answer(2, true));
    assert!(matches!(hostile.answer(2), Err(Error::Stopped)));
    assert_eq!(deeds.streams(), 0);
    hostile.cut();
}

#[test]
fn long_chains_of_answers_settle_without_deep_recursion() {
    let answer = |call: u64| [Reference::Answer { id: Id::ours(call) }];
    // Calls on answers, that all fail at once.
    let (mut hostile, deeds) = begin();
    hostile.send(&Forged::new().call(&Call::method(2, 1, "wait")));
    hostile.run();
    for call in 3..1000 {
        hostile.send(&Forged::new().call(&Call::on_answer(call, call - 1, "touch").lane(call)));
    }
    deeds.waiting.lock().pop().unwrap().settle(Err(Error::raise("t:no", "")));
    assert_eq!(hostile.stats().answers, 0);
    let Err(Error::Raised(raised)) = hostile.answer(999) else { panic!("not raised") };
    assert_eq!(&*raised.type_name, "t:no");
    hostile.cut();
    // Fences that wait for each other's answers.
    let (mut hostile, deeds) = begin();
    hostile.send(&Forged::new().call(&Call::method(2, 1, "wait")));
    hostile.run();
    for call in 3..1000 {
        let fence = Call::new(call, Id::THEIR_NAMES, Operation::Fence).passing(&answer(call - 1));
        hostile.send(&Forged::new().call(&fence));
    }
    deeds.settle_all();
    hostile.answer(999).unwrap();
    hostile.cut();
    // Stops that are passed on from each to the one it waits for.
    let (mut hostile, deeds) = begin();
    hostile.send(&Forged::new().call(&Call::method(2, 1, "wait").flags(CallHeader::KEEP)));
    hostile.run();
    let keep = |call: u64| Call::on_answer(call, call - 1, "touch").flags(CallHeader::KEEP);
    for call in 3..1000 {
        hostile.send(&Forged::new().call(&keep(call)).releases_answer(call - 1, true));
    }
    assert_eq!(hostile.stats().answers, 998);
    hostile.send(&Forged::new().releases_answer(999, true));
    assert_eq!(hostile.stats().answers, 1, "the first runs, and was told");
    deeds.settle_all();
    hostile.cut();
}

#[test]
fn times_at_the_edges() {
    let (mut hostile, deeds) = begin();
    let within = |call, micros| {
        let mut call = Call::method(call, 1, "wait").lane(call);
        call.header.time_left = Some(micros);
        Forged::new().call(&call)
    };
    hostile.send(&within(2, 0));
    hostile.send(&within(3, u64::MAX));
    hostile.run();
    hostile.tick();
    hostile.send(&within(4, 0).call(&Call::method(5, 1, "touch").lane(4)));
    hostile.run();
    deeds.settle_all();
    hostile.answer(3).unwrap();
    assert_eq!(hostile.answers(2), 1);
    assert_eq!(hostile.answers(4), 1);
    hostile.cut();
    // And our own: a time without end is a time.
    let (mut hostile, deeds) = begin();
    let proxy = give(&mut hostile, &deeds);
    let promise = proxy.method("m").within(std::time::Duration::MAX).promise().unwrap();
    assert_eq!(hostile.calls().last().unwrap().time_left, Some(u64::MAX));
    drop((promise, proxy));
    hostile.cut();
}

#[test]
fn a_victim_that_calls_keeps_to_what_it_was_told() {
    let (mut hostile, deeds) = begin();
    hostile.send(&Forged::new().shape(0, &Shape::new("t:f", Category::Function)));
    for call in 100..2000 {
        hostile.ask(&Call::method(call, 1, "call").passing(&[object(50)])).unwrap();
    }
    // Each was nested in a call of ours: they do not count, and are no more than those.
    assert_eq!(hostile.calls().len(), 1900);
    deeds.let_go();
    hostile.tick();
    hostile.read();
    hostile.cut();
}

/// A function that calls the one it is given, passing itself, and gives its result.
fn ping_pong() -> Function {
    Function::new("ping_pong", |mut args: Arguments, _| {
        let other: Proxy = args.take(0, "other")?;
        let own: Value = args.take(1, "own")?;
        let made = other.request(Operation::Call).args((own, Value::from(&other))).promise()?;
        Ok(Value::from(made))
    })
}

#[test]
fn a_runaway_between_two_honest_sides_is_refused_at_the_limit() {
    let clock = Arc::<ManualClock>::default();
    let limits = limits(|limits| limits.chain_depth_max = 100);
    let build = |name: &str| {
        let node = Node::builder().clock(clock.clone()).limits(limits.clone()).policy(Policy::Closed).build();
        node.export(name, ping_pong().into_own());
        node
    };
    let (left, right) = (build("f"), build("f"));
    let pair = Pair::of(&clock, &left, &right);
    let got = pair.left.peer().promise("f").unwrap();
    pair.settle();
    let theirs: Proxy = got.result().unwrap().to().unwrap();
    let own = left.exported("f").unwrap();
    let result = theirs.request(Operation::Call).args((Value::from(own), Value::from(&theirs))).promise().unwrap();
    pair.settle();
    let Err(Error::TooDeep(100)) = result.result() else { panic!("{:?}", result.result()) };
    let calls = pair.left.peer().stats().calls_sent + pair.right.peer().stats().calls_sent;
    assert!((40..=110).contains(&calls), "{calls}");
    drop((got, result, theirs));
    pair.tick();
    pair.tick();
    pair.tick();
    assert!(pair.left.peer().stats().is_idle(), "{:#?}", pair.left.peer().stats());
    assert!(pair.right.peer().stats().is_idle(), "{:#?}", pair.right.peer().stats());
}

#[test]
fn endless_shapes_and_mentions_cost_their_ceiling() {
    let (mut hostile, deeds) = attack(&Limits::default());
    let mut number = 0;
    while hostile.stands() {
        let frame = (0..200).fold(Forged::new(), |frame, more| frame.shape(number + more, &open_type()));
        hostile.send(&frame);
        number += 200;
        assert!(number < 2000);
    }
    assert_eq!(deeds.ran(), 0);
    assert!(hostile.refused().contains("too many types"));
}

#[test]
fn an_honest_side_that_uses_all_its_calls_on_a_failed_promise_stays_within_the_reserve() {
    let clock = Arc::<ManualClock>::default();
    let (near, far) = (Node::builder().clock(clock.clone()).build(), Node::builder().clock(clock.clone()).build());
    far.export("thing", thing().0);
    let pair = Pair::of(&clock, &near, &far);
    let got = pair.left.peer().promise("thing").unwrap();
    let failed = got.call("fail", ()).unwrap();
    // It fails over there before they arrive, and they arrive before anything is read.
    pair.right.put_frame(&pair.left.take_frame().unwrap());
    while let Some(frame) = pair.left.take_frame() {
        pair.right.put_frame(&frame);
    }
    while pair.right.run_job(0) {}
    let greeting: Vec<_> = std::iter::from_fn(|| pair.right.take_frame()).collect();
    greeting[..1].iter().for_each(|unit| pair.left.put_frame(unit));
    let calls: Vec<_> = (0..60).map(|_| failed.call("touch", ("x".repeat(100),)).unwrap()).collect();
    while let Some(frame) = pair.left.take_frame() {
        pair.right.put_frame(&frame);
    }
    greeting[1..].iter().for_each(|unit| pair.left.put_frame(unit));
    pair.settle();
    for call in &calls {
        assert!(matches!(call.result(), Err(Error::Raised(_))));
    }
    drop((got, failed, calls));
    (0..3).for_each(|_| pair.tick());
    assert!(pair.left.peer().stats().is_idle() && pair.right.peer().stats().is_idle());
    // By hand, as many as the ceiling allows, in as few frames as they fit in.
    let (mut hostile, _) = attack(&Limits::default());
    let _ = hostile.ask(&Call::method(2, 1, "fail").flags(CallHeader::KEEP));
    let flood = (3..1026).fold(Forged::new(), |frame, call| frame.call(&Call::on_answer(call, 2, "touch")));
    hostile.send(&flood);
    assert!((3..1026).all(|call| matches!(hostile.answer(call), Err(Error::Raised(_)))));
    hostile.cut();
}
