//! Middles: an object passed on comes home by the way it went, its calls hop in order, and a lost hop is named.

use std::sync::Arc;
use std::time::Duration;

use wherever::clock::ManualClock;
use wherever::drive::Manual;
use wherever::hosts::{Function, List};
use wherever::limits::Limits;
use wherever::policy::Policy;
use wherever::{Error, Node, Promise, Proxy, Value};
use wherever_tests::inline::Inline;
use wherever_tests::lab::{Lab, assert_idle, got};
use wherever_tests::pair::{Pair, node};

/// Three nodes: one calls, one is the middle, one owns a lab, which the middle passes on.
struct Trio {
    clock: Arc<ManualClock>,
    /// From the caller to the middle.
    near: Pair,
    /// From the middle to the owner.
    far: Pair,
    /// The middle's own lab, which keeps what it passes on.
    middle: Arc<Lab>,
    /// The lab that is passed on.
    owner: Arc<Lab>,
}

impl Trio {
    fn new() -> Self {
        let clock = Arc::new(ManualClock::default());
        let [caller, middle, owner] = [(); 3].map(|()| node(&clock, Policy::Closed));
        let (own, owner_lab) = Lab::own();
        owner.export("lab", own);
        let (own, middle_lab) = Lab::own();
        middle.export("lab", own);
        let (near, far) = (Pair::of(&clock, &caller, &middle), Pair::of(&clock, &middle, &owner));
        middle_lab.kept.lock().push(got(&far, "lab").into());
        Self { clock, near, far, middle: middle_lab, owner: owner_lab }
    }

    fn settle(&self) {
        let goes_on = |pair: &Pair| pair.carry() || pair.left.run_job(0) || pair.right.run_job(0);
        while goes_on(&self.near) || goes_on(&self.far) {}
    }

    /// The owner's lab as the caller sees it.
    fn passed_on(&self) -> Proxy {
        let kept = got(&self.near, "lab").promise("kept", ()).unwrap();
        self.settle();
        kept.result().unwrap().to().unwrap()
    }

    #[track_caller]
    fn result(&self, promise: &Promise) -> Value {
        self.settle();
        promise.result().unwrap()
    }

    #[track_caller]
    fn assert_idle(self) {
        let kept = std::mem::take(&mut *self.middle.kept.lock());
        drop(kept);
        for _ in 0..6 {
            assert_idle_tick(&self.near, &self.far);
        }
        assert_idle(&[&self.near, &self.far]);
    }
}

fn assert_idle_tick(near: &Pair, far: &Pair) {
    near.tick();
    far.tick();
}

#[test]
fn calls_on_an_object_passed_on_hop_and_cost_two_messages_each_hop() {
    let trio = Trio::new();
    let lab = trio.passed_on();
    assert!(lab.is_a("rust:test.Lab") && lab.shape().find("double").is_some());
    let before = (trio.near.left.peer().stats().messages(), trio.far.left.peer().stats().messages());
    let doubled = lab.promise("double", (21,)).unwrap();
    assert_eq!(trio.result(&doubled), Value::Int(42));
    let after = (trio.near.left.peer().stats().messages(), trio.far.left.peer().stats().messages());
    assert_eq!((after.0 - before.0, after.1 - before.1), (2, 2));
    drop((lab, doubled));
    trio.assert_idle();
}

#[test]
fn an_object_passed_on_comes_home_through_the_same_middle() {
    let trio = Trio::new();
    let lab = trio.passed_on();
    let again = trio.passed_on();
    assert!(lab.same(&again));
    let (middles, own) = (got(&trio.near, "lab"), Lab::own().0);
    let back = middles.promise("keep", (&lab,)).unwrap();
    trio.result(&back);
    let kept = trio.middle.kept.lock().clone();
    assert_eq!(kept[0], kept[1], "what the middle passed on came back to it as what it was");
    let echoed = lab.promise("echo", (&lab,)).unwrap();
    assert!(trio.result(&echoed).to::<Proxy>().unwrap().same(&lab));
    let echoed_own = lab.promise("echo", (own.clone(),)).unwrap();
    assert_eq!(trio.result(&echoed_own), own.into());
    drop((lab, again, middles, back, kept, echoed, echoed_own));
    trio.assert_idle();
}

