//! Order: calls of one lane and one parent on one object run one after another; nothing else waits.

use std::sync::Arc;

use wherever::clock::ManualClock;
use wherever::hosts::Function;
use wherever::policy::Policy;
use wherever::{Node, Operation, Promise, Proxy, Value};
use wherever_tests::lab::{Lab, assert_idle, got};
use wherever_tests::pair::{Pair, Served, node};

/// Two nodes by hand; the right one exports two labs.
struct Set {
    pair: Pair,
    proxy: Proxy,
    lab: Arc<Lab>,
    other_proxy: Proxy,
    other: Arc<Lab>,
}

impl Set {
    fn new() -> Self {
        let clock = Arc::new(ManualClock::default());
        let right = node(&clock, Policy::Closed);
        let ((own, lab), (other_own, other)) = (Lab::own(), Lab::own());
        right.export("lab", own);
        right.export("other", other_own);
        let pair = Pair::of(&clock, &node(&clock, Policy::Closed), &right);
        let (proxy, other_proxy) = (got(&pair, "lab"), got(&pair, "other"));
        Self { pair, proxy, lab, other_proxy, other }
    }

    /// Lets all frames move and runs the jobs over there, the last that came first.
    fn settle_backwards(&self) {
        while self.pair.carry() || (self.pair.right.jobs() > 0 && self.pair.right.run_job(self.pair.right.jobs() - 1)) {
        }
    }

    fn promise(&self, member: &str, text: &str) -> Promise {
        self.proxy.promise(member, (text,)).unwrap()
    }

    /// Opens all gates that there are.
    fn open_all(&self) {
        for lab in [&self.lab, &self.other] {
            let gates = std::mem::take(&mut *lab.gates.lock());
            gates.into_iter().for_each(|gate| gate.open(()));
        }
        self.pair.settle();
    }

    #[track_caller]
    fn assert_idle(self) {
        drop((self.proxy, self.other_proxy));
        self.lab.kept.lock().clear();
        assert_idle(&[&self.pair]);
    }
}

/// Makes this promise on another thread, and so in another lane.
fn in_another_lane(make: impl Fn() -> Promise + Sync) -> Promise {
    std::thread::scope(|scope| scope.spawn(&make).join().unwrap())
}

#[test]
fn calls_of_one_lane_on_one_object_run_in_the_order_made() {
    let set = Set::new();
    let calls: Vec<_> = (0..5).map(|number| set.promise("log", &number.to_string())).collect();
    set.proxy.one_way("log", ("one way",)).unwrap();
    set.settle_backwards();
    assert_eq!(set.lab.read(), ["0", "1", "2", "3", "4", "one way"]);
    drop(calls);
    set.assert_idle();
}

#[test]
fn the_next_call_starts_only_when_the_former_has_returned() {
    let set = Set::new();
    let (first, second) = (set.promise("gate", "first"), set.promise("log", "second"));
    set.pair.settle();
    assert_eq!((set.lab.read(), set.pair.right.jobs()), (vec!["first".to_owned()], 0));
    set.lab.next_gate().open(());
    set.pair.settle();
    assert_eq!(set.lab.read(), ["second"]);
    drop((first, second));
    set.assert_idle();
}

#[test]
fn a_call_that_fails_or_panics_lets_the_next_start() {
    let set = Set::new();
    let calls = ["fail", "panic", "log"].map(|member| set.promise(member, "last"));
    set.pair.settle();
    assert_eq!(set.lab.read(), ["last"]);
    drop(calls);
    set.assert_idle();
}

#[test]
fn reads_and_writes_stand_in_the_same_order_as_calls() {
    let set = Set::new();
    let gate = set.promise("gate", "first");
    let write = set.proxy.request(Operation::Set).member("value").args((5,)).promise().unwrap();
    let read = set.proxy.request(Operation::Get).member("value").promise().unwrap();
    set.pair.settle();
    assert!(!read.is_ready() && *set.lab.value.lock() == Value::None);
    set.open_all();
    assert_eq!(read.result().unwrap(), Value::Int(5));
    drop((gate, write, read));
    set.assert_idle();
}

#[test]
fn other_lanes_and_other_objects_do_not_wait() {
    let set = Set::new();
    let gate = set.promise("gate", "held up");
    let other_lane = in_another_lane(|| set.promise("log", "other lane"));
    let other_object = set.other_proxy.promise("log", ("other object",)).unwrap();
    let behind = set.promise("log", "behind");
    set.pair.settle();
    assert_eq!(set.lab.read(), ["held up", "other lane"]);
    assert_eq!(set.other.read(), ["other object"]);
    set.open_all();
    assert_eq!(set.lab.read(), ["behind"]);
    drop((gate, other_lane, other_object, behind));
    set.assert_idle();
}

#[test]
fn a_member_marked_concurrent_starts_in_its_turn_and_holds_up_nobody() {
    let set = Set::new();
    let gate = set.promise("gate", "first");
    let (quick, after) = (set.promise("quick", "quick"), set.promise("log", "after"));
    set.pair.settle();
    assert_eq!(set.lab.read(), ["first"], "in its turn, behind the first");
    set.lab.next_gate().open(());
    // Both are ready at once now.
    assert_eq!(set.pair.right.jobs(), 2);
    assert!(set.pair.right.run_job(1));
    assert_eq!(set.lab.read(), ["after"]);
    set.pair.settle();
    assert_eq!(set.lab.read(), ["quick"]);
    drop((gate, quick, after));
    set.assert_idle();
}

