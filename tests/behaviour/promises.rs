//! Promises: calls on results that have not come, what they stand for, and the order they keep.

use std::sync::Arc;

use wherever::clock::ManualClock;
use wherever::hosts::{Function, List};
use wherever::policy::Policy;
use wherever::{Error, Operation, Own, Promise, Proxy, Value};
use wherever_tests::inline::Inline;
use wherever_tests::lab::{Lab, assert_idle, got};
use wherever_tests::pair::{Pair, node};

/// Two nodes by hand; the right one exports a lab.
struct Set {
    pair: Pair,
    proxy: Proxy,
    lab: Arc<Lab>,
}

impl Set {
    fn new() -> Self {
        let clock = Arc::new(ManualClock::default());
        let right = node(&clock, Policy::Closed);
        let (own, lab) = Lab::own();
        right.export("lab", own);
        let pair = Pair::of(&clock, &node(&clock, Policy::Closed), &right);
        let proxy = got(&pair, "lab");
        Self { pair, proxy, lab }
    }

    /// What `what` cost: messages, frames.
    fn cost(&self, what: impl FnOnce()) -> (u64, u64) {
        let before = self.pair.left.peer().stats();
        what();
        let after = self.pair.left.peer().stats();
        (after.messages() - before.messages(), after.frames() - before.frames())
    }

    #[track_caller]
    fn result(&self, promise: &Promise) -> Value {
        self.pair.settle();
        promise.result().unwrap()
    }

    #[track_caller]
    fn error(&self, promise: &Promise) -> Error {
        self.pair.settle();
        promise.result().unwrap_err()
    }

    #[track_caller]
    fn assert_idle(self) {
        drop(self.proxy);
        assert_idle(&[&self.pair]);
    }
}

fn inline() -> (Inline, Proxy, Arc<Lab>) {
    let clock = Arc::new(ManualClock::default());
    let right = node(&clock, Policy::Closed);
    let (own, lab) = Lab::own();
    right.export("lab", own);
    let inline = Inline::start(&clock, &node(&clock, Policy::Closed), &right);
    let proxy = inline.peer.get("lab").unwrap();
    (inline, proxy, lab)
}

#[test]
fn a_call_on_an_answer_that_has_not_come_runs_when_it_has() {
    let set = Set::new();
    let gate = set.proxy.promise("gate", ()).unwrap();
    let (doubled, name) = (gate.call("double", (5,)).unwrap(), gate.get("name").unwrap());
    set.pair.settle();
    assert!(!doubled.is_ready());
    set.lab.next_gate().open(Lab::own().0);
    assert_eq!(set.result(&doubled), Value::Int(10));
    assert_eq!(set.result(&name), Value::text("lab"));
    drop((gate, doubled, name));
    set.assert_idle();
}

#[test]
fn calls_on_an_answer_are_delivered_in_one_step_before_later_messages() {
    let set = Set::new();
    let gate = set.proxy.promise("gate", ()).unwrap();
    let calls = [1, 2, 3].map(|number| gate.call("log", (number.to_string(),)).unwrap());
    set.pair.settle();
    let (own, inside) = Lab::own();
    set.lab.next_gate().open(own.clone());
    let next = set.proxy.promise("keep", (1,)).unwrap();
    let frame = set.pair.left.take_frame().unwrap();
    set.pair.right.put_frame(&frame);
    // Whatever runs first, the three are in front, in their order.
    while set.pair.right.run_job(0) {}
    assert_eq!(inside.read(), ["1", "2", "3"]);
    set.pair.settle();
    drop((own, gate, calls, next));
    set.assert_idle();
}

#[test]
fn a_call_on_a_failed_call_fails_with_the_same_error() {
    let set = Set::new();
    let failed = set.proxy.promise("fail", ()).unwrap();
    let (first, second) = (failed.call("echo", (1,)).unwrap(), failed.get("name").unwrap());
    let third = first.call("echo", (2,)).unwrap();
    let argument = set.proxy.promise("echo", (&failed,)).unwrap();
    let expected = set.error(&failed);
    for promise in [&first, &second, &third, &argument] {
        assert_eq!(set.error(promise).raised(), expected.raised());
    }
    assert_eq!(failed.call("echo", (3,)).unwrap_err().raised(), expected.raised(), "known here by now");
    let late = set.proxy.promise("echo", (&failed,));
    let late = late.map_or_else(|error| error, |late| set.error(&late));
    assert_eq!(late.raised(), expected.raised());
    assert!(set.pair.left.peer().ended().is_none());
    drop((failed, first, second, third, argument));
    set.assert_idle();
}