#[test]
fn an_object_goes_through_a_middle_both_ways_and_is_called_from_the_far_end() {
    let trio = Trio::new();
    let lab = trio.passed_on();
    let (own, mine) = Lab::own();
    let kept = lab.promise("keep", (own,)).unwrap();
    trio.result(&kept);
    let from_far: Proxy = trio.owner.kept.lock()[0].clone().to().unwrap();
    let doubled = from_far.promise("double", (4,)).unwrap();
    assert_eq!(trio.result(&doubled), Value::Int(8));
    from_far.one_way("log", ("from afar",)).unwrap();
    trio.settle();
    assert_eq!(mine.read(), ["from afar"]);
    trio.owner.kept.lock().clear();
    drop((lab, kept, from_far, doubled));
    trio.assert_idle();
}

#[test]
fn a_middle_forwards_without_waiting_and_in_order() {
    let trio = Trio::new();
    let lab = trio.passed_on();
    let calls = ["one", "two", "three"].map(|text| lab.promise("log", (text,)).unwrap());
    // All frames to the owner, and no job there has run.
    while trio.near.carry() || trio.near.right.run_job(0) || trio.far.carry() {}
    assert_eq!(trio.far.right.peer().stats().answers, 3);
    trio.settle();
    assert_eq!(trio.owner.read(), ["one", "two", "three"]);
    drop((lab, calls));
    trio.assert_idle();
}

#[test]
fn a_method_suspended_at_the_owner_lets_the_next_start_through_a_middle() {
    let trio = Trio::new();
    let lab = trio.passed_on();
    let (first, second) = (lab.promise("suspended", ("first",)).unwrap(), lab.promise("log", ("second",)).unwrap());
    trio.settle();
    assert_eq!(trio.owner.read(), ["first", "second"]);
    assert!(second.is_ready() && !first.is_ready());
    trio.owner.next_gate().open(1);
    assert_eq!(trio.result(&first), Value::Int(1));
    drop((lab, first, second));
    trio.assert_idle();
}

#[test]
fn one_way_calls_keep_their_order_through_a_middle_while_other_lanes_come_and_go() {
    let trio = Trio::new();
    let lab = trio.passed_on();
    lab.one_way("gate", ("first",)).unwrap();
    trio.settle();
    // Another lane of the caller, whose calls the middle forwards as another lane.
    let other = std::thread::scope(|scope| scope.spawn(|| lab.promise("gate", ("other",)).unwrap()).join().unwrap());
    trio.settle();
    lab.one_way("log", ("second",)).unwrap();
    trio.settle();
    assert_eq!(trio.owner.read(), ["first", "other"], "the lanes are apart, and the first one still runs");
    trio.owner.next_gate().open(());
    trio.settle();
    assert_eq!(trio.owner.read(), ["second"]);
    trio.owner.next_gate().open(());
    trio.result(&other);
    drop((lab, other));
    trio.assert_idle();
}

#[test]
fn a_lost_hop_is_named_to_its_holders_while_their_own_session_lives() {
    let trio = Trio::new();
    let lab = trio.passed_on();
    let pending = lab.promise("gate", ()).unwrap();
    trio.settle();
    for side in [&trio.far.left, &trio.far.right] {
        side.cut("pulled out");
    }
    trio.settle();
    let later = lab.promise("double", (1,)).unwrap();
    let read = lab.promise("log", ("not heard",)).unwrap();
    trio.settle();
    for (promise, may_have_run) in [(&pending, true), (&later, false), (&read, false)] {
        let Err(Error::Disconnected(lost)) = promise.result() else { panic!("{:?}", promise.result()) };
        assert!(lost.hop.as_deref().is_some_and(|hop| hop.contains("middle")), "{lost}");
        assert_eq!((&*lost.reason, lost.may_have_run), ("pulled out", may_have_run));
    }
    let alive = got(&trio.near, "lab");
    assert!(trio.near.left.peer().ended().is_none());
    trio.owner.gates.lock().clear();
    drop((lab, pending, later, read, alive));
    trio.assert_idle();
}

