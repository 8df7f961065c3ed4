//! Calls, promises and streams as futures, over sessions that are driven by hand.

use std::sync::Arc;

use wherever::clock::ManualClock;
use wherever::hosts::{Function, List};
use wherever::policy::Policy;
use wherever::session::EndReason;
use wherever::{Error, Operation, Proxy, Value};
use wherever_tests::hand::Hand;
use wherever_tests::lab::{Lab, assert_idle, got};
use wherever_tests::pair::{Pair, node};

struct Set {
    pair: Pair,
    lab: Arc<Lab>,
    proxy: Proxy,
}

fn set() -> Set {
    let clock = Arc::<ManualClock>::default();
    let (left, right) = (node(&clock, Policy::default()), node(&clock, Policy::default()));
    let (own, lab) = Lab::own();
    right.export("lab", own);
    let numbers = (0..3000).map(Value::Int).collect::<Vec<_>>();
    right.export("list", List::from(numbers).to_own());
    let pair = Pair::of(&clock, &left, &right);
    let proxy = got(&pair, "lab");
    Set { pair, lab, proxy }
}

impl Set {
    fn messages(&self) -> u64 {
        self.pair.left.peer().stats().messages()
    }

    fn end(self) {
        let Self { pair, lab, proxy } = self;
        drop((lab, proxy));
        assert_idle(&[&pair]);
    }
}

#[test]
fn an_awaited_call_is_two_messages_and_wakes_once() {
    let set = set();
    let before = set.messages();
    let mut call = Hand::of(set.proxy.method("double").args((21,)));
    assert_eq!(set.messages(), before, "nothing is sent before it is polled");
    call.waits();
    set.pair.settle();
    assert_eq!(call.wakes(), 1);
    assert_eq!(call.done().unwrap(), Value::Int(42));
    assert_eq!(set.messages() - before, 2);
    drop(call);
    set.end();
}

#[test]
fn get_by_name_is_awaited_and_a_missing_one_is_not_found() {
    let set = set();
    let peer = set.pair.left.peer();
    let lab = Hand::of(peer.get_later("lab")).through(&set.pair).unwrap();
    assert!(lab.same(&set.proxy));
    assert!(matches!(Hand::of(peer.get_later("other")).through(&set.pair), Err(Error::NotFound(_))));
    drop(lab);
    set.end();
}

#[test]
fn a_dropped_call_stops_over_there_and_one_that_was_never_polled_is_never_made() {
    let set = set();
    let before = set.messages();
    drop(Hand::of(set.proxy.method("gate")));
    set.pair.settle();
    assert_eq!(set.messages(), before);

    let mut call = Hand::of(set.proxy.method("gate"));
    call.waits();
    set.pair.settle();
    let gate = set.lab.next_gate();
    let told = Arc::new(parking_lot::Mutex::new(false));
    let tells = told.clone();
    gate.context.on_stop(move || *tells.lock() = true);
    drop(call);
    set.pair.settle();
    assert!(gate.context.is_stopped() && *told.lock());
    gate.open(1);
    set.pair.settle();
    set.end();
}

#[test]
fn a_call_dropped_before_it_left_costs_nothing() {
    let set = set();
    let before = set.messages();
    let mut call = Hand::of(set.proxy.method("gate"));
    call.waits();
    drop(call);
    set.pair.settle();
    assert_eq!(set.messages(), before);
    assert!(set.lab.gates.lock().is_empty());
    set.end();
}

#[test]
fn a_call_is_nested_in_what_its_task_serves() {
    let set = set();
    let proxy = set.proxy.clone();
    let back = Function::asynchronous("back", move |mut arguments, _| {
        let proxy = proxy.clone();
        async move {
            let what: i64 = arguments.take(0, "what")?;
            proxy.method("double").args((what,)).await
        }
    });
    let mut call = Hand::of(set.proxy.method("call_back").args((Value::from(back), 4)));
    call.waits();
    // The lab blocks on the callback, which a session driven by hand cannot.
    assert!(matches!(call.through(&set.pair), Err(Error::Misuse(_))));
    drop(call);
    set.end();
}

#[test]
fn an_awaited_promise_comes_and_costs_what_a_call_does() {
    let set = set();
    let before = set.messages();
    let promise = set.proxy.promise("double", (4,)).unwrap();
    assert_eq!(Hand::of(&promise).through(&set.pair).unwrap(), Value::Int(8));
    assert_eq!(Hand::of(&promise).done().unwrap(), Value::Int(8), "once more, at once");
    assert_eq!(set.messages() - before, 2);
    drop(promise);
    set.end();
}

#[test]
fn an_awaited_promise_that_is_dropped_stops_and_a_promise_that_is_merely_dropped_does_not() {
    let set = set();
    let promise = set.proxy.promise("suspended", ()).unwrap();
    let mut waiting = Hand::of(promise.clone());
    set.pair.settle();
    drop(Hand::of(promise.clone()));
    waiting.waits();
    set.pair.settle();
    let gate = set.lab.next_gate();
    assert!(!gate.context.is_stopped());
    drop(waiting);
    set.pair.settle();
    assert!(gate.context.is_stopped());
    assert!(matches!(Hand::of(&promise).done(), Err(Error::Stopped)));
    drop((gate, promise));
    set.pair.settle();

    drop(set.proxy.promise("suspended", ()).unwrap());
    set.pair.tick();
    let gate = set.lab.next_gate();
    assert!(!gate.context.is_stopped());
    gate.open(1);
    set.pair.settle();
    set.end();
}