#[test]
fn a_promise_as_an_argument_stands_for_its_result() {
    let set = Set::new();
    let gate = set.proxy.promise("gate", ()).unwrap();
    let echoed = set.proxy.promise("echo", (Value::tuple([Value::from(&gate), 1.into()]),)).unwrap();
    set.pair.settle();
    assert!(!echoed.is_ready());
    set.lab.next_gate().open("came");
    assert_eq!(set.result(&echoed), Value::from(("came", 1)));
    let settled = set.proxy.promise("echo", (&gate,)).unwrap();
    assert_eq!(set.result(&settled), Value::text("came"));
    drop((gate, echoed, settled));
    set.assert_idle();
}

#[test]
fn a_call_may_wait_for_its_target_and_its_arguments() {
    let set = Set::new();
    let (target, first, second) = (
        set.proxy.promise("suspended", ()).unwrap(),
        set.proxy.promise("suspended", ()).unwrap(),
        set.proxy.promise("suspended", ()).unwrap(),
    );
    let call = target.request(Operation::Call).unwrap().member("echo").args((Value::tuple([
        Value::from(&first),
        Value::from(&second),
        Value::from(&first),
    ]),));
    let call = call.promise().unwrap();
    set.pair.settle();
    let gates: Vec<_> = set.lab.gates.lock().drain(..).collect();
    let [target_gate, first_gate, second_gate] = gates.try_into().unwrap_or_else(|_| panic!("three gates"));
    second_gate.open(2);
    set.pair.settle();
    target_gate.open(Lab::own().0);
    set.pair.settle();
    assert!(!call.is_ready());
    first_gate.open(1);
    assert_eq!(set.result(&call), Value::from((1, 2, 1)));
    drop((target, first, second, call));
    set.assert_idle();
}

#[test]
fn a_promise_passed_to_another_session_is_an_object_on_which_calls_wait() {
    let set = Set::new();
    let clock = set.pair.clock.clone();
    let other_node = node(&clock, Policy::Closed);
    let (own, other_lab) = Lab::own();
    other_node.export("lab", own);
    // The left node holds both sessions.
    let middle = node(&clock, Policy::Closed);
    let other = Pair::of(&clock, &middle, &other_node);
    let other_proxy = got(&other, "lab");
    let gate = set.proxy.promise("gate", ()).unwrap();
    let keep = other_proxy.promise("keep", (&gate,)).unwrap();
    let settle = || (0..4).for_each(|_| [&set.pair, &other].into_iter().for_each(Pair::settle));
    settle();
    keep.result().unwrap();
    let passed: Proxy = other_lab.kept.lock()[0].clone().to().unwrap();
    let doubled = passed.promise("double", (4,)).unwrap();
    let itself = passed.request(Operation::Noop).promise().unwrap();
    settle();
    assert!(!doubled.is_ready() && !itself.is_ready());
    set.lab.next_gate().open(Lab::own().0);
    settle();
    assert_eq!(doubled.result().unwrap(), Value::Int(8));
    assert!(itself.result().unwrap().to::<Proxy>().unwrap().is_a("rust:test.Lab"));
    let back = other_proxy.promise("echo", (&gate,)).unwrap();
    settle();
    assert_eq!(back.result().unwrap(), Value::from(&gate), "it came home as the promise that it is");
    other_lab.kept.lock().clear();
    drop((gate, keep, passed, doubled, itself, back, other_proxy));
    (0..4).for_each(|_| [&set.pair, &other].into_iter().for_each(Pair::tick));
    assert_idle(&[&other]);
    set.assert_idle();
}

#[test]
fn the_answer_stays_what_it_was_for_early_and_late_calls_alike() {
    let set = Set::new();
    set.lab.kept.lock().push(Lab::own().0.into());
    let first: Own = set.lab.kept.lock()[0].clone().to().unwrap();
    let kept = set.proxy.promise("kept", ()).unwrap();
    let early = kept.call("log", ("early",)).unwrap();
    set.result(&early);
    set.lab.kept.lock().push(Lab::own().0.into());
    let late = kept.call("log", ("late",)).unwrap();
    set.result(&late);
    assert_eq!(Lab::inside(&first).read(), ["early", "late"]);
    set.lab.kept.lock().clear();
    drop((kept, early, late));
    set.assert_idle();
}

