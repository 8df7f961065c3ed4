//! Promises that wait for themselves, by way of the other side: found out, whichever side is first.

use std::sync::Arc;

use parking_lot::Mutex;
use wherever::clock::ManualClock;
use wherever::hosts::Function;
use wherever::policy::Policy;
use wherever::{Error, Node, Promise, Proxy, Value};
use wherever_tests::pair::{Pair, node};

/// A node whose function `f` calls what it is given and returns the promise of that.
fn returns_a_promise(clock: &Arc<ManualClock>) -> Node {
    let node = node(clock, Policy::Closed);
    let forward = Function::new("f", |mut args, _| {
        let call: Proxy = args.take(0, "call")?;
        let promise = call.request(wherever::Operation::Call).promise()?;
        Ok(promise.into())
    });
    node.export("f", forward.into_own());
    node
}

fn get(pair: &Pair, name: &str) -> Proxy {
    let promise = pair.left.peer().promise(name).unwrap();
    pair.settle();
    let value = promise.result().unwrap();
    drop(promise);
    value.to().unwrap()
}

fn idle(pair: &Pair) {
    pair.settle();
    pair.tick();
    pair.tick();
    assert!(pair.left.peer().stats().is_idle(), "{:?}", pair.left.peer().stats());
    assert!(pair.right.peer().stats().is_idle(), "{:?}", pair.right.peer().stats());
}

#[test]
fn a_held_result_comes_when_its_promise_does() {
    let clock = Arc::<ManualClock>::default();
    let pair = Pair::of(&clock, &node(&clock, Policy::Closed), &returns_a_promise(&clock));
    let f = get(&pair, "f");
    let seven = Function::new("seven", |_, _| Ok(7.into()));
    let promise = f.request(wherever::Operation::Call).args((seven.into_own(),)).promise().unwrap();
    pair.settle();
    assert_eq!(promise.result().unwrap(), Value::Int(7));
    drop((f, promise));
    idle(&pair);
}

#[test]
fn a_promise_that_waits_for_itself_by_way_of_the_other_side_fails() {
    let clock = Arc::<ManualClock>::default();
    let pair = Pair::of(&clock, &node(&clock, Policy::Closed), &returns_a_promise(&clock));
    let f = get(&pair, "f");
    let waits_for = Arc::new(Mutex::new(None::<Promise>));
    let given = waits_for.clone();
    let back = Function::new("back", move |_, _| Ok(given.lock().clone().map_or(Value::None, Value::from)));
    let promise = f.request(wherever::Operation::Call).args((back.into_own(),)).promise().unwrap();
    *waits_for.lock() = Some(promise.clone());
    pair.settle();
    assert!(promise.is_ready(), "the cycle is found out, not waited for");
    assert!(matches!(promise.result(), Err(Error::Cycle(_))), "{:?}", promise.result());
    waits_for.lock().take();
    drop((f, promise));
    idle(&pair);
}