#[test]
fn an_awaited_link_of_a_chain_asks_by_a_no_op_call() {
    let set = set();
    let before = set.messages();
    let batch = set.pair.left.peer().batch();
    let made = set.proxy.promise("make", ()).unwrap();
    let doubled = made.call("double", (3,)).unwrap();
    batch.send();
    assert_eq!(Hand::of(&doubled).through(&set.pair).unwrap(), Value::Int(6));
    assert_eq!(set.messages() - before, 3);
    let lab: Proxy = Hand::of(&made).through(&set.pair).unwrap().to().unwrap();
    assert_eq!(set.messages() - before, 5);
    assert!(lab.is_a("rust:test.Lab"));
    drop((made, doubled, lab));
    set.end();
}

#[test]
fn a_promise_that_comes_home_is_handed_out_when_what_was_sent_on_it_has_arrived() {
    let set = set();
    let (own, inside) = Lab::own();
    let promise = set.proxy.promise("echo", (Value::from(own),)).unwrap();
    promise.request(Operation::Call).unwrap().member("log").args(("first",)).one_way().unwrap();
    let home: Proxy = Hand::of(&promise).through(&set.pair).unwrap().to().unwrap();
    assert!(home.is_own());
    assert_eq!(inside.read(), ["first"], "the call on the promise arrived before");
    drop((promise, home, inside));
    set.end();
}

#[test]
fn items_come_as_they_are_given() {
    let set = set();
    let list = got(&set.pair, "list");
    let mut items = Hand::of(list.iterate_later()).through(&set.pair).unwrap();
    let mut sum = 0;
    while let Some(item) = Hand::of(items.next_item()).through(&set.pair) {
        sum += item.unwrap().to::<i64>().unwrap();
    }
    assert_eq!(sum, 4_498_500);
    drop(items);
    let fetched = Hand::of(list.fetch_later()).through(&set.pair).unwrap();
    assert!(matches!(fetched, Value::List(_)));

    let steps: Proxy = Hand::of(set.proxy.method("steps").args((5,))).through(&set.pair).unwrap().to().unwrap();
    let before = set.messages();
    let mut items = Hand::of(steps.iterate_later()).through(&set.pair).unwrap();
    assert_eq!(Hand::of(items.next_item()).through(&set.pair).unwrap().unwrap(), Value::Int(0));
    assert_eq!(set.messages() - before, 2, "the first comes with the call");
    assert_eq!(Hand::of(items.next_item()).through(&set.pair).unwrap().unwrap(), Value::Int(1));
    assert_eq!(set.messages() - before, 4);
    drop((items, steps, list));
    set.pair.settle();
    set.end();
}

#[test]
fn the_end_of_a_session_fails_every_future_once() {
    let Set { pair, lab, proxy } = set();
    let peer = pair.left.peer();
    let promise = proxy.promise("suspended", ()).unwrap();
    let mut calls: Vec<_> = (0..3).map(|_| Hand::of(proxy.method("suspended"))).collect();
    let mut waiting = Hand::of(&promise);
    let mut over = Hand::of(peer.over());
    calls.iter_mut().for_each(Hand::waits);
    waiting.waits();
    over.waits();
    pair.settle();
    pair.left.cut("cut by the test");
    for call in &mut calls {
        assert_eq!(call.wakes(), 1);
        assert!(matches!(call.done(), Err(Error::Disconnected(lost)) if lost.may_have_run));
    }
    assert_eq!((waiting.wakes(), over.wakes()), (1, 1));
    assert!(matches!(waiting.done(), Err(Error::Disconnected(_))));
    assert!(matches!(over.done(), EndReason::CarrierLost(_)));
    let mut late = Hand::of(proxy.method("double").args((1,)));
    assert!(matches!(late.done(), Err(Error::Disconnected(lost)) if !lost.may_have_run));
    pair.right.cut("cut by the test");
    drop((calls, waiting, over, late, promise, proxy, lab));
    assert!(pair.left.peer().stats().is_idle() && pair.right.peer().stats().is_idle());
}

#[test]
fn a_deadline_ends_an_awaited_call() {
    let set = set();
    let mut call = Hand::of(set.proxy.method("gate").within(std::time::Duration::from_millis(8)));
    call.waits();
    set.pair.settle();
    set.pair.tick();
    call.waits();
    set.pair.tick();
    assert!(matches!(call.done(), Err(Error::Deadline(_))));
    set.lab.next_gate().open(1);
    set.pair.settle();
    set.end();
}

#[test]
fn an_object_of_this_side_is_awaited_without_a_message() {
    let set = set();
    let proxy = set.proxy.clone();
    let relay = Function::asynchronous("relay", move |arguments, _| {
        let proxy = proxy.clone();
        async move { proxy.method("double").args((arguments.positional[0].clone(),)).await }
    });
    let own = Proxy::from(wherever::value::Ref::Own(relay.into_own()));
    let before = set.messages();
    assert!(matches!(own.invoke((5,)), Err(Error::Misuse(_))), "it cannot be waited for by blocking");
    set.pair.settle();
    let cost = set.messages() - before;
    assert_eq!(cost, 0, "the call that it had begun was given up before it left");
    let five = Hand::of(own.request(Operation::Call).args((5,))).through(&set.pair).unwrap();
    assert_eq!(five, Value::Int(10));
    assert_eq!(set.messages() - before, 2, "what it calls itself");
    let mut dropped = Hand::of(own.request(Operation::Call).args((5,)));
    dropped.waits();
    drop((dropped, own));
    set.pair.settle();
    set.end();
}
