//! Stops and deadlines: what a cancelled or late call does to those around it.

use std::sync::Arc;
use std::time::Duration;

use wherever::clock::ManualClock;
use wherever::drive::Manual;
use wherever::hosts::{Function, List};
use wherever::policy::Policy;
use wherever::{Error, Operation, Promise, Proxy, Value};
use wherever_tests::lab::{Gate, Lab, assert_idle, got};
use wherever_tests::pair::{Pair, node};

const TIME: Duration = Duration::from_millis(100);

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

    fn promise(&self, member: &str) -> Promise {
        self.proxy.promise(member, ()).unwrap()
    }

    /// Lets time pass on one side, without any frame moving.
    fn pass(&self, sides: &[&Manual]) {
        self.pair.clock.advance(TIME);
        sides.iter().for_each(|side| side.tick());
    }

    /// Whether the call at this gate was stopped.
    fn is_stopped(&self, gate: usize) -> bool {
        self.lab.gates.lock()[gate].context.is_stopped()
    }

    #[track_caller]
    fn assert_idle(self) {
        drop(self.proxy);
        self.lab.kept.lock().clear();
        let gates = std::mem::take(&mut *self.lab.gates.lock());
        gates.into_iter().for_each(|gate: Gate| gate.open(()));
        assert_idle(&[&self.pair]);
    }
}

fn is_stopped_error(result: &Result<Value, Error>) -> bool {
    matches!(result, Err(Error::Stopped))
}

#[test]
fn a_running_call_that_is_cancelled_fails_here_at_once_and_is_told_over_there() {
    let set = Set::new();
    let gate = set.promise("gate");
    set.pair.settle();
    gate.cancel();
    assert!(is_stopped_error(&gate.result()));
    assert!(!set.is_stopped(0), "the stop is on its way");
    let told = Arc::new(parking_lot::Mutex::new(false));
    set.lab.gates.lock()[0].context.on_stop({
        let told = told.clone();
        move || *told.lock() = true
    });
    set.pair.settle();
    assert!(set.is_stopped(0) && *told.lock());
    drop(gate);
    set.assert_idle();
}

#[test]
fn a_queued_call_that_is_cancelled_never_runs() {
    let set = Set::new();
    let (gate, queued, last) = (set.promise("gate"), set.proxy.promise("log", ("no",)).unwrap(), set.promise("kept"));
    set.pair.settle();
    queued.cancel();
    set.pair.settle();
    assert!(!set.is_stopped(0));
    set.lab.next_gate().open(());
    set.pair.settle();
    assert_eq!(set.lab.read(), Vec::<String>::new());
    last.result().unwrap();
    drop((gate, queued, last));
    set.assert_idle();
}

#[test]
fn a_call_cancelled_before_it_left_is_not_sent() {
    let set = Set::new();
    let before = set.pair.left.peer().stats().calls_sent;
    let gate = set.promise("gate");
    gate.cancel();
    set.pair.settle();
    assert_eq!(set.pair.left.peer().stats().calls_sent, before);
    assert!(is_stopped_error(&gate.result()));
    drop(gate);
    set.assert_idle();
}

#[test]
fn cancelling_twice_or_after_the_return_changes_nothing() {
    let set = Set::new();
    let (gate, echo) = (set.promise("gate"), set.proxy.promise("echo", (1,)).unwrap());
    set.pair.settle();
    gate.cancel();
    gate.cancel();
    set.pair.settle();
    gate.cancel();
    set.lab.next_gate().open(());
    set.pair.settle();
    echo.cancel();
    set.pair.settle();
    assert_eq!(echo.result().unwrap(), Value::Int(1));
    assert!(is_stopped_error(&gate.result()));
    drop((gate, echo));
    set.assert_idle();
}

#[test]
fn a_stop_that_crosses_the_return_is_ignored_and_what_came_is_released() {
    let set = Set::new();
    let gate = set.promise("gate");
    set.pair.settle();
    set.lab.next_gate().open(List::new());
    let answer = set.pair.right.take_frame().unwrap();
    gate.cancel();
    let stop = set.pair.left.take_frame().unwrap();
    set.pair.left.put_frame(&answer);
    set.pair.right.put_frame(&stop);
    assert!(is_stopped_error(&gate.result()));
    drop(gate);
    set.assert_idle();
}