#[test]
fn a_stream_through_a_middle_that_loses_its_hop_fails_with_the_hop_named() {
    let trio = Trio::new();
    let lab = trio.passed_on();
    for side in [&trio.far.left, &trio.far.right] {
        side.cut("pulled out");
    }
    let steps = lab.iterate();
    trio.settle();
    let error = match steps {
        Ok(mut steps) => steps.next().unwrap().unwrap_err(),
        Err(error) => error,
    };
    let Error::Disconnected(lost) = error else { panic!("{error}") };
    assert!(lost.hop.is_some(), "{lost}");
    drop(lab);
    trio.assert_idle();
}

#[test]
fn a_stop_and_a_deadline_go_through_a_middle() {
    let trio = Trio::new();
    let lab = trio.passed_on();
    let (first, second) =
        (lab.promise("suspended", ()).unwrap(), lab.method("suspended").within(TIME).promise().unwrap());
    trio.settle();
    first.cancel();
    trio.settle();
    assert!(trio.owner.gates.lock()[0].context.is_stopped());
    assert_eq!(trio.owner.gates.lock()[1].context.deadline(), Some(TIME + trio.now()));
    trio.clock.advance(TIME);
    [&trio.near, &trio.far].into_iter().flat_map(|pair| [&pair.left, &pair.right]).for_each(Manual::tick);
    trio.settle();
    assert!(trio.owner.gates.lock()[1].context.is_stopped());
    assert!(matches!(second.result(), Err(Error::Deadline(_))));
    trio.owner.next_gate().open(());
    trio.owner.next_gate().open(());
    trio.settle();
    drop((lab, first, second));
    trio.assert_idle();
}

const TIME: Duration = Duration::from_millis(100);

impl Trio {
    fn now(&self) -> Duration {
        wherever::clock::Clock::now(&self.clock)
    }
}

#[test]
fn containers_are_read_whole_and_stepped_through_a_middle() {
    let clock = Arc::new(ManualClock::default());
    let [caller, middle, owner] = [(); 3].map(|()| node(&clock, Policy::Closed));
    let list = List::from_iter((0..1000).map(Value::from));
    owner.export("list", list.to_own());
    owner.export("lab", Lab::own().0);
    let (own, inside) = Lab::own();
    middle.export("lab", own);
    let behind = Pair::of(&clock, &middle, &owner);
    inside.kept.lock().push(got(&behind, "list").into());
    inside.kept.lock().push(got(&behind, "lab").into());
    let inline = Inline::before(&clock, &caller, &middle, vec![behind]);
    let owners: Proxy = inline.peer.get("lab").unwrap().call("kept", ()).unwrap().to().unwrap();
    let steps: Proxy = owners.call("steps", (5,)).unwrap().to().unwrap();
    let stepped: Vec<i64> = steps.iterate().unwrap().map(|item| item.unwrap().to().unwrap()).collect();
    assert_eq!(stepped, [0, 1, 2, 3, 4]);
    inside.kept.lock().pop();
    let list: Proxy = inline.peer.get("lab").unwrap().call("kept", ()).unwrap().to().unwrap();
    let Value::List(items) = list.fetch().unwrap() else { panic!("no list") };
    assert_eq!((items.len(), &items[999]), (1000, &Value::Int(999)));
    assert_eq!(list.iterate().unwrap().count(), 1000);
    assert!(list.compare("eq", List::from_iter((0..1000).map(Value::from))).unwrap());
    drop((owners, steps, items, list));
    inside.kept.lock().clear();
    inline.assert_idle();
}

#[test]
fn calls_through_a_middle_keep_the_chain_so_that_callbacks_hop_back() {
    let trio = Trio::new();
    let lab = trio.passed_on();
    let seen = List::new();
    let note = Function::new("note", {
        let seen = seen.clone();
        move |mut arguments, _| {
            seen.push(arguments.take(0, "what")?);
            Ok("noted".into())
        }
    });
    let kept = lab.promise("keep", (note,)).unwrap();
    trio.result(&kept);
    let back: Proxy = trio.owner.kept.lock()[0].clone().to().unwrap();
    let noted = back.request(wherever::Operation::Call).args((5,)).promise().unwrap();
    assert_eq!(trio.result(&noted), Value::text("noted"));
    assert_eq!(*seen.snapshot(), [Value::Int(5)]);
    trio.owner.kept.lock().clear();
    drop((lab, kept, back, noted));
    trio.assert_idle();
}