#[test]
fn a_chain_of_ten_in_a_batch_is_eleven_messages_and_a_frame_each_way() {
    let set = Set::new();
    let mut last = None;
    let cost = set.cost(|| {
        let batch = set.pair.left.peer().batch();
        let mut chain = set.proxy.promise("make", ()).unwrap();
        for _ in 0..8 {
            chain = chain.call("make", ()).unwrap();
        }
        let result = chain.call("double", (21,)).unwrap();
        drop(chain);
        batch.send();
        assert_eq!(set.result(&result), Value::Int(42));
        last = Some(result);
    });
    assert_eq!(cost, (11, 2));
    drop(last);
    set.assert_idle();
}

#[test]
fn a_path_expression_is_one_call() {
    let set = Set::new();
    *set.lab.value.lock() = Lab::own().0.into();
    let cost = set.cost(|| {
        let doubled = set.proxy.at("value").method("double").args((3,)).promise().unwrap();
        assert_eq!(set.result(&doubled), Value::Int(6));
    });
    assert_eq!(cost, (2, 2));
    *set.lab.value.lock() = Value::None;
    set.assert_idle();
}

#[test]
fn a_batch_holds_its_calls_and_their_answers_leave_together() {
    let set = Set::new();
    let batch = set.pair.left.peer().batch();
    let calls: Vec<_> = (0..20).map(|number| set.proxy.promise("double", (number,)).unwrap()).collect();
    set.proxy.one_way("log", ("one way",)).unwrap();
    assert!(set.pair.left.take_frame().is_none(), "held till the end");
    let cost = set.cost(|| {
        batch.send();
        set.pair.settle();
    });
    assert_eq!(cost, (41, 2));
    for (number, call) in calls.iter().enumerate() {
        assert_eq!(call.result().unwrap(), Value::from(2 * number));
    }
    assert_eq!(set.lab.read(), ["one way"]);
    drop(calls);
    set.assert_idle();
}

#[test]
fn a_batch_leaves_at_32_kib_all_the_same() {
    let set = Set::new();
    let batch = set.pair.left.peer().batch();
    let long = "x".repeat(10_000);
    let calls: Vec<_> = (0..4).map(|_| set.proxy.promise("echo", (long.clone(),)).unwrap()).collect();
    assert!(set.pair.carry());
    batch.send();
    for call in &calls {
        assert_eq!(set.result(call), Value::from(&long));
    }
    drop(calls);
    set.assert_idle();
}

#[test]
fn the_answers_of_a_batch_wait_a_tick_at_most_for_each_other() {
    let set = Set::new();
    let batch = set.pair.left.peer().batch();
    let (gate, echo) = (set.proxy.promise("suspended", ()).unwrap(), set.proxy.promise("echo", (1,)).unwrap());
    batch.send();
    set.pair.settle();
    assert!(!echo.is_ready());
    set.pair.tick();
    assert!(echo.is_ready() && !gate.is_ready());
    set.lab.next_gate().open(());
    set.result(&gate);
    drop((gate, echo));
    set.assert_idle();
}

#[test]
fn a_later_result_of_a_link_of_a_batch_costs_one_no_op_call() {
    let (inline, proxy, _) = inline();
    let batch = inline.peer.batch();
    let made = proxy.promise("make", ()).unwrap();
    let doubled = made.call("double", (2,)).unwrap();
    batch.send();
    assert_eq!(doubled.result().unwrap(), Value::Int(4));
    let before = inline.peer.stats().messages();
    let object: Proxy = made.result().unwrap().to().unwrap();
    assert_eq!(inline.peer.stats().messages() - before, 2);
    assert_eq!(object.call("double", (8,)).unwrap(), Value::Int(16));
    drop((proxy, made, doubled, object));
    inline.assert_idle();
}

#[test]
fn a_link_of_a_batch_that_fails_fails_what_was_made_on_it_and_nothing_else() {
    let set = Set::new();
    let batch = set.pair.left.peer().batch();
    let failed = set.proxy.promise("fail", ()).unwrap();
    let on_it = failed.call("echo", (1,)).unwrap();
    let beside = set.proxy.promise("echo", (2,)).unwrap();
    batch.send();
    assert!(set.error(&on_it).raised().is_some_and(|raised| raised.is_a("test:failure")));
    assert_eq!(set.result(&beside), Value::Int(2));
    drop((failed, on_it, beside));
    set.assert_idle();
}

