//! Loop-back: a promise that comes to an object of the caller's own keeps the order of what was sent on it.

use std::sync::Arc;

use wherever::clock::ManualClock;
use wherever::policy::Policy;
use wherever::{Error, Promise, Proxy, Value};
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

/// Answers the call that has waited longest with its own argument.
fn give_back(lab: &Lab) {
    let gate = lab.next_gate();
    let argument = gate.arguments.positional[0].clone();
    gate.open(argument);
}

/// A promise that will come to an object of the caller's own, which logs.
fn loop_back(set: &Set) -> (Promise, Arc<Lab>) {
    let (own, mine) = Lab::own();
    let gate = set.proxy.promise("suspended", (own,)).unwrap();
    (gate, mine)
}

#[test]
fn calls_before_and_after_a_promise_comes_to_the_callers_own_object_keep_their_order() {
    let set = Set::new();
    let (gate, mine) = loop_back(&set);
    let before = gate.call("log", ("before",)).unwrap();
    set.pair.settle();
    give_back(&set.lab);
    // The result has come, and the call made before it is still out.
    let frame = set.pair.right.take_frame().unwrap();
    set.pair.left.put_frame(&frame);
    let after = gate.call("log", ("after",)).unwrap();
    assert_eq!(mine.read(), Vec::<String>::new());
    set.pair.settle();
    assert_eq!(mine.read(), ["before", "after"]);
    set.result(&before);
    set.result(&after);
    let cost = set.cost(|| {
        set.result(&gate.call("log", ("direct",)).unwrap());
    });
    assert_eq!((cost, mine.read()), ((0, 0), vec!["direct".to_owned()]));
    drop((gate, before, after));
    set.assert_idle();
}

#[test]
fn one_way_calls_on_a_promise_of_ones_own_object_are_fenced_by_its_result() {
    let (inline, proxy, lab) = inline();
    let (own, mine) = Lab::own();
    let gate = proxy.promise("suspended", (own,)).unwrap();
    inline.peer.poll().unwrap();
    gate.proxy().unwrap().one_way("log", ("one way",)).unwrap();
    give_back(&lab);
    inline.peer.poll().unwrap();
    let before = inline.peer.stats().messages();
    let object: Proxy = gate.result().unwrap().to().unwrap();
    assert_eq!(mine.read(), ["one way"], "the bare object is given only when what was sent on it has arrived");
    assert!(object.is_own());
    assert!(inline.peer.stats().messages() >= before + 2);
    let before = inline.peer.stats().messages();
    gate.result().unwrap();
    object.call("log", ("direct",)).unwrap();
    assert_eq!(inline.peer.stats().messages(), before);
    drop((proxy, gate, object));
    inline.assert_idle();
}

#[test]
fn the_proof_of_a_one_way_call_keeps_to_the_deadline_of_the_call() {
    let (inline, proxy, lab) = inline();
    let (own, mine) = Lab::own();
    let gate = proxy.method("suspended").args((own,)).within(TIME).promise().unwrap();
    inline.peer.poll().unwrap();
    // It will hold up the proof, which comes after it in its lane.
    gate.proxy().unwrap().one_way("gate", ()).unwrap();
    give_back(&lab);
    inline.peer.poll().unwrap();
    assert!(matches!(gate.result(), Err(Error::Deadline(_))));
    mine.next_gate().open(());
    drop((proxy, gate));
    inline.assert_idle();
}

const TIME: std::time::Duration = std::time::Duration::from_millis(100);

#[test]
fn another_lane_goes_straight_to_an_own_object_while_this_one_waits() {
    let set = Set::new();
    let (gate, mine) = loop_back(&set);
    let before = gate.call("log", ("before",)).unwrap();
    set.pair.settle();
    give_back(&set.lab);
    let frame = set.pair.right.take_frame().unwrap();
    set.pair.left.put_frame(&frame);
    let straight = || drop(gate.call("log", ("other lane",)).unwrap());
    std::thread::scope(|scope| scope.spawn(straight).join().unwrap());
    assert_eq!(mine.read(), ["other lane"]);
    set.result(&before);
    drop((gate, before));
    set.assert_idle();
}

#[test]
fn a_promise_that_comes_to_another_promise_s_result_keeps_order_too() {
    let set = Set::new();
    let (own, mine) = Lab::own();
    let inner = set.proxy.promise("suspended", (own,)).unwrap();
    let outer = set.proxy.promise("echo", (&inner,)).unwrap();
    let calls = [outer.call("log", ("one",)).unwrap(), outer.call("log", ("two",)).unwrap()];
    set.pair.settle();
    give_back(&set.lab);
    while !outer.is_ready() && set.pair.carry() | set.pair.right.run_job(0) {}
    let third = outer.call("log", ("three",)).unwrap();
    set.result(&third);
    assert_eq!(mine.read(), ["one", "two", "three"]);
    drop((inner, outer, calls, third));
    set.assert_idle();
}

#[test]
fn calls_queued_for_an_own_object_fail_with_the_promise_and_the_session_lives() {
    let set = Set::new();
    let (gate, _) = loop_back(&set);
    let queued = gate.call("log", ("never",)).unwrap();
    set.pair.settle();
    set.lab.next_gate().fail("no");
    assert!(set.error(&queued).raised().is_some());
    let none = set.proxy.promise("gate", ()).unwrap();
    let on_none = none.call("log", ("never",)).unwrap();
    set.pair.settle();
    set.lab.next_gate().open(());
    assert!(!matches!(set.error(&on_none), Error::Disconnected(_)));
    assert!(none.call("log", ("never",)).is_err());
    drop((gate, queued, none, on_none));
    set.assert_idle();
}

#[test]
fn a_call_held_by_a_batch_while_the_promise_came_keeps_its_place() {
    let set = Set::new();
    let (gate, mine) = loop_back(&set);
    set.pair.settle();
    let batch = set.pair.left.peer().batch();
    let held = gate.call("log", ("held",)).unwrap();
    give_back(&set.lab);
    set.pair.settle();
    assert!(gate.is_ready() || mine.read().is_empty());
    let after = gate.call("log", ("after",)).unwrap();
    batch.send();
    set.result(&held);
    set.result(&after);
    assert_eq!(mine.read(), ["held", "after"]);
    drop((gate, held, after));
    set.assert_idle();
}

#[test]
fn one_way_and_plain_calls_on_a_promise_of_ones_own_object_keep_their_order() {
    let set = Set::new();
    let (gate, mine) = loop_back(&set);
    let proxy = gate.proxy().unwrap();
    proxy.one_way("log", ("1",)).unwrap();
    let second = gate.call("log", ("2",)).unwrap();
    proxy.one_way("log", ("3",)).unwrap();
    set.pair.settle();
    give_back(&set.lab);
    let frame = set.pair.right.take_frame().unwrap();
    set.pair.left.put_frame(&frame);
    proxy.one_way("log", ("4",)).unwrap();
    let fifth = gate.call("log", ("5",)).unwrap();
    set.result(&second);
    set.result(&fifth);
    assert_eq!(mine.read(), ["1", "2", "3", "4", "5"]);
    drop((gate, proxy, second, fifth));
    set.assert_idle();
}