#[test]
fn a_method_that_is_suspended_lets_the_next_start() {
    let set = Set::new();
    let (first, second) = (set.promise("suspended", "first"), set.promise("gate", "second"));
    let third = set.promise("log", "third");
    set.pair.settle();
    assert_eq!(set.lab.read(), ["first", "second"]);
    set.open_all();
    assert_eq!(set.lab.read(), ["third"]);
    drop((first, second, third));
    set.assert_idle();
}

#[test]
fn a_stream_lets_the_next_start() {
    let set = Set::new();
    let made = set.proxy.promise("steps", (10,)).unwrap();
    set.pair.settle();
    let steps: Proxy = made.result().unwrap().to().unwrap();
    let (first, second) =
        (steps.buffered(1).unwrap(), steps.request(Operation::Text).member("repr").promise().unwrap());
    set.pair.settle();
    assert!(second.is_ready(), "the stream is open, and holds nobody up");
    drop((first, second, made, steps));
    set.assert_idle();
}

#[test]
fn a_call_behind_one_whose_argument_has_not_come_waits_too() {
    let set = Set::new();
    let gate = set.other_proxy.promise("gate", ()).unwrap();
    let (first, second) = (set.proxy.promise("log", (&gate,)).unwrap(), set.promise("log", "second"));
    set.pair.settle();
    assert_eq!(set.lab.read(), Vec::<String>::new());
    set.other.next_gate().open("first");
    set.pair.settle();
    assert_eq!(set.lab.read(), ["first", "second"]);
    drop((gate, first, second));
    set.assert_idle();
}

#[test]
fn nested_calls_have_their_own_order() {
    let set = Set::new();
    // The left side's function calls the lab back while the lab's own call, of the same lane, runs.
    let nested = Arc::new(parking_lot::Mutex::new(Vec::new()));
    let back = Function::new("back", {
        let (nested, lab) = (nested.clone(), set.proxy.clone());
        move |_, _| {
            nested.lock().extend([lab.promise("log", ("nested 1",))?, lab.promise("log", ("nested 2",))?]);
            Ok(Value::None)
        }
    });
    let outer = set.proxy.promise("gate", ("outer", back)).unwrap();
    let behind = set.promise("log", "behind");
    set.pair.settle();
    let gate = set.lab.next_gate();
    let back: Proxy = gate.arguments.positional[1].clone().to().unwrap();
    // The callback is made by the outer call, though that has gone on elsewhere meanwhile.
    let starter = Function::new("starter", |mut arguments, _| {
        let back: Proxy = arguments.take(0, "back")?;
        Ok(Value::tuple([back.request(Operation::Call).promise()?.into()]))
    });
    set.other.kept.lock().push(starter.into());
    let starter = set.other_proxy.promise("kept", ()).unwrap();
    let started = starter.request(Operation::Call).unwrap().args((Value::from(&back),)).promise().unwrap();
    set.settle_backwards();
    while set.pair.carry() || set.pair.left.run_job(0) || set.pair.right.run_job(0) {}
    assert_eq!(set.lab.read(), ["outer", "nested 1", "nested 2"], "in order, and not behind the outer call");
    assert!(!behind.is_ready());
    gate.open(());
    set.pair.settle();
    assert_eq!(set.lab.read(), ["behind"]);
    set.other.kept.lock().clear();
    nested.lock().clear();
    drop((outer, behind, back, starter, started));
    set.assert_idle();
}

#[test]
fn a_nested_call_never_waits_for_the_call_it_is_nested_in_though_object_and_lane_are_the_same() {
    let server = Node::new();
    let (own, lab) = Lab::own();
    server.export("lab", own);
    let served = Served::start(&Node::new(), &server);
    let proxy = served.peer.get("lab").unwrap();
    let back = Function::new("back", {
        let proxy = proxy.clone();
        move |mut arguments, _| {
            proxy.call("log", ("nested",))?;
            proxy.call("double", (arguments.take::<i64>(0, "number")?,))
        }
    });
    assert_eq!(proxy.call("call_back", (back, 4)).unwrap(), Value::Int(8));
    assert_eq!(lab.read(), ["nested"]);
    drop(proxy);
    let stats = served.close();
    assert!(stats.is_idle(), "{stats:#?}");
}

#[test]
fn two_roads_to_one_object_are_ordered_each_by_itself() {
    let set = Set::new();
    let promised = set.pair.left.peer().promise("lab").unwrap();
    let on_promise = promised.call("log", ("by the promise",)).unwrap();
    let on_proxy = set.promise("log", "by the proxy");
    set.pair.settle();
    let mut both = set.lab.read();
    both.sort();
    assert_eq!(both, ["by the promise", "by the proxy"]);
    drop((promised, on_promise, on_proxy));
    set.assert_idle();
}

#[test]
fn a_call_taken_out_of_its_order_lets_those_behind_it_go_on() {
    let set = Set::new();
    let (first, second, third) =
        (set.promise("gate", "first"), set.promise("log", "second"), set.promise("log", "third"));
    set.pair.settle();
    second.cancel();
    set.pair.settle();
    set.open_all();
    assert_eq!(set.lab.read(), ["first", "third"]);
    drop((first, second, third));
    set.assert_idle();
}