#[test]
fn a_dropped_link_whose_call_fails_with_nothing_made_on_it_is_quiet() {
    let set = Set::new();
    drop(set.proxy.promise("fail", ()).unwrap());
    drop(set.proxy.promise("gate", ()).unwrap());
    set.pair.tick();
    assert!(!set.lab.gates.lock()[0].context.is_stopped(), "dropping a promise never stops its call");
    set.lab.next_gate().open(List::new());
    set.pair.settle();
    set.assert_idle();
}

#[test]
fn a_method_that_returns_a_promise_is_answered_when_that_has_come() {
    let set = Set::new();
    let (asked, waiting) = (
        List::new(),
        Function::later("waiting", {
            let gates = set.lab.clone();
            move |arguments, context| gates.gates.lock().push_back(wherever_tests::lab::Gate { arguments, context })
        }),
    );
    // A method over there that calls back here and returns the promise of that, without waiting.
    let relay = Function::new("relay", |mut arguments, _| {
        let back: Proxy = arguments.take(0, "back")?;
        Ok(Value::tuple([back.request(Operation::Call).promise()?.into(), "and this".into()]))
    });
    set.lab.kept.lock().push(relay.into());
    let relay = set.proxy.promise("kept", ()).unwrap();
    let result = relay.request(Operation::Call).unwrap().args((waiting,)).promise().unwrap();
    set.pair.settle();
    assert!(!result.is_ready());
    set.lab.next_gate().open(asked.clone());
    assert_eq!(set.result(&result), Value::from((Value::from(asked), "and this")));
    set.lab.kept.lock().clear();
    drop((relay, result));
    set.assert_idle();
}

#[test]
fn a_call_that_waits_for_a_call_it_is_nested_in_fails_as_a_cycle() {
    let clock = Arc::new(ManualClock::default());
    let right = node(&clock, Policy::Closed);
    let (own, lab) = Lab::own();
    right.export("lab", own);
    let pair = Pair::of(&clock, &node(&clock, Policy::Closed), &right);
    let proxy = got(&pair, "lab");
    let seen = Arc::new(parking_lot::Mutex::new(None));
    // While the outer call is served, its callback makes a call on the outer call's own answer.
    let outer_promise = Arc::new(parking_lot::Mutex::new(None::<Promise>));
    let back = Function::new("back", {
        let (seen, outer_promise) = (seen.clone(), outer_promise.clone());
        move |_, _| {
            let outer = outer_promise.lock().clone();
            *seen.lock() = outer.map(|outer| outer.call("double", (1,)));
            Ok(Value::None)
        }
    });
    let starter = Function::later("starter", |mut arguments, context| {
        let back: Proxy = arguments.take(0, "back").unwrap();
        let (promise, reply) = (back.request(Operation::Call).promise().unwrap(), context.reply());
        // Kept, so that the outer call stays open until the test has seen what it wants.
        context.on_stop(move || {
            drop(promise);
            reply.settle(Ok(Value::None));
        });
    });
    lab.kept.lock().push(starter.into());
    let starter = proxy.promise("kept", ()).unwrap();
    let outer = starter.request(Operation::Call).unwrap().args((back,)).promise().unwrap();
    *outer_promise.lock() = Some(outer.clone());
    pair.settle();
    let nested = seen.lock().take().unwrap().unwrap();
    assert!(matches!(nested.result(), Err(Error::Cycle(_))), "{:?}", nested.result());
    outer.cancel();
    outer_promise.lock().take();
    lab.kept.lock().clear();
    drop((starter, outer, nested, proxy));
    assert_idle(&[&pair]);
}

#[test]
fn one_way_calls_get_no_answer_and_come_in_order() {
    let set = Set::new();
    let cost = set.cost(|| {
        (0..5).for_each(|number| set.proxy.one_way("log", (number.to_string(),)).unwrap());
        set.proxy.one_way("fail", ()).unwrap();
        set.pair.settle();
    });
    assert_eq!(cost.0, 6);
    assert_eq!(set.lab.read(), ["0", "1", "2", "3", "4"]);
    set.assert_idle();
}

#[test]
fn a_long_run_of_one_way_calls_is_fenced_and_all_arrive() {
    let (inline, proxy, lab) = inline();
    for number in 0..3000 {
        proxy.one_way("log", (number.to_string(),)).unwrap();
    }
    inline.peer.poll().unwrap();
    assert_eq!(lab.read().len(), 3000);
    drop(proxy);
    inline.assert_idle();
}