#[test]
fn calls_on_a_promise_that_comes_to_ones_own_object_through_a_middle_keep_their_order() {
    let trio = Trio::new();
    let lab = trio.passed_on();
    let (own, mine) = Lab::own();
    let gate = lab.promise("suspended", (own,)).unwrap();
    gate.proxy().unwrap().one_way("log", ("before",)).unwrap();
    let second = gate.call("log", ("second",)).unwrap();
    trio.settle();
    let waiting = trio.owner.next_gate();
    let argument = waiting.arguments.positional[0].clone();
    waiting.open(argument);
    // The result comes all the way; what was sent on it before is still on its way back.
    while !gate.is_ready() && (trio.far.carry() || trio.near.right.run_job(0)) {
        let Some(frame) = trio.near.right.take_frame() else { continue };
        trio.near.left.put_frame(&frame);
    }
    let third = gate.call("log", ("third",)).unwrap();
    trio.result(&second);
    trio.result(&third);
    assert_eq!(mine.read(), ["before", "second", "third"]);
    drop((lab, gate, second, third));
    trio.assert_idle();
}

/// A trio whose owner takes one call at a time, so that the middle has to keep others back.
fn narrow() -> Trio {
    let clock = Arc::new(ManualClock::default());
    let [caller, middle] = [(); 2].map(|()| node(&clock, Policy::Closed));
    let mut limits = Limits::default();
    limits.told.calls_max = 2;
    let owner = Node::builder().clock(clock.clone()).limits(limits).build();
    let (own, owner_lab) = Lab::own();
    owner.export("lab", own);
    let (own, middle_lab) = Lab::own();
    middle.export("lab", own);
    let (near, far) = (Pair::of(&clock, &caller, &middle), Pair::of(&clock, &middle, &owner));
    middle_lab.kept.lock().push(got(&far, "lab").into());
    Trio { clock, near, far, middle: middle_lab, owner: owner_lab }
}

#[test]
fn calls_that_a_middle_keeps_back_go_on_in_order_as_there_is_room() {
    let trio = narrow();
    let lab = trio.passed_on();
    let gate = lab.promise("suspended", ("first",)).unwrap();
    let others: Vec<_> = (0..5).map(|number| lab.promise("log", (number.to_string(),)).unwrap()).collect();
    trio.settle();
    assert_eq!(trio.owner.read(), ["first"]);
    trio.owner.next_gate().open(());
    trio.settle();
    assert_eq!(trio.owner.read(), ["0", "1", "2", "3", "4"]);
    drop((lab, gate, others));
    trio.assert_idle();
}

#[test]
fn a_call_that_a_middle_keeps_back_can_be_stopped_and_never_runs() {
    let trio = narrow();
    let lab = trio.passed_on();
    let gate = lab.promise("suspended", ("first",)).unwrap();
    let (stopped, late) =
        (lab.promise("log", ("stopped",)).unwrap(), lab.method("log").args(("late",)).within(TIME).promise().unwrap());
    trio.settle();
    stopped.cancel();
    trio.settle();
    trio.clock.advance(TIME);
    [&trio.near, &trio.far].into_iter().flat_map(|pair| [&pair.left, &pair.right]).for_each(Manual::tick);
    trio.settle();
    trio.owner.next_gate().open(());
    trio.settle();
    assert_eq!(trio.owner.read(), ["first"]);
    assert!(matches!(stopped.result(), Err(Error::Stopped)) && matches!(late.result(), Err(Error::Deadline(_))));
    drop((lab, gate, stopped, late));
    trio.assert_idle();
}

#[test]
fn calls_that_a_middle_keeps_back_fail_with_the_lost_hop_named() {
    let trio = narrow();
    let lab = trio.passed_on();
    let gate = lab.promise("suspended", ("first",)).unwrap();
    let kept_back = lab.promise("log", ("never",)).unwrap();
    trio.settle();
    for side in [&trio.far.left, &trio.far.right] {
        side.cut("pulled out");
    }
    trio.settle();
    for (promise, may_have_run) in [(&gate, true), (&kept_back, false)] {
        let Err(Error::Disconnected(lost)) = promise.result() else { panic!("{:?}", promise.result()) };
        assert!(lost.hop.is_some() && lost.may_have_run == may_have_run, "{lost}");
    }
    trio.owner.gates.lock().clear();
    drop((lab, gate, kept_back));
    trio.assert_idle();
}