#[test]
fn a_cancelled_call_lets_its_arguments_go() {
    let set = Set::new();
    let list = List::new();
    let gate = set.proxy.promise("gate", (list.clone(),)).unwrap();
    set.pair.settle();
    gate.cancel();
    set.pair.settle();
    set.lab.next_gate().fail("stopped, then");
    drop(gate);
    (0..3).for_each(|_| set.pair.tick());
    assert_eq!(set.pair.left.peer().stats().exports, 0);
    set.assert_idle();
}

#[test]
fn a_stop_waits_for_the_calls_that_were_made_on_the_answer() {
    let set = Set::new();
    let gate = set.promise("gate");
    let on_it = gate.call("double", (4,)).unwrap();
    set.pair.settle();
    gate.cancel();
    set.pair.settle();
    assert!(!set.is_stopped(0), "another call waits for it");
    set.lab.next_gate().open(Lab::own().0);
    set.pair.settle();
    assert_eq!(on_it.result().unwrap(), Value::Int(8));
    drop((gate, on_it));
    set.assert_idle();
}

#[test]
fn a_stopped_call_passes_its_stop_to_the_released_answer_that_it_alone_waited_for() {
    let set = Set::new();
    let gate = set.promise("gate");
    let (first, second) = (gate.call("double", (4,)).unwrap(), gate.call("double", (5,)).unwrap());
    drop(gate);
    set.pair.settle();
    set.pair.tick();
    first.cancel();
    set.pair.settle();
    assert!(!set.is_stopped(0), "one more waits");
    second.cancel();
    set.pair.settle();
    assert!(set.is_stopped(0));
    drop((first, second));
    set.assert_idle();
}

#[test]
fn a_stopped_call_does_not_stop_an_answer_that_is_still_held() {
    let set = Set::new();
    let gate = set.promise("gate");
    let on_it = gate.call("double", (4,)).unwrap();
    set.pair.settle();
    on_it.cancel();
    set.pair.settle();
    assert!(!set.is_stopped(0));
    set.lab.next_gate().open(5);
    set.pair.settle();
    assert_eq!(gate.result().unwrap(), Value::Int(5));
    drop((gate, on_it));
    set.assert_idle();
}

#[test]
fn a_call_on_a_cancelled_promise_or_with_it_as_argument_fails_the_same_way_and_is_no_offence() {
    let set = Set::new();
    let gate = set.promise("gate");
    set.pair.settle();
    gate.cancel();
    set.pair.settle();
    for _ in 0..40 {
        assert!(matches!(gate.call("double", (1,)), Err(Error::Stopped)));
        let passed = set.proxy.promise("echo", (&gate,));
        set.pair.settle();
        let result = passed.and_then(|passed| passed.result());
        assert!(is_stopped_error(&result), "{result:?}");
    }
    assert!(set.pair.left.peer().ended().is_none(), "{:?}", set.pair.left.peer().ended());
    drop(gate);
    set.assert_idle();
}

#[test]
fn a_stop_does_not_overtake_a_call_on_the_answer_that_a_batch_holds() {
    let set = Set::new();
    let gate = set.promise("gate");
    set.pair.settle();
    let batch = set.pair.left.peer().batch();
    let (on_it, with_it) = (gate.call("double", (4,)).unwrap(), set.proxy.promise("echo", (&gate,)).unwrap());
    gate.cancel();
    set.pair.settle();
    assert!(!set.is_stopped(0), "calls on it were made before the stop");
    batch.send();
    set.pair.settle();
    set.lab.next_gate().open(Lab::own().0);
    set.pair.settle();
    assert_eq!(on_it.result().unwrap(), Value::Int(8));
    assert!(with_it.result().is_ok());
    drop((on_it, with_it));
    assert!(set.pair.left.peer().ended().is_none());
    drop(gate);
    set.assert_idle();
}

#[test]
fn a_deadline_that_passes_here_fails_the_call_here_and_stops_it_over_there() {
    let set = Set::new();
    let gate = set.proxy.method("gate").within(TIME).promise().unwrap();
    set.pair.settle();
    set.pass(&[&set.pair.left]);
    assert!(matches!(gate.result(), Err(Error::Deadline(_))));
    assert!(!set.is_stopped(0));
    set.pair.settle();
    assert!(set.is_stopped(0));
    drop(gate);
    set.assert_idle();
}

#[test]
fn time_left_is_told_so_that_a_queued_call_never_runs_late() {
    let set = Set::new();
    let first = set.promise("gate");
    let late = set.proxy.method("log").args(("late",)).within(TIME).promise().unwrap();
    set.pair.settle();
    set.pass(&[&set.pair.right]);
    let answer = set.pair.right.take_frame().unwrap();
    set.lab.next_gate().open(());
    set.pair.right.run_job(0);
    set.pair.left.put_frame(&answer);
    assert!(matches!(late.result(), Err(Error::Deadline(_))));
    set.pair.settle();
    assert_eq!(set.lab.read(), Vec::<String>::new());
    drop((first, late));
    set.assert_idle();
}

#[test]
fn time_spent_before_sending_counts() {
    let set = Set::new();
    let batch = set.pair.left.peer().batch();
    let gate = set.proxy.method("gate").within(TIME).promise().unwrap();
    set.pair.clock.advance(TIME / 4);
    batch.send();
    set.pair.settle();
    let deadline = set.lab.gates.lock()[0].context.deadline();
    assert_eq!(deadline, Some(wherever::clock::Clock::now(&set.pair.clock) + TIME * 3 / 4));
    set.lab.next_gate().open(());
    set.pair.settle();
    gate.result().unwrap();
    drop(gate);
    set.assert_idle();
}

#[test]
fn a_deadline_that_passes_before_the_call_left_says_so() {
    let set = Set::new();
    let batch = set.pair.left.peer().batch();
    let gate = set.proxy.method("gate").within(TIME).promise().unwrap();
    set.pass(&[&set.pair.left]);
    let calls = set.pair.left.peer().stats().calls_sent;
    batch.send();
    set.pair.settle();
    assert_eq!(set.pair.left.peer().stats().calls_sent, calls);
    let Err(Error::Deadline(text)) = gate.result() else { panic!("no deadline") };
    assert!(text.contains("before"), "{text}");
    drop(gate);
    set.assert_idle();
}

#[test]
fn a_call_whose_time_passed_while_it_waited_stops_the_released_answer_it_alone_waited_for() {
    let set = Set::new();
    let gate = set.promise("gate");
    let late = gate.request(Operation::Call).unwrap().member("double").args((1,)).within(TIME).promise().unwrap();
    drop(gate);
    set.pair.settle();
    set.pair.tick();
    set.pass(&[&set.pair.left, &set.pair.right]);
    set.pair.settle();
    assert!(matches!(late.result(), Err(Error::Deadline(_))));
    assert!(set.is_stopped(0));
    drop(late);
    set.assert_idle();
}

#[test]
fn a_nested_call_has_its_own_deadline_and_its_host_knows_it() {
    let set = Set::new();
    let seen = Arc::new(parking_lot::Mutex::new(Vec::new()));
    let back = Function::later("back", {
        let seen = seen.clone();
        move |_, context| {
            seen.lock().push(context.deadline());
            context.reply().settle(Ok(Value::None));
        }
    });
    let starter = Function::new("starter", |mut arguments, _| {
        let back: Proxy = arguments.take(0, "back")?;
        Ok(Value::tuple([
            back.request(Operation::Call).within(TIME / 2).promise()?.into(),
            back.request(Operation::Call).promise()?.into(),
        ]))
    });
    set.lab.kept.lock().push(starter.into());
    let starter = set.promise("kept");
    let call = starter.request(Operation::Call).unwrap().args((back,)).within(TIME).promise().unwrap();
    set.pair.settle();
    call.result().unwrap();
    let now = wherever::clock::Clock::now(&set.pair.clock);
    assert_eq!(*seen.lock(), [Some(now + TIME / 2), None]);
    drop((starter, call));
    set.assert_idle();
}
